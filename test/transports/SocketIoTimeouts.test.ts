import * as http from "node:http"
import { type AddressInfo, connect, type Socket as NetSocket } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { Server, type Socket } from "socket.io"
import * as SocketIoTimeouts from "../../src/transports/SocketIoTimeouts.ts"

const pingTimeoutMillis = 60

/** A server that pings often, if nothing else is said. */
const listen = Effect.fnUntraced(function* (use: (conn: Socket["conn"]) => void, pingInterval = 20) {
  const server = yield* Effect.acquireRelease(
    Effect.sync(() => http.createServer()),
    (server) =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  )
  const io = new Server(server, {
    connectTimeout: SocketIoTimeouts.neverMillis,
    pingInterval,
    pingTimeout: pingTimeoutMillis
  })
  io.engine.on("connection", use)
  yield* Effect.acquireRelease(Effect.void, () => Effect.sync(() => io.engine.close()))
  yield* Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void)))
  return { io, port: (server.address() as AddressInfo).port }
})

/** Texts of WebSocket frames that a client sends, whose mask is 0. */
const frame = (text: string): Uint8Array =>
  Buffer.concat([Uint8Array.of(0x81, 0x80 + text.length, 0, 0, 0, 0), Buffer.from(text)])

/** Opens a WebSocket by hand; `hear` is told each text of one character. */
const open = (port: number, hear: (text: string, socket: NetSocket) => void) =>
  Effect.acquireRelease(
    Effect.callback<NetSocket>((resume) => {
      const socket = connect(port, "127.0.0.1")
      socket.on("error", () => {})
      socket.write(
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n" +
          "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
      )
      socket.once("data", () => resume(Effect.succeed(socket)))
      socket.on("data", (bytes: Buffer) => {
        if (bytes.length === 3 && bytes[0] === 0x81) hear(bytes.toString("latin1", 2), socket)
      })
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )

/** Nothing in this process runs for a time. */
const stop = (millis: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis)

/** What becomes of a peer that says something on its first ping, and something soon after that, while the server is stopped. */
const answering = Effect.fnUntraced(function* (
  using: Effect.Effect<(conn: Socket["conn"]) => void, never, Scope.Scope>,
  { first, later }: { readonly first?: string; readonly later?: string }
) {
  const { io, port } = yield* listen(yield* using)
  const outcome = Effect.callback<string>((resume) => {
    io.engine.on("connection", (conn: Socket["conn"]) => {
      let beats = 0
      conn.once("close", (reason: string) => resume(Effect.succeed(reason)))
      conn.on("heartbeat", () => {
        beats++
        if (beats === 3) resume(Effect.succeed("alive"))
      })
    })
  })
  const waiting = yield* Effect.forkChild(outcome, { startImmediately: true })
  let pings = 0
  yield* open(port, (text, socket) => {
    if (text !== "2") return
    if (++pings > 1) return void socket.write(frame("3"))
    if (first !== undefined) socket.write(frame(first))
    // Behind this turn the timers come first, and then what was written.
    const stopping = () => {
      if (later !== undefined) socket.write(frame(later))
      stop(2 * pingTimeoutMillis)
    }
    setTimeout(() => setImmediate(stopping), pingTimeoutMillis / 4)
  })
  return yield* Fiber.join(waiting)
}, Effect.scoped)

const endSilent = SocketIoTimeouts.endSilent(pingTimeoutMillis)

describe("SocketIoTimeouts", () => {
  it.live("endSilent() lets whoever has answered in time stay when the server was stopped", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* answering(
          Effect.succeed(() => {}),
          { later: "3" }
        ),
        "ping timeout"
      )
      assert.strictEqual(yield* answering(endSilent, { later: "3" }), "alive")
    })
  )

  it.live("endSilent() ends whoever does not answer, also if it says something else", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* answering(endSilent, {}), "ping timeout")
      assert.strictEqual(yield* answering(endSilent, { later: "40" }), "ping timeout")
      assert.strictEqual(yield* answering(endSilent, { first: "40", later: `42["x"]` }), "ping timeout")
    })
  )

  it.effect("endIdlers() ends whoever has not asked for the chat in time, and nobody else", () =>
    Effect.gen(function* () {
      const { io, port } = yield* listen(() => {}, 60_000)
      const joined = yield* SocketIoTimeouts.endIdlers(io, 15_000)
      io.on("connection", (socket) => joined(socket.conn))
      const asked = Effect.callback<void>((resume) => void io.once("connection", () => resume(Effect.void)))
      const asking = yield* Effect.forkChild(asked, { startImmediately: true })
      const [idle, busy] = [yield* open(port, () => {}), yield* open(port, () => {})]
      busy.write(frame("40"))
      yield* Fiber.join(asking)
      const closes: Array<NetSocket> = []
      const told = Effect.callback<void>((resume) => {
        for (const socket of [idle, busy]) {
          socket.on("data", (bytes: Buffer) => {
            if (bytes[0] !== 0x88) return
            closes.push(socket)
            resume(Effect.void)
          })
        }
      })
      const ended = yield* Effect.forkChild(told, { startImmediately: true })
      yield* TestClock.adjust(14_999)
      assert.deepStrictEqual(closes, [])
      yield* TestClock.adjust(1)
      yield* TestClock.adjust("1 hour")
      yield* Fiber.join(ended)
      assert.isTrue(closes.every((socket) => socket === idle))
    }).pipe(Effect.scoped)
  )
})
