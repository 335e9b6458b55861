/**
 * What goes out on one connection of Engine.IO, whoever writes it: our events, and what the libraries answer by themselves;
 * and what comes in before the libraries take it apart.
 *
 * - All bytes count that the kernel has not taken; when polling, also those that no request has fetched.
 * - Pings of WebSockets, namespaces that there are not, and probes before an upgrade are answered ten times a second, a hundred
 *   at once. Whoever asks for more is hung up on, and nothing of it is heard or answered any more.
 * - Of what one request sends no more than {@link limitPackets} packets are taken apart, and of a packet of Socket.IO no
 *   more than {@link limitValues} values; what belongs to one event has no more bytes than a packet may have.
 * - The chat is joined once.
 */
import * as NodeWS from "@effect/platform-node/NodeWS"
import { type Clock, Predicate } from "effect"
import type { Socket } from "socket.io"
import { monotonicMillis } from "../domain/MonotonicTime.ts"
import type { HangupReason } from "../domain/Hangup.ts"
import type { TokenBucket } from "../services/TokenBucket.ts"
import type { CarrierListener } from "./Carrier.ts"
import { makeAllowance } from "./TransportLimits.ts"

/** How many packets one request of a peer that polls may have. */
export const limitPackets = 4096
/** How many brackets and commas the JSON of a packet may have outside of strings, which is about how many values it has. */
export const limitValues = 10_000

/** A connection of Engine.IO, as Socket.IO has it. */
export type EngineSocket = Socket["conn"]

/** Who is told of what goes out. */
export type TrafficListener = Pick<CarrierListener, "answering" | "drained" | "failed">

/** The WebSockets of Engine.IO. They do not answer pings: {@link SocketIoTraffic} does. */
export class WebSocketServer extends NodeWS.WebSocketServer {
  constructor(options: NodeWS.ServerOptions) {
    super({ ...options, autoPong: false })
  }
}

// Engine.IO keeps the WebSocket to itself, and has no way of its own to give up on a peer that does not read.
const webSocketOf = (transport: object): NodeWS.WebSocket | undefined => {
  if (!Predicate.hasProperty(transport, "socket")) return undefined
  const isWebSocket = (socket: unknown): socket is NodeWS.WebSocket =>
    Predicate.hasProperty(socket, "terminate") && Predicate.hasProperty(socket, "bufferedAmount")
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

interface EnginePacket {
  readonly type: string
  readonly data?: string | Uint8Array
  readonly options?: { readonly wsPreEncodedFrame?: ReadonlyArray<Uint8Array> }
}

const sizeBytes = ({ data, options }: EnginePacket): number => {
  const frame = options?.wsPreEncodedFrame?.[0]
  if (frame !== undefined) return frame.length
  return data === undefined ? 1 : typeof data === "string" ? Buffer.byteLength(data) + 1 : data.length
}

const [quote, comma, openBracket, backslash, openBrace] = [0x22, 0x2c, 0x5b, 0x5c, 0x7b]

/** Whether JSON has so many values that to parse it would take long. */
const hasTooMany = (text: string): boolean => {
  if (text.length <= limitValues) return false
  let [count, isInString] = [0, false]
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) isInString = !isInString
    else if (isInString) {
      if (code === backslash) at++
    } else if ((code === comma || code === openBracket || code === openBrace) && ++count > limitValues) return true
  }
  return false
}

const separator = "\u001e"

/** Whether what a request sends has more packets than it may have. */
const isCrowded = (payload: string): boolean => {
  let count = 0
  for (let at = payload.indexOf(separator); at >= 0; at = payload.indexOf(separator, at + 1)) {
    if (++count >= limitPackets) return true
  }
  return false
}

type OnData = (data: string | Uint8Array) => void

// Engine.IO keeps it to itself, and takes all of it apart at once.
const reads = (transport: object): transport is { onData: OnData } =>
  Predicate.hasProperty(transport, "onData") && typeof transport.onData === "function"

const zero = 0x30
// A packet of Socket.IO that asks for a namespace begins with 0 and its name, if that is not the one that there is.
const asksForNamespace = ({ data, type }: EnginePacket): boolean =>
  type === "message" && typeof data === "string" && data.charCodeAt(0) === zero
const asksForChat = (data: string): boolean => data[1] !== "/" || data === "0/" || data.startsWith("0/,")

export class SocketIoTraffic {
  /** Whether what is written now is ours: who writes it counts it. */
  isOurs = false
  readonly #conn: EngineSocket
  readonly #clock: Clock.Clock
  readonly #limitBytes: number
  #listener: TrafficListener
  #webSocket: NodeWS.WebSocket | undefined
  #response: Response | undefined
  #waitingBytes = 0 // in Engine.IO's buffer
  #flushedBytes = 0 // with the transport that polls
  #flyingBytes = 0 // in the answers to requests
  #eventBytes = 0 // of what has come of an event in several packets
  #answers: TokenBucket | undefined
  #hasJoined = false
  #hasFailed = false
  readonly #settle = (): void => {
    if (this.unsentBytes === 0) this.#listener.drained()
  }

  /** An event may have `limitBytes`. */
  constructor(conn: EngineSocket, clock: Clock.Clock, limitBytes: number, listener: TrafficListener) {
    this.#conn = conn
    this.#clock = clock
    this.#limitBytes = limitBytes
    this.#listener = listener
    this.#watch(conn.transport)
    conn.on("upgrade", (transport: EngineSocket["transport"]) => this.#watch(transport))
    conn.on("upgrading", (transport: EngineSocket["transport"]) => {
      if (this.#isTooMuch()) webSocketOf(transport)?.terminate()
    })
    conn.on("packet", (packet: EnginePacket) => {
      if (packet.type === "message") this.#check(packet.data)
      if (asksForNamespace(packet)) this.#asked(packet.data as string)
    })
    conn.on("packetCreate", (packet: EnginePacket) => {
      const bytes = sizeBytes(packet)
      if (!this.isOurs) this.#listener.answering(bytes)
      this.#waitingBytes += bytes
    })
    // A flush hands everything that waits to the transport, which takes no more until it has drained.
    conn.on("flush", () => {
      if (this.#webSocket === undefined) this.#flushedBytes += this.#waitingBytes
      this.#waitingBytes = 0
    })
  }

  /** Bytes that are on their way. */
  get unsentBytes(): number {
    return this.#waitingBytes + this.#flushedBytes + this.#flyingBytes + (this.#webSocket?.bufferedAmount ?? 0)
  }

  /** The WebSocket of a connection that has one. */
  get webSocket(): NodeWS.WebSocket | undefined {
    return this.#webSocket
  }

  /** From now on another one is told. */
  listen(listener: TrafficListener): void {
    this.#listener = listener
  }

  /** Closes the connection and drops what is on its way. */
  abort(): void {
    this.#conn.close(true)
    this.#webSocket?.terminate()
    this.#response?.destroy()
  }

  #watch(transport: EngineSocket["transport"]): void {
    const webSocket = webSocketOf(transport)
    this.#webSocket = webSocket
    if (webSocket !== undefined) {
      webSocket.on("ping", (data: Buffer) => this.#pong(webSocket, data))
      // It tells when its socket has taken the bytes, never before the call that wrote them has returned.
      transport.on("drain", this.#settle)
      return
    }
    this.#guard(transport)
    transport.on("drain", () => {
      const bytes = this.#flushedBytes
      this.#flushedBytes = 0
      if (bytes === 0 || this.#response === undefined) return queueMicrotask(this.#settle)
      this.#flyingBytes += bytes
      this.#response.once("close", () => {
        this.#flyingBytes -= bytes
        queueMicrotask(this.#settle)
      })
    })
    transport.on("headers", () => {
      this.#response = responseOf(transport) ?? this.#response
    })
  }

  #guard(transport: object): void {
    if (!reads(transport)) return
    const read = transport.onData.bind(transport)
    transport.onData = (data) => {
      if (typeof data === "string" && isCrowded(data)) this.#fail("too-large")
      else read(data)
    }
  }

  // A text begins an event, and what is no text goes on with it.
  #check(data: string | Uint8Array | undefined): void {
    const bytes = data?.length ?? 0
    if (typeof data !== "string") this.#eventBytes += bytes
    else {
      this.#eventBytes = bytes
      if (hasTooMany(data)) return this.#fail("malformed")
    }
    if (this.#eventBytes > this.#limitBytes) this.#fail("too-large")
  }

  #pong(webSocket: NodeWS.WebSocket, data: Buffer): void {
    if (webSocket.readyState !== webSocket.OPEN || this.#isTooMuch()) return
    this.#listener.answering(data.length + 2)
    webSocket.pong(data, false, this.#settle)
  }

  #asked(data: string): void {
    if (!asksForChat(data)) this.#isTooMuch()
    else if (this.#hasJoined) this.#fail("malformed")
    this.#hasJoined ||= asksForChat(data)
  }

  #isTooMuch(): boolean {
    if (this.#hasFailed) return true
    this.#answers ??= makeAllowance()
    if (this.#answers.take(monotonicMillis(this.#clock)) > 0) this.#fail("flooding")
    return this.#hasFailed
  }

  #fail(reason: HangupReason): void {
    if (this.#hasFailed) return
    this.#hasFailed = true
    // Socket.IO hears nothing of the packet that is being read, nor of any other.
    this.#conn.removeAllListeners("data")
    this.#listener.failed(reason)
  }
}
