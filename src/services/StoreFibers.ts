/**
 * The fibers that store messages where that cannot be done without waiting.
 *
 * - Each runs once, whether or not anybody waits for it; who waits and is interrupted does not end it.
 * - What is under way when the scope closes is waited for, but not for ever.
 */
import { Cause, Deferred, Effect, Exit, FiberSet, type Scope } from "effect"
import { StorageFailed } from "../domain/Rejection.ts"

/** Begins to store something: what is done when that is over, undefined if it has been stored at once. */
export type RunOnce = (effect: Effect.Effect<void, StorageFailed>) => Deferred.Deferred<void, StorageFailed> | undefined

/** For how long what is under way is waited for at the end. */
export const closeTimeout = "5 seconds"

type Stored = Exit.Exit<void, StorageFailed>

// Whoever waits for what was cut off has not been interrupted.
const settle = (exit: Stored): Stored =>
  Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause) ? Exit.fail(new StorageFailed()) : exit

const refuseDefect = (defect: unknown): Effect.Effect<never, StorageFailed> =>
  Effect.andThen(Effect.logError("Cannot store a message", defect), Effect.fail(new StorageFailed()))

/** Makes what runs such fibers until the scope closes. */
export const make: Effect.Effect<RunOnce, never, Scope.Scope> = Effect.gen(function* () {
  const fibers = yield* FiberSet.make<void, StorageFailed>()
  const run = yield* FiberSet.runtime(fibers)<never>()
  yield* Effect.addFinalizer(() => Effect.ignore(Effect.timeout(FiberSet.awaitEmpty(fibers), closeTimeout)))
  return (effect) => {
    const fiber = run(Effect.catchDefect(effect, refuseDefect))
    const exit = fiber.pollUnsafe()
    if (exit !== undefined && Exit.isSuccess(exit)) return undefined
    const stored = Deferred.makeUnsafe<void, StorageFailed>()
    fiber.addObserver((exit) => void Deferred.doneUnsafe(stored, settle(exit)))
    return stored
  }
})
