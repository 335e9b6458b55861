import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Latch, Layer, Queue, Scope } from "effect"
import { connect as connectTo, type Socket } from "node:net"
import { ProtocolName } from "../../src/domain/Message.ts"
import type { ByteProtocol } from "../../src/protocols/Protocol.ts"
import type { Steps } from "../../src/protocols/Step.ts"
import * as ChatMasterProtocol from "../../src/protocols/chatmaster/ChatMasterProtocol.ts"
import { Attachments } from "../../src/services/Attachments.ts"
import { Metrics } from "../../src/services/Metrics.ts"
import { History } from "../../src/services/History.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import { Peer } from "../../src/testing/mod.ts"
import { Connections } from "../../src/transports/Connections.ts"
import * as TcpListener from "../../src/transports/TcpListener.ts"

const utf8 = new TextEncoder()
const layer = Layer.merge(Peer.layer(), Attachments.layerMemory)

/** A chat whose history is read when a gate is open. */
const layerGated = (gate: Latch.Latch) => {
  const read = () => Effect.as(gate.await, [])
  const gated = Layer.effect(
    History,
    Effect.map(History, (history) => History.of({ ...history, read }))
  ).pipe(Layer.provide(History.layerMemory))
  return Layer.merge(Peer.layer({ history: gated }), Attachments.layerMemory)
}
const login = `{"type": "command", "data": {"command": "login", "parameters": {"username": "alice"}}}`

/** A client, and what it has heard so far; `over` waits for the end of the connection. */
const connect = Effect.fnUntraced(function* (address: string) {
  const heard: Array<string> = []
  const over = Deferred.makeUnsafe<void>()
  const news = yield* Queue.unbounded<string>()
  const socket = yield* Effect.acquireRelease(
    Effect.sync((): Socket =>
      connectTo({ host: "127.0.0.1", port: Number(address.slice(address.lastIndexOf(":") + 1)), allowHalfOpen: true })
    ),
    (socket) => Effect.sync(() => socket.destroy())
  )
  socket.on("data", (bytes: Buffer) => {
    heard.push(bytes.toString())
    Queue.offerUnsafe(news, heard.join(""))
  })
  socket.on("error", () => {})
  socket.on("end", () => Deferred.doneUnsafe(over, Effect.void))
  socket.on("close", () => Deferred.doneUnsafe(over, Effect.void))
  const hears = (text: string) => Effect.repeat(Queue.take(news), { until: (all) => all.includes(text) })
  return { socket, heard, hears, over: Deferred.await(over) }
})

const listenLocally = { host: "127.0.0.1", port: 0 }

const serve = Effect.fnUntraced(function* <Packet>(
  protocol: ByteProtocol<Packet>,
  options: { readonly host: string; readonly port: number } = listenLocally
) {
  const connections = yield* Connections
  return yield* TcpListener.listen(yield* connections.serve(protocol), options)
})

/**
 * A protocol that sends back what it reads, and with `asks` does so when it has read the history; `seen` is all that its
 * conversation was given, with a dot for the end.
 */
const echo = Effect.fnUntraced(function* (asks: boolean) {
  const seen: Array<string> = []
  const send = (text: string): Steps<Uint8Array> => [{ _tag: "Send", frame: utf8.encode(text) }]
  const protocol: ByteProtocol<string> = {
    name: ProtocolName.make("echo"),
    variants: 1,
    gapMillis: () => 0,
    render: () => [],
    sizeBytes: (frame) => frame.length,
    reader: () => ({ read: (bytes) => [Buffer.from(bytes).toString()], finish: () => ["."] }),
    converse: () => ({
      variant: 0,
      isExempt: true,
      isPaced: false,
      open: () => [{ _tag: "Login", name: `echo ${Math.random()}`, refused: () => send("refused") }],
      receive: (text) => {
        seen.push(text)
        if (text === ".") return send("bye")
        const replied = () => send(`${text}!`)
        return asks ? [{ _tag: "Run", command: { _tag: "ReadHistory" }, replied, refused: replied }] : replied()
      },
      present: () => [],
      farewell: () => []
    })
  }
  return { seen, address: yield* serve(protocol) }
})

/** Goes there and back on a connection of its own, which is longer than what was written before takes to arrive. */
const roundTrip = Effect.gen(function* () {
  const { address } = yield* echo(false)
  const { hears, socket } = yield* connect(address)
  socket.write("x")
  yield* hears("x!")
})

describe("TcpListener.listen()", () => {
  it.live("reads nothing while a step is waited for, and then goes on in order, up to the end", () => {
    const gate = Latch.makeUnsafe(false)
    return Effect.gen(function* () {
      const { address, seen } = yield* echo(true)
      const { heard, over, socket } = yield* connect(address)
      socket.write("a")
      yield* Effect.repeat(Effect.yieldNow, { until: () => seen.length > 0 })
      yield* Effect.callback<void>((resume) => void socket.write("b", () => resume(Effect.void)))
      yield* roundTrip
      assert.deepStrictEqual(seen, ["a"])
      socket.end("c")
      gate.openUnsafe()
      yield* over
      assert.strictEqual(seen.join(""), "abc.")
      assert.strictEqual(heard.join("").replaceAll("!", ""), "abcbye")
    }).pipe(Effect.scoped, Effect.provide(layerGated(gate)))
  })

  it.live("takes the end of a peer that goes while a step is waited for when that is done", () => {
    const gate = Latch.makeUnsafe(false)
    return Effect.gen(function* () {
      const { counts } = yield* Metrics
      const { address, seen } = yield* echo(true)
      const { socket } = yield* connect(address)
      socket.write("a")
      yield* Effect.repeat(Effect.yieldNow, { until: () => seen.length > 0 })
      socket.resetAndDestroy()
      yield* roundTrip
      assert.deepStrictEqual(seen, ["a"])
      gate.openUnsafe()
      yield* Effect.repeat(Effect.yieldNow, { until: () => counts.connections === 1 })
      assert.deepStrictEqual(seen, ["a", "."])
    }).pipe(Effect.scoped, Effect.provide(layerGated(gate)))
  })

  it.live("ends the wait for a step when its peer is hung up on", () =>
    Effect.gen(function* () {
      const connections = yield* Connections
      const { address, seen } = yield* echo(true)
      const { over, socket } = yield* connect(address)
      socket.write("a")
      yield* Effect.repeat(Effect.yieldNow, { until: () => seen.length > 0 })
      yield* connections.stop
      yield* over
    }).pipe(Effect.scoped, Effect.provide(layerGated(Latch.makeUnsafe(false))))
  )

  it.live("frees the name of a peer that has gone without a word", () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const { counts } = yield* Metrics
      const address = yield* serve(ChatMasterProtocol.make({ gapMillis: 0 }))
      const { hears, socket } = yield* connect(address)
      socket.write(login)
      yield* hears(`"status":true`)
      assert.isDefined(sessions.find("alice"))
      socket.resetAndDestroy()
      yield* Effect.repeat(Effect.yieldNow, { until: () => counts.connections === 0 })
      assert.isUndefined(sessions.find("alice"))
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("ends all connections when its scope closes, and takes no more", () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const { counts } = yield* Metrics
      const scope = yield* Scope.make()
      const protocol = ChatMasterProtocol.make({ gapMillis: 0 })
      const address = yield* Scope.provide(serve(protocol), scope)
      const { hears, over, socket } = yield* connect(address)
      socket.write(login)
      yield* hears(`"status":true`)
      yield* Scope.close(scope, Exit.void)
      yield* over
      yield* Effect.repeat(Effect.yieldNow, { until: () => counts.connections === 0 })
      assert.isUndefined(sessions.find("alice"))
      const late = yield* connect(address)
      yield* late.over
      assert.strictEqual(counts.connectionsOpened, 1)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("fails in words when the port is taken", () =>
    Effect.gen(function* () {
      const protocol = ChatMasterProtocol.make()
      const address = yield* serve(protocol)
      const port = Number(address.slice("127.0.0.1:".length))
      const { message } = yield* Effect.flip(serve(protocol, { host: "127.0.0.1", port }))
      assert.strictEqual(message, `Cannot listen on ${address} (chatmaster): address already in use`)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )
})
