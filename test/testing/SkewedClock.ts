/** The clock of a test, whose time of the day can be set, and which can be stopped as a process can. */
import { Clock, Effect } from "effect"
import { TestClock } from "effect/testing"

const startMillis = Date.UTC(2026, 0, 1)
const nanosPerMilli = 1_000_000n

export interface SkewedClock {
  /** To be provided as the clock; time passes by `TestClock.adjust`. */
  readonly clock: TestClock.TestClock
  /** Sets the time of the day forward or back; the monotonic clock goes on. */
  readonly set: (byMillis: number) => void
  /** Time passes and nothing wakes: whoever sleeps wakes as much too late. */
  readonly stop: (millis: number) => void
}

export const make: Effect.Effect<SkewedClock> = TestClock.testClockWith((testClock) =>
  Effect.sync(() => {
    let setMillis = startMillis
    let stoppedMillis = 0
    const currentTimeMillisUnsafe = () => testClock.currentTimeMillisUnsafe() + stoppedMillis + setMillis
    const currentTimeNanosUnsafe = () => BigInt(Math.floor(currentTimeMillisUnsafe())) * nanosPerMilli
    const monotonicTimeNanosUnsafe = () =>
      testClock.monotonicTimeNanosUnsafe() + BigInt(Math.floor(stoppedMillis)) * nanosPerMilli
    const clock: TestClock.TestClock = {
      ...testClock,
      currentTimeMillisUnsafe,
      currentTimeMillis: Effect.sync(currentTimeMillisUnsafe),
      currentTimeNanosUnsafe,
      currentTimeNanos: Effect.sync(currentTimeNanosUnsafe),
      monotonicTimeNanosUnsafe,
      monotonicTimeNanos: Effect.sync(monotonicTimeNanosUnsafe)
    }
    return {
      clock,
      set: (byMillis) => {
        setMillis += byMillis
      },
      stop: (millis) => {
        stoppedMillis += millis
      }
    }
  })
)

/** Runs something by such a clock. */
export const use = <A, E, R>(run: (clock: SkewedClock) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(make, (skewed) => Effect.provideService(run(skewed), Clock.Clock, skewed.clock))
