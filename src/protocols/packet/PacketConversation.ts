/** One connection over which packets come: the exchange knows whose they are. */
import { explain, type HangupReason } from "../../domain/Hangup.ts"
import type { RefusedByPolicy } from "../../domain/Rejection.ts"
import type { Link } from "../Link.ts"
import type { Conversation } from "../Protocol.ts"
import type { ImmediateStep, Steps } from "../Step.ts"
import * as PacketCodec from "./PacketCodec.ts"
import { PacketError } from "./PacketError.ts"
import type { PacketExchange } from "./PacketExchange.ts"
import type { Member } from "./PacketMember.ts"
import type { Received } from "./PacketReader.ts"
import { error, refusal } from "./PacketRefusal.ts"

// A class, because every connection has one: its instances are smaller than objects with accessors.
class PacketConversation implements Conversation<Received, Uint8Array, Member> {
  readonly variant = 0
  readonly isPaced = false
  readonly isExempt = false
  readonly #exchange: PacketExchange
  readonly #link: Link<Uint8Array>

  constructor(exchange: PacketExchange, link: Link<Uint8Array>) {
    this.#exchange = exchange
    this.#link = link
  }

  get hasSessions(): boolean {
    return this.#exchange.hasSessions(this.#link)
  }

  open(): Steps<Uint8Array, Member> {
    return []
  }

  receive(packet: Received): Steps<Uint8Array, Member> {
    switch (packet._tag) {
      case "Lost":
        return [{ _tag: "Hangup", reason: "malformed", detail: packet.detail }]
      case "Malformed": {
        const { code, detail, packetType } = packet
        return [{ _tag: "Fault" }, { _tag: "Send", frame: PacketCodec.write(error(packetType, code, detail)) }]
      }
      default:
        return this.#exchange.receive(this.#link, packet, 0)
    }
  }

  present(): ReadonlyArray<Uint8Array> {
    return []
  }

  farewell(reason: HangupReason, rejection?: RefusedByPolicy): ReadonlyArray<Uint8Array> {
    if (rejection !== undefined) return [PacketCodec.write(refusal(0, rejection))]
    const code = reason === "malformed" ? PacketError.malformed : PacketError.refused
    return reason === "stopping" ? [] : [PacketCodec.write(error(0, code, explain(reason)))]
  }

  closed(): ReadonlyArray<ImmediateStep<Uint8Array, Member>> {
    return this.#exchange.closed(this.#link)
  }
}

/** Begins a conversation by a connection that is new. */
export const make = (exchange: PacketExchange, link: Link<Uint8Array>): Conversation<Received, Uint8Array, Member> =>
  new PacketConversation(exchange, link)
