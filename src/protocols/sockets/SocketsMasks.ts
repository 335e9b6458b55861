/** Events and acknowledgements without the place to which a file may be sent, which only who asked for it may know. */
import type { Masks } from "../Protocol.ts"
import type { SocketIoPacket } from "../SocketIoPacket.ts"
import type { Received } from "./SocketsPacket.ts"

const masked = (args: ReadonlyArray<unknown>): ReadonlyArray<unknown> =>
  args.map((it) => (typeof it === "object" && it !== null && "url" in it ? { ...it, url: "***" } : it))

// An answer has a `url` only if it is that of an upload.
const frame = (packet: SocketIoPacket): SocketIoPacket => {
  switch (packet._tag) {
    case "Ack":
      return { _tag: "Ack", id: packet.id, args: masked(packet.args) }
    case "Event":
      return packet.name === "upload" ? { _tag: "Event", name: packet.name, args: masked(packet.args) } : packet
    case "Disconnect":
      return packet
  }
}

/** What observers are shown of the protocol. */
export const masks: Masks<Received, SocketIoPacket> = { packet: (packet) => packet, frame }
