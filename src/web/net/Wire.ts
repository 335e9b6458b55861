/** What goes over the wire, as the `sockets` protocol has it. */
import type { Answer, ServerEvent } from "../../protocols/sockets/SocketsPacket.ts"

type EventOf<Name extends ServerEvent["name"]> = Extract<ServerEvent, { readonly name: Name }>["args"][0]

export type Note = EventOf<"message">
export type Direct = EventOf<"direct">
export type Welcome = EventOf<"welcome">
export type Presence = EventOf<"presence">
export type RoomNote = EventOf<"room">
export type Invited = EventOf<"invited">
export type ErrorNote = EventOf<"error">
export type Accepted = Extract<Answer, { readonly ok: true }>
export type { Answer }
