/** Reads what a client of `sockets` sends: a packet of Socket.IO is one event, or none. */
import { Option, Schema } from "effect"
import type { Reader } from "../Reader.ts"
import type { SocketIoPacket } from "../SocketIoPacket.ts"
import { ClientEvent, type Received } from "./SocketsPacket.ts"

const decoders: ReadonlyMap<string, (event: unknown) => Option.Option<ClientEvent>> = new Map(
  ClientEvent.members.map((member) => [member.fields.name.literal, Schema.decodeUnknownOption(member)])
)

// A payload is what JSON.parse makes; one that brings its own `__proto__`, or inherits fields, is nobody's honest work.
const isOrdinary = (value: unknown): boolean => {
  if (typeof value !== "object" || value === null) return true
  const parent: unknown = Object.getPrototypeOf(value)
  return (parent === Object.prototype || parent === null) && !Object.hasOwn(value, "__proto__")
}

const nothing: ReadonlyArray<Received> = []

const read = (packet: SocketIoPacket): ReadonlyArray<Received> => {
  if (packet._tag !== "Event") return nothing
  const { ack, args, name } = packet
  const decode = decoders.get(name)
  if (decode === undefined) return [{ _tag: "UnknownEvent", name, ack }]
  const event = args.every(isOrdinary) ? decode({ name, args }) : Option.none()
  return [Option.isNone(event) ? { _tag: "Malformed", name, ack } : { _tag: "Event", event: event.value, ack }]
}

/**
 * Makes a reader, which keeps nothing: each packet stands by itself.
 *
 * @see PROTOCOL.md §§ 2, 4
 */
export const make = (): Reader<SocketIoPacket, Received> => ({ read })
