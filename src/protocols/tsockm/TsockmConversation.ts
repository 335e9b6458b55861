/** One connection of TsockM: the exchange knows whose its packets are. */
import type { HangupReason } from "../../domain/Hangup.ts"
import type { Link } from "../Link.ts"
import type { Conversation } from "../Protocol.ts"
import type { ImmediateStep, Steps } from "../Step.ts"
import type { TsockmExchange } from "./TsockmExchange.ts"
import type { Peer } from "./TsockmPeer.ts"
import * as TsockmReader from "./TsockmReader.ts"
import type { Received } from "./TsockmRequest.ts"

const { headerLimitBytes, packetLimitBytes } = TsockmReader.defaultLimits

// A class, because every connection has one: its instances are smaller than objects with accessors.
class TsockmConversation implements Conversation<Received, Uint8Array, Peer> {
  readonly variant = 0
  readonly isPaced: boolean
  readonly isExempt = false
  readonly loginLimitBytes = packetLimitBytes + headerLimitBytes
  readonly #exchange: TsockmExchange
  readonly #link: Link<Uint8Array>
  #lastWords: ReadonlyArray<Uint8Array> = []

  constructor(exchange: TsockmExchange, link: Link<Uint8Array>, isPacing: boolean) {
    this.#exchange = exchange
    this.#link = link
    this.isPaced = isPacing
  }

  get hasSessions(): boolean {
    return this.#exchange.isKnown(this.#link)
  }

  open(): Steps<Uint8Array, Peer> {
    return []
  }

  receive(packet: Received): Steps<Uint8Array, Peer> {
    const { generation } = packet
    if (packet._tag === "Request") return this.#exchange.receive(this.#link, packet.request, generation)
    const { answer } = packet.refusal
    return [{ _tag: "Fault" }, ...(answer === undefined ? [] : this.#exchange.fail(this.#link, generation, answer))]
  }

  present(): ReadonlyArray<Uint8Array> {
    return []
  }

  farewell(reason: HangupReason): ReadonlyArray<Uint8Array> {
    return reason === "done" ? [] : this.#lastWords
  }

  closed(): ReadonlyArray<ImmediateStep<Uint8Array, Peer>> {
    // By the time of the farewell the peer has been logged out.
    const words = this.#exchange.farewell(this.#link)
    if (words.length > 0) this.#lastWords = words
    return this.#exchange.closed(this.#link)
  }
}

/** Begins a conversation by a connection that is new. */
export const make = (
  exchange: TsockmExchange,
  link: Link<Uint8Array>,
  isPacing: boolean
): Conversation<Received, Uint8Array, Peer> => new TsockmConversation(exchange, link, isPacing)
