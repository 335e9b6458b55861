/** A WebSocket of Engine.IO by hand, for what no client's library would send. */
import { Deferred, Effect, Queue, type Scope } from "effect"
import * as net from "node:net"

/** A frame by RFC 6455 § 5.2, masked by zeros. */
export const frame = (opcode: number, payload: string | Uint8Array): Buffer => {
  const bytes = Buffer.from(payload)
  const head = Buffer.alloc(bytes.length < 126 ? 2 : bytes.length < 65_536 ? 4 : 10)
  head[0] = 0x80 + opcode
  if (head.length === 2) head[1] = 0x80 + bytes.length
  else if (head.length === 4) {
    head[1] = 0x80 + 126
    head.writeUInt16BE(bytes.length, 2)
  } else {
    head[1] = 0x80 + 127
    head.writeUInt32BE(bytes.length, 6)
  }
  return Buffer.concat([head, Buffer.alloc(4), bytes])
}

export const text = (payload: string): Buffer => frame(1, payload)
export const ping = (payload: string): Buffer => frame(9, payload)

/** What a server's frame carries. */
export interface Frame {
  readonly opcode: number
  readonly payload: string
}

const closed: Frame = { opcode: -1, payload: "" }

export interface RawWebSocket {
  readonly socket: net.Socket
  /** The next frame; when the connection has ended, one of the opcode -1. */
  readonly next: Effect.Effect<Frame>
  /** All frames until the connection has ended. */
  readonly rest: Effect.Effect<ReadonlyArray<Frame>>
}

/** Opens one; `query` says more than what every one says. */
export const open = Effect.fnUntraced(function* (
  port: number,
  query = ""
): Effect.fn.Return<RawWebSocket, never, Scope.Scope> {
  const frames = yield* Queue.make<Frame>()
  const opened = Deferred.makeUnsafe<void>()
  const socket = yield* Effect.acquireRelease(
    Effect.sync(() => net.connect(port, "127.0.0.1")),
    (socket) => Effect.sync(() => socket.destroy())
  )
  const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13"
  const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
  socket.write(`GET /socket.io/?EIO=4&transport=websocket${query} HTTP/1.1\r\nHost: h\r\n${upgrade}\r\n${key}\r\n\r\n`)
  let received = Buffer.alloc(0)
  let isOpen = false
  socket.on("error", () => socket.destroy())
  socket.on("close", () => Queue.offerUnsafe(frames, closed))
  socket.on("data", (bytes: Buffer) => {
    received = Buffer.concat([received, bytes])
    if (!isOpen) {
      const end = received.indexOf("\r\n\r\n")
      if (end < 0) return
      isOpen = true
      Deferred.doneUnsafe(opened, Effect.void)
      received = received.subarray(end + 4)
    }
    while (received.length >= 2) {
      const short = received[1]!
      const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10
      if (received.length < headBytes) return
      const size = headBytes === 2 ? short : headBytes === 4 ? received.readUInt16BE(2) : received.readUInt32BE(6)
      if (received.length < headBytes + size) return
      const payload = received.toString("utf8", headBytes, headBytes + size)
      Queue.offerUnsafe(frames, { opcode: received[0]! & 0x0f, payload })
      received = received.subarray(headBytes + size)
    }
  })
  yield* Deferred.await(opened)
  const next = Queue.take(frames)
  const rest = Effect.gen(function* () {
    const all: Array<Frame> = []
    for (let frame = yield* next; frame !== closed; frame = yield* next) all.push(frame)
    return all
  })
  return { socket, next, rest }
})

/** Opens one that Engine.IO has greeted. */
export const greet = Effect.fnUntraced(function* (port: number): Effect.fn.Return<RawWebSocket, never, Scope.Scope> {
  const peer = yield* open(port)
  yield* peer.next
  return peer
})

/** Opens one and joins the chat. */
export const join = Effect.fnUntraced(function* (port: number): Effect.fn.Return<RawWebSocket, never, Scope.Scope> {
  const peer = yield* greet(port)
  peer.socket.write(text("40"))
  yield* peer.next
  return peer
})
