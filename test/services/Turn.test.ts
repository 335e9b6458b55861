import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import type { Command, Reply } from "../../src/domain/Command.ts"
import type { Rejection } from "../../src/domain/Rejection.ts"
import { Chat } from "../../src/services/Chat.ts"
import { crowdLimit } from "../../src/domain/Room.ts"
import { layer, login, trio, type User } from "./Recorder.ts"

const Who = Schema.Literals(["alice", "bob", "carol"])
const RoomOf = Schema.Literals(["general", "attic", "cellar"])

/** What users may do in one read, or who comes or goes. */
const Act = Schema.Struct({
  who: Schema.Literals(["alice", "bob", "carol", "eve", "fred"]),
  command: Schema.Union([
    Schema.TaggedStruct("Say", {
      text: Schema.Literals(["one", "two", "/join attic", "/leave", "/who", "/msg bob hi"])
    }),
    Schema.TaggedStruct("Tell", { to: Who, text: Schema.Literal("psst") }),
    Schema.TaggedStruct("JoinRoom", { room: RoomOf, stay: Schema.Boolean }),
    Schema.TaggedStruct("LeaveRoom", {}),
    Schema.TaggedStruct("SetPrivate", { isPrivate: Schema.Boolean }),
    Schema.TaggedStruct("Rename", { name: Schema.Literals(["alice", "dora"]) }),
    Schema.TaggedStruct("LogIn", {}),
    Schema.TaggedStruct("LogOut", {})
  ])
})
type Act = typeof Act.Type

const isPresence = (line: string): boolean => /^(?:\* )?\S+ (?:in|out of) /.test(line)

/** What each user hears of all this, with what can be gathered gathered or told at once. */
const heard = (acts: ReadonlyArray<Act>, isGathered: boolean) =>
  Effect.gen(function* () {
    const chat = yield* Chat
    const runSync = Effect.runSyncWith(yield* Effect.context<Chat>())
    const present = new Map<string, User>(Object.entries(yield* trio))
    const all = [...present.values()]
    const gone = new Set<User>()
    for (const user of all) user.told()
    const waiting: Array<Effect.Effect<Reply, Rejection>> = []
    const run = () => {
      for (const { command, who } of acts) {
        const user = present.get(who)
        if (command._tag === "LogIn" && user === undefined) {
          const come = runSync(Effect.option(login(who)))
          if (Option.isNone(come)) continue
          present.set(who, come.value)
          all.push(come.value)
        } else if (command._tag === "LogOut" && user !== undefined) {
          chat.logout(user.session)
          present.delete(who)
          gone.add(user)
        } else if (user !== undefined && command._tag !== "LogIn" && command._tag !== "LogOut") {
          waiting.push(chat.runUnsafe(user.session, command as Command))
        }
      }
    }
    if (isGathered) chat.gather(run)
    else run()
    yield* Effect.forEach(waiting, (it) => Effect.ignore(it))
    // Who is about to go need not hear any more who else came and went.
    return all.map((user) => (gone.has(user) ? user.told().filter((line) => !isPresence(line)) : user.told()))
  }).pipe(Effect.provide(layer({ floodRate: 0 })))

describe("Chat.gather()", () => {
  it.effect.prop("changes nothing of what anybody hears, nor its order", [Schema.Array(Act)], ([acts]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* heard(acts, true), yield* heard(acts, false))
    })
  )

  it.effect("tells a crowd without a list who logs in and out", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const first = yield* login("first")
      for (let count = 2; count < crowdLimit; count++) yield* login(`user${count}`)
      first.told()
      const last = yield* login("last")
      assert.match(first.told()[0]!, /^last in general \(login\) with first,user2,.*,last$/)
      const more = yield* login("more")
      chat.logout(last.session)
      chat.logout(more.session)
      const [comes, goes, leaves] = first.told()
      assert.deepStrictEqual(
        [comes, goes?.slice(0, 51), leaves?.slice(0, 51)],
        [
          "more in general (login) with undefined",
          "last out of general (logout) without first,user2,us",
          "more out of general (logout) without first,user2,us"
        ]
      )
    }).pipe(Effect.provide(layer({ sessionLimit: 1000 })))
  )

  it.effect("tells who remains nothing more of who leaves when the server stops", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { alice, bob, carol } = yield* trio
      chat.stopping()
      for (const user of [alice, bob, carol]) user.told()
      chat.logout(bob.session)
      assert.deepStrictEqual([alice.told(), carol.told()], [[], []])
    }).pipe(Effect.provide(layer()))
  )
})
