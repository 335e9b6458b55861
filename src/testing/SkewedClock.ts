/** Clocks whose time of the day can be set, and which can be stopped as a process can. */
import { Clock, Effect } from "effect"
import { TestClock } from "effect/testing"

const startMillis = Date.UTC(2026, 0, 1)
const nanosPerMilli = 1_000_000n

/** A TestClock whose time of the day can be set, apart from its monotonic time. */
export interface SkewedClock<C extends Clock.Clock = TestClock.TestClock> {
  /** To be provided as the clock; of a test's clock time passes by `TestClock.adjust`. */
  readonly clock: C
  /** Sets the time of the day forward or back; the monotonic clock goes on. */
  readonly set: (byMillis: number) => void
  /** Time passes and nothing wakes: whoever sleeps wakes as much too late. */
  readonly stop: (millis: number) => void
}

/** The same as another clock, as long as it is neither set nor stopped. */
export const over = <C extends Clock.Clock>(base: C): SkewedClock<C> => {
  let setMillis = 0
  let stoppedMillis = 0
  const currentTimeMillisUnsafe = () => base.currentTimeMillisUnsafe() + stoppedMillis + setMillis
  const currentTimeNanosUnsafe = () => BigInt(Math.floor(currentTimeMillisUnsafe())) * nanosPerMilli
  const monotonicTimeNanosUnsafe = () =>
    base.monotonicTimeNanosUnsafe() + BigInt(Math.floor(stoppedMillis)) * nanosPerMilli
  const clock: C = {
    ...base,
    sleep: (duration) => base.sleep(duration),
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
}

/** One over the clock of the test, which begins this year. */
export const make: Effect.Effect<SkewedClock> = TestClock.testClockWith((testClock) =>
  Effect.sync(() => {
    const skewed = over(testClock)
    skewed.set(startMillis)
    return skewed
  })
)

/**
 * Runs something by such a clock; a layer that is to go by it is built inside.
 *
 * ```ts
 * import { Effect } from "effect"
 * import { TestClock } from "effect/testing"
 * import { Metrics } from "parlance"
 * import { Clients, Deadline, Peer, SkewedClock } from "parlance/testing"
 *
 * // How to test a jump of the clock: the time of the day is set back by an hour, and a time-out of 15 s takes 15 s.
 * export const clockJump = SkewedClock.use((clock) =>
 *   Effect.gen(function* () {
 *     const { counts } = yield* Metrics
 *     const { peer } = yield* Clients.toss.connect
 *     yield* TestClock.adjust("10 seconds")
 *     clock.set(-3_600_000)
 *     yield* TestClock.adjust("4 seconds")
 *     const isOpen = counts.connections === 1
 *     yield* TestClock.adjust("1 second")
 *     yield* Deadline.within(peer.over, () => "the end of a connection without a login")
 *     return { isOpen, hangups: counts.hangups }
 *   }).pipe(Effect.scoped, Effect.provide(Peer.layer()))
 * )
 * ```
 */
export const use = <A, E, R>(run: (clock: SkewedClock) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(make, (skewed) => Effect.provideService(run(skewed), Clock.Clock, skewed.clock))
