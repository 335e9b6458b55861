import { Schema } from "effect"
import { ProtocolName } from "./Message.ts"
import { RoomName, UserName } from "./Names.ts"

/** A room as a list shows it to somebody who may see it. */
export const RoomSummary = Schema.Struct({
  name: RoomName,
  isPrivate: Schema.Boolean,
  isMember: Schema.Boolean,
  memberCount: Schema.Int
})
export type RoomSummary = typeof RoomSummary.Type

/** A user as a list shows it. */
export const UserSummary = Schema.Struct({
  number: Schema.Int,
  name: UserName,
  protocol: ProtocolName
})
export type UserSummary = typeof UserSummary.Type

/**
 * How many members of a room are a crowd if there are more. A crowd may be told a moment later who comes and goes, and without
 * a list of all who are there: when thousands come at once, as after a restart, one after another and each with a list, that
 * would take minutes.
 */
export const crowdLimit = 200
