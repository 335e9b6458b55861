/** One connection over which packets come: the exchange knows whose they are. */
import { explain, type HangupReason } from "../../domain/Hangup.ts"
import type { Link } from "../Link.ts"
import type { Conversation } from "../Protocol.ts"
import type { Steps } from "../Step.ts"
import * as PacketCodec from "./PacketCodec.ts"
import { PacketError } from "./PacketError.ts"
import type { PacketExchange } from "./PacketExchange.ts"
import type { Member } from "./PacketMember.ts"
import type { Received } from "./PacketReader.ts"
import { error } from "./PacketRefusal.ts"

/** Begins a conversation by a connection that is new. */
export const make = (exchange: PacketExchange, link: Link<Uint8Array>): Conversation<Received, Uint8Array, Member> => {
  const receive = (packet: Received): Steps<Uint8Array, Member> => {
    switch (packet._tag) {
      case "Lost":
        return [{ _tag: "Hangup", reason: "malformed", detail: packet.detail }]
      case "Malformed": {
        const { code, detail, packetType } = packet
        return [{ _tag: "Fault" }, { _tag: "Send", frame: PacketCodec.write(error(packetType, code, detail)) }]
      }
      default:
        return exchange.receive(link, packet, 0)
    }
  }

  const farewell = (reason: HangupReason): ReadonlyArray<Uint8Array> => {
    const code = reason === "malformed" ? PacketError.malformed : PacketError.refused
    return reason === "stopping" ? [] : [PacketCodec.write(error(0, code, explain(reason)))]
  }

  return {
    open: () => [],
    receive,
    present: () => [],
    variant: 0,
    isPaced: false,
    isExempt: false,
    get hasSessions() {
      return exchange.hasSessions(link)
    },
    farewell,
    closed: () => exchange.closed(link)
  }
}
