/** The binary protocol of the "Python chat app", over UDP and TCP. */
import * as Result from "effect/Result"
import { ProtocolName } from "../../domain/Message.ts"
import { nowhere } from "../Link.ts"
import type { ByteProtocol } from "../Protocol.ts"
import * as PacketCodec from "./PacketCodec.ts"
import * as PacketConversation from "./PacketConversation.ts"
import * as PacketExchange from "./PacketExchange.ts"
import { masks } from "./PacketMasks.ts"
import type { Member } from "./PacketMember.ts"
import * as PacketReader from "./PacketReader.ts"
import type { Received } from "./PacketReader.ts"

/** What may be set. */
export interface Options {
  /** The time of a monotonic clock: it measures time-outs and pauses. */
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

/** How many sessions one connection or address and port may have. */
const linkSessionLimit = 16
/** How many session requests in datagrams may wait to be proven. */
const pendingLimit = 10_000

/**
 * Makes the protocol, for all its sessions over both carriers.
 *
 * @see PROTOCOL.md
 */
export const make = (options: Options): ByteProtocol<Received, Uint8Array, Member> => {
  const exchange = PacketExchange.make({
    sessionTimeoutMillis: 30_000,
    transferTimeoutMillis: 30_000,
    queueLimitBytes: 1024 * 1024,
    linkSessionLimit,
    pendingLimit,
    ...options
  })
  return {
    name: ProtocolName.make("packet"),
    variants: 1,
    gapMillis: () => 0,
    reader: () => PacketReader.make(),
    converse: (link = nowhere) => PacketConversation.make(exchange, link),
    // Its events come by the exchange.
    render: () => [],
    sizeBytes: (frame) => frame.length,
    exchange,
    masks,
    datagrams: {
      read: (bytes) => Result.merge(PacketCodec.readDatagram(bytes)),
      receive: (link, packet, sizeBytes) =>
        packet._tag === "Malformed" || packet._tag === "Lost"
          ? [{ _tag: "Fault" }]
          : exchange.receive(link, packet, sizeBytes)
    }
  }
}
