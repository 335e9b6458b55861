/**
 * Writes many items in few transactions, and tells those who wait when theirs is written.
 *
 * - A transaction has at most {@link batchLimit} items. It begins in the turn of the event loop after the first of them came.
 * - The next one begins after nine times the time that one took, counted from its begin: 2 ms at least, 10 at most. If a
 *   full one waits, it begins at once.
 * - One that finds the database locked is tried again for five seconds (see Deadline); what comes meanwhile waits.
 * - When one fails, all that wait fail with it. Then everything is refused at once, until a probe, which is made once a
 *   second, can write again.
 * - What waits is bounded; beyond that everything is refused, too.
 * - When the scope closes, what waits is written first.
 */
import { Cause, Clock, Deferred, Duration, Effect, Exit, Fiber, Latch, Scope } from "effect"
import { monotonicMillis } from "../domain/MonotonicTime.ts"
import { StorageFailed } from "../domain/Rejection.ts"
import { failed } from "../services/History.ts"
import { StorageHealth } from "../services/StorageHealth.ts"
import * as Deadline from "./Deadline.ts"

/** The most items of a transaction. */
export const batchLimit = 500

/** The most items that wait. */
export const limitItems = 100_000

/** The most text of items that wait, in UTF-16 units. */
export const limitUnits = 64 * 1024 * 1024

const leastGapMillis = 2
const mostGapMillis = 10
const probeGapMillis = 1000

export interface Options<A, E> {
  /** Writes items, in the order in which they came, and whatever else is to be written. */
  readonly commit: (items: ReadonlyArray<A>) => Effect.Effect<void, E>
  /** Tries to write as much as an item needs, but none. */
  readonly probe: Effect.Effect<void, E>
}

export interface GroupCommit<A> {
  /** Takes an item with so much text. What is returned is done when it is written or has failed. */
  readonly append: (item: A, units: number) => Deferred.Deferred<void, StorageFailed>
  /** Says that there is something to be written besides items. */
  readonly touch: () => void
  /** Done when all that was appended before has been written or has failed. */
  readonly settled: Effect.Effect<void>
}

type Done = Deferred.Deferred<void, StorageFailed>

interface Batch<A> {
  readonly items: Array<A>
  readonly done: Done
  units: number
}

const makeBatch = <A>(): Batch<A> => ({ items: [], done: Deferred.makeUnsafe<void, StorageFailed>(), units: 0 })

/** Begins to write. */
export const make = Effect.fnUntraced(function* <A, E>({
  commit,
  probe
}: Options<A, E>): Effect.fn.Return<GroupCommit<A>, never, Scope.Scope | StorageHealth> {
  const clock = yield* Clock.Clock
  const health = yield* StorageHealth
  // It is closed last, for nothing can be forked in the outer scope while that closes.
  const scope = yield* Effect.acquireRelease(Scope.make(), (it, exit) => Scope.close(it, exit))
  const work = Latch.makeUnsafe()
  const closing = Latch.makeUnsafe()
  // Oldest first; the last one takes what comes.
  let batches: Array<Batch<A>> = []
  let inFlight: Batch<A> | undefined
  let items = 0
  let units = 0
  let isTouched = false
  let isClosing = false
  let isOverfull = false
  let refusal: Done | undefined
  let nextAtMillis = -Infinity

  const settle = (batch: Batch<A>, exit: Exit.Exit<void, StorageFailed>): void => {
    items -= batch.items.length
    units -= batch.units
    Deferred.doneUnsafe(batch.done, exit)
  }

  const pause = (millis: number) => Effect.timeoutOrElse(closing.await, { duration: millis, orElse: () => Effect.void })

  const recover = Effect.fnUntraced(function* (cause: Cause.Cause<E | Deadline.DatabaseSilent>) {
    refusal = failed()
    const waiting = batches
    batches = []
    for (const batch of waiting) settle(batch, Exit.fail(new StorageFailed()))
    yield* health.failed("history", Cause.squash(cause))
    while (true) {
      yield* pause(probeGapMillis)
      isTouched = false
      const exit = yield* Effect.exit(Deadline.within(scope, probe))
      if (Exit.isSuccess(exit)) {
        refusal = undefined
        return yield* health.worked("history")
      }
      if (isClosing) return
    }
  })

  const writeNext = Effect.fnUntraced(function* () {
    if (batches.length <= 1) {
      const millis = nextAtMillis - monotonicMillis(clock)
      if (millis > 0) yield* pause(millis)
    }
    const beganAtMillis = monotonicMillis(clock)
    const batch = batches.shift() ?? makeBatch<A>()
    inFlight = batch
    isTouched = false
    const [took, exit] = yield* Effect.timed(Effect.exit(Deadline.within(scope, commit(batch.items))))
    const gapMillis = 9 * Duration.toMillis(took)
    nextAtMillis = beganAtMillis + Math.min(mostGapMillis, Math.max(leastGapMillis, gapMillis))
    inFlight = undefined
    if (Exit.isSuccess(exit)) {
      settle(batch, Exit.void)
      yield* health.worked("history")
    } else {
      settle(batch, Exit.fail(new StorageFailed()))
      yield* recover(exit.cause)
    }
    if (isOverfull) {
      isOverfull = false
      yield* health.failed("history", new Error("More messages come than the database takes"))
    }
  })

  const write = Effect.gen(function* () {
    while (true) {
      yield* work.await
      yield* Effect.yieldNow
      if (batches.length > 0 || isTouched) {
        yield* writeNext()
      } else if (isClosing) {
        refusal = failed()
        return
      } else {
        work.closeUnsafe()
      }
    }
  })

  const fiber = yield* Effect.forkIn(write, scope)
  yield* Effect.addFinalizer(() => {
    isClosing = true
    closing.openUnsafe()
    work.openUnsafe()
    return Fiber.await(fiber)
  })

  const append = (item: A, itemUnits: number): Done => {
    if (refusal !== undefined) return refusal
    if (items >= limitItems || units + itemUnits > limitUnits) {
      isOverfull = true
      return failed()
    }
    let batch = batches.at(-1)
    if (batch === undefined || batch.items.length >= batchLimit) {
      batch = makeBatch()
      batches.push(batch)
    }
    batch.items.push(item)
    batch.units += itemUnits
    items++
    units += itemUnits
    work.openUnsafe()
    return batch.done
  }

  const touch = (): void => {
    isTouched = true
    work.openUnsafe()
  }

  const settled = Effect.suspend(() => {
    const last = batches.at(-1) ?? inFlight
    return last === undefined ? Effect.void : Effect.asVoid(Effect.exit(Deferred.await(last.done)))
  })

  return { append, touch, settled }
})
