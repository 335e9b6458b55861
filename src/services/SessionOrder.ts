/** Lets what one session does, and what may have to wait, happen in the order in which it was begun. */
import { Deferred, Effect, Exit } from "effect"
import type { Session } from "./Session.ts"

/** Does something when what was begun before for the same session is over. */
export type SessionOrder = <A, E>(session: Session, effect: Effect.Effect<A, E>) => Effect.Effect<A, E>

/** Makes an order in which nothing has begun. */
export const make = (): SessionOrder => {
  const begun = new WeakMap<Session, Array<Deferred.Deferred<void>>>()
  return (session, effect) =>
    Effect.uninterruptibleMask((restore) => {
      const turns = begun.get(session) ?? []
      begun.set(session, turns)
      const own = Deferred.makeUnsafe<void>()
      const isFirst = turns.push(own) === 1
      const over = Effect.sync(() => {
        const wasFirst = turns[0] === own
        turns.splice(turns.indexOf(own), 1)
        if (wasFirst && turns[0] !== undefined) Deferred.doneUnsafe(turns[0], Exit.void)
      })
      return Effect.ensuring(restore(isFirst ? effect : Effect.andThen(Deferred.await(own), effect)), over)
    })
}
