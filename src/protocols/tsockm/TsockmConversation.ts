/** One connection of TsockM: the exchange knows whose its packets are. */
import type { HangupReason } from "../../domain/Hangup.ts"
import type { Link } from "../Link.ts"
import type { Conversation } from "../Protocol.ts"
import type { Steps } from "../Step.ts"
import type { TsockmExchange } from "./TsockmExchange.ts"
import type { Peer } from "./TsockmPeer.ts"
import * as TsockmReader from "./TsockmReader.ts"
import type { Received } from "./TsockmRequest.ts"

const { headerLimitBytes, packetLimitBytes } = TsockmReader.defaultLimits

/** Begins a conversation by a connection that is new. */
export const make = (
  exchange: TsockmExchange,
  link: Link<Uint8Array>,
  isPacing: boolean
): Conversation<Received, Uint8Array, Peer> => {
  let lastWords: ReadonlyArray<Uint8Array> = []

  const receive = (packet: Received): Steps<Uint8Array, Peer> => {
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
    loginLimitBytes: packetLimitBytes + headerLimitBytes,
    farewell: (reason: HangupReason) => (reason === "done" ? [] : lastWords),
    closed: () => {
      // By the time of the farewell the peer has been logged out.
      const words = exchange.farewell(link)
      if (words.length > 0) lastWords = words
      return exchange.closed(link)
    }
  }
}
