/** The protocol of Toss-a-Message: requests and responses in Slip over TCP, or in JSON. */
import type { Message } from "../../domain/Message.ts"
import type { ByteFrame, ByteProtocol } from "../Protocol.ts"
import type { Variant } from "./PillowFrames.ts"
import { defaultLimits, type SlipLimits } from "./SlipLimits.ts"
import * as Conversation from "./TossConversation.ts"
import * as Events from "./TossEvents.ts"
import * as Frames from "./TossFrames.ts"

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

/** Makes the frames of messages. Those of the last one are kept, for its sender gets the same as everybody else. */
const speech = (): Conversation.Settings["said"] => {
  let last:
    | { readonly message: Message; readonly variant: Variant; readonly frames: ReadonlyArray<ByteFrame> }
    | undefined
  return (message, variant) => {
    if (last?.message !== message || last.variant !== variant) {
      last = { message, variant, frames: Frames.encode(Events.said(message), variant) }
    }
    return last.frames
  }
}

/**
 * Makes the protocol. Its variants are the languages of a peer: Slip, JSON.
 *
 * @see PROTOCOL.md
 */
export const make = ({ gapMillis = defaultGapMillis, limits, nowMillis }: Options): ByteProtocol<ByteFrame> => {
  const settings: Conversation.Settings = {
    limits: { ...defaultLimits, ...limits },
    isPacing: gapMillis > 0,
    now: () => new Date(nowMillis()),
    said: speech()
  }
  return {
    name: "toss",
    variants: variants.length,
    gapMillis: (frame) => Frames.digestMillis(frame, gapMillis),
    converse: () => Conversation.make(settings),
    render: (event, as, index) => {
      const variant = variants[index]!
      if (event._tag === "Said" && as === "witness") return settings.said(event.message, variant)
      return Events.share(event, as, settings.now()).flatMap((response) => Frames.encode(response, variant))
    },
    sizeBytes: Frames.heldBytes
  }
}
