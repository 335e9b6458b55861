/** What carries chunk requests and their answers: a TCP connection or a UDP socket. */
import { once } from "node:events"
import { connect as connectStream } from "node:net"
import { ask, connect } from "./DatagramPeer.ts"
import * as Packets from "./Packets.ts"

/** Takes whole packets of one size. */
export type Read = (packets: Buffer, packetBytes: number) => void

export interface ChunkLine {
  readonly isReliable: boolean
  /** Asks for a packet of a type and length. */
  readonly ask: (request: Buffer, type: number, packetBytes: number) => Promise<Buffer>
  /** Sends packets of one size. */
  readonly send: (packets: Buffer, packetBytes: number) => void
  /** Has all that comes from now on read, as packets of one size. */
  readonly listen: (packetBytes: number, read: Read) => void
}

/** A TCP connection to a port of this machine. */
export const streamLine = async (port: number): Promise<ChunkLine> => {
  const buffer = Buffer.allocUnsafeSlow(256 * 1024)
  let rest: Buffer = Buffer.alloc(0)
  let [size, read]: [number, Read] = [0, () => {}]
  const socket = connectStream({
    port,
    host: "127.0.0.1",
    noDelay: true,
    onread: {
      buffer,
      callback: (length) => {
        const come = buffer.subarray(0, length)
        const bytes = rest.length === 0 ? come : Buffer.concat([rest, come])
        const end = size === 0 ? 0 : bytes.length - (bytes.length % size)
        // What is kept must not be in the buffer, into which more is read.
        rest = end === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(end))
        if (end > 0) read(bytes.subarray(0, end), size)
        return true
      }
    }
  })
  socket.once("close", () => {
    throw new Error("The load was hung up on")
  })
  await once(socket, "connect")
  const listen = (packetBytes: number, next: Read): void => {
    ;[size, read] = [packetBytes, next]
  }
  return {
    isReliable: true,
    ask: (request, type, packetBytes) =>
      new Promise((resolve, reject) => {
        listen(packetBytes, (packets) => {
          listen(0, () => {})
          if (packets[1] === type) resolve(Buffer.from(packets))
          else reject(new Error(`Refused: ${packets.toString("latin1")}`))
        })
        socket.write(request)
      }),
    send: (packets) => void socket.write(packets),
    listen
  }
}

/** A UDP socket whose peer is a port of this machine. */
export const datagramLine = async (port: number): Promise<ChunkLine> => {
  const socket = await connect(port)
  let [size, read]: [number, Read] = [0, () => {}]
  socket.on("message", (bytes: Buffer) => {
    // The answer to a repeated request, perhaps of another kind, may be late.
    if (bytes.length === size) read(bytes, size)
    else if (bytes[1] === Packets.types.error) throw new Error(`Refused: ${bytes.toString("latin1")}`)
  })
  return {
    isReliable: false,
    ask: (request, type) => ask(socket, request, type),
    send: (packets, packetBytes) => {
      for (let at = 0; at < packets.length; at += packetBytes) socket.send(packets.subarray(at, at + packetBytes))
    },
    listen: (packetBytes, next) => {
      ;[size, read] = [packetBytes, next]
    }
  }
}
