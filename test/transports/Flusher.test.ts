import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import { Flusher } from "../../src/transports/Flusher.ts"
import { turn } from "./Turn.ts"

describe("Flusher.turn", () => {
  it.effect("does it once at the end of the turn, and flushes in the same turn what it asks for", () =>
    Effect.gen(function* () {
      const flusher = yield* Flusher
      const done: Array<string> = []
      const flushable = { isDirty: false, flush: () => done.push("flush") }
      const act = () => {
        done.push("act")
        flusher.schedule(flushable)
      }
      flusher.turn.atEnd(act)
      flusher.turn.atEnd(act)
      assert.deepStrictEqual(done, [])
      yield* turn
      assert.deepStrictEqual(done, ["act", "flush"])
      yield* turn
      assert.strictEqual(done.length, 2)
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("does what can wait once, when the time has come", () =>
    Effect.gen(function* () {
      const flusher = yield* Flusher
      let done = 0
      const act = () => done++
      flusher.turn.after(act, 100)
      yield* TestClock.adjust(99)
      flusher.turn.after(act, 100)
      yield* turn
      assert.strictEqual(done, 0)
      yield* TestClock.adjust(1)
      yield* turn
      assert.strictEqual(done, 1)
      yield* TestClock.adjust(1000)
      yield* turn
      assert.strictEqual(done, 1)
      flusher.turn.after(act, 100)
      flusher.turn.atEnd(act)
      yield* turn
      assert.strictEqual(done, 2)
    }).pipe(Effect.provide(Flusher.layer))
  )
})

describe("Flusher.schedule()", () => {
  it.effect("flushes each once at the end of the turn, and again when asked again", () =>
    Effect.gen(function* () {
      const flusher = yield* Flusher
      let flushed = 0
      const flushable = { isDirty: false, flush: () => flushed++ }
      flusher.schedule(flushable)
      flusher.schedule(flushable)
      assert.strictEqual(flushed, 0)
      yield* turn
      assert.strictEqual(flushed, 1)
      flusher.schedule(flushable)
      yield* turn
      assert.strictEqual(flushed, 2)
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("flushes the others when one has a fault, and logs it", () => {
    const logged: Array<string> = []
    const logger = Logger.make(({ logLevel }) => void logged.push(logLevel))
    return Effect.gen(function* () {
      const flusher = yield* Flusher
      let flushed = 0
      const faulty = {
        isDirty: false,
        flush: () => {
          throw new Error("a fault")
        }
      }
      flusher.schedule(faulty)
      flusher.schedule({ isDirty: false, flush: () => flushed++ })
      yield* turn
      yield* turn
      assert.strictEqual(flushed, 1)
      assert.deepStrictEqual(logged, ["Error"])
    }).pipe(Effect.provide(Flusher.layer.pipe(Layer.provideMerge(Logger.layer([logger])))))
  })
})
