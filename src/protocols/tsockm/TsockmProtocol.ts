/** The protocol of TsockM, in all its generations, over TCP. */
import type { HangupReason } from "../../domain/Hangup.ts"
import { ProtocolName } from "../../domain/Message.ts"
import type { Exchange, ExchangeStep, Link } from "../Exchange.ts"
import type { Conversation, Step } from "../Protocol.ts"
import * as TsockmExchange from "./TsockmExchange.ts"
import * as TsockmFrames from "./TsockmFrames.ts"
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

const converse = (
  exchange: TsockmExchange.TsockmExchange,
  link: Link<Uint8Array>,
  isPacing: boolean
): Conversation<Uint8Array, Uint8Array> => {
  const frames = TsockmFrames.make()
  let lastWords: ReadonlyArray<Uint8Array> = []
  const follow = (framed: TsockmFrames.Framed): Step<Uint8Array> => {
    const { generation } = framed
    if (framed._tag === "Request") {
      return { _tag: "Exchange", steps: exchange.receive(link, framed.request, generation) }
    }
    const { answer } = framed.refusal
    const steps: ReadonlyArray<ExchangeStep<Uint8Array>> =
      answer === undefined ? [] : exchange.fail(link, generation, answer)
    return { _tag: "Exchange", steps: [{ _tag: "Fault" }, ...steps] }
  }
  return {
    open: () => [],
    receive: (bytes) => frames.push(bytes).map(follow),
    lapse: () => frames.finish().map(follow),
    ended: () => frames.finish().map(follow),
    get patienceMillis() {
      return patience[frames.pending()]
    },
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
export const make = (options: Options): Exchange<Uint8Array> => {
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
    datagram: () => [{ _tag: "Fault" }],
    converse: (link) => converse(exchange, link, isPacing),
    deliver: exchange.deliver,
    deliverAll: exchange.deliverAll,
    hangUp: exchange.hangUp,
    check: exchange.check,
    queuedBytes: exchange.queuedBytes,
    sweep: exchange.sweep,
    sizeBytes: (frame) => frame.length,
    gapMillis,
    areConnectionsBrief: true
  }
}
