/** The carrier without the chat: a stand-in hands it to the test. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, FiberSet, Layer, Queue, type Scope, Stream } from "effect"
import * as http from "node:http"
import * as net from "node:net"
import { isDeepStrictEqual } from "node:util"
import { io, type Socket } from "socket.io-client"
import type { SocketIoPacket } from "../../src/protocols/SocketIoPacket.ts"
import * as SocketsProtocol from "../../src/protocols/sockets/SocketsProtocol.ts"
import { Chat } from "../../src/services/Chat.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import type { Carrier } from "../../src/transports/Carrier.ts"
import { Connections } from "../../src/transports/Connections.ts"
import * as SocketIoListener from "../../src/transports/SocketIoListener.ts"

interface Peer {
  readonly carrier: Carrier<SocketIoPacket>
  readonly reads: Stream.Stream<unknown>
  readonly address: string
}

interface Bench {
  readonly port: number
  readonly server: http.Server
  /** The next peer that connects. */
  readonly peer: Effect.Effect<Peer>
}

const serve = Effect.fnUntraced(function* (): Effect.fn.Return<Omit<Bench, "peer">, never, Scope.Scope | Connections> {
  const server = http.createServer()
  yield* Effect.addFinalizer(() => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void))))
  const service = yield* Effect.flatMap(Connections, (connections) => connections.serve(SocketsProtocol.make()))
  yield* SocketIoListener.attach({ service, server, origins: [] })
  yield* Effect.callback<void>((resume) => void server.listen(0, () => resume(Effect.void)))
  return { server, port: (server.address() as net.AddressInfo).port }
})

const bench = Effect.gen(function* (): Effect.fn.Return<Bench, never, Scope.Scope> {
  const peers = yield* Queue.make<Peer>()
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const handOver = Layer.effect(
    Connections,
    Effect.map(Connections, (connections) =>
      Connections.of({
        ...connections,
        accept:
          () =>
          ({ carrier, inbound, remote }) => {
            const { address } = remote
            Queue.offerUnsafe(peers, { carrier: carrier as unknown as Peer["carrier"], reads: inbound.stream, address })
            return run(Effect.never)
          }
      })
    )
  )
  const connections = handOver.pipe(Layer.provide(Connections.layer), Layer.provide(Chat.layer))
  return { ...(yield* Effect.provide(serve(), connections)), peer: Queue.take(peers) }
})

const connect = Effect.fnUntraced(function* (
  { port }: Omit<Bench, "peer">,
  transport: string
): Effect.fn.Return<
  { readonly socket: Socket; readonly next: Effect.Effect<ReadonlyArray<unknown>> },
  never,
  Scope.Scope
> {
  const events = yield* Queue.make<ReadonlyArray<unknown>>()
  const socket = yield* Effect.acquireRelease(
    Effect.sync(() => io(`http://127.0.0.1:${port}`, { transports: [transport], forceNew: true, reconnection: false })),
    (socket) => Effect.sync(() => socket.disconnect())
  )
  socket.on("disconnect", (reason) => Queue.offerUnsafe(events, ["disconnect", reason]))
  socket.onAny((...event: ReadonlyArray<unknown>) => Queue.offerUnsafe(events, event))
  return { socket, next: Queue.take(events) }
})

/** A peer that opens a WebSocket by hand and reads nothing after that. */
const sloth = ({ port }: Omit<Bench, "peer">) =>
  Effect.acquireRelease(
    Effect.callback<net.Socket>((resume) => {
      const socket = net.connect(port, "127.0.0.1", () => {
        const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13"
        const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
        socket.write(`GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: h\r\n${upgrade}\r\n${key}\r\n\r\n`)
      })
      socket.on("error", () => socket.destroy())
      let received = ""
      socket.on("data", (data) => {
        received += data.toString("latin1")
        if (received.includes('40{"sid"')) {
          socket.pause()
          resume(Effect.succeed(socket))
        } else if (received.includes('0{"sid"')) socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x34, 0x30]))
      })
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )

const word = (text: string): SocketIoPacket => ({ _tag: "Event", name: "word", args: [text] })

const listen = ({ carrier }: Peer) => {
  const drained = Deferred.makeUnsafe<void>()
  const closed = Deferred.makeUnsafe<void>()
  carrier.listen({
    answering: () => {},
    failed: () => {},
    progressed: () => {},
    drained: () => Deferred.doneUnsafe(drained, Effect.void),
    closed: () => Deferred.doneUnsafe(closed, Effect.void)
  })
  return { drained: Deferred.await(drained), closed: Deferred.await(closed) }
}

const connectionsOf = (server: http.Server) =>
  Effect.callback<number>((resume) => {
    server.getConnections((_, count) => resume(Effect.succeed(count)))
  })

const abandoned = (server: http.Server) =>
  Effect.callback<void>((resume) => {
    const look = (): void => {
      server.getConnections((_, count) => (count === 0 ? resume(Effect.void) : setImmediate(look)))
    }
    look()
  })

const chat = Connections.layer.pipe(
  Layer.provideMerge(Chat.layer),
  Layer.provide(Layer.succeed(Limits, { ...defaults, floodRate: 0 }))
)

describe("SocketIoCarrier", () => {
  for (const transport of ["websocket", "polling"]) {
    it.live(`SocketIoCarrier.write() keeps order over ${transport}`, () =>
      Effect.gen(function* () {
        const here = yield* bench
        const { socket, next } = yield* connect(here, transport)
        const acks = yield* Queue.make<unknown>()
        const peer = yield* here.peer
        assert.strictEqual(peer.address, "127.0.0.1")
        for (const name of ["one", "two"])
          socket.emit(name, 1, null, (answer: unknown) => Queue.offerUnsafe(acks, answer))
        const read = yield* Stream.runCollect(Stream.take(peer.reads, 2))
        assert.deepStrictEqual(read, [
          { _tag: "Event", name: "one", args: [1, null], ack: 1 },
          { _tag: "Event", name: "two", args: [1, null], ack: 2 }
        ])
        // Lengths on both sides of each length of a WebSocket frame's head.
        const texts = ["", "ü", ...[113, 114, 65_523, 65_524, 200_000].map((length) => "x".repeat(length))]
        const words = texts.map(word)
        const ack = { _tag: "Ack", id: 2, args: [{ ok: true }] } as const
        peer.carrier.write([...words, ack, ack, { _tag: "Ack", id: 99, args: [] }, word("end")])
        const { drained } = listen(peer)
        yield* drained
        assert.strictEqual(peer.carrier.unsentBytes(), 0)
        for (const text of texts) assert.deepStrictEqual(yield* next, ["word", text])
        assert.deepStrictEqual(yield* Queue.take(acks), { ok: true })
        assert.deepStrictEqual(yield* next, ["word", "end"])
        peer.carrier.write(words)
        for (const text of texts) assert.deepStrictEqual(yield* next, ["word", text])
        assert.strictEqual(yield* Queue.size(acks), 0)
      }).pipe(Effect.scoped)
    )

    it.live(`SocketIoCarrier.end() sends what was handed over, over ${transport}`, () =>
      Effect.gen(function* () {
        const here = yield* bench
        const client = yield* connect(here, transport)
        const peer = yield* here.peer
        const { closed } = listen(peer)
        const words = Array.from({ length: 50 }, (_, index) => word(`${index}`.padEnd(10_000)))
        peer.carrier.write(words)
        peer.carrier.end()
        peer.carrier.write([word("too late")])
        for (let count = 0; count < 50; count++) assert.strictEqual((yield* client.next)[0], "word")
        assert.deepStrictEqual(yield* client.next, ["disconnect", "transport close"])
        yield* closed
        yield* Stream.runDrain(peer.reads)
      }).pipe(Effect.scoped)
    )

    it.live(`SocketIoCarrier.destroy() lets the last words arrive, over ${transport}`, () =>
      Effect.gen(function* () {
        const here = yield* bench
        const client = yield* connect(here, transport)
        const peer = yield* here.peer
        peer.carrier.write([word("x".repeat(100_000)), { _tag: "Disconnect" }])
        const { closed, drained } = listen(peer)
        yield* drained
        peer.carrier.destroy()
        peer.carrier.destroy()
        assert.strictEqual((yield* client.next)[0], "word")
        assert.deepStrictEqual(yield* client.next, ["disconnect", "io server disconnect"])
        yield* closed
        yield* Stream.runDrain(peer.reads)
      }).pipe(Effect.scoped)
    )

    it.live(`SocketIoListener.attach() drops who sends faster than it is read, over ${transport}`, () =>
      Effect.gen(function* () {
        const here = yield* bench
        const client = yield* connect(here, transport)
        const peer = yield* here.peer
        const { closed } = listen(peer)
        for (let count = 0; count <= SocketIoListener.backlogLimit; count++) client.socket.emit("word", () => {})
        assert.strictEqual((yield* client.next)[0], "disconnect")
        yield* closed
        yield* Stream.runDrain(peer.reads)
      }).pipe(Effect.scoped)
    )

    it.live(`SocketIoCarrier ends when its peer leaves over ${transport}`, () =>
      Effect.gen(function* () {
        const here = yield* bench
        const client = yield* connect(here, transport)
        const peer = yield* here.peer
        const { closed } = listen(peer)
        client.socket.disconnect()
        yield* closed
        yield* Stream.runDrain(peer.reads)
        peer.carrier.write([word("nobody")])
        assert.strictEqual(peer.carrier.unsentBytes(), 0)
      }).pipe(Effect.scoped)
    )
  }

  it.live("SocketIoListener.attach() drops who sends more bytes than it is read", () =>
    Effect.gen(function* () {
      const here = yield* bench
      const client = yield* connect(here, "websocket")
      const { closed } = listen(yield* here.peer)
      for (let count = 0; count < 12; count++) client.socket.emit("word", "x".repeat(200_000))
      yield* closed
    }).pipe(Effect.scoped)
  )

  it.live("SocketIoCarrier.destroy() frees a peer that reads nothing", () =>
    Effect.gen(function* () {
      const here = yield* bench
      yield* sloth(here)
      const { carrier, ...peer } = yield* here.peer
      const { closed } = listen({ carrier, ...peer })
      const words = Array.from({ length: 200 }, () => word("x".repeat(100_000)))
      carrier.write(words)
      const unsent = carrier.unsentBytes()
      assert.isAbove(unsent, 20_000_000)
      assert.isBelow(unsent, 20_100_000)
      assert.strictEqual(yield* connectionsOf(here.server), 1)
      carrier.destroy()
      yield* closed
      assert.strictEqual(carrier.unsentBytes(), 0)
      yield* abandoned(here.server)
    }).pipe(Effect.scoped)
  )

  it.live("SocketIoListener.attach() hangs up on a member of the chat who reads nothing", () =>
    Effect.gen(function* () {
      const here = yield* serve()
      const lazy = yield* sloth(here)
      const register = Buffer.from('42["register","Sloth"]')
      lazy.write(Buffer.concat([Buffer.from([0x81, 0x80 + register.length, 0, 0, 0, 0]), register]))
      const ada = yield* connect(here, "websocket")
      ada.socket.emit("register", "Ada")
      let heard: unknown
      while (!isDeepStrictEqual(heard, { from: "Server", message: "Sloth left the chat" })) {
        ada.socket.emit("message", { from: "Ada", message: "x".repeat(16_000) })
        ada.socket.emit("rooms")
        heard = (yield* ada.next)[1]
      }
      ada.socket.disconnect()
      yield* abandoned(here.server)
    }).pipe(Effect.scoped, Effect.provide(chat))
  )

  it.live("SocketIoListener.attach() closes with its scope, whoever is connected", () =>
    Effect.gen(function* () {
      const clients = yield* Effect.scoped(
        Effect.gen(function* () {
          const here = yield* bench
          yield* sloth(here)
          // One that has opened a connection and never asks for the chat, with a request that waits.
          const handshake = yield* Effect.promise(() =>
            fetch(`http://127.0.0.1:${here.port}/socket.io/?EIO=4&transport=polling`).then((response) =>
              response.text()
            )
          )
          assert.match(handshake, /^0\{"sid"/)
          const polling = yield* Effect.promise(
            () =>
              new Promise<Socket>((resolve) => {
                const socket = io(`http://127.0.0.1:${here.port}`, { transports: ["polling"], reconnection: false })
                socket.on("connect", () => resolve(socket))
              })
          )
          return [polling]
        })
      )
      for (const client of clients) client.disconnect()
    })
  )
})
