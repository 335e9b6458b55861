/** The protocol of TsockM, in all its generations, over TCP. */
import type { HangupReason } from "../../domain/Hangup.ts"
import { ProtocolName } from "../../domain/Message.ts"
import { type Link, nowhere } from "../Link.ts"
import type { ByteProtocol, Conversation } from "../Protocol.ts"
import type { Reader } from "../Reader.ts"
import type { Steps } from "../Step.ts"
import * as TsockmExchange from "./TsockmExchange.ts"
import * as TsockmFrames from "./TsockmFrames.ts"
import type { Peer } from "./TsockmPeer.ts"
import * as TsockmId from "./TsockmId.ts"

/** What may be set. */
export interface Options {
  /** What time it is. */
  readonly nowMillis: () => number
  /** Makes bytes that nobody can guess. */
  readonly randomBytes: (count: number) => Uint8Array
  /** Writes numbers as ids. */
  readonly encoder: TsockmId.Encoder
  /** The least time between two packets to a peer that may be the original; 0 for none, and no holds. */
  readonly gapMillis?: number
  /** How many bytes may wait for a peer; 1 MiB if nothing is said. */
  readonly queueLimitBytes?: number
  /** How often peers are asked for a sign of life; never if nothing is said. */
  readonly checkMillis?: number
}

/** The time between two packets that lets an original take them one by one, in milliseconds. */
export const defaultGapMillis = 30

/** How long the name of somebody who has gone can be asked for. */
const graceMillis = 13_000

/** How long the rest of a packet is waited for. */
const patience: Readonly<Record<TsockmFrames.Pending, number | undefined>> = {
  nothing: undefined,
  header: 1000,
  body: 40,
  rest: 40
}

/** What is read of a peer: a request, or what could not be read as one. */
export type Packet = TsockmFrames.Framed

const reader = (): Reader<Uint8Array, Packet> => {
  const frames = TsockmFrames.make()
  return {
    read: frames.push,
    get readTimeoutMillis() {
      return patience[frames.pending()]
    },
    finish: frames.finish
  }
}

const converse = (
  exchange: TsockmExchange.TsockmExchange,
  link: Link<Uint8Array>,
  isPacing: boolean
): Conversation<Packet, Uint8Array, Peer> => {
  let lastWords: ReadonlyArray<Uint8Array> = []
  const receive = (packet: Packet): Steps<Uint8Array, Peer> => {
    const { generation } = packet
    if (packet._tag === "Request") return exchange.receive(link, packet.request, generation)
    const { answer } = packet.refusal
    return [{ _tag: "Fault" }, ...(answer === undefined ? [] : exchange.fail(link, generation, answer))]
  }
  return {
    open: () => [],
    receive,
    present: () => [],
    variant: 0,
    isPaced: isPacing,
    isExempt: false,
    get hasSessions() {
      return exchange.isKnown(link)
    },
    loginLimitBytes: TsockmFrames.defaultLimits.packetLimitBytes + TsockmFrames.defaultLimits.headerLimitBytes,
    farewell: (reason: HangupReason) => (reason === "done" ? [] : lastWords),
    closed: () => {
      // By the time of the farewell the peer has been logged out.
      const words = exchange.farewell(link)
      if (words.length > 0) lastWords = words
      return exchange.closed(link)
    }
  }
}

/**
 * Makes the protocol, for all its peers.
 *
 * @see PROTOCOL.md
 */
export const make = (options: Options): ByteProtocol<Packet, Uint8Array, Peer> => {
  const { checkMillis = 0, encoder, gapMillis = defaultGapMillis, nowMillis, queueLimitBytes = 1024 * 1024 } = options
  const { randomBytes } = options
  const isPacing = gapMillis > 0
  const exchange = TsockmExchange.make({
    nowMillis,
    makeId: () => TsockmId.make(encoder, randomBytes(TsockmId.idBytes)),
    makeSignature: () => TsockmId.signature(encoder, randomBytes(TsockmId.signatureBytes)),
    isPacing,
    queueLimitBytes,
    graceMillis,
    checkMillis
  })
  return {
    name: ProtocolName.make("tsockm"),
    variants: 1,
    gapMillis: () => gapMillis,
    reader,
    converse: (link = nowhere) => converse(exchange, link, isPacing),
    // Its events come by the exchange.
    render: () => [],
    sizeBytes: (frame) => frame.length,
    exchange: {
      deliver: exchange.deliver,
      deliverAll: exchange.deliverAll,
      hangUp: exchange.hangUp,
      check: exchange.check,
      queuedBytes: exchange.queuedBytes,
      sweep: exchange.sweep,
      areConnectionsBrief: true
    }
  }
}
