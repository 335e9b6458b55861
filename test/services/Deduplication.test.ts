import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Command } from "../../src/domain/Command.ts"
import { ProtocolName } from "../../src/domain/Message.ts"
import type { UserName } from "../../src/domain/Names.ts"
import { Chat } from "../../src/services/Chat.ts"
import * as Deduplication from "../../src/services/Deduplication.ts"
import { join, layer, login, say, trio } from "./Recorder.ts"

const marked = (id: string, text = "hello", room?: string): Command => ({ ...say(text, room), id }) as Command
const told = (id: string): Command => ({ _tag: "Tell", to: "bob", text: "psst", id })

describe("messages that are repeated", () => {
  it.effect("are said once, and answered as the first time", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      const first = yield* alice.run(marked("a"))
      assert.deepStrictEqual(yield* alice.run(marked("a")), first)
      assert.deepStrictEqual(bob.told(), ["alice to general: hello"])
      const second = yield* alice.run(told("b"))
      assert.deepStrictEqual(yield* alice.run(told("b")), second)
      assert.deepStrictEqual(bob.told(), ["alice to bob: psst"])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("are known by a later session of the same name", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { alice, bob } = yield* trio
      yield* alice.run(join("attic", true))
      const first = yield* alice.run(marked("a", "hello", "attic"))
      const direct = yield* alice.run(told("b"))
      yield* chat.logout(alice.session)
      bob.told()
      const again = yield* login("ALICE")
      bob.told()
      // Nobody was left in the room, so it is gone; the message was said nevertheless.
      assert.deepStrictEqual(yield* again.run(marked("a", "hello", "attic")), first)
      assert.deepStrictEqual(yield* again.run(told("b")), direct)
      assert.deepStrictEqual(bob.told(), [])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("are not taken for those of others, nor for others of the same author", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* trio
      yield* alice.run(marked("a"))
      yield* carol.run(marked("a"))
      yield* alice.run(marked("b"))
      yield* alice.run(say("hello"))
      yield* alice.run(say("hello"))
      const heard = "alice to general: hello"
      assert.deepStrictEqual(bob.told(), [heard, "carol to general: hello", heard, heard, heard])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("may be said when they had been refused", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      assert.strictEqual(yield* alice.refused(marked("a", "hello", "attic")), "NotInRoom")
      yield* alice.run(join("attic", true))
      yield* bob.run(join("attic", true))
      bob.told()
      yield* alice.run(marked("a", "hello", "attic"))
      assert.deepStrictEqual(bob.told(), ["alice to attic: hello"])
    }).pipe(Effect.provide(layer()))
  )
})

describe("Deduplication", () => {
  const alice = "alice" as UserName
  const accepted = (text: string): Deduplication.Accepted => ({
    _tag: "Accepted",
    message: { number: 1, from: alice, protocol: ProtocolName.make("sockets"), text, atMillis: 0 }
  })

  it("Deduplication.remember() forgets the oldest beyond a number of messages", () => {
    const deduplication = Deduplication.make()
    for (let id = 0; id <= Deduplication.limitMessages; id++)
      deduplication.remember(alice, String(id), accepted("hello"))
    assert.isUndefined(deduplication.find(alice, "0"))
    assert.isDefined(deduplication.find(alice, "1"))
    assert.isDefined(deduplication.find(alice, String(Deduplication.limitMessages)))
  })

  it("Deduplication.remember() forgets the oldest beyond a length of their texts", () => {
    const deduplication = Deduplication.make()
    const text = "x".repeat(Deduplication.limitUnits / 4)
    for (let id = 0; id <= 4; id++) deduplication.remember(alice, String(id), accepted(text))
    assert.isUndefined(deduplication.find(alice, "0"))
    assert.isDefined(deduplication.find(alice, "1"))
    deduplication.remember(alice, "5", accepted(text))
    assert.isUndefined(deduplication.find(alice, "1"))
    assert.isDefined(deduplication.find(alice, "2"))
  })
})
