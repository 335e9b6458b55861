/**
 * What the server of TsockM says.
 *
 * - Where the generations differ in more than how a packet is written, {@link Ends} says for which one a packet is. With
 *   7 fields that is what the first public version wrote, except for bodies that all later clients of 7 fields need.
 * - Every packet is one write. To a communication socket goes nothing but what is made here; {@link failure} only to the
 *   connection that asked.
 */
import * as Slab from "../Slab.ts"
import type { ErrorAnswer } from "./TsockmRequest.ts"
import * as TsockmPacket from "./TsockmPacket.ts"
import type { Generation, Packet } from "./TsockmPacket.ts"
import * as TsockmText from "./TsockmText.ts"

/** A connection as packets name it: its generation and the addresses of both ends, from {@link TsockmText.address}. */
export interface Ends {
  readonly generation: Generation
  readonly server: string
  readonly client: string
}

/** A peer as others see it: by its public id, and where its communication socket comes from. */
export interface Author {
  readonly id: string
  readonly address: string
}

/** The server as the source of what it says itself. */
const source = ({ generation, server }: Ends): string => (generation === 8 ? server : "server")

/** The client as the destination of what the first version addressed to nobody in particular. */
const anyClient = ({ generation, client }: Ends): string => (generation === 8 ? client : "client")

const title = (name: string, signature: string): string => `${TsockmText.name(name)}#${signature}`

/** Answers a login with the id by which the peer is to speak. */
export const welcome = (ends: Ends, id: string, name: string, signature: string): Packet => ({
  type: "RES",
  action: "COMM",
  status: 200,
  source: source(ends),
  destination: ends.client,
  body: `${id}|${title(name, signature)}`
})

const message = (author: Author, destination: string, body: string): Packet => ({
  type: "RES",
  action: "MSG",
  status: 200,
  sender: author.id,
  source: author.address,
  destination,
  body
})

/**
 * The packets of a message, as bytes. `destination` is the address of the one who gets it, or the word `client`.
 *
 * A text that is too long for one packet is in several.
 */
export const said = (
  generation: Generation,
  author: Author,
  destination: string,
  text: string
): ReadonlyArray<Uint8Array> => {
  const head = TsockmPacket.head(message(author, destination, ""), generation)
  const pieces = TsockmText.split(text, TsockmText.packetLimitBytes - Buffer.byteLength(head))
  return pieces.map((piece) => Slab.encode(head + piece))
}

/** Tells the author that its message was taken; only known with 8 fields, and only on the connection that brought it. */
export const acknowledgement = (author: Author): Packet => message(author, author.address, "OK")

/** Says who a peer is. */
export const peer = (ends: Ends, name: string, signature: string): Packet => ({
  type: "RES",
  action: "GET_PEER",
  status: 200,
  source: source(ends),
  destination: ends.client,
  body: title(name, signature)
})

/** Says that nobody has an id: as a name if there are 7 fields, because an error ends the first clients. */
export const peerNotFound = (ends: Ends): Packet =>
  ends.generation === 8
    ? failure(ends, { action: "GET_PEER", status: 404, text: "peer not found" })
    : peer(ends, "unknown", "0")

/** Says that a peer is no longer there, by its public id and its address. */
export const gone = (ends: Ends, peer: Author): Packet => ({
  type: "REQ",
  action: "NTFY_KILL",
  status: 200,
  source: source(ends),
  destination: ends.generation === 8 ? peer.address : "client",
  body: peer.id
})

/** Ends a peer: as the answer to its wish, or as the wish of the server. */
export const end = (ends: Ends, type: "RES" | "REQ"): Packet => ({
  type,
  action: "COMM_END",
  status: 200,
  source: source(ends),
  destination: anyClient(ends),
  body: "OK"
})

/** Asks a peer for a sign of life. */
export const check = (ends: Ends): Packet => ({
  type: "REQ",
  action: "COMM",
  status: 200,
  source: source(ends),
  destination: ends.client,
  body: "check?"
})

/** Says what is wrong, to the connection that asked. */
export const failure = (ends: Ends, { action, status, text }: ErrorAnswer): Packet => ({
  type: "ERR",
  action,
  status,
  source: source(ends),
  destination: ends.client,
  body: text
})
