import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { IdleTimeout } from "../../src/services/IdleTimeout.ts"

const make = Effect.map(Clock.Clock, (clock) => new IdleTimeout(clock, 1000))

describe("IdleTimeout", () => {
  it.effect("expired completes when nothing was done for the time, to the millisecond", () =>
    Effect.gen(function* () {
      const idle = yield* make
      const fiber = yield* Effect.forkChild(idle.expired, { startImmediately: true })
      for (const waitMillis of [999, 1, 500, 999]) {
        yield* TestClock.adjust(waitMillis)
        assert.isUndefined(fiber.pollUnsafe())
        idle.touch()
      }
      yield* TestClock.adjust(999)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.isDefined(fiber.pollUnsafe())
    })
  )

  it.effect("expired completes at once if nothing was done before, and begins anew after touch()", () =>
    Effect.gen(function* () {
      const idle = yield* make
      yield* TestClock.adjust(1000)
      yield* idle.expired
      idle.touch()
      const fiber = yield* Effect.forkChild(idle.expired, { startImmediately: true })
      yield* TestClock.adjust(999)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      yield* Fiber.join(fiber)
    })
  )

  it.effect("expired sleeps once per time, however often something is done", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      let sleeps = 0
      const sleep: Clock.Clock["sleep"] = (duration) => {
        sleeps++
        return clock.sleep(duration)
      }
      const idle = new IdleTimeout(clock, 1000)
      const expired = Effect.provideService(idle.expired, Clock.Clock, { ...clock, sleep })
      const fiber = yield* Effect.forkChild(expired, { startImmediately: true })
      for (let count = 0; count < 10_000; count++) {
        yield* TestClock.adjust(1)
        idle.touch()
      }
      assert.isUndefined(fiber.pollUnsafe())
      assert.isAtMost(sleeps, 11)
    })
  )

  it.effect("expired never completes if the time is infinite, and soon if it is short", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const long = yield* Effect.forkChild(new IdleTimeout(clock, Infinity).expired, { startImmediately: true })
      const short = yield* Effect.forkChild(new IdleTimeout(clock, 0.5).expired, { startImmediately: true })
      assert.isUndefined(short.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.isDefined(short.pollUnsafe())
      yield* TestClock.adjust("3650 days")
      assert.isUndefined(long.pollUnsafe())
      yield* new IdleTimeout(clock, 0).expired
    })
  )

  it.effect("goes by the monotonic clock: what the wall clock does is nothing to it", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      let nanos = 0n
      const own: Clock.Clock = {
        ...clock,
        currentTimeMillisUnsafe: () => Number.MAX_SAFE_INTEGER,
        monotonicTimeNanosUnsafe: () => nanos,
        sleep: () =>
          Effect.sync(() => {
            nanos += 400_000_000n
          })
      }
      const idle = new IdleTimeout(own, 1000)
      yield* Effect.provideService(idle.expired, Clock.Clock, own)
      assert.strictEqual(nanos, 1_200_000_000n)
    })
  )
})
