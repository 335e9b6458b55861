/** What holds of the chat whatever its users do. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { Command } from "../../src/domain/Command.ts"
import type { RoomName } from "../../src/domain/Names.ts"
import { Metrics } from "../../src/services/Metrics.ts"
import { Chat } from "../../src/services/Chat.ts"
import { Rooms } from "../../src/services/Rooms.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import { join, layer, login, say, type User } from "./Recorder.ts"

const verbs = ["join", "stay", "leave", "private", "public", "invite", "rename", "say", "slash", "again"] as const
const roomNames = ["general", "python", "cellar", "attic"] as const

const Act = Schema.Struct({
  user: Schema.Literals([0, 1, 2]),
  verb: Schema.Literals(verbs),
  room: Schema.Literals(roomNames)
})

const commandOf = ({ room, verb }: typeof Act.Type): Command => {
  switch (verb) {
    case "join":
    case "stay":
    case "again":
      return join(room, verb === "stay")
    case "leave":
      return { _tag: "LeaveRoom", room }
    case "private":
    case "public":
      return { _tag: "SetPrivate", isPrivate: verb === "private", room }
    case "invite":
      return { _tag: "Invite", name: "user 1", room }
    case "rename":
      return { _tag: "Rename", name: room }
    case "say":
      return say("hello", room)
    case "slash":
      return say(`/join ${room}`)
  }
}

const check = Effect.fnUntraced(function* (users: ReadonlyArray<User>) {
  const rooms = yield* Rooms
  const sessions = yield* Sessions
  const { counts } = yield* Metrics
  assert.sameMembers(
    Array.from(sessions.all()),
    users.map(({ session }) => session)
  )
  assert.strictEqual(counts.sessions, users.length)
  for (const session of sessions.all()) {
    assert.isAbove(session.rooms.size, 0)
    assert.isTrue(session.rooms.has(session.current))
    for (const room of session.rooms) {
      assert.isTrue(room.members.has(session))
      assert.strictEqual(rooms.find(room.name), room)
    }
  }
  const known = roomNames.map((name) => rooms.find(name)).filter((room) => room !== undefined)
  assert.strictEqual(rooms.count(), known.length)
  for (const room of known) {
    assert.isTrue(room.isDefault || room.members.size > 0, room.name)
    assert.isFalse(room.isDefault && room.isPrivate, room.name)
    for (const member of room.members) {
      assert.isTrue(sessions.isOpen(member))
      assert.isTrue(member.rooms.has(room))
      assert.isTrue(rooms.isVisible(room, member))
    }
  }
})

/** That a message to each room is told to its other members, once each, and to nobody else. */
const checkDelivery = Effect.fnUntraced(function* (users: ReadonlyArray<User>) {
  const rooms = yield* Rooms
  for (const user of users) user.told()
  for (const author of users) {
    for (const name of roomNames) {
      const room = rooms.find(name)
      const isMember = room !== undefined && room.members.has(author.session)
      const refusal = yield* author.refused(say("probe", name))
      assert.strictEqual(refusal, isMember ? "not refused: Accepted" : "NotInRoom")
      for (const user of users) {
        const hears = isMember && user !== author && room.members.has(user.session)
        assert.deepStrictEqual(user.told(), hears ? [`${author.session.name} to ${name}: probe`] : [])
      }
    }
  }
})

describe("Chat invariants", () => {
  it.effect.prop("Chat.run() keeps rooms and sessions in agreement after any commands", [Schema.Array(Act)], ([acts]) =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const users: Array<User> = yield* Effect.forEach(["user 0", "user 1", "user 2"], login)
      for (const act of acts) {
        if (act.verb === "again") {
          yield* chat.logout(users[act.user]!.session)
          users[act.user] = yield* login(`again ${act.user}`)
          yield* Effect.ignore(users[act.user]!.run({ _tag: "Rename", name: `user ${act.user}` }))
        }
        yield* Effect.ignore(users[act.user]!.run(commandOf(act)))
        yield* check(users)
      }
      yield* checkDelivery(users)
      for (const { session } of users) yield* chat.logout(session)
      yield* check([])
      const { visible } = yield* Rooms
      const last = yield* login("last")
      assert.deepStrictEqual(
        visible(last.session).map(({ name }) => name),
        ["general" as RoomName, "python" as RoomName]
      )
    }).pipe(Effect.provide(layer()))
  )
})
