/**
 * The messages of a WebSocket that carry the `sockets` protocol: Engine.IO 4 and Socket.IO 5, as far as it needs them.
 *
 * What a program that speaks the protocol itself has to do besides: answer `Open` by `Connect`, each `Ping` by `Pong`.
 */
import { Schema } from "effect"
import { Answer, ClientEvent, ServerEvent } from "./SocketsPacket.ts"

const { Int, String, TaggedUnion, optionalKey } = Schema
const Natural = Int.check(Schema.isGreaterThanOrEqualTo(0))

/** A message from a client. */
export const Request = TaggedUnion({
  /** Wants to be connected; comes before any event. */
  Connect: {},
  /** An event; with `ack` it is answered under that number. */
  Event: { event: ClientEvent, ack: optionalKey(Natural) },
  /** Answers a `Ping`. */
  Pong: {},
  Disconnect: {}
})
export type Request = typeof Request.Type

/** A message from a server. */
export const Response = TaggedUnion({
  /** The connection is there; who does not hear a `Ping` for these milliseconds together has lost it. */
  Open: { sid: String, pingInterval: Natural, pingTimeout: Natural },
  /** Answers a `Connect`. */
  Connected: { sid: String },
  Event: { event: ServerEvent },
  /** Answers the event that had this number; that of `register` is whether the name was given. */
  Answer: { ack: Natural, answer: Schema.Union([Schema.Boolean, Answer]) },
  Ping: {},
  /** Refuses a `Connect`. */
  Refused: { message: String },
  Disconnect: {}
})
export type Response = typeof Response.Type

/** The text of a message: the type of Engine.IO, that of Socket.IO, the number of an acknowledgement, and JSON. */
export interface Parts {
  readonly type: string
  readonly ack: number | undefined
  readonly json: string
}

const pattern = /^(4[0-4]|[0-6])(\d{0,15})/

/** The parts of a message. */
export const parts = (text: string): Parts | undefined => {
  const [all, type = "", digits = ""] = pattern.exec(text) ?? []
  if (all === undefined) return undefined
  return { type, ack: digits === "" ? undefined : Number(digits), json: text.slice(all.length) }
}
