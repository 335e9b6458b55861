/**
 * Which files users are sending or fetching: per session, by the key that the session gave each.
 *
 * - Each is the work of one fiber, which the layer owns. It ends with its session, or when it is dropped; it is out of
 *   sight at once then, and gives back meanwhile what it holds. One that ends by itself is forgotten.
 */
import { Effect, type Fiber, FiberSet, type Scope } from "effect"
import type { Session } from "./Session.ts"

/** The transfers of one kind. */
export interface Transfers<T> {
  readonly find: (session: Session, key: number) => T | undefined
  /**
   * Adds a transfer, and runs what its fiber does; what has its key already is dropped. Gives what drops it. `over` forgets
   * it, which is done at the latest when the fiber ends.
   */
  readonly start: <E>(
    session: Session,
    key: number,
    transfer: T,
    work: (over: () => void) => Effect.Effect<unknown, E>
  ) => () => void
  /** Takes away the key of a transfer, which goes on without: it is still its session's, but is not counted any more. */
  readonly release: (session: Session, key: number) => T | undefined
  /** Ends a transfer, if there is one. */
  readonly drop: (session: Session, key: number) => void
  /** Ends all transfers of a session. */
  readonly dropAll: (session: Session) => void
  /** Whether transfers may be added still. */
  readonly isOpen: () => boolean
  /** How many transfers have a key, in all or of a session. */
  readonly count: (session?: Session) => number
}

interface Entry<T> {
  readonly session: Session
  readonly key: number
  readonly transfer: T
  fiber: Fiber.Fiber<void> | undefined
}

interface Own<T> {
  readonly byKey: Map<number, Entry<T>>
  /** All of them, also those that have no key any more. */
  readonly entries: Set<Entry<T>>
}

/**
 * Begins something by steps that are interrupted nowhere but in what they `restore`. What they have `started` is undone if
 * whoever begins it is interrupted.
 */
export const begin = <A, E>(
  steps: (
    restore: <B, F>(effect: Effect.Effect<B, F>) => Effect.Effect<B, F>,
    started: (undo: () => void) => void
  ) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.suspend(() => {
    let undo = (): void => {}
    const begun = Effect.uninterruptibleMask((restore) => steps(restore, (it) => void (undo = it)))
    return Effect.onInterrupt(begun, () => Effect.sync(undo))
  })

/** Makes a place for transfers, all of which end with the scope. `forgotten` is told of each at once when it is forgotten. */
export const make = Effect.fnUntraced(function* <T>(
  forgotten: (transfer: T) => void = () => {}
): Effect.fn.Return<Transfers<T>, never, Scope.Scope> {
  const bySession = new Map<Session, Own<T>>()
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  let isOpen = true
  yield* Effect.addFinalizer(() => Effect.sync(() => (isOpen = false)))

  const hide = (entry: Entry<T>): void => {
    const byKey = bySession.get(entry.session)?.byKey
    if (byKey?.get(entry.key) === entry) byKey.delete(entry.key)
  }

  const forget = (entry: Entry<T>): void => {
    hide(entry)
    const own = bySession.get(entry.session)
    if (own?.entries.delete(entry) === true) forgotten(entry.transfer)
    if (own?.entries.size === 0) bySession.delete(entry.session)
  }

  const end = (entry: Entry<T>): void => {
    forget(entry)
    entry.fiber?.interruptUnsafe()
  }

  const find = (session: Session, key: number): Entry<T> | undefined => bySession.get(session)?.byKey.get(key)

  const drop = (session: Session, key: number): void => {
    const entry = find(session, key)
    if (entry !== undefined) end(entry)
  }

  return {
    find: (session, key) => find(session, key)?.transfer,
    start: (session, key, transfer, work) => {
      drop(session, key)
      const own: Own<T> = bySession.get(session) ?? { byKey: new Map(), entries: new Set() }
      const entry: Entry<T> = { session, key, transfer, fiber: undefined }
      bySession.set(session, own)
      own.byKey.set(key, entry)
      own.entries.add(entry)
      // Those who wait for it are told how it ends; whether somebody does is not known here.
      entry.fiber = run(
        Effect.tapDefect(
          work(() => forget(entry)),
          (defect) => Effect.logError("A transfer ended by a defect", defect)
        ).pipe(Effect.ensuring(Effect.sync(() => forget(entry))), Effect.ignoreCause)
      )
      return () => end(entry)
    },
    release: (session, key) => {
      const entry = find(session, key)
      if (entry !== undefined) hide(entry)
      return entry?.transfer
    },
    drop,
    dropAll: (session) => {
      for (const entry of bySession.get(session)?.entries ?? []) end(entry)
    },
    isOpen: () => isOpen,
    count: (session) => {
      if (session !== undefined) return bySession.get(session)?.byKey.size ?? 0
      let count = 0
      for (const { byKey } of bySession.values()) count += byKey.size
      return count
    }
  }
})
