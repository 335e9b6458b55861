/** The `sockets` protocol: events of Socket.IO. */
import { ProtocolName } from "../../domain/Message.ts"
import type { Protocol } from "../Protocol.ts"
import { jsonBytesOf, type SocketIoPacket } from "../SocketIoPacket.ts"
import * as Conversation from "./SocketsConversation.ts"
import { masks } from "./SocketsMasks.ts"
import type { Received } from "./SocketsPacket.ts"
import * as Reader from "./SocketsReader.ts"
import { shared } from "./SocketsRender.ts"

// What a packet has besides its JSON: its type, and an acknowledgement its number.
const headBytes = 8

/**
 * Makes the protocol.
 *
 * @see PROTOCOL.md
 */
export const make = (): Protocol<SocketIoPacket, Received, SocketIoPacket> => ({
  name: ProtocolName.make("sockets"),
  variants: 1,
  gapMillis: () => 0,
  reader: Reader.make,
  converse: Conversation.make,
  render: shared,
  sizeBytes: (packet) => headBytes + jsonBytesOf(packet),
  masks
})
