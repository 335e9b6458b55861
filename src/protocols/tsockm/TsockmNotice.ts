/** What a peer of TsockM is told, as a Schema for those who speak the protocol themselves, and how it is written. */
import { Option, Schema } from "effect"
import { Action, type Fields, type Packet, Status } from "./TsockmPacket.ts"
import * as TsockmText from "./TsockmText.ts"

const { Literals, String } = Schema

/** A packet from a server. Names have neither `:` nor `|` nor `#`. */
export const Response = Schema.TaggedUnion({
  /** Answers a login: `id` is the secret by which the peer is to speak. */
  Welcome: { id: String, name: String, signature: String },
  /** Somebody, of this public id, says something; or the server tells the author that it was taken, as `OK`. */
  Said: { sender: String, text: String },
  /** Answers who somebody is. */
  Peer: { name: String, signature: String },
  /** Somebody, of this public id, has gone. */
  Gone: { peer: String },
  /** The peer is over: as it asked (`RES`) or as the server wants it (`REQ`). */
  End: { type: Literals(["RES", "REQ"]) },
  /** Asks for a sign of life, which a request `Alive` is. */
  Check: {},
  /** Says what is wrong with a request. */
  Failure: { action: Action, status: Status, text: String }
})
export type Response = typeof Response.Type

const decode = Schema.decodeUnknownOption(Response)

const title = (body: string): { readonly name: string; readonly signature: string } => {
  const at = body.lastIndexOf("#")
  return at < 0 ? { name: body, signature: "" } : { name: body.slice(0, at), signature: body.slice(at + 1) }
}

const envelope = ({ action, body, sender, status, type }: Fields): unknown => {
  if (type === "ERR") return { _tag: "Failure", action, status: Number(status), text: body }
  switch (`${type} ${action}`) {
    case "RES COMM": {
      const bar = body.indexOf("|")
      return bar < 0 ? undefined : { _tag: "Welcome", id: body.slice(0, bar), ...title(body.slice(bar + 1)) }
    }
    case "REQ COMM":
      return { _tag: "Check" }
    case "RES MSG":
      return { _tag: "Said", sender, text: body }
    case "RES GET_PEER":
      return { _tag: "Peer", ...title(body) }
    case "REQ NTFY_KILL":
      return { _tag: "Gone", peer: body }
    case "RES COMM_END":
    case "REQ COMM_END":
      return { _tag: "End", type }
    default:
      return undefined
  }
}

/** What a packet tells, if it is one of a server. */
export const read = (fields: Fields): Option.Option<Response> => decode(envelope(fields))

/** A packet that tells it; what no packet can hold in its place is written as what looks like it. */
export const packet = (response: Response): Packet => {
  const word = TsockmText.name
  const own = { type: "RES", status: 200, source: "server", destination: "client" } as const
  const titled = (it: { readonly name: string; readonly signature: string }) => `${word(it.name)}#${word(it.signature)}`
  switch (response._tag) {
    case "Welcome":
      return { ...own, action: "COMM", body: `${word(response.id)}|${titled(response)}` }
    case "Said":
      return { ...own, action: "MSG", sender: word(response.sender), source: "client", body: response.text }
    case "Peer":
      return { ...own, action: "GET_PEER", body: titled(response) }
    case "Gone":
      return { ...own, type: "REQ", action: "NTFY_KILL", body: word(response.peer) }
    case "End":
      return { ...own, type: response.type, action: "COMM_END", body: "OK" }
    case "Check":
      return { ...own, type: "REQ", action: "COMM", body: "check?" }
    case "Failure": {
      const { action, status, text } = response
      return { ...own, type: "ERR", action, status, body: text }
    }
  }
}
