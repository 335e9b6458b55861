import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Latch, Layer, Logger, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { Command, Reply } from "../../src/domain/Command.ts"
import type { Message } from "../../src/domain/Message.ts"
import { StorageFailed } from "../../src/domain/Rejection.ts"
import { Attachments } from "../../src/services/Attachments.ts"
import { Chat } from "../../src/services/Chat.ts"
import { History } from "../../src/services/History.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { closeTimeout } from "../../src/services/StoreFibers.ts"
import { login, say, trio } from "./Recorder.ts"

interface Port {
  readonly layer: Layer.Layer<Chat>
  /** What was begun to be stored, and what has been. */
  readonly begun: Array<string>
  readonly ended: Array<string>
}

/** A chat with a history of an embedder, which gives an effect for each message. */
const port = (store: (message: Message) => Effect.Effect<void, StorageFailed>): Port => {
  const begun: Array<string> = []
  const ended: Array<string> = []
  const append = (_: string | undefined, message: Message) =>
    Effect.suspend(() => {
      begun.push(message.text)
      return Effect.tap(store(message), () => Effect.sync(() => ended.push(message.text)))
    })
  const history = Effect.map(History, (memory) => History.of({ ...memory, append }))
  const layer = Chat.layerNoStorage.pipe(
    Layer.provide([Layer.provide(Layer.effect(History, history), History.layerMemory), Attachments.layerMemory]),
    Layer.provide(Layer.succeed(Limits, { ...defaults, floodRate: 0 }))
  )
  return { layer, begun, ended }
}

/** What waits until a message is stored. */
const stored = (reply: Reply): Effect.Effect<void, StorageFailed> =>
  reply._tag === "Accepted" && reply.stored !== undefined
    ? Deferred.await(reply.stored)
    : assert.fail("There is nothing to wait for")

const isDone = (fiber: Fiber.Fiber<unknown, unknown>) => fiber.pollUnsafe() !== undefined

describe("Chat.run() with a history that takes time", () => {
  it.effect("tells what is said before it is stored, and stores it though nobody waits", () => {
    const latch = Latch.makeUnsafe()
    const { begun, ended, layer } = port(() => latch.await)
    return Effect.gen(function* () {
      const { alice, bob } = yield* trio
      yield* alice.run(say("1"))
      yield* alice.run({ _tag: "Tell", to: "bob", text: "2" })
      assert.deepStrictEqual(bob.told(), ["alice to general: 1", "alice to bob: 2"])
      assert.deepStrictEqual([begun, ended], [["1", "2"], []])
      yield* latch.open
      yield* Effect.yieldNow
      assert.deepStrictEqual(
        [begun, ended],
        [
          ["1", "2"],
          ["1", "2"]
        ]
      )
    }).pipe(Effect.provide(layer))
  })

  it.effect("stores once, however many wait for it, and whoever of them is interrupted", () => {
    const latch = Latch.makeUnsafe()
    const { begun, ended, layer } = port(() => latch.await)
    return Effect.gen(function* () {
      const { alice, bob } = yield* trio
      const marked: Command = { ...say("1"), id: "a" } as Command
      const waiting = stored(yield* alice.run(marked))
      // Said again by the same author, it is answered as the first time.
      const again = stored(yield* alice.run(marked))
      const fibers = yield* Effect.forEach([waiting, waiting, again], (it) =>
        Effect.forkChild(it, { startImmediately: true })
      )
      assert.deepStrictEqual(fibers.map(isDone), [false, false, false])
      yield* Fiber.interrupt(fibers[0]!)
      yield* latch.open
      yield* Fiber.join(fibers[1]!)
      yield* Fiber.join(fibers[2]!)
      yield* waiting
      assert.deepStrictEqual([begun, ended], [["1"], ["1"]])
      assert.deepStrictEqual(bob.told(), ["alice to general: 1"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("gives nothing to wait for when the effect has not waited", () => {
    const { begun, ended, layer } = port(() => Effect.void)
    return Effect.gen(function* () {
      const { alice } = yield* trio
      const reply = yield* alice.run(say("1"))
      assert.strictEqual(reply._tag, "Accepted")
      assert.notProperty(reply, "stored")
      assert.deepStrictEqual([begun, ended], [["1"], ["1"]])
    }).pipe(Effect.provide(layer))
  })

  it.effect("says that a message is not stored, at once or when it turns out", () => {
    const latch = Latch.makeUnsafe()
    const failed = Effect.fail(new StorageFailed())
    const { begun, ended, layer } = port(({ text }) => (text === "2" ? Effect.andThen(latch.await, failed) : failed))
    return Effect.gen(function* () {
      const { alice, bob } = yield* trio
      const [first, second] = [stored(yield* alice.run(say("1"))), stored(yield* alice.run(say("2")))]
      for (let count = 0; count < 2; count++) assert.strictEqual((yield* Effect.flip(first))._tag, "StorageFailed")
      const waiting = yield* Effect.forkChild(Effect.flip(second), { startImmediately: true })
      assert.isFalse(isDone(waiting))
      yield* latch.open
      assert.strictEqual((yield* Fiber.join(waiting))._tag, "StorageFailed")
      assert.strictEqual((yield* Effect.flip(second))._tag, "StorageFailed")
      assert.deepStrictEqual([begun, ended], [["1", "2"], []])
      assert.deepStrictEqual(bob.told(), ["alice to general: 1", "alice to general: 2"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("takes a defect or an interruption of the history for a failure, and logs the defect", () => {
    const lines: Array<unknown> = []
    const logger = Logger.make(({ message }) => void lines.push(...(message as ReadonlyArray<unknown>)))
    const oops = new Error("oops")
    const { layer } = port(({ text }) => (text === "1" ? Effect.die(oops) : Effect.interrupt))
    return Effect.gen(function* () {
      const { alice } = yield* trio
      for (const text of ["1", "2"]) {
        const refused = yield* Effect.flip(stored(yield* alice.run(say(text))))
        assert.strictEqual(refused._tag, "StorageFailed")
      }
      assert.deepStrictEqual(lines, ["Cannot store a message", oops])
    }).pipe(Effect.provide(Layer.provideMerge(layer, Logger.layer([logger]))))
  })
})

describe("Chat whose scope closes while a message is being stored", () => {
  const begin = Effect.fnUntraced(function* ({ layer }: Port) {
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(layer, scope)
    const alice = yield* Effect.provide(login("alice"), context)
    const waiting = stored(yield* alice.run(say("1")))
    const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
    yield* Effect.yieldNow
    return { alice, chat: Context.get(context, Chat), closing, waiting }
  })

  it.effect("waits for it", () => {
    const latch = Latch.makeUnsafe()
    const held = port(() => latch.await)
    return Effect.gen(function* () {
      const { closing, waiting } = yield* begin(held)
      assert.isFalse(isDone(closing))
      yield* latch.open
      yield* Fiber.join(closing)
      yield* waiting
      assert.deepStrictEqual(held.ended, ["1"])
    })
  })

  it.effect("does not wait for ever, and stores nothing more", () => {
    const held = port(() => Effect.never)
    return Effect.gen(function* () {
      const { alice, closing, waiting } = yield* begin(held)
      yield* TestClock.adjust("4999 millis")
      assert.isFalse(isDone(closing))
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(closing)
      assert.strictEqual(closeTimeout, "5 seconds")
      assert.strictEqual((yield* Effect.flip(waiting))._tag, "StorageFailed")
      assert.strictEqual((yield* Effect.flip(stored(yield* alice.run(say("2")))))._tag, "StorageFailed")
      assert.deepStrictEqual([held.begun, held.ended], [["1"], []])
    })
  })
})
