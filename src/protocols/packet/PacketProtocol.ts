/** The binary protocol of the "Python chat app", over UDP and TCP. */
import * as Result from "effect/Result"
import type { Exchange, Link } from "../Exchange.ts"
import type { Conversation, Step } from "../Protocol.ts"
import { readingBy } from "../ReadingConversation.ts"
import * as PacketCodec from "./PacketCodec.ts"
import * as PacketConversation from "./PacketConversation.ts"
import * as PacketExchange from "./PacketExchange.ts"
import * as PacketReader from "./PacketReader.ts"

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

/** The same with adjacent steps of the exchange as one, for a read may hold hundreds of chunks. */
const joined = (steps: ReadonlyArray<Step<Uint8Array>>): ReadonlyArray<Step<Uint8Array>> => {
  if (!steps.every((step) => step._tag === "Exchange")) return steps
  return [{ _tag: "Exchange", steps: steps.flatMap((step) => step.steps) }]
}

const converse = (
  exchange: PacketExchange.PacketExchange,
  link: Link<Uint8Array>
): Conversation<Uint8Array, Uint8Array> => {
  const conversation = readingBy(PacketReader.make(), PacketConversation.make(exchange, link))
  const { receive } = conversation
  return Object.assign(conversation, {
    receive: (bytes: Uint8Array) => {
      const steps = receive(bytes)
      // Before there is a session each packet counts by itself.
      return exchange.hasSessions(link) ? joined(steps) : steps
    }
  })
}

/**
 * Makes the protocol, for all its sessions over both carriers.
 *
 * @see PROTOCOL.md
 */
export const make = (options: Options): Exchange<Uint8Array> => {
  const exchange = PacketExchange.make({
    sessionTimeoutMillis: 30_000,
    transferTimeoutMillis: 30_000,
    queueLimitBytes: 1024 * 1024,
    linkSessionLimit,
    ...options
  })
  return {
    name: "packet",
    datagram: (link, bytes) => {
      const request = PacketCodec.readDatagram(bytes)
      return Result.isSuccess(request) ? exchange.receive(link, request.success, bytes.length) : [{ _tag: "Fault" }]
    },
    converse: (link) => converse(exchange, link),
    deliver: exchange.deliver,
    deliverAll: exchange.deliverAll,
    hangUp: exchange.hangUp,
    queuedBytes: exchange.queuedBytes,
    sweep: exchange.sweep,
    sizeBytes: (frame) => frame.length
  }
}
