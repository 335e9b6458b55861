/**
 * What happens in a public room, as server-sent events.
 *
 * The id of a message is its number. Whoever comes back with the last one, as `Last-Event-ID`, is first told what was said
 * since, as far as the history goes. Other events have no ids, and those that were missed are lost.
 */
import { Schema } from "effect"
import { Message } from "../domain/Message.ts"
import { RoomName, UserName } from "../domain/Names.ts"
import { UserSummary } from "../domain/Room.ts"

const event = <const Name extends string, Data extends Schema.Struct.Fields>(name: Name, data: Data) =>
  Schema.Struct({
    id: Schema.optional(Schema.String),
    event: Schema.Literal(name),
    data: Schema.fromJsonString(Schema.Struct(data))
  })

/** Something was said. */
const MessageEvent = Schema.Struct({
  id: Schema.optional(Schema.String),
  event: Schema.Literal("message"),
  data: Schema.fromJsonString(Message)
})

/** Somebody came into the room. */
const JoinedEvent = event("joined", { room: RoomName, user: UserSummary })
/** Somebody left the room. */
const LeftEvent = event("left", { room: RoomName, user: UserSummary })
/** Somebody who is in the room has another name. */
const RenamedEvent = event("renamed", { oldName: UserName, user: UserSummary })
/** The server says something to everybody. */
const AnnouncedEvent = event("announced", { text: Schema.String })
/** There will be no more events: the room is private or gone, or the server stops. */
const ClosedEvent = event("closed", { reason: Schema.Literals(["room", "server"]) })

/** What happens in a room, as server-sent events have it: `data` depends on `event`. */
export const RoomEvent = Schema.Union([MessageEvent, JoinedEvent, LeftEvent, RenamedEvent, AnnouncedEvent, ClosedEvent])
export type RoomEvent = typeof RoomEvent.Type
