/**
 * Time limits for what the database is asked.
 *
 * - What is late is interrupted, but its end is not awaited: a connection on which nothing moves does not end at once.
 * - What finds the database locked by another program, such as one that makes a backup, is tried again every 10 ms. SQLite
 *   would wait for the lock itself, and nothing else would run meanwhile.
 */
import { Data, Effect, Fiber, Option, Schedule, Scope } from "effect"
import { SqlError } from "effect/sql"
import { withinMillis } from "../domain/MonotonicTime.ts"

/** The database has not answered in time. Nobody knows whether it has done what it was asked. */
export class DatabaseSilent extends Data.TaggedError("DatabaseSilent")<{ readonly seconds: number }> {
  override get message(): string {
    return `The database has not answered within ${this.seconds} s`
  }
}

const seconds = 5
const lockGapMillis = 10

// Counted, for elapsed time of a schedule is that of a clock that may be set.
const whileLocked = Schedule.spaced(lockGapMillis).pipe(Schedule.upTo({ times: (seconds * 1000) / lockGapMillis }))

/** Whether an error says that somebody else has the database locked. Then nothing was done. */
export const isLocked = (error: unknown): boolean =>
  SqlError.isSqlError(error) && error.reason._tag === "LockTimeoutError"

/** Tries for five seconds what another program's lock keeps from the database. Then that is its failure. */
export const outlast = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  // The schedule costs some microseconds, so it is made only for what is locked out.
  Effect.catchIf(effect, isLocked, () => Effect.retry(effect, { while: isLocked, schedule: whileLocked }))

const once = Effect.fnUntraced(function* <A, E>(
  scope: Scope.Scope,
  effect: Effect.Effect<A, E>
): Effect.fn.Return<A, E | DatabaseSilent> {
  const fiber = yield* Effect.forkIn(effect, scope, { startImmediately: true })
  const exit = fiber.pollUnsafe()
  if (exit !== undefined) return yield* exit
  const drop = Effect.sync(() => fiber.interruptUnsafe())
  const answer = yield* Effect.onInterrupt(withinMillis(Fiber.join(fiber), seconds * 1000), () => drop)
  if (Option.isSome(answer)) return answer.value
  yield* drop
  return yield* new DatabaseSilent({ seconds })
})

/**
 * Fails after five seconds if an effect, which runs in `scope`, is not done. While the database is locked it is tried again,
 * with five seconds each time.
 */
export const within = <A, E>(scope: Scope.Scope, effect: Effect.Effect<A, E>): Effect.Effect<A, E | DatabaseSilent> =>
  outlast(once(scope, effect))
