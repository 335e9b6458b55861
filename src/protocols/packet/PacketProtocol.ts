/** The binary protocol of the "Python chat app", over UDP and TCP. */
import { explain, type HangupReason } from "../../domain/Hangup.ts"
import { ProtocolName } from "../../domain/Message.ts"
import * as Result from "effect/Result"
import type { Exchange, Link } from "../Exchange.ts"
import type { Conversation, Step } from "../Protocol.ts"
import * as PacketCodec from "./PacketCodec.ts"
import { PacketError } from "./PacketError.ts"
import * as PacketExchange from "./PacketExchange.ts"
import * as PacketFrames from "./PacketFrames.ts"
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

/** The same with adjacent steps of the exchange as one, for a read may hold hundreds of chunks. */
const joined = (steps: ReadonlyArray<Step<Uint8Array>>): ReadonlyArray<Step<Uint8Array>> => {
  if (!steps.every((step) => step._tag === "Exchange")) return steps
  return [{ _tag: "Exchange", steps: steps.flatMap((step) => step.steps) }]
}

const converse = (
  exchange: PacketExchange.PacketExchange,
  link: Link<Uint8Array>
): Conversation<Uint8Array, Uint8Array> => {
  const frames = PacketFrames.make()
  const follow = (framed: PacketFrames.Framed): Step<Uint8Array> => {
    switch (framed._tag) {
      case "Lost":
        return { _tag: "Hangup", reason: "malformed", detail: framed.detail }
      case "Malformed": {
        const { code, detail, packetType } = framed
        return { _tag: "Send", frame: PacketCodec.write(error(packetType, code, detail)) }
      }
      default:
        return { _tag: "Exchange", steps: exchange.receive(link, framed, 0) }
    }
  }
  const receive = (bytes: Uint8Array): ReadonlyArray<Step<Uint8Array>> => {
    const steps = frames.push(bytes).map(follow)
    // Before there is a session each packet counts by itself.
    return exchange.hasSessions(link) ? joined(steps) : steps
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
export const make = (options: Options): Exchange<Uint8Array> => {
  const exchange = PacketExchange.make({
    sessionTimeoutMillis: 30_000,
    transferTimeoutMillis: 30_000,
    queueLimitBytes: 1024 * 1024,
    linkSessionLimit,
    ...options
  })
  return {
    name: ProtocolName.make("packet"),
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
