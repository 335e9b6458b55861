/** What the libraries beneath Socket.IO answer by themselves. The clock stands still, so that no token comes back. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import * as http from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { TestClock } from "effect/testing"
import * as SocketsProtocol from "../../src/protocols/sockets/SocketsProtocol.ts"
import { Chat } from "../../src/services/Chat.ts"
import { Metrics } from "../../src/services/Metrics.ts"
import type { Quota } from "../../src/services/Quota.ts"
import { Connections } from "../../src/transports/Connections.ts"
import * as SocketIoListener from "../../src/transports/SocketIoListener.ts"
import { defaults } from "../../src/transports/TransportLimits.ts"
import * as RawWebSocket from "./RawWebSocket.ts"

const layer = Connections.layer.pipe(Layer.provideMerge(Chat.layer))

interface Bench {
  readonly port: number
  /** All sockets that have connected. */
  readonly sockets: ReadonlyArray<Socket>
  readonly counts: Metrics["Service"]["counts"]
}

const bench = Effect.gen(function* (): Effect.fn.Return<Bench, never, Scope.Scope | Connections | Metrics | Quota> {
  const server = http.createServer()
  yield* Effect.addFinalizer(() => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void))))
  const sockets: Array<Socket> = []
  server.on("connection", (socket) => sockets.push(socket))
  const service = yield* Effect.flatMap(Connections, (connections) => connections.serve(SocketsProtocol.make()))
  yield* SocketIoListener.attach({ service, server, origins: [] })
  yield* Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void)))
  const { counts } = yield* Metrics
  return { port: (server.address() as AddressInfo).port, sockets, counts }
})

const pings = (count: number) => Buffer.concat(Array.from({ length: count }, () => RawWebSocket.ping("are you there")))
const strangeNames = (count: number) => Array.from({ length: count }, (_, index) => `40/n${index},`)
const inFrames = (packets: ReadonlyArray<string>) => Buffer.concat(packets.map(RawWebSocket.text))
const isPong = ({ opcode }: RawWebSocket.Frame) => opcode === 10
const isRefusal = (payload: string) => payload.startsWith("44/")
const isLastWord = (payload: string) => payload.includes('"code":"flooding"')

// An event that there is not, so that nobody hears it: two brackets, and commas.
const manyValues = (commas: number) => `42["nothing",[${"1,".repeat(commas)}1]]`
const noops = (count: number) => Array.from({ length: count }, () => "6")
// Of 256 KiB an event may have nine such pieces with its text, and no tenth. Each is a request.
const attachments = (count: number) => {
  const text = JSON.stringify(["nothing", ...Array.from({ length: count }, (_, num) => ({ _placeholder: true, num }))])
  const pieces = Array.from({ length: count }, () => `b${Buffer.alloc(28_000).toString("base64")}`)
  return [`45${count}-${text}`, ...pieces].map((packet) => [packet])
}

/** A peer that polls, by hand. */
const poll = Effect.fnUntraced(function* ({ port }: Pick<Bench, "port">) {
  const base = `http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`
  const ask = (url: string, init?: RequestInit) =>
    Effect.promise(() => fetch(url, init).then((response) => response.text()))
  const { sid } = JSON.parse((yield* ask(base)).slice(1)) as { readonly sid: string }
  const post = (packets: ReadonlyArray<string>) =>
    ask(`${base}&sid=${sid}`, { method: "POST", body: packets.join("\u001e") })
  return { sid, post, get: Effect.map(ask(`${base}&sid=${sid}`), (body) => body.split("\u001e")) }
})

describe("SocketIoTraffic", () => {
  it.effect("a hundred pings are answered at once, then ten a second", () =>
    Effect.gen(function* () {
      const peer = yield* RawWebSocket.join((yield* bench).port)
      for (const count of [100, 10, 10]) {
        peer.socket.write(pings(count))
        for (let round = 0; round < count; round++) {
          assert.deepStrictEqual(yield* peer.next, { opcode: 10, payload: "are you there" })
        }
        yield* TestClock.adjust("1 second")
      }
      peer.socket.write(RawWebSocket.text('421["register","Ada"]'))
      assert.deepStrictEqual(yield* peer.next, { opcode: 1, payload: "431[true]" })
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  for (const [what, flood, isAnswer] of [
    ["pings", pings(3000), isPong],
    [
      "asks for what there is not",
      inFrames(strangeNames(3000)),
      ({ payload }: RawWebSocket.Frame) => isRefusal(payload)
    ]
  ] as const) {
    it.effect(`who ${what} more often is told why it ends`, () =>
      Effect.gen(function* () {
        const { counts, port } = yield* bench
        const peer = yield* RawWebSocket.join(port)
        peer.socket.write(flood)
        const frames = yield* peer.rest
        assert.strictEqual(frames.filter(isAnswer).length, 100)
        assert.strictEqual(frames.filter(({ payload }) => isLastWord(payload)).length, 1)
        assert.deepStrictEqual(counts.hangups, { flooding: 1 })
      }).pipe(Effect.scoped, Effect.provide(layer))
    )

    it.effect(`who ${what} more often without having joined is cut off`, () =>
      Effect.gen(function* () {
        const { counts, port, sockets } = yield* bench
        const peer = yield* RawWebSocket.greet(port)
        const writtenBytes = sockets[0]!.bytesWritten
        peer.socket.write(flood)
        yield* peer.rest
        assert.deepStrictEqual(counts.hangups, { flooding: 1 })
        assert.isAbove(sockets[0]!.bytesWritten, writtenBytes)
        assert.isBelow(sockets[0]!.bytesWritten, writtenBytes + 100 * 60)
      }).pipe(Effect.scoped, Effect.provide(layer))
    )
  }

  it.effect("who asks for what there is not more often, by polling, is told why it ends", () =>
    Effect.gen(function* () {
      const here = yield* bench
      const { get, post } = yield* poll(here)
      yield* post(["40"])
      assert.match((yield* get)[0]!, /^40\{/)
      yield* post(strangeNames(3000))
      const packets = yield* get
      assert.strictEqual(packets.filter(isRefusal).length, 100)
      if (!packets.some(isLastWord)) assert.isTrue((yield* get).some(isLastWord))
      assert.deepStrictEqual(here.counts.hangups, { flooding: 1 })
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  // What is sent back may be larger than what is sent, and each of these is far from too many.
  for (const hasJoined of [false, true]) {
    it.effect(`what is answered to who does not read counts, ${hasJoined ? "joined" : "not joined"}`, () =>
      Effect.gen(function* () {
        const { counts, port, sockets } = yield* bench
        const peer = yield* hasJoined ? RawWebSocket.join(port) : RawWebSocket.greet(port)
        peer.socket.pause()
        const name = "x".repeat(200_000)
        for (let count = 0; count < 100; count++) peer.socket.write(RawWebSocket.text(`40/${name},`))
        let mostBytes = 0
        while (counts.hangups["slow"] === undefined) {
          mostBytes = Math.max(mostBytes, sockets[0]!.writableLength)
          yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        }
        assert.isBelow(mostBytes, defaults.outboxLimitBeforeLoginBytes + 3 * name.length)
        assert.deepStrictEqual(counts.hangups, { slow: 1 })
        peer.socket.resume()
        yield* peer.rest
      }).pipe(Effect.scoped, Effect.provide(layer))
    )

    it.effect(`what is answered to who does not poll counts, ${hasJoined ? "joined" : "not joined"}`, () =>
      Effect.gen(function* () {
        const here = yield* bench
        const { get, post } = yield* poll(here)
        if (hasJoined) {
          yield* post(["40"])
          yield* get
        }
        const strange = [`40/${"x".repeat(100_000)},`]
        for (let count = 0; count < 3; count++) {
          assert.deepStrictEqual(here.counts.hangups, {})
          yield* post(strange)
        }
        while (here.counts.hangups["slow"] === undefined) yield* Effect.yieldNow
        assert.include(yield* post(strange), "Session ID unknown")
      }).pipe(Effect.scoped, Effect.provide(layer))
    )
  }

  for (const [what, fits, excess, reason] of [
    ["one request with very many packets", [noops(4096)], [noops(4097)], "too-large"],
    ["JSON of very many values", [[manyValues(9997)]], [[manyValues(9998)]], "malformed"],
    ["an event of very many bytes", attachments(9), attachments(10), "too-large"]
  ] as const) {
    for (const hasJoined of [false, true]) {
      it.effect(`${what} is hung up on, ${hasJoined ? "joined" : "not joined"}`, () =>
        Effect.gen(function* () {
          const { counts, port } = yield* bench
          const { get, post } = yield* poll({ port })
          if (hasJoined) {
            yield* post(["40"])
            yield* get
            for (const request of fits) yield* post(request)
            assert.deepStrictEqual(counts.hangups, {})
          }
          for (const request of excess) yield* post(request)
          assert.deepStrictEqual(counts.hangups, { [reason]: 1 })
        }).pipe(Effect.scoped, Effect.provide(layer))
      )
    }
  }

  it.effect("strings may have any number of brackets and commas", () =>
    Effect.gen(function* () {
      const { counts, port } = yield* bench
      const peer = yield* RawWebSocket.join(port)
      const text = `${'\\"'.repeat(1000)}${"[{,".repeat(10_000)}`
      peer.socket.write(RawWebSocket.text(`421["register",${JSON.stringify(text)}]`))
      assert.include((yield* peer.next).payload, "431[false")
      assert.deepStrictEqual(counts.hangups, {})
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("probes before an upgrade are answered as seldom", () =>
    Effect.gen(function* () {
      const here = yield* bench
      const { post, sid } = yield* poll(here)
      yield* post(["40"])
      const peer = yield* RawWebSocket.open(here.port, `&sid=${sid}`)
      peer.socket.write(Buffer.concat([pings(500), inFrames(Array.from({ length: 3000 }, () => "2probe"))]))
      const frames = yield* peer.rest
      assert.isAtMost(frames.filter(({ payload }) => payload === "3probe").length, 101)
      assert.strictEqual(frames.filter(isPong).length, 0)
      assert.deepStrictEqual(here.counts.hangups, { flooding: 1 })
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("who joins twice is one connection, which ends", () =>
    Effect.gen(function* () {
      for (const packets of [["40", "40"], ["40", "40/,"], Array.from({ length: 1000 }, () => "40{}")]) {
        const { counts, port } = yield* bench
        const before = counts.hangups["malformed"] ?? 0
        const peer = yield* RawWebSocket.greet(port)
        peer.socket.write(inFrames(packets))
        const frames = yield* peer.rest
        assert.isAtMost(frames.filter(({ payload }) => payload.startsWith("40")).length, 1)
        assert.strictEqual(counts.hangups["malformed"], before + 1)
        assert.strictEqual(counts.connections, 0)
      }
    }).pipe(Effect.scoped, Effect.provide(layer))
  )
})
