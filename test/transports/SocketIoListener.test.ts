/** The listener with the chat behind it, and the official client in front. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Queue, type Scope } from "effect"
import * as http from "node:http"
import * as net from "node:net"
import type { Duplex } from "node:stream"
import { io, type Socket } from "socket.io-client"
import * as SocketsProtocol from "../../src/protocols/sockets/SocketsProtocol.ts"
import { Chat } from "../../src/services/Chat.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { Connections } from "../../src/transports/Connections.ts"
import * as SocketIoListener from "../../src/transports/SocketIoListener.ts"

const layer = Connections.layer.pipe(
  Layer.provideMerge(Chat.layer),
  Layer.provide(Layer.succeed(Limits, { ...defaults, floodRate: 0 }))
)

// The HTTP server closes after the listener, and waits for whatever connection the listener left open.
const listen = Effect.fnUntraced(function* (
  origins: ReadonlyArray<string> = []
): Effect.fn.Return<{ readonly url: string; readonly server: http.Server }, never, Scope.Scope | Connections> {
  const server = http.createServer((_, response) => response.end("somebody else's"))
  yield* Effect.addFinalizer(() => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void))))
  const service = yield* Effect.flatMap(Connections, (connections) => connections.serve(SocketsProtocol.make()))
  yield* SocketIoListener.attach({ service, server, origins })
  yield* Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void)))
  return { server, url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}` }
})

interface Client {
  readonly socket: Socket
  /** The next event, with its arguments; who somebody is comes in words only. */
  readonly next: Effect.Effect<ReadonlyArray<unknown>>
  readonly ask: (name: string, ...args: ReadonlyArray<unknown>) => Effect.Effect<unknown>
}

// What a client may do without.
const additions: ReadonlySet<unknown> = new Set(["welcome", "presence"])

const open = Effect.fnUntraced(function* (
  url: string,
  transports: Array<string> = ["websocket"],
  headers: Record<string, string> = {}
): Effect.fn.Return<Client, never, Scope.Scope> {
  const events = yield* Queue.make<ReadonlyArray<unknown>>()
  const socket = yield* Effect.acquireRelease(
    Effect.sync(() => io(url, { transports, forceNew: true, reconnection: false, extraHeaders: headers })),
    (socket) => Effect.sync(() => socket.disconnect())
  )
  for (const name of ["connect", "connect_error", "disconnect"]) {
    socket.on(name, (reason: unknown) => Queue.offerUnsafe(events, reason === undefined ? [name] : [name, reason]))
  }
  socket.onAny((...event: ReadonlyArray<unknown>) => {
    if (!additions.has(event[0])) Queue.offerUnsafe(events, event)
  })
  return {
    socket,
    next: Queue.take(events),
    ask: (name, ...args) => Effect.promise(() => socket.timeout(10_000).emitWithAck(name, ...args) as Promise<unknown>)
  }
})

const enter = Effect.fnUntraced(function* (
  url: string,
  name: string,
  transports?: Array<string>
): Effect.fn.Return<Client, never, Scope.Scope> {
  const client = yield* open(url, transports)
  assert.deepStrictEqual(yield* client.next, ["connect"])
  assert.strictEqual(yield* client.ask("register", name), true)
  assert.deepStrictEqual(yield* client.next, fromServer(`${name} has joined the chat`))
  return client
})

const fromServer = (message: string) => ["message", { from: "Server", message }]

const text = (event: ReadonlyArray<unknown>) => {
  const { from, message } = event[1] as { readonly from: string; readonly message: string }
  return [event[0], from, message]
}

describe("SocketIoListener", () => {
  for (const transports of [["websocket"], ["polling"], ["polling", "websocket"]]) {
    it.live(`SocketIoListener.attach() lets people talk over ${transports.join(" and ")}`, () =>
      Effect.gen(function* () {
        const { url } = yield* listen()
        const ada = yield* enter(url, "Ada", transports)
        const bob = yield* open(url, transports)
        assert.deepStrictEqual(yield* bob.next, ["connect"])
        bob.socket.emit("register", "ada")
        assert.deepStrictEqual(yield* bob.next, ["register", false])
        assert.strictEqual((yield* bob.next)[0], "error")
        bob.socket.emit("register", "Bob")
        assert.deepStrictEqual(yield* bob.next, ["register", true])
        assert.deepStrictEqual(yield* bob.next, fromServer("Bob has joined the chat"))
        assert.deepStrictEqual(yield* ada.next, fromServer("Bob has joined the chat"))
        const odd = 'grüße\n"42["register"] \u{1f600} \u2028'
        bob.socket.emit("message", { from: "Mallory", message: odd })
        assert.deepStrictEqual(text(yield* ada.next), ["message", "Bob", odd])
        const accepted = yield* ada.ask("message", { from: "Ada", message: "hello" })
        assert.deepInclude(accepted, { ok: true })
        assert.deepStrictEqual(text(yield* bob.next), ["message", "Ada", "hello"])
        for (let count = 0; count < 100; count++) ada.socket.emit("message", { from: "Ada", message: `${count}` })
        for (let count = 0; count < 100; count++) assert.deepStrictEqual(text(yield* bob.next)[2], `${count}`)
        bob.socket.disconnect()
        assert.deepStrictEqual(yield* ada.next, fromServer("Bob left the chat"))
        yield* enter(url, "Bob", transports)
      }).pipe(Effect.scoped, Effect.provide(layer))
    )
  }

  it.live("SocketIoListener.attach() keeps a connection through its upgrade", () =>
    Effect.gen(function* () {
      const { url } = yield* listen()
      const ada = yield* open(url, ["polling", "websocket"])
      const upgrades = yield* Queue.make<unknown>()
      ada.socket.io.engine.once("upgrade", (transport) => Queue.offerUnsafe(upgrades, transport))
      assert.deepStrictEqual(yield* ada.next, ["connect"])
      ada.socket.emit("register", "Ada")
      yield* Queue.take(upgrades)
      assert.deepStrictEqual(yield* ada.next, ["register", true])
      assert.deepStrictEqual(yield* ada.next, fromServer("Ada has joined the chat"))
      assert.strictEqual(ada.socket.io.engine.transport.name, "websocket")
      assert.deepInclude(yield* ada.ask("rename", { name: "Eve" }), { ok: true, name: "Eve" })
      assert.deepStrictEqual(yield* ada.next, fromServer("Ada is now Eve"))
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("SocketIoListener.attach() survives junk events", () =>
    Effect.gen(function* () {
      const { url } = yield* listen()
      const ada = yield* enter(url, "Ada")
      const bob = yield* enter(url, "Bob")
      assert.deepStrictEqual(yield* ada.next, fromServer("Bob has joined the chat"))
      const cyclic = JSON.parse(`${"[".repeat(2_000)}${"]".repeat(2_000)}`) as unknown
      const junk: ReadonlyArray<unknown> = [null, 1, [], {}, cyclic, Buffer.from("x"), { from: Buffer.from("x") }, "hi"]
      for (const payload of junk) {
        bob.socket.emit("message", payload)
        assert.deepInclude((yield* bob.next)[1], { code: "Malformed", event: "message" })
      }
      for (const name of ["nonsense", "__proto__", "error", "constructor", ""]) {
        bob.socket.emit(name, { from: "Bob", message: "hi" })
        assert.deepInclude((yield* bob.next)[1], { code: "UnknownEvent", event: name })
      }
      assert.strictEqual(yield* bob.ask("register", { name: "Eve" }), false)
      assert.deepInclude((yield* bob.next)[1], { code: "Malformed", event: "register" })
      assert.strictEqual(yield* bob.ask("register", "Eve"), false)
      assert.deepInclude((yield* bob.next)[1], { code: "AlreadyLoggedIn", event: "register" })
      bob.socket.emit("message", { from: "Bob", message: "still here" })
      assert.deepStrictEqual(text(yield* ada.next), ["message", "Bob", "still here"])
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("SocketIoListener.attach() ignores who has not registered", () =>
    Effect.gen(function* () {
      const { url } = yield* listen()
      const ada = yield* open(url)
      assert.deepStrictEqual(yield* ada.next, ["connect"])
      ada.socket.emit("message", { from: "Ada", message: "hi" })
      assert.deepInclude((yield* ada.next)[1], { code: "NotLoggedIn", event: "message" })
      assert.strictEqual(yield* ada.ask("register", "Ada"), true)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  for (const transport of ["websocket", "polling"]) {
    it.live(`SocketIoListener.attach() drops who sends too large a packet over ${transport}`, () =>
      Effect.gen(function* () {
        const { url } = yield* listen()
        const ada = yield* enter(url, "Ada")
        const bob = yield* enter(url, "Bob", [transport])
        assert.deepStrictEqual(yield* ada.next, fromServer("Bob has joined the chat"))
        bob.socket.emit("message", { from: "Bob", message: "x".repeat(2_000_000) })
        assert.strictEqual((yield* bob.next)[0], "disconnect")
        assert.deepStrictEqual(yield* ada.next, fromServer("Bob left the chat"))
        assert.deepInclude(yield* ada.ask("rooms"), { ok: true })
      }).pipe(Effect.scoped, Effect.provide(layer))
    )
  }

  it.live("SocketIoListener.attach() refuses pages of other sites", () =>
    Effect.gen(function* () {
      const { url } = yield* listen(["https://chat.example"])
      for (const transport of ["websocket", "polling"]) {
        const outcome = Effect.fnUntraced(function* (origin: string) {
          const client = yield* open(url, [transport], { origin })
          return (yield* client.next)[0]
        })
        for (const origin of ["https://evil.example", "null", "http://127.0.0.1:1", "https://chat.example.evil"]) {
          assert.strictEqual(yield* outcome(origin), "connect_error", origin)
        }
        for (const origin of [url, "https://chat.example"]) assert.strictEqual(yield* outcome(origin), "connect")
      }
      const handshake = (origin: string) =>
        Effect.promise(() => fetch(`${url}/socket.io/?EIO=4&transport=polling`, { headers: { origin } }))
      const refused = yield* handshake("https://evil.example")
      assert.strictEqual(refused.status, 403)
      assert.isNull(refused.headers.get("access-control-allow-origin"))
      const welcome = yield* handshake("https://chat.example")
      assert.strictEqual(welcome.status, 200)
      assert.strictEqual(welcome.headers.get("access-control-allow-origin"), "https://chat.example")
      yield* Effect.promise(() => Promise.all([refused.text(), welcome.text()]))
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it("SocketIoListener.isWelcome() knows its own pages", () => {
    const cases: ReadonlyArray<readonly [string | undefined, string | undefined, ReadonlyArray<string>, boolean]> = [
      [undefined, "chat.example", [], true],
      ["https://chat.example", "chat.example", [], true],
      ["http://chat.example:8080", "CHAT.example:8080", [], true],
      ["http://chat.example", "chat.example:8080", [], false],
      ["http://other.example", "chat.example", [], false],
      ["http://other.example", "chat.example", ["*"], true],
      ["http://other.example", "chat.example", ["http://other.example"], true],
      ["null", "chat.example", ["http://other.example"], false],
      ["http://chat.example", undefined, [], false]
    ]
    for (const [origin, host, origins, isWelcome] of cases) {
      assert.strictEqual(SocketIoListener.isWelcome(origin, host, origins), isWelcome, `${origin} at ${host}`)
    }
  })

  it.live("SocketIoListener.attach() survives junk instead of packets", () =>
    Effect.gen(function* () {
      const { url } = yield* listen()
      const base = `${url}/socket.io/?EIO=4&transport=polling`
      const get = (from: string) => Effect.promise(() => fetch(from).then((response) => response.text()))
      for (const junk of [
        "",
        "9",
        "4",
        "4\u0000",
        "42[",
        "42[]",
        "42{}",
        "451-",
        "45999999-[]",
        "4x",
        "b!!!",
        "0",
        "2"
      ]) {
        const { sid } = JSON.parse((yield* get(base)).slice(1)) as { readonly sid: string }
        const at = `${base}&sid=${sid}`
        const post = (body: string) => Effect.promise(() => fetch(at, { method: "POST", body }).then((it) => it.text()))
        yield* post("40")
        assert.match(yield* get(at), /^40\{"sid":/)
        yield* Effect.ignoreCause(post(junk))
      }
      for (const query of [
        "",
        "?EIO=3&transport=polling",
        "?EIO=4&transport=smoke",
        "?EIO=4&transport=polling&sid=x"
      ]) {
        const response = yield* Effect.promise(() => fetch(`${url}/socket.io/${query}`))
        assert.strictEqual(response.status, 400)
        yield* Effect.promise(() => response.text())
      }
      yield* enter(url, "Ada")
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("SocketIoListener.attach() leaves the rest of HTTP alone, and serves the client", () =>
    Effect.gen(function* () {
      const { url } = yield* listen()
      const get = (path: string) => Effect.promise(() => fetch(url + path).then((response) => response.text()))
      assert.strictEqual(yield* get("/"), "somebody else's")
      assert.match(yield* get("/socket.io/socket.io.js"), /Socket\.IO v4\.8/)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("SocketIoListener.attach() closes who wants to upgrade what nobody serves", () =>
    Effect.gen(function* () {
      const { server, url } = yield* listen()
      const peer = yield* Effect.acquireRelease(
        Effect.sync(() => net.connect({ port: Number(new URL(url).port), host: "127.0.0.1", allowHalfOpen: true })),
        (socket) => Effect.sync(() => socket.destroy())
      )
      peer.on("error", () => {})
      peer.write("GET /elsewhere HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
      const upgraded = yield* Effect.callback<Duplex>(
        (resume) => void server.once("upgrade", (_, socket) => resume(Effect.succeed(socket)))
      )
      // Also of a peer that keeps its own side open.
      yield* Effect.callback<void>((resume) => void upgraded.once("close", () => resume(Effect.void)))
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  for (const transport of ["websocket", "polling"]) {
    it.live(`SocketIoListener.attach() says goodbye over ${transport} when the server stops`, () =>
      Effect.gen(function* () {
        const { url } = yield* listen()
        const ada = yield* enter(url, "Ada", [transport])
        yield* (yield* Connections).stop
        assert.deepStrictEqual(yield* ada.next, fromServer("The server is stopping."))
        // Not "io server disconnect": the client is free to come back.
        assert.include(["transport close", "transport error"], (yield* ada.next)[1])
        const late = yield* open(url, [transport])
        assert.deepStrictEqual(yield* late.next, ["connect"])
        assert.strictEqual((yield* late.next)[0], "disconnect")
      }).pipe(Effect.scoped, Effect.provide(layer))
    )
  }
})
