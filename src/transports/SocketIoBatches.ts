/**
 * Packets of Socket.IO as they go out in the default namespace, without binary data.
 *
 * @see https://socket.io/docs/v4/socket-io-protocol and https://socket.io/docs/v4/engine-io-protocol
 */
import { jsonBytesOf, jsonOf, type SocketIoPacket } from "../protocols/SocketIoPacket.ts"

/** What is no answer. */
export type Unsolicited = Exclude<SocketIoPacket, { readonly _tag: "Ack" }>

/** A packet as Socket.IO writes it; its type comes first: 2 is an event, 1 a disconnect. */
export const textOf = (packet: Unsolicited): string => (packet._tag === "Event" ? `2${jsonOf(packet)}` : "1")

const headBytesOf = (payloadBytes: number): number => (payloadBytes < 126 ? 2 : payloadBytes < 65_536 ? 4 : 10)

/**
 * Packets as unmasked WebSocket text frames (RFC 6455 § 5.2), one after another. What each carries begins with the type of
 * an Engine.IO packet, 4 for a message.
 */
export const webSocketFrames = (packets: ReadonlyArray<Unsolicited>): Buffer => {
  let size = 0
  for (const packet of packets) {
    const payloadBytes = jsonBytesOf(packet) + 2
    size += headBytesOf(payloadBytes) + payloadBytes
  }
  const bytes = Buffer.allocUnsafe(size)
  let at = 0
  for (const packet of packets) {
    const payloadBytes = jsonBytesOf(packet) + 2
    const headBytes = headBytesOf(payloadBytes)
    bytes[at] = 0x81
    if (headBytes === 2) bytes[at + 1] = payloadBytes
    else if (headBytes === 4) {
      bytes[at + 1] = 126
      bytes.writeUInt16BE(payloadBytes, at + 2)
    } else {
      bytes[at + 1] = 127
      bytes.writeBigUInt64BE(BigInt(payloadBytes), at + 2)
    }
    at += headBytes
    bytes[at] = 0x34
    bytes[at + 1] = packet._tag === "Event" ? 0x32 : 0x31
    if (packet._tag === "Event") bytes.write(jsonOf(packet), at + 2)
    at += payloadBytes
  }
  return bytes
}

/** How Engine.IO is asked to write bytes that are WebSocket frames already. */
export interface Framed {
  readonly compress: false
  readonly wsPreEncodedFrame: [Uint8Array]
}

/** Packets as one write. */
export const framed = (packets: ReadonlyArray<Unsolicited>): Framed => ({
  compress: false,
  wsPreEncodedFrame: [webSocketFrames(packets)]
})

/** Whether a packet can go out as it is; an answer needs the question. */
export const isUnsolicited = (packet: SocketIoPacket): packet is Unsolicited => packet._tag !== "Ack"

/** Makes the bytes of batches for all connections of a server, which mostly get the same ones one after another. */
export class SocketIoBatches {
  #last: ReadonlyArray<SocketIoPacket> | undefined
  #framed: Framed | undefined

  /** A batch as one write; undefined if there are acknowledgements in it. The bytes are shared: do not change them. */
  framed(batch: ReadonlyArray<SocketIoPacket>): Framed | undefined {
    if (batch !== this.#last) {
      this.#last = batch
      this.#framed = batch.every(isUnsolicited) ? framed(batch) : undefined
    }
    return this.#framed
  }
}
