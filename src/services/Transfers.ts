/**
 * Which files users are sending or fetching: per session, by the key that the session gave each.
 *
 * - What nothing is done with for a while is dropped: a fiber waits for that, and what is done only sets a time.
 * - What is dropped is out of sight at once, and closed meanwhile.
 */
import { Clock, Effect, FiberMap, FiberSet, type Scope } from "effect"
import type { Session } from "./Session.ts"

/** A file on its way. */
export interface Transfer {
  readonly key: number
  /** Gives back what it holds. Called once. */
  readonly close: Effect.Effect<void>
  touchedAtMillis: number
}

/** The transfers of one kind. */
export interface Transfers<T extends Transfer> {
  readonly find: (session: Session, key: number) => T | undefined
  /** Notes that something is done with a transfer. */
  readonly touch: (transfer: T) => void
  /** Adds a transfer; what has its key already is dropped. */
  readonly add: (session: Session, transfer: T) => void
  /** Takes a transfer out: whoever has it closes it. */
  readonly take: (session: Session, key: number) => T | undefined
  /** Forgets a transfer, if there is one. */
  readonly drop: (session: Session, key: number) => void
  /** Forgets all transfers of a session. */
  readonly dropAll: (session: Session) => void
  /** How many transfers there are, or how many a session has. */
  readonly count: (session?: Session) => number
}

/** Makes a place for transfers, each of which is dropped when nothing has been done with it for `timeoutMillis`. */
export const make = Effect.fnUntraced(function* <T extends Transfer>(
  timeoutMillis: number
): Effect.fn.Return<Transfers<T>, never, Scope.Scope> {
  const clock = yield* Clock.Clock
  const bySession = new Map<Session, Map<number, T>>()
  const timeouts = yield* FiberMap.make<T>()
  const runTimeout = yield* FiberMap.runtime(timeouts)<never>()
  const runClose = yield* FiberSet.makeRuntime<never, void, never>()

  yield* Effect.addFinalizer(() =>
    Effect.forEach(
      Array.from(bySession.values()).flatMap((transfers) => Array.from(transfers.values())),
      (transfer) => transfer.close,
      { discard: true }
    )
  )

  const remove = (session: Session, key: number): T | undefined => {
    const transfers = bySession.get(session)
    const transfer = transfers?.get(key)
    transfers?.delete(key)
    if (transfers?.size === 0) bySession.delete(session)
    return transfer
  }

  const take = (session: Session, key: number): T | undefined => {
    const transfer = remove(session, key)
    if (transfer !== undefined) runClose(FiberMap.remove(timeouts, transfer))
    return transfer
  }

  const drop = (session: Session, key: number): void => {
    const transfer = remove(session, key)
    if (transfer !== undefined) runClose(Effect.andThen(FiberMap.remove(timeouts, transfer), transfer.close))
  }

  const expire = (session: Session, transfer: T): Effect.Effect<void> =>
    Effect.suspend(() => {
      const waitMillis = transfer.touchedAtMillis + timeoutMillis - clock.currentTimeMillisUnsafe()
      if (waitMillis > 0) return Effect.andThen(Effect.sleep(waitMillis), expire(session, transfer))
      return Effect.sync(() => drop(session, transfer.key))
    })

  const touch = (transfer: T): void => {
    transfer.touchedAtMillis = clock.currentTimeMillisUnsafe()
  }

  const add = (session: Session, transfer: T): void => {
    drop(session, transfer.key)
    const transfers = bySession.get(session) ?? new Map<number, T>()
    bySession.set(session, transfers.set(transfer.key, transfer))
    touch(transfer)
    runTimeout(transfer, expire(session, transfer))
  }

  return {
    find: (session, key) => bySession.get(session)?.get(key),
    touch,
    add,
    take,
    drop,
    dropAll: (session) => {
      for (const key of bySession.get(session)?.keys() ?? []) drop(session, key)
    },
    count: (session) => {
      if (session !== undefined) return bySession.get(session)?.size ?? 0
      return [...bySession.values()].reduce((sum, transfers) => sum + transfers.size, 0)
    }
  }
})
