/** One connection of TsockM: the exchange knows whose its packets are. */
import type { HangupReason } from "../../domain/Hangup.ts"
import type { Link } from "../Exchange.ts"
import type { Conversation, Step } from "../Protocol.ts"
import type { TsockmExchange } from "./TsockmExchange.ts"
import * as TsockmReader from "./TsockmReader.ts"
import type { Received } from "./TsockmRequest.ts"

type Steps = ReadonlyArray<Step<Uint8Array>>

const { headerLimitBytes, packetLimitBytes } = TsockmReader.defaultLimits

/** Begins a conversation by a connection that is new. */
export const make = (
  exchange: TsockmExchange,
  link: Link<Uint8Array>,
  isPacing: boolean
): Conversation<Received, Uint8Array> => {
  let lastWords: ReadonlyArray<Uint8Array> = []

  const receive = (packet: Received): Steps => {
    const { generation } = packet
    if (packet._tag === "Request") {
      return [{ _tag: "Exchange", steps: exchange.receive(link, packet.request, generation) }]
    }
    const { answer } = packet.refusal
    const steps = answer === undefined ? [] : exchange.fail(link, generation, answer)
    return [{ _tag: "Exchange", steps: [{ _tag: "Fault" }, ...steps] }]
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
