/** The `sockets` protocol: events of Socket.IO. */
import type { Protocol } from "../Protocol.ts"
import { readingBy } from "../ReadingConversation.ts"
import { jsonBytesOf, type SocketIoPacket } from "../SocketIoPacket.ts"
import * as Conversation from "./SocketsConversation.ts"
import * as Reader from "./SocketsReader.ts"
import { shared } from "./SocketsRender.ts"

// What a packet has besides its JSON: its type, and an acknowledgement its number.
const headBytes = 8

/**
 * Makes the protocol.
 *
 * @see PROTOCOL.md
 */
export const make = (): Protocol<SocketIoPacket, SocketIoPacket> => ({
  name: "sockets",
  variants: 1,
  gapMillis: () => 0,
  converse: () => readingBy(Reader.make(), Conversation.make()),
  render: shared,
  sizeBytes: (packet) => headBytes + jsonBytesOf(packet)
})
