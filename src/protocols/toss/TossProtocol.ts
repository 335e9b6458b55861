/** The protocol of Toss-a-Message: requests and responses in Slip over TCP, or in JSON. */
import { type Message, ProtocolName } from "../../domain/Message.ts"
import type { ByteFrame, ByteProtocol, Masks } from "../Protocol.ts"
import type { Variant } from "./PillowFrames.ts"
import { defaultLimits, type SlipLimits } from "./SlipLimits.ts"
import * as Conversation from "./TossConversation.ts"
import * as Events from "./TossEvents.ts"
import * as Frames from "./TossFrames.ts"
import type { TossPacket } from "./TossPacket.ts"
import * as TossReader from "./TossReader.ts"

/** What may be set. */
export interface Options {
  /** What time it is, for what is said. */
  readonly nowMillis: () => number
  /** The least time between two messages to a peer that may be the original; 0 for none. */
  readonly gapMillis?: number
  /** What a request may be. */
  readonly limits?: Partial<SlipLimits>
}

/** The time between two messages that lets an original take them one by one, in milliseconds. */
export const defaultGapMillis = 60

const variants: ReadonlyArray<Variant> = ["slip", "json"]

/** How many messages are kept as frames, if they are small: as many as a room may be told at once. */
const keptMessages = 512

interface Said {
  readonly message: Message
  readonly variant: Variant
  readonly frames: ReadonlyArray<ByteFrame>
}

/** Makes the frames of messages. The last ones are kept: a sender gets the same as everybody else, at another time. */
const speech = (): Conversation.Settings["said"] => {
  const kept: Array<Said | undefined> = []
  let last: Said | undefined
  return (message, variant) => {
    const place = message.number % keptMessages
    const known = last?.message === message ? last : kept[place]
    if (known?.message === message && known.variant === variant) return known.frames
    last = { message, variant, frames: Frames.encode(Events.said(message), variant) }
    kept[place] = Frames.areSmall(last.frames) ? last : undefined
    return last.frames
  }
}

const masks: Masks<TossPacket, ByteFrame> = {
  packet: (packet) => (packet._tag === "FilePiece" ? { ...packet, bytes: packet.bytes.slice() } : packet),
  frame: (frame) => frame
}

/**
 * Makes the protocol. Its variants are the languages of a peer: Slip, JSON.
 *
 * @see PROTOCOL.md
 */
export const make = ({
  gapMillis = defaultGapMillis,
  limits,
  nowMillis
}: Options): ByteProtocol<TossPacket, ByteFrame> => {
  const readLimits: SlipLimits = { ...defaultLimits, ...limits }
  const settings: Conversation.Settings = {
    isPacing: gapMillis > 0,
    now: () => new Date(nowMillis()),
    said: speech()
  }
  return {
    name: ProtocolName.make("toss"),
    variants: variants.length,
    gapMillis: (frame) => Frames.digestMillis(frame, gapMillis),
    reader: () => TossReader.make(readLimits),
    converse: () => Conversation.make(settings),
    render: (event, as, index) => {
      const variant = variants[index]!
      if (event._tag === "Said" && as === "witness") return settings.said(event.message, variant)
      return Events.share(event, as, settings.now()).flatMap((response) => Frames.encode(response, variant))
    },
    sizeBytes: Frames.heldBytes,
    masks
  }
}
