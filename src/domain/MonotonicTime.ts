/**
 * How time is measured.
 *
 * A duration goes by the monotonic clock, which nobody sets: rate limits, time-outs, pauses. The time of the day is for what is
 * shown and stored: it may be set back or forward while the server runs.
 */
import { type Clock, Effect, Option } from "effect"

const nanosPerMilli = 1_000_000n

/** The whole milliseconds since some moment, which is the same as long as the process runs. */
export const monotonicMillis = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe() / nanosPerMilli)

/** Whatever wakes so much later than it should was stopped meanwhile, and so was all that reads what peers send. */
export const lateMillis = 1000

/** Lets what has come be read: the first turn ends after that, the second one after the fibers that it woke. */
export const readFirst: Effect.Effect<void> = Effect.andThen(Effect.yieldNow, Effect.yieldNow)

/**
 * Sleeps before a time-out ends something.
 *
 * A process that was stopped wakes with its timers over before it has read what its peers sent in time. So what has come is
 * read first, and whoever wakes late sleeps {@link lateMillis} more.
 */
export const sleepPatiently = (millis: number): Effect.Effect<void> =>
  Effect.clockWith((clock) => {
    const dueMillis = monotonicMillis(clock) + millis
    const isLate = () => monotonicMillis(clock) - dueMillis > lateMillis
    return Effect.andThen(
      Effect.sleep(millis),
      Effect.suspend(() => (isLate() ? Effect.sleep(lateMillis) : readFirst))
    )
  })

/** What comes of an effect, or nothing if that takes longer than so many milliseconds; the effect is interrupted then. */
export const withinMillis = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  millis: number
): Effect.Effect<Option.Option<A>, E, R> =>
  Effect.raceFirst(Effect.asSome(effect), Effect.as(sleepPatiently(millis), Option.none()))

/** Does something again and again, with so long a sleep before each time. After one from which it wakes late it does nothing once. */
export const everyMillis = <E, R>(millis: number, sweep: Effect.Effect<unknown, E, R>): Effect.Effect<never, E, R> =>
  Effect.clockWith((clock) => {
    let hasRested = false
    return Effect.suspend(() => {
      const dueMillis = monotonicMillis(clock) + millis
      return Effect.andThen(
        Effect.sleep(millis),
        Effect.suspend(() => {
          hasRested = !hasRested && monotonicMillis(clock) - dueMillis > lateMillis
          return hasRested ? Effect.void : sweep
        })
      )
    }).pipe(Effect.forever)
  })
