/**
 * A time limit for what the database is asked.
 *
 * What is late is interrupted, but its end is not awaited: a connection on which nothing moves does not end at once.
 */
import { Data, Effect, Fiber, Option, Scope } from "effect"
import { sleepPatiently } from "../domain/MonotonicTime.ts"

/** The database has not answered in time. Nobody knows whether it has done what it was asked. */
export class DatabaseSilent extends Data.TaggedError("DatabaseSilent")<{ readonly seconds: number }> {
  override get message(): string {
    return `The database has not answered within ${this.seconds} s`
  }
}

const seconds = 5

/** Fails after five seconds if an effect, which runs in `scope`, is not done. */
export const within = Effect.fnUntraced(function* <A, E>(
  scope: Scope.Scope,
  effect: Effect.Effect<A, E>
): Effect.fn.Return<A, E | DatabaseSilent> {
  const fiber = yield* Effect.forkIn(effect, scope, { startImmediately: true })
  const exit = fiber.pollUnsafe()
  if (exit !== undefined) return yield* exit
  const drop = Effect.sync(() => fiber.interruptUnsafe())
  const answer = yield* Effect.asSome(Fiber.join(fiber)).pipe(
    Effect.raceFirst(Effect.as(sleepPatiently(seconds * 1000), Option.none())),
    Effect.onInterrupt(() => drop)
  )
  if (Option.isSome(answer)) return answer.value
  yield* drop
  return yield* new DatabaseSilent({ seconds })
})
