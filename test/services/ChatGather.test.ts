import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { Command, Reply } from "../../src/domain/Command.ts"
import type { Rejection } from "../../src/domain/Rejection.ts"
import { Chat } from "../../src/services/Chat.ts"
import { layer, trio } from "./Recorder.ts"

const Who = Schema.Literals(["alice", "bob", "carol"])
const RoomOf = Schema.Literals(["general", "attic", "cellar"])

/** What users may do in one read. */
const Act = Schema.Struct({
  who: Who,
  command: Schema.Union([
    Schema.TaggedStruct("Say", {
      text: Schema.Literals(["one", "two", "/join attic", "/leave", "/who", "/msg bob hi"])
    }),
    Schema.TaggedStruct("Tell", { to: Who, text: Schema.Literal("psst") }),
    Schema.TaggedStruct("JoinRoom", { room: RoomOf, stay: Schema.Boolean }),
    Schema.TaggedStruct("LeaveRoom", {}),
    Schema.TaggedStruct("SetPrivate", { isPrivate: Schema.Boolean }),
    Schema.TaggedStruct("Rename", { name: Schema.Literals(["alice", "dora"]) })
  ])
})
type Act = typeof Act.Type

/** What each user hears of all this, with what is said gathered or told at once. */
const heard = (acts: ReadonlyArray<Act>, isGathered: boolean) =>
  Effect.gen(function* () {
    const chat = yield* Chat
    const users = yield* trio
    for (const user of Object.values(users)) user.told()
    const waiting: Array<Effect.Effect<Reply, Rejection>> = []
    const run = () => {
      for (const { command, who } of acts) waiting.push(chat.runUnsafe(users[who].session, command as Command))
    }
    if (isGathered) chat.gather(run)
    else run()
    yield* Effect.forEach(waiting, (it) => Effect.ignore(it))
    return Object.values(users).map((user) => user.told())
  }).pipe(Effect.provide(layer({ floodRate: 0 })))

describe("Chat.gather()", () => {
  it.effect.prop("changes nothing of what anybody hears, nor its order", [Schema.Array(Act)], ([acts]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* heard(acts, true), yield* heard(acts, false))
    })
  )
})
