/**
 * What clients of TsockM ask for.
 *
 * - The fields of a packet are checked here, once, by Schema; what does not fit is a {@link Refusal} with the error that
 *   its sender is to get, never an exception.
 * - Names and texts are as they came: the chat checks them.
 * - Where the original servers would end, there is an error. Where they are silent at what is no request, so is this.
 */
import { Option, Result, Schema } from "effect"
import * as TsockmId from "./TsockmId.ts"
import { Action, statusNames, StatusText, type Fields, type Generation, type Status } from "./TsockmPacket.ts"

const limitPeerUnits = 64
// Not a pattern, which takes as long as all the rest of a packet.
const isPeer = (text: string): boolean => text !== "" && text.length <= limitPeerUnits && !text.includes("|")
const Peer = Schema.String.check(Schema.makeFilter(isPeer, { expected: "an id of up to 64 units without a bar" }))

/** What a client may ask for; `peer` is the id by which it says who it is. */
export const Request = Schema.TaggedUnion({
  /** Make this connection the one on which the client hears. */
  Connect: { name: Schema.String },
  Say: { peer: Peer, text: Schema.String },
  /** Ask who `target` is. */
  LookUp: { peer: Peer, target: Peer },
  Leave: { peer: Peer },
  /** Answer to a check. */
  Alive: { peer: Peer }
})
export type Request = typeof Request.Type

/** Why a packet is not a request. */
export type Reason =
  | "NotAPacket"
  | "NotARequest"
  | "UnknownAction"
  | "NotAllowed"
  | "UnknownStatus"
  | "NoPeer"
  | "TooLong"

/** The error that answers a packet. */
export interface ErrorAnswer {
  readonly action: Action
  readonly status: Exclude<Status, 200>
  readonly text: string
}

/** A packet that is not carried out. */
export interface Refusal {
  readonly _tag: "Refused"
  readonly reason: Reason
  /** What to say on the connection on which the packet came; absent where the original servers say nothing. */
  readonly answer?: ErrorAnswer
}

/** A packet that came, and in how many fields it was written. */
export type Received =
  | { readonly _tag: "Request"; readonly request: Request; readonly generation: Generation }
  | { readonly _tag: "Refused"; readonly refusal: Refusal; readonly generation: Generation }

const isAction = Schema.is(Action)
const isStatus = Schema.is(StatusText)
const decodeRequest = Schema.decodeUnknownOption(Request)

const refuse = (reason: Reason, answer?: ErrorAnswer): Refusal => ({
  _tag: "Refused",
  reason,
  ...(answer !== undefined && { answer })
})

const badRequest = (action: Action): ErrorAnswer => ({ action, status: 400, text: statusNames[400] })

/** What the Schema of a {@link Request} is to decode, or why a packet cannot be one. */
const envelope = ({ type, action, status, sender, body }: Fields): typeof Request.Encoded | Refusal => {
  const known = isAction(action) ? action : "NONE"
  const peer = TsockmId.keyOf(sender)
  if (type === "NONE") return refuse("NotARequest", { action: known, status: 400, text: "bad request" })
  if (type === "RES" && known === "COMM") return { _tag: "Alive", peer }
  if (type === "RES" || type === "ERR") return refuse("NotARequest")
  if (type !== "REQ") return refuse("NotAPacket")
  if (status !== undefined && !isStatus(status)) return refuse("UnknownStatus", badRequest(known))
  switch (known) {
    case "COMM":
      return { _tag: "Connect", name: body }
    case "COMM_END":
      return { _tag: "Leave", peer }
    case "MSG":
      return { _tag: "Say", peer, text: body }
    case "GET_PEER":
      return { _tag: "LookUp", peer, target: TsockmId.keyOf(body) }
    case "NTFY_KILL":
      return refuse("NotAllowed", { action: known, status: 405, text: statusNames[405] })
    default:
      return refuse("UnknownAction", badRequest("NONE"))
  }
}

/**
 * The request in a packet.
 *
 * @see PROTOCOL.md §§ 6, 8
 */
export const read = (fields: Fields): Result.Result<Request, Refusal> => {
  const enveloped = envelope(fields)
  if (enveloped._tag === "Refused") return Result.fail(enveloped)
  // A name or a text is whatever stands there, so it is an id that is none.
  const request = decodeRequest(enveloped)
  if (Option.isSome(request)) return Result.succeed(request.value)
  const { type, action } = fields
  return Result.fail(
    type === "REQ" && isAction(action)
      ? refuse("NoPeer", { action, status: 404, text: "peer not found" })
      : refuse("NoPeer")
  )
}

/** Why a packet is not read that is longer than it may be, by the fields in its beginning. */
export const tooLong = (fields: Fields): Refusal => {
  const enveloped = envelope(fields)
  if (enveloped._tag === "Refused") return enveloped
  const { type, action } = fields
  return type === "REQ" && isAction(action)
    ? refuse("TooLong", { action, status: 400, text: "packet too long" })
    : refuse("TooLong")
}
