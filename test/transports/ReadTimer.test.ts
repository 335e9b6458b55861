import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { ReadTimer } from "../../src/transports/ReadTimer.ts"

/** A timer that counts how often its time is over, and how often somebody sleeps for it. */
const setUp = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const timer = new ReadTimer()
  const counts = { expired: 0, sleeps: 0 }
  const counting: Clock.Clock = {
    ...clock,
    currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe(),
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    sleep: (duration) => {
      counts.sleeps++
      return clock.sleep(duration)
    }
  }
  const begin = (millis: number) =>
    timer.begin(millis, () => void counts.expired++).pipe(Effect.provideService(Clock.Clock, counting))
  return { begin, counts, timer }
})

describe("ReadTimer", () => {
  it.effect("tells once that the time is over", () =>
    Effect.gen(function* () {
      const { begin, counts } = yield* setUp
      yield* begin(10)
      yield* TestClock.adjust(9)
      assert.strictEqual(counts.expired, 0)
      yield* TestClock.adjust(1)
      assert.strictEqual(counts.expired, 1)
      yield* TestClock.adjust(100)
      assert.strictEqual(counts.expired, 1)
    })
  )

  it.effect("sleeps once for many times, up to the end of the last", () =>
    Effect.gen(function* () {
      const { begin, counts, timer } = yield* setUp
      for (let millis = 0; millis < 9; millis++) {
        yield* begin(10)
        timer.stop()
        yield* begin(10)
        yield* TestClock.adjust(1)
      }
      assert.deepStrictEqual(counts, { expired: 0, sleeps: 1 })
      yield* TestClock.adjust(8)
      assert.deepStrictEqual(counts, { expired: 0, sleeps: 2 })
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(counts, { expired: 1, sleeps: 2 })
    })
  )

  it.effect("ends its fiber when it is stopped, and begins again", () =>
    Effect.gen(function* () {
      const { begin, counts, timer } = yield* setUp
      yield* begin(10)
      timer.stop()
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(counts, { expired: 0, sleeps: 1 })
      yield* begin(10)
      yield* TestClock.adjust(10)
      assert.deepStrictEqual(counts, { expired: 1, sleeps: 2 })
    })
  )

  it.effect("keeps a time that is over before the one that it slept for", () =>
    Effect.gen(function* () {
      const { begin, counts } = yield* setUp
      yield* begin(1000)
      yield* begin(10)
      yield* TestClock.adjust(10)
      assert.strictEqual(counts.expired, 1)
      yield* TestClock.adjust(1000)
      assert.strictEqual(counts.expired, 1)
    })
  )

  it.effect("begins again when the fiber that began it has ended", () =>
    Effect.gen(function* () {
      const { begin, counts } = yield* setUp
      const fiber = yield* Effect.forkChild(begin(10), { startImmediately: true })
      yield* Fiber.await(fiber)
      yield* begin(10)
      yield* TestClock.adjust(10)
      assert.strictEqual(counts.expired, 1)
    })
  )
})
