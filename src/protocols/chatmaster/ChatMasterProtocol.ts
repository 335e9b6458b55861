/** The protocol of ChatMaster 3000: JSON objects over TCP, plain or compressed. */
import { ProtocolName } from "../../domain/Message.ts"
import type { ByteProtocol } from "../Protocol.ts"
import * as Conversation from "./ChatMasterConversation.ts"
import * as Events from "./ChatMasterEvents.ts"
import * as Frames from "./ChatMasterFrames.ts"
import type { Received } from "./ChatMasterPacket.ts"
import * as Reader from "./ChatMasterReader.ts"

/** What may be set. */
export interface Options {
  /** The least time between two packages to a peer that may be the original; 0 for none. */
  readonly gapMillis: number
  /** The longest package from a peer, as JSON. */
  readonly packageLimitBytes: number
  /** The most that may be inflated for one package. */
  readonly inflatedLimitBytes: number
  /** The deepest nesting of a package. */
  readonly depthLimit: number
}

/** What is set when nothing is said. */
export const defaults: Options = {
  gapMillis: 50,
  packageLimitBytes: Reader.defaultLimits.limitBytes,
  inflatedLimitBytes: Reader.defaultLimits.inflatedLimitBytes,
  depthLimit: Reader.defaultLimits.depthLimit
}

/**
 * Makes the protocol. Its variants are the containers of a package: plain, zlib, gzip.
 *
 * @see PROTOCOL.md
 */
export const make = (options?: Partial<Options>): ByteProtocol<Received> => {
  const { depthLimit, gapMillis, inflatedLimitBytes, packageLimitBytes } = { ...defaults, ...options }
  const limits = { ...Reader.defaultLimits, limitBytes: packageLimitBytes, inflatedLimitBytes, depthLimit }
  const isPacing = gapMillis > 0
  return {
    name: ProtocolName.make("chatmaster"),
    variants: 3,
    gapMillis: () => gapMillis,
    saysWhoIsThere: true,
    reader: () => Reader.make(limits),
    converse: () => Conversation.make({ isPacing }),
    render: (event, as, variant) => {
      const container = variant === 1 || variant === 2 ? variant : 0
      // A peer that compresses is not the original, and takes lists of any length.
      const list: Events.Listing = container === 0 ? Frames.fitting : (names) => names
      return Events.share(event, as, list).map((serverPackage) => Frames.encode(serverPackage, container))
    },
    sizeBytes: (frame) => frame.length
  }
}
