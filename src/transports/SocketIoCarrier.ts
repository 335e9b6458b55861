/**
 * A Socket.IO connection as a carrier of packets.
 *
 * - On WebSockets one write carries all events that were handed over together, as bytes that are made once however many
 *   connections they go to.
 * - What is unsent is what was handed over and the kernel has not taken; when polling, also what no request has fetched.
 * - Whoever is destroyed with nothing unsent gets a moment to close in an orderly way, so that the last words arrive.
 * - A carrier is over once. Then its reads end, and `closed` is told; both calls to a listener come after the call that
 *   caused them has returned.
 */
import { Predicate } from "effect"
import type { Socket } from "socket.io"
import type { SocketIoPacket } from "../protocols/SocketIoPacket.ts"
import type { Carrier } from "./Carrier.ts"
import { framed, isUnsolicited, type SocketIoBatches, textOf, type Unsolicited } from "./SocketIoBatches.ts"

/** How many acknowledgements a peer may wait for; beyond that the oldest is forgotten. */
export const limitAcks = 1024
/** How long a peer may take to close its side, when all that it should get has been sent. */
const closingMillis = 1_000
/** How long what was handed over before the end may take to be sent. */
const endingMillis = 10_000

type Listener = Parameters<Carrier<SocketIoPacket>["listen"]>[0]

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
export const make = (socket: Socket, batches: SocketIoBatches, over: () => void): SocketIoCarrier => {
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
  let areFramesTaken = false

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
    areFramesTaken = takesFrames(webSocketOf(transport))
    transport.on("drain", () => {
      const bytes = flushedBytes
      flushedBytes = 0
      if (bytes === 0) return
      // A WebSocket tells when its socket has taken the bytes, never before the call that wrote them has returned.
      if (areFramesTaken) return tellDrained()
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
  socket.on("error", destroy)

  const writeEvents = (events: ReadonlyArray<Unsolicited>) => {
    if (events.length === 0) return
    if (areFramesTaken) conn.write("", framed(events))
    else for (const event of events) conn.write(textOf(event), { compress: false })
  }

  const acknowledge = ({ args, id }: SocketIoPacket & { readonly _tag: "Ack" }) => {
    const answer = acks.get(id)
    acks.delete(id)
    answer?.(...args)
  }

  const writeMixed = (packets: ReadonlyArray<SocketIoPacket>) => {
    let events: Array<Unsolicited> = []
    for (const packet of packets) {
      if (isUnsolicited(packet)) events.push(packet)
      else {
        writeEvents(events)
        events = []
        acknowledge(packet)
      }
    }
    writeEvents(events)
  }

  const write = (packets: ReadonlyArray<SocketIoPacket>) => {
    if (isEnding || isOver) return
    isWriting = true
    const batch = areFramesTaken ? batches.framed(packets) : undefined
    if (batch === undefined) writeMixed(packets)
    else if (packets.length > 0) conn.write("", batch)
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
