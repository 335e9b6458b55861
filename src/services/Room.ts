import type { UserName } from "../domain/Names.ts"
import type { RoomSummary } from "../domain/Room.ts"
import type { Room, Session } from "./Session.ts"

export type { Room } from "./Session.ts"

/** The members in the order in which they logged in. */
export const membersInOrder = (room: Room): ReadonlyArray<Session> =>
  Array.from(room.members).sort((a, b) => a.order - b.order)

/** The members' names in the order in which they logged in. */
export const memberNames = (room: Room): ReadonlyArray<UserName> => membersInOrder(room).map((member) => member.name)

/** The room as a list shows it to `session`. */
export const summary = (room: Room, session: Session): RoomSummary => ({
  name: room.name,
  isPrivate: room.isPrivate,
  isMember: room.members.has(session),
  memberCount: room.members.size
})
