/** Sessions and rooms, which hold each other. */
import type { Event, IsActor, Perspective, SharedEvent } from "../domain/Event.ts"
import type { Hangup } from "../domain/Hangup.ts"
import type { ProtocolName } from "../domain/Message.ts"
import type { RoomName, UserName } from "../domain/Names.ts"
import type { UserSummary } from "../domain/Room.ts"
import type { UserId } from "../domain/UserId.ts"

/** Where a session's events go. Its functions return at once and never throw. */
export interface Outlet {
  readonly deliver: (event: Event, as: Perspective) => void
  /**
   * The same for several events, one after another; most sessions are given the same array. With `isActor` the session did
   * some of it, and that says what by index.
   */
  readonly deliverAll?: ((events: ReadonlyArray<SharedEvent>, isActor: IsActor) => void) | undefined
  /** Ends what carries the session. The session is logged out by whoever opened it. */
  readonly hangUp: (hangup: Hangup) => void
  /** Bytes that wait for the peer to read. */
  readonly queuedBytes: () => number
  /** Asks the peer for a sign of life, where its protocol knows one. */
  readonly check?: (() => void) | undefined
}

/** A user who has logged in, as everybody else may see it. Only the services change it. */
export interface Session {
  /** The public number: small, rising, never used twice by one process. */
  readonly number: number
  /** Who the user is, whatever its name. */
  readonly userId: UserId
  /** Rises from each session that logs in to the next. */
  readonly order: number
  readonly name: UserName
  readonly protocol: ProtocolName
  readonly address: string
  readonly sinceMillis: number
  /** The rooms it is in, in the order in which it entered them. Never empty while it is logged in. */
  readonly rooms: ReadonlySet<Room>
  /** The room in which it speaks. */
  readonly current: Room
  readonly outlet: Outlet
}

/** A room, as everybody may see it. Only `Rooms` changes it. */
export interface Room {
  readonly name: RoomName
  /** The look-alike key of the name. */
  readonly key: string
  /** Whether it stays when nobody is in it. */
  readonly isDefault: boolean
  readonly isPrivate: boolean
  readonly members: ReadonlySet<Session>
}

/** A session as lists and events show it. */
export const summary = (session: Session): UserSummary => ({
  number: session.number,
  name: session.name,
  protocol: session.protocol
})
