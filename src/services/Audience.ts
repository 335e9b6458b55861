/**
 * Hands events to sessions: a plain loop, one call per recipient, no suspension.
 *
 * Every recipient of one call gets the same event object, so that its rendering can be shared.
 */
import type { PersonalEvent, SharedEvent } from "../domain/Event.ts"
import type { Counts } from "./Census.ts"
import type { Session } from "./Session.ts"

export interface Audience {
  /** Tells an event to each of `sessions`: to `actor`, if it is one of them, as the one who did it. */
  readonly tell: (sessions: Iterable<Session>, event: SharedEvent, actor: Session | undefined) => void
  readonly tellOne: (session: Session, event: PersonalEvent) => void
}

/** Makes an audience that counts its deliveries and lets `observe` see every shared event. */
export const make = (counts: Counts, observe: (event: SharedEvent) => void): Audience => ({
  tell: (sessions, event, actor) => {
    observe(event)
    for (const session of sessions) {
      counts.deliveries++
      session.outlet.deliver(event, session === actor ? "actor" : "witness")
    }
  },
  tellOne: (session, event) => {
    counts.deliveries++
    session.outlet.deliver(event, "actor")
  }
})

/** Everybody who shares a room with `session`, once each, itself too. */
export const companions = (session: Session): Iterable<Session> => {
  if (session.rooms.size === 1) for (const room of session.rooms) return room.members
  const all = new Set<Session>()
  for (const room of session.rooms) for (const member of room.members) all.add(member)
  return all
}
