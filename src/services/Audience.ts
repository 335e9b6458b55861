/**
 * Hands events to sessions: plain loops, one call per recipient and event, no suspension.
 *
 * - Every recipient gets the same event object, so that its rendering can be shared.
 * - What is said to one room in one go may be gathered: then each recipient is told all of it at once, which for a large
 *   room takes a fraction of the time, because what belongs to a recipient is touched once. Before anything else happens
 *   what has been gathered is told, so nobody hears things in another order.
 */
import type { PersonalEvent, SharedEvent } from "../domain/Event.ts"
import type { Counts } from "./Census.ts"
import type { Session } from "./Session.ts"

/** How many messages are gathered at most. */
export const gatherLimit = 512

export interface Audience {
  /** Tells an event to each of `sessions`: to `actor`, if it is one of them, as the one who did it. */
  readonly tell: (sessions: Iterable<Session>, event: SharedEvent, actor: Session | undefined) => void
  /** The same for what `actor` says to a room, which may be gathered. */
  readonly say: (members: ReadonlySet<Session>, event: SharedEvent, actor: Session) => void
  readonly tellOne: (session: Session, event: PersonalEvent) => void
  /**
   * Does something; what is said meanwhile has been told when it is done. With `later` that is handed a function which tells
   * it, if there is anything, and must call it in the same turn of the event loop.
   */
  readonly gather: <A>(act: () => A, later?: (flush: () => void) => void) => A
  /** Tells what has been gathered: to be called before anything changes that it does not know of. */
  readonly flush: () => void
}

/** Makes an audience that counts its deliveries and lets `observe` see every shared event. */
export const make = (counts: Counts, observe: (event: SharedEvent) => void): Audience => {
  let depth = 0
  let members: ReadonlySet<Session> = new Set()
  let events: Array<SharedEvent> = []
  let actors: Array<Session> = []

  const flush = (): void => {
    if (events.length === 0) return
    const [told, toldActors] = [events, actors]
    events = []
    actors = []
    counts.deliveries += told.length * members.size
    const speakers = new Set(toldActors)
    for (const session of members) {
      const { outlet } = session
      if (outlet.deliverAll !== undefined) {
        outlet.deliverAll(told, speakers.has(session) ? (index) => toldActors[index] === session : undefined)
        continue
      }
      for (let index = 0; index < told.length; index++) {
        outlet.deliver(told[index]!, session === toldActors[index] ? "actor" : "witness")
      }
    }
  }

  const tell: Audience["tell"] = (sessions, event, actor) => {
    flush()
    observe(event)
    for (const session of sessions) {
      counts.deliveries++
      session.outlet.deliver(event, session === actor ? "actor" : "witness")
    }
  }

  return {
    tell,
    say: (sessions, event, actor) => {
      if (depth === 0) return tell(sessions, event, actor)
      if (sessions !== members || events.length === gatherLimit) flush()
      observe(event)
      members = sessions
      events.push(event)
      actors.push(actor)
    },
    tellOne: (session, event) => {
      flush()
      counts.deliveries++
      session.outlet.deliver(event, "actor")
    },
    gather: (act, later) => {
      depth++
      try {
        return act()
      } finally {
        if (--depth === 0 && events.length > 0) {
          if (later === undefined) flush()
          else later(flush)
        }
      }
    },
    flush
  }
}

/** Everybody who shares a room with `session`, once each, itself too. */
export const companions = (session: Session): Iterable<Session> => {
  if (session.rooms.size === 1) for (const room of session.rooms) return room.members
  const all = new Set<Session>()
  for (const room of session.rooms) for (const member of room.members) all.add(member)
  return all
}
