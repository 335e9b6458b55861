import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { Command } from "../../src/domain/Command.ts"
import { Chat } from "../../src/services/Chat.ts"
import type { Session } from "../../src/services/Session.ts"
import { join, layer, login, say, trio, type User } from "./Recorder.ts"

describe("Chat.run() rooms", () => {
  it.effect("JoinRoom leaves the old room, tells both rooms, and confirms to who joined", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* trio
      yield* bob.run(join("python"))
      for (const user of [alice, bob, carol]) user.told()
      const reply = yield* alice.run(join("Python"))
      assert.deepStrictEqual(reply, { _tag: "Joined", room: "python", members: ["alice", "bob"] } as never)
      assert.deepStrictEqual(alice.told(), ["* alice in python (join) with alice,bob"])
      assert.deepStrictEqual(bob.told(), ["alice in python (join) with alice,bob"])
      assert.deepStrictEqual(carol.told(), ["alice out of general (leave) without carol"])
      assert.strictEqual(yield* alice.refused(join("python")), "AlreadyInRoom")
      assert.strictEqual(yield* alice.refused(join("a\nb")), "NameInvalid")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("JoinRoom with stay keeps the other rooms", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      yield* alice.run(join("python", true))
      assert.deepStrictEqual(alice.told(), ["* alice in python (join) with alice"])
      yield* bob.run(say("still hears"))
      assert.deepStrictEqual(alice.told(), ["bob to general: still hears"])
      assert.strictEqual(alice.session.current.name, "python")
      yield* alice.run(say("to the other", "general"))
      assert.deepStrictEqual(bob.told(), ["alice to general: to the other"])
      yield* alice.run({ _tag: "LeaveRoom" })
      assert.strictEqual(alice.session.current.name, "general")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("LeaveRoom returns to general, and an empty room is gone with what was said in it", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      yield* alice.run(join("cellar"))
      yield* alice.run(say("a secret"))
      for (const user of [alice, bob]) user.told()
      yield* alice.run({ _tag: "LeaveRoom" })
      assert.deepStrictEqual(alice.told(), [
        "left cellar for general: general,python",
        "* alice in general (return) with alice,bob,carol"
      ])
      assert.deepStrictEqual(bob.told(), ["alice in general (return) with alice,bob,carol"])
      assert.strictEqual(yield* alice.refused({ _tag: "LeaveRoom" }), "NotInRoom")
      yield* bob.run(join("cellar"))
      const reply = yield* bob.run({ _tag: "ReadHistory" })
      assert.deepStrictEqual(reply, { _tag: "Messages", room: "cellar", messages: [] } as never)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("SetPrivate hides a room from outsiders and keeps them out, but not its members nor the invited", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* trio
      yield* alice.run(join("cellar"))
      yield* bob.run(join("cellar"))
      yield* alice.run(say("a secret"))
      for (const user of [alice, bob, carol]) user.told()
      yield* alice.run({ _tag: "SetPrivate", isPrivate: true })
      assert.deepStrictEqual(
        [alice.told(), bob.told(), carol.told()],
        [["* cellar is private"], ["cellar is private"], []]
      )

      const rooms = yield* carol.run({ _tag: "ListRooms" })
      assert.deepStrictEqual(rooms._tag === "Rooms" && rooms.rooms.map(({ name }) => name as string), [
        "general",
        "python"
      ])
      assert.strictEqual(yield* carol.refused(join("cellar")), "RoomPrivate")
      assert.strictEqual(yield* carol.refused({ _tag: "ListUsers", room: "cellar" }), "NotInRoom")
      assert.strictEqual(yield* carol.refused({ _tag: "ReadHistory", room: "cellar" }), "NotInRoom")
      assert.strictEqual(yield* carol.refused(say("hello", "cellar")), "NotInRoom")
      assert.strictEqual(yield* carol.refused({ _tag: "Invite", name: "carol", room: "cellar" }), "NotInRoom")

      yield* bob.run({ _tag: "LeaveRoom" })
      yield* bob.run(join("cellar"))
      assert.strictEqual(yield* alice.refused({ _tag: "Invite", name: "nobody" }), "NoSuchUser")
      yield* alice.run({ _tag: "Invite", name: "carol" })
      assert.strictEqual(carol.told().at(-1), "invited to cellar by alice")
      assert.strictEqual(yield* carol.refused({ _tag: "ReadHistory", room: "cellar" }), "NotInRoom")
      yield* carol.run(join("cellar"))
      const history = yield* carol.run({ _tag: "ReadHistory" })
      assert.deepStrictEqual(history._tag === "Messages" && history.messages.map(({ text }) => text), ["a secret"])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a name that became free does not inherit the way into a private room", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { alice, bob } = yield* trio
      for (const user of [alice, bob]) yield* user.run(join("cellar"))
      yield* alice.run({ _tag: "SetPrivate", isPrivate: true })
      chat.logout(bob.session)
      const other = yield* login("bob")
      assert.strictEqual(yield* other.refused(join("cellar")), "RoomPrivate")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("default rooms cannot be private, and there are no more rooms than there may be", () =>
    Effect.gen(function* () {
      const { alice } = yield* trio
      assert.strictEqual(yield* alice.refused({ _tag: "SetPrivate", isPrivate: true }), "RoomProtected")
      yield* alice.run(join("one", true))
      assert.strictEqual(yield* alice.refused(join("two", true)), "TooManyRooms")
      yield* alice.run({ _tag: "LeaveRoom", room: "one" })
      yield* alice.run(join("two"))
    }).pipe(Effect.provide(layer({ roomLimit: 3 })))
  )

  it.effect("Rename tells everybody in sight, and frees the old name", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* trio
      yield* carol.run(join("python"))
      for (const user of [alice, bob, carol]) user.told()
      yield* alice.run({ _tag: "Rename", name: "Alice" })
      assert.deepStrictEqual([alice.told(), bob.told(), carol.told()], [["* alice is Alice"], ["alice is Alice"], []])
      assert.strictEqual(yield* alice.refused({ _tag: "Rename", name: "BOB" }), "NameTaken")
      assert.strictEqual(yield* alice.refused({ _tag: "Rename", name: "Alice" }), "NameTaken")
      yield* alice.run({ _tag: "Rename", name: "dora" })
      yield* login("alice")
    }).pipe(Effect.provide(layer()))
  )
})

const roomNames = Schema.Literals(["general", "python", "cellar", "attic"])
const Act = Schema.Struct({
  user: Schema.Literals([0, 1, 2]),
  verb: Schema.Literals(["join", "stay", "leave", "private", "public", "invite", "rename", "again"]),
  room: roomNames
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
  }
}

describe("Chat invariants", () => {
  it.effect.prop("hold after any sequence of commands", [Schema.Array(Act)], ([acts]) =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const users: Array<User> = yield* Effect.forEach(["user 0", "user 1", "user 2"], login)
      for (const act of acts) {
        if (act.verb === "again") {
          chat.logout(users[act.user]!.session)
          users[act.user] = yield* login(`again ${act.user}`)
          yield* Effect.ignore(users[act.user]!.run({ _tag: "Rename", name: `user ${act.user}` }))
        }
        yield* Effect.ignore(users[act.user]!.run(commandOf(act)))
        const sessions = new Set<Session>(users.map(({ session }) => session))
        for (const session of sessions) {
          assert.isAbove(session.rooms.size, 0)
          assert.isTrue(session.rooms.has(session.current))
          for (const room of session.rooms) assert.isTrue(room.members.has(session))
        }
        const visible = yield* Effect.forEach(users, (user) => user.run({ _tag: "ListRooms" }))
        for (const list of visible) {
          for (const room of list._tag === "Rooms" ? list.rooms : []) {
            assert.isTrue(room.memberCount > 0 || room.name === "general" || room.name === "python", room.name)
            assert.isAtMost(room.memberCount, sessions.size)
          }
        }
      }
    }).pipe(Effect.provide(layer()))
  )
})
