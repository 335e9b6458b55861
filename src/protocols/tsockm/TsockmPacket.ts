/**
 * The packets of TsockM.
 *
 * - Fields are told apart by position alone. Nothing is escaped, so only the body may hold `::`.
 * - A packet is the same data in both generations; only how many fields it is written in differs.
 */
import { Schema } from "effect"
import * as Slab from "../Slab.ts"

/** What kind of packet it is. */
export const PacketType = Schema.Literals(["REQ", "RES", "ERR"])
export type PacketType = typeof PacketType.Type

/** What a packet is about; `NONE` where nobody knows. */
export const Action = Schema.Literals(["COMM", "COMM_END", "MSG", "GET_PEER", "NTFY_KILL", "NONE"])
export type Action = typeof Action.Type

/** How it went; no other number is ever written, for the original programs end at one. */
export const Status = Schema.Literals([200, 400, 404, 405, 502])
export type Status = typeof Status.Type

/** The same as it is written. */
export const StatusText = Schema.Literals(Status.literals.map(String))

/** How many fields a packet has; with 8 the fourth says where it comes from. */
export type Generation = 7 | 8

/** What an error says that has nothing better to say. */
export const statusNames: Readonly<Record<Status, string>> = {
  200: "OK",
  400: "BAD_REQUEST",
  404: "NOT_FOUND",
  405: "METHOD_NOT_ALLOWED",
  502: "BAD_GATEWAY"
}

/** A packet that the server writes. `source` and `destination` are words or dotted addresses, never with `::`. */
export interface Packet {
  readonly type: PacketType
  readonly action: Action
  readonly status: Status
  /** The id of the peer that it comes from; absent if it is from the server itself. */
  readonly sender?: string
  readonly source: string
  readonly destination: string
  readonly body: string
}

/** The fields of a packet that came, as they are. What is missing at its end is absent, or empty from `sender` on. */
export interface Fields {
  readonly generation: Generation
  readonly type: string
  readonly action?: string | undefined
  readonly status?: string | undefined
  readonly sender: string
  readonly source: string
  readonly destination: string
  readonly body: string
}

const separator = "::"

/** How many separators a packet has before its body. */
export const separatorsBeforeBody = (generation: Generation): 6 | 7 => (generation === 8 ? 7 : 6)

/** Whether a fourth field is that of a packet with 8 fields. */
export const isOrigin = (field: string | undefined): boolean =>
  field === "CLIENT" || field === "SERVER" || field === "UNKNOWN"

/**
 * The fields of a whole packet; all behind the last separator that counts is body.
 *
 * @see PROTOCOL.md §§ 2, 3
 */
export const fields = (text: string): Fields => {
  let at: number | undefined = 0
  const next = (): string | undefined => {
    if (at === undefined) return undefined
    const end = text.indexOf(separator, at)
    const field = text.slice(at, end < 0 ? undefined : end)
    at = end < 0 ? undefined : end + separator.length
    return field
  }
  const type = next() ?? ""
  const [action, status, origin] = [next(), next(), next()]
  const generation = isOrigin(origin) ? 8 : 7
  const sender = (generation === 8 ? next() : origin) ?? ""
  const [source = "", destination = ""] = [next(), next()]
  return { generation, type, action, status, sender, source, destination, body: at === undefined ? "" : text.slice(at) }
}

/**
 * What a packet has before its body.
 *
 * @see PROTOCOL.md §§ 2, 3
 */
export const head = (packet: Packet, generation: Generation): string => {
  const { type, action, status, source, destination } = packet
  const sender = generation === 8 ? `SERVER::${packet.sender ?? ""}` : (packet.sender ?? "server")
  return `${type}::${action}::${status}::${sender}::${source}::${destination}::`
}

/**
 * The bytes of a packet, which is to be one write.
 *
 * @see PROTOCOL.md §§ 2, 3
 */
export const encode = (packet: Packet, generation: Generation): Uint8Array =>
  Slab.encode(head(packet, generation) + packet.body)
