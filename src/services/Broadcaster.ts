/**
 * Hands events to sessions: plain loops, one call per recipient and event, no suspension.
 *
 * - Every recipient gets the same event object, so that its rendering can be shared.
 * - What a turn says to one room, who comes and who goes, is gathered until the end of the turn: then each recipient is
 *   told all of it at once, which for a large room takes a fraction of the time, because what belongs to a recipient is
 *   touched once. Before anything else happens what has been gathered is told, so nobody hears things in another order.
 */
import type { PersonalEvent, SharedEvent } from "../domain/Event.ts"
import { crowdLimit } from "../domain/Room.ts"
import type { Counts } from "./Metrics.ts"
import type { Session } from "./Session.ts"
import type { Turn } from "./Turn.ts"

/** How many events are gathered at most. */
export const gatherLimit = 512

// To tell a crowd of thousands takes a part of a second; what is left of it is for those who come.
const waitMillisPerMember = 0.1

export interface Broadcaster {
  /** Tells an event to each of `sessions`: to `actor`, if it is one of them, as the one who did it. */
  readonly tell: (sessions: Iterable<Session>, event: SharedEvent, actor: Session | undefined) => void
  /** The same for all members of a room, at the end of the turn. A crowd hears in a moment who comes and goes. */
  readonly tellRoom: (members: ReadonlySet<Session>, event: SharedEvent, actor: Session | undefined, turn: Turn) => void
  readonly tellOne: (session: Session, event: PersonalEvent) => void
  /** Tells what has been gathered: to be called before anything changes that it does not know of. */
  readonly flush: () => void
  /** Takes note that a session has come into a room: it hears nothing of what was before. */
  readonly enter: (members: ReadonlySet<Session>, session: Session) => void
  /** Tells what has been gathered if a session that goes must hear it: all but who else has come and gone. */
  readonly settle: (session: Session) => void
}

const isPresence = ({ _tag }: SharedEvent): boolean => _tag === "UserJoined" || _tag === "UserLeft"

/** Whether those in a room are a crowd. */
export const isCrowd = ({ size }: ReadonlySet<Session>): boolean => size > crowdLimit

/** What has been gathered for the members of a room. */
interface Group {
  readonly members: ReadonlySet<Session>
  readonly events: Array<SharedEvent>
  readonly actors: Array<Session | undefined>
  /** From which event on those hear it who have come meanwhile. */
  readonly firsts: Map<Session, number>
  /** Whether there is nothing in it but who comes and goes. */
  isPresence: boolean
  /** The turn that was last asked to tell it. */
  turn: Turn | undefined
  /** Whether it waits for longer than that turn. */
  isPatient: boolean
}

/** Makes a broadcaster that counts its deliveries and lets `observe` see every shared event. */
export const make = (counts: Counts, observe: (event: SharedEvent) => void): Broadcaster => {
  let group: Group | undefined

  const deliver = (session: Session, event: SharedEvent, actor: Session | undefined): void => {
    counts.deliveries++
    session.outlet.deliver(event, session === actor ? "actor" : "witness")
  }

  const flush = (): void => {
    if (group === undefined) return
    const { actors, events, firsts, members } = group
    group = undefined
    const speakers = new Set(actors)
    for (const session of members) {
      const { outlet } = session
      const first = firsts.get(session)
      if (outlet.deliverAll !== undefined && first === undefined) {
        counts.deliveries += events.length
        outlet.deliverAll(events, speakers.has(session) ? (index) => actors[index] === session : undefined)
        continue
      }
      for (let index = first ?? 0; index < events.length; index++) deliver(session, events[index]!, actors[index])
    }
  }

  const tell: Broadcaster["tell"] = (sessions, event, actor) => {
    flush()
    observe(event)
    for (const session of sessions) deliver(session, event, actor)
  }

  // Whether a session has something to hear of what has been gathered.
  const hears = (session: Session): boolean =>
    group !== undefined && group.members.has(session) && (group.firsts.get(session) ?? 0) < group.events.length

  return {
    tell,
    tellRoom: (members, event, actor, turn) => {
      if (members !== group?.members || group.events.length === gatherLimit) flush()
      observe(event)
      group ??= {
        members,
        events: [],
        actors: [],
        firsts: new Map(),
        isPresence: true,
        turn: undefined,
        isPatient: false
      }
      group.events.push(event)
      group.actors.push(actor)
      group.isPresence &&= isPresence(event)
      const isPatient = group.isPresence && isCrowd(members)
      if (group.turn === turn && group.isPatient === isPatient) return
      group.turn = turn
      group.isPatient = isPatient
      if (isPatient) turn.after(flush, members.size * waitMillisPerMember)
      else turn.atEnd(flush)
    },
    tellOne: (session, event) => {
      if (hears(session)) flush()
      counts.deliveries++
      session.outlet.deliver(event, "actor")
    },
    flush,
    enter: (members, session) => {
      if (members === group?.members) group.firsts.set(session, group.events.length)
    },
    settle: (session) => {
      if (hears(session) && group?.isPresence !== true) flush()
    }
  }
}

/** Everybody who shares a room with `session`, once each, itself too. */
export const companions = (session: Session): Iterable<Session> => {
  if (session.rooms.size === 1) for (const room of session.rooms) return room.members
  const all = new Set<Session>()
  for (const room of session.rooms) for (const member of room.members) all.add(member)
  return all
}
