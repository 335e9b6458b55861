import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { Flusher } from "../../src/transports/Flusher.ts"
import { turn } from "./Turn.ts"

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
