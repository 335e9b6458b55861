import type { RoomName, UserName } from "../domain/Names.ts"
import type { RoomSummary } from "../domain/Room.ts"
import type { Session } from "./Session.ts"

/** A room, as everybody may see it. Only {@link Rooms} changes it. */
export interface Room {
  readonly name: RoomName
  /** The look-alike key of the name. */
  readonly key: string
  /** Whether it stays when nobody is in it. */
  readonly isDefault: boolean
  readonly isPrivate: boolean
  readonly members: ReadonlySet<Session>
}

/** The members in the order in which they logged in. */
export const membersInOrder = (room: Room): ReadonlyArray<Session> =>
  Array.from(room.members).sort((a, b) => a.number - b.number)

/** The members' names in the order in which they logged in. */
export const memberNames = (room: Room): ReadonlyArray<UserName> => membersInOrder(room).map((member) => member.name)

/** The room as a list shows it to `session`. */
export const summary = (room: Room, session: Session): RoomSummary => ({
  name: room.name,
  isPrivate: room.isPrivate,
  isMember: room.members.has(session),
  memberCount: room.members.size
})
