/** The binary protocol of the "Python chat app", over UDP and TCP. */
import { explain, type HangupReason } from "../../domain/Hangup.ts"
import { ProtocolName } from "../../domain/Message.ts"
import * as Result from "effect/Result"
import { type Link, nowhere } from "../Link.ts"
import type { ByteProtocol, Conversation } from "../Protocol.ts"
import type { Reader } from "../Reader.ts"
import type { Steps } from "../Step.ts"
import * as PacketCodec from "./PacketCodec.ts"
import { PacketError } from "./PacketError.ts"
import * as PacketExchange from "./PacketExchange.ts"
import * as PacketFrames from "./PacketFrames.ts"
import type { Member } from "./PacketMember.ts"
import { error } from "./PacketRefusal.ts"

/** What may be set. */
export interface Options {
  /** What time it is. */
  readonly nowMillis: () => number
  /** Makes 64 random bits that nobody can guess. */
  readonly random: () => bigint
  /** How long a session lives of which nothing comes; 30 seconds if nothing is said. */
  readonly sessionTimeoutMillis?: number
  /** How long the chat keeps a transfer of which nothing comes; 30 seconds if nothing is said. */
  readonly transferTimeoutMillis?: number
  /** How many bytes may wait for a session over UDP to be confirmed; 1 MiB if nothing is said. */
  readonly queueLimitBytes?: number
}

/** How many sessions one connection or address may have. */
const linkSessionLimit = 16

/** What is read of a peer: a request, or what could not be read as one. */
export type Packet = PacketFrames.Framed

const reader = (): Reader<Uint8Array, Packet> => {
  const frames = PacketFrames.make()
  return { read: frames.push }
}

const converse = (
  exchange: PacketExchange.PacketExchange,
  link: Link<Uint8Array>
): Conversation<Packet, Uint8Array, Member> => {
  const receive = (packet: Packet): Steps<Uint8Array, Member> => {
    switch (packet._tag) {
      case "Lost":
        return [{ _tag: "Hangup", reason: "malformed", detail: packet.detail }]
      case "Malformed": {
        const { code, detail, packetType } = packet
        return [{ _tag: "Fault" }, { _tag: "Send", frame: PacketCodec.write(error(packetType, code, detail)) }]
      }
      default:
        return exchange.receive(link, packet, 0)
    }
  }
  const farewell = (reason: HangupReason): ReadonlyArray<Uint8Array> => {
    const code = reason === "malformed" ? PacketError.malformed : PacketError.refused
    return reason === "stopping" ? [] : [PacketCodec.write(error(0, code, explain(reason)))]
  }
  return {
    open: () => [],
    receive,
    present: () => [],
    variant: 0,
    isPaced: false,
    isExempt: false,
    get hasSessions() {
      return exchange.hasSessions(link)
    },
    farewell,
    closed: () => exchange.closed(link)
  }
}

/**
 * Makes the protocol, for all its sessions over both carriers.
 *
 * @see PROTOCOL.md
 */
export const make = (options: Options): ByteProtocol<Packet, Uint8Array, Member> => {
  const exchange = PacketExchange.make({
    sessionTimeoutMillis: 30_000,
    transferTimeoutMillis: 30_000,
    queueLimitBytes: 1024 * 1024,
    linkSessionLimit,
    ...options
  })
  return {
    name: ProtocolName.make("packet"),
    variants: 1,
    gapMillis: () => 0,
    reader,
    converse: (link = nowhere) => converse(exchange, link),
    // Its events come by the exchange.
    render: () => [],
    sizeBytes: (frame) => frame.length,
    exchange,
    datagrams: {
      read: (bytes) => Result.merge(PacketCodec.readDatagram(bytes)),
      receive: (link, packet, sizeBytes) =>
        packet._tag === "Malformed" || packet._tag === "Lost"
          ? [{ _tag: "Fault" }]
          : exchange.receive(link, packet, sizeBytes)
    }
  }
}
