/**
 * What happened, as it is told to those whom it concerns.
 *
 * - A {@link SharedEvent} is one object for all its recipients and is rendered once for all of them.
 * - A {@link PersonalEvent} holds its recipient's own data and is rendered for that recipient alone.
 */
import { Schema } from "effect"
import { Message } from "./Message.ts"
import { RoomName, UserName } from "./Names.ts"
import { RoomSummary, UserSummary } from "./Room.ts"

/** Told to the members of a room, to the addressee of a direct message, or to everybody. */
export const SharedEvent = Schema.TaggedUnion({
  /**
   * A user came into a room: at login, by joining, or back to `general` from a room that was left. `members` are all
   * that are in it now, in the order in which they logged in; a login to a room of more than `crowdLimit` is without.
   */
  UserJoined: {
    room: RoomName,
    user: UserSummary,
    members: Schema.optionalKey(Schema.Array(UserName)),
    cause: Schema.Literals(["login", "join", "return"])
  },
  /** A user left a room; with `logout` the server too. `members` are those that remain, if they are listed as above. */
  UserLeft: {
    room: RoomName,
    user: UserSummary,
    members: Schema.optionalKey(Schema.Array(UserName)),
    cause: Schema.Literals(["leave", "logout"])
  },
  /** A user has another name. */
  UserRenamed: { oldName: UserName, user: UserSummary },
  /** A message to a room (`message.room`) or to the recipient alone (`message.to`), of the user with this number. */
  Said: { message: Message, user: Schema.optionalKey(Schema.Int) },
  /** A room was closed to outsiders or opened again; told to its members. */
  RoomChanged: { room: RoomName, isPrivate: Schema.Boolean },
  /** The server speaks to everybody or to a room. */
  Announced: { text: Schema.String },
  /** The server stops; the connection is closed when this has been sent. */
  ServerStopping: {}
})
export type SharedEvent = typeof SharedEvent.Type

/** Told to one session. */
export const PersonalEvent = Schema.TaggedUnion({
  /** The login succeeded. Comes before anything else. `rooms` are those the user may see, default rooms first. */
  LoggedIn: { user: UserSummary, rooms: Schema.Array(RoomSummary) },
  /** The user left `left` and speaks in `current` now. Comes instead of the user's own `UserLeft`. */
  RoomLeft: { left: RoomName, current: RoomName, rooms: Schema.Array(RoomSummary) },
  /** An answer or a remark of the server, to this user alone. May have several lines, separated by `\n`. */
  Noticed: { text: Schema.String },
  /** `by` has opened a private room to this user. */
  Invited: { room: RoomName, by: UserName }
})
export type PersonalEvent = typeof PersonalEvent.Type

/** What a session is told. */
export type Event = SharedEvent | PersonalEvent

/** Whether the recipient of an event did it or saw it. */
export type Perspective = "actor" | "witness"

/** Whether an event is its recipient's alone. */
export const isPersonal: (event: Event) => event is PersonalEvent = (event): event is PersonalEvent =>
  event._tag === "LoggedIn" || event._tag === "RoomLeft" || event._tag === "Noticed" || event._tag === "Invited"

/** Of several events, whether the one who is told them did this one, by its index; undefined for whoever did nothing of it. */
export type IsActor = ((index: number) => boolean) | undefined

/** As whom a recipient is told an event, by its index. */
export const perspective = (isActor: IsActor, index: number): Perspective =>
  isActor?.(index) === true ? "actor" : "witness"
