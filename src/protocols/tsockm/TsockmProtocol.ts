/** The protocol of TsockM, in all its generations, over TCP. */
import { ProtocolName } from "../../domain/Message.ts"
import { nowhere } from "../Link.ts"
import type { ByteProtocol } from "../Protocol.ts"
import * as TsockmConversation from "./TsockmConversation.ts"
import * as TsockmExchange from "./TsockmExchange.ts"
import * as TsockmId from "./TsockmId.ts"
import { masks } from "./TsockmMasks.ts"
import type { Peer } from "./TsockmPeer.ts"
import * as TsockmReader from "./TsockmReader.ts"
import type { Received } from "./TsockmRequest.ts"

/** What may be set. */
export interface Options {
  /** The time of a monotonic clock: it measures time-outs and pauses. */
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

/**
 * Makes the protocol, for all its peers.
 *
 * @see PROTOCOL.md
 */
export const make = (options: Options): ByteProtocol<Received, Uint8Array, Peer> => {
  const { checkMillis = 0, encoder, gapMillis = defaultGapMillis, nowMillis, queueLimitBytes = 1024 * 1024 } = options
  const { randomBytes } = options
  const isPacing = gapMillis > 0
  const exchange = TsockmExchange.make({
    nowMillis,
    makeId: () => TsockmId.make(encoder, randomBytes(TsockmId.idBytes)),
    makeSignature: () => TsockmId.signature(encoder, randomBytes(TsockmId.signatureBytes)),
    gapMillis,
    queueLimitBytes,
    graceMillis,
    checkMillis
  })
  return {
    name: ProtocolName.make("tsockm"),
    variants: 1,
    gapMillis: () => gapMillis,
    reader: () => TsockmReader.make(),
    converse: (link = nowhere) => TsockmConversation.make(exchange, link, isPacing),
    // Its events come by the exchange.
    render: () => [],
    sizeBytes: (frame) => frame.length,
    masks,
    exchange: {
      deliver: exchange.deliver,
      deliverAll: exchange.deliverAll,
      hangUp: exchange.hangUp,
      check: exchange.check,
      queuedBytes: exchange.queuedBytes,
      linkOf: exchange.linkOf,
      sweep: exchange.sweep,
      areConnectionsBrief: true
    }
  }
}
