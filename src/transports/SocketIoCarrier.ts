/**
 * A Socket.IO connection as a carrier of packets.
 *
 * - A packet is encoded once, by the server's own encoder, however many connections it goes to; on WebSockets one write
 *   carries all events that were handed over together, as bytes that equal batches share.
 * - What is unsent is what was handed over and the kernel has not taken; when polling, also what no request has fetched.
 * - Whoever is destroyed with nothing unsent gets a moment to close in an orderly way, so that the last words arrive.
 * - A carrier is over once. Then its reads end, and `closed` is told; both calls to a listener come after the call that
 *   caused them has returned.
 */
import { Predicate } from "effect"
import type { Server, Socket } from "socket.io"
import type { SocketIoPacket } from "../protocols/SocketIoPacket.ts"
import type { Carrier } from "./Carrier.ts"

/** How many acknowledgements a peer may wait for; beyond that the oldest is forgotten. */
export const limitAcks = 1024
/** How long a peer may take to close its side, when all that it should get has been sent. */
const closingMillis = 1_000
/** How long what was handed over before the end may take to be sent. */
const endingMillis = 10_000

type Listener = Parameters<Carrier<SocketIoPacket>["listen"]>[0]

type Unsolicited = Exclude<SocketIoPacket, { readonly _tag: "Ack" }>

interface Encoded {
  readonly text: string
  bytes: Buffer | undefined
}

// An Engine.IO `message` packet in one unmasked WebSocket text frame (RFC 6455 § 5.2).
const webSocketFrame = (text: string): Buffer => {
  const payloadBytes = Buffer.byteLength(text) + 1
  const headBytes = payloadBytes < 126 ? 2 : payloadBytes < 65_536 ? 4 : 10
  const bytes = Buffer.allocUnsafe(headBytes + payloadBytes)
  bytes[0] = 0x81
  if (headBytes === 2) bytes[1] = payloadBytes
  else if (headBytes === 4) {
    bytes[1] = 126
    bytes.writeUInt16BE(payloadBytes, 2)
  } else {
    bytes[1] = 127
    bytes.writeBigUInt64BE(BigInt(payloadBytes), 2)
  }
  bytes[headBytes] = 0x34
  bytes.write(text, headBytes + 1)
  return bytes
}

/** Encodes the packets of one Socket.IO server, each once. */
export class SocketIoEncoder {
  readonly #server: Server
  readonly #encoded = new WeakMap<SocketIoPacket, Encoded>()
  #batch: ReadonlyArray<Encoded> = []
  #batchBytes: Buffer = Buffer.alloc(0)

  constructor(server: Server) {
    this.#server = server
  }

  /** A packet as text. */
  encode(packet: Unsolicited): Encoded {
    let encoded = this.#encoded.get(packet)
    if (encoded === undefined) {
      // Types of the Socket.IO protocol: 2 is an event, 1 a disconnect. Without binary data each is one string.
      const parts = this.#server.encoder.encode(
        packet._tag === "Event"
          ? { type: 2, nsp: "/", data: [packet.name, ...packet.args] }
          : { type: 1, nsp: "/", data: undefined }
      )
      encoded = { text: String(parts[0]), bytes: undefined }
      this.#encoded.set(packet, encoded)
    }
    return encoded
  }

  /** Events as WebSocket frames, one after another. The bytes may be shared: do not change them. */
  bytes(batch: ReadonlyArray<Encoded>): Buffer {
    const [first] = batch
    if (batch.length === 1 && first !== undefined) return (first.bytes ??= webSocketFrame(first.text))
    const last = this.#batch
    if (batch.length !== last.length || !batch.every((encoded, index) => encoded === last[index])) {
      this.#batchBytes = Buffer.concat(batch.map((encoded) => (encoded.bytes ??= webSocketFrame(encoded.text))))
      this.#batch = batch
    }
    return this.#batchBytes
  }
}

interface WebSocket {
  readonly readyState: number
  readonly once: (event: "close", listener: () => void) => void
  readonly terminate: () => void
  readonly _sender?: unknown
}

const closed = 3

// Engine.IO keeps the WebSocket to itself, and has no way of its own to give up on a peer that does not read.
const webSocketOf = (transport: object): WebSocket | undefined => {
  if (!Predicate.hasProperty(transport, "socket")) return undefined
  const isWebSocket = (socket: unknown): socket is WebSocket =>
    Predicate.hasProperty(socket, "terminate") && Predicate.hasProperty(socket, "readyState")
  return isWebSocket(transport.socket) ? transport.socket : undefined
}

interface Response {
  readonly writableFinished: boolean
  readonly once: (event: "close", listener: () => void) => void
  readonly destroy: () => void
}

// The answer to the request that a polling peer has waiting.
const responseOf = (transport: object): Response | undefined => {
  if (!Predicate.hasProperty(transport, "res")) return undefined
  const isResponse = (response: unknown): response is Response => Predicate.hasProperty(response, "writableFinished")
  return isResponse(transport.res) ? transport.res : undefined
}

const takesFrames = (socket: WebSocket | undefined): boolean =>
  socket !== undefined && Predicate.hasProperty(socket._sender, "sendFrame")

interface EnginePacket {
  readonly data?: string | Uint8Array
  readonly options?: { readonly wsPreEncodedFrame?: ReadonlyArray<Uint8Array> }
}

const sizeBytes = ({ data, options }: EnginePacket): number => {
  const frame = options?.wsPreEncodedFrame?.[0]
  if (frame !== undefined) return frame.length
  return data === undefined ? 1 : typeof data === "string" ? Buffer.byteLength(data) + 1 : data.length
}

/** A carrier that also keeps what its peer wants acknowledged, and tells when it is over. */
export interface SocketIoCarrier extends Carrier<SocketIoPacket> {
  /** Allots a number to an acknowledgement that the peer waits for. */
  readonly await: (acknowledge: (...args: ReadonlyArray<unknown>) => void) => number
}

/** Makes a carrier of a Socket.IO connection; `over` is called once, when nothing will come or go any more. */
export const make = (socket: Socket, encoder: SocketIoEncoder, over: () => void): SocketIoCarrier => {
  const { conn } = socket
  const acks = new Map<number, (...args: ReadonlyArray<unknown>) => void>()
  let lastAck = 0
  let isWriting = false
  let waitingBytes = 0 // handed over, in Engine.IO's buffer
  let flushedBytes = 0 // with the transport
  let flyingBytes = 0 // in the answers to requests
  let response: Response | undefined
  let deadline: NodeJS.Timeout | undefined
  let isEnding = false
  let isOver = false
  let listener: Listener | undefined

  const unsentBytes = () => (isOver ? 0 : waitingBytes + flushedBytes + flyingBytes)

  const tellDrained = () => {
    if (!isOver && unsentBytes() === 0) listener?.drained()
  }

  const landed = () => {
    if (unsentBytes() === 0) queueMicrotask(tellDrained)
  }

  const finish = () => {
    if (isOver) return
    isOver = true
    clearTimeout(deadline)
    acks.clear()
    over()
    queueMicrotask(() => listener?.closed())
  }

  const watch = (transport: typeof conn.transport) => {
    transport.on("drain", () => {
      const bytes = flushedBytes
      flushedBytes = 0
      if (bytes === 0) return
      if (transport.name !== "polling" || response === undefined) return landed()
      flyingBytes += bytes
      response.once("close", () => {
        flyingBytes -= bytes
        landed()
      })
    })
    transport.on("headers", () => {
      response = responseOf(transport) ?? response
    })
  }
  watch(conn.transport)
  conn.on("upgrade", watch)
  conn.on("packetCreate", (packet: EnginePacket) => {
    if (isWriting) waitingBytes += sizeBytes(packet)
  })
  // A flush hands everything that waits to the transport, which takes no more until it has drained.
  conn.on("flush", () => {
    flushedBytes += waitingBytes
    waitingBytes = 0
  })
  conn.on("close", () => {
    const webSocket = webSocketOf(conn.transport)
    if (isEnding && webSocket !== undefined && webSocket.readyState !== closed) webSocket.once("close", finish)
    else finish()
  })

  const destroy = () => {
    if (isOver) return
    const webSocket = webSocketOf(conn.transport)
    const isPolite = unsentBytes() === 0
    finish()
    conn.close(true)
    if (!isPolite) {
      webSocket?.terminate()
      response?.destroy()
    } else if (webSocket !== undefined && webSocket.readyState !== closed) {
      deadline = setTimeout(() => webSocket.terminate(), closingMillis).unref()
      webSocket.once("close", () => clearTimeout(deadline))
    }
  }

  socket.on("disconnect", () => {
    if (!isEnding) destroy()
  })
  // Only errors of the connection itself are instances of Error; an event of this name is the peer's and is not.
  socket.on("error", (error: unknown) => {
    if (Predicate.isError(error)) destroy()
  })

  const writeEvents = (batch: ReadonlyArray<Encoded>) => {
    const [first] = batch
    if (first === undefined) return
    if (takesFrames(webSocketOf(conn.transport))) {
      const options = { compress: false, wsPreEncodedFrame: [encoder.bytes(batch)] }
      conn.write(first.text, options)
    } else for (const { text } of batch) conn.write(text, { compress: false })
  }

  const write = (frames: ReadonlyArray<SocketIoPacket>) => {
    if (isEnding || isOver) return
    isWriting = true
    let batch: Array<Encoded> = []
    for (const frame of frames) {
      if (frame._tag !== "Ack") batch.push(encoder.encode(frame))
      else {
        writeEvents(batch)
        batch = []
        const acknowledge = acks.get(frame.id)
        acks.delete(frame.id)
        acknowledge?.(...frame.args)
      }
    }
    writeEvents(batch)
    isWriting = false
  }

  return {
    write,
    unsentBytes,
    listen: (to) => {
      listener = to
    },
    end: () => {
      if (isEnding || isOver) return
      isEnding = true
      deadline = setTimeout(destroy, endingMillis).unref()
      conn.close()
    },
    destroy,
    await: (acknowledge) => {
      lastAck += 1
      acks.set(lastAck, acknowledge)
      if (acks.size > limitAcks) acks.delete(lastAck - limitAcks)
      return lastAck
    }
  }
}
