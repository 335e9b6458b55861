import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Fiber, FiberSet, Queue, Stream } from "effect"
import { fromStream, type Reader } from "../../src/transports/Source.ts"
import { turn } from "./Turn.ts"

const setUp = Effect.fnUntraced(function* () {
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const reads = yield* Queue.unbounded<string, Cause.Done>()
  const taken: Array<string> = []
  const reader: Reader<string> = { take: (inputs) => void taken.push(...inputs), ended: () => taken.push("ended") }
  return { reads, taken, reader, source: fromStream(Stream.fromQueue(reads), run), run }
})

describe("Source.fromStream()", () => {
  it.effect("hands over what comes, and then the end", () =>
    Effect.gen(function* () {
      const { reader, reads, source, taken } = yield* setUp()
      source.start(reader)
      Queue.offerAllUnsafe(reads, ["a", "b"])
      yield* turn
      yield* Queue.end(reads)
      yield* turn
      assert.deepStrictEqual(taken, ["a", "b", "ended"])
    }).pipe(Effect.scoped)
  )

  it.effect("hands over nothing while it is paused, and no end", () =>
    Effect.gen(function* () {
      const { reader, reads, source, taken } = yield* setUp()
      source.pause()
      Queue.offerUnsafe(reads, "a")
      source.start({
        take: (inputs) => {
          reader.take(inputs)
          source.pause()
        },
        ended: reader.ended
      })
      yield* turn
      assert.deepStrictEqual(taken, [])
      source.resume()
      yield* turn
      Queue.offerUnsafe(reads, "b")
      yield* Queue.end(reads)
      yield* turn
      assert.deepStrictEqual(taken, ["a"])
      source.resume()
      yield* turn
      assert.deepStrictEqual(taken, ["a", "b"])
      source.resume()
      yield* turn
      assert.deepStrictEqual(taken, ["a", "b", "ended"])
    }).pipe(Effect.scoped)
  )

  it.effect("hands over nothing when it was stopped, and ends by a defect", () =>
    Effect.gen(function* () {
      const { reader, reads, run, source, taken } = yield* setUp()
      source.start(reader)
      source.stop()
      Queue.offerUnsafe(reads, "a")
      yield* turn
      assert.deepStrictEqual(taken, [])
      const faulty = fromStream(Stream.die("a fault"), (effect) => run(effect))
      const ended = yield* Effect.forkChild(
        Effect.callback<void>((resume) => faulty.start({ take: () => {}, ended: () => resume(Effect.void) })),
        { startImmediately: true }
      )
      yield* Fiber.join(ended)
    }).pipe(Effect.scoped)
  )
})
