import { assert, describe, it } from "@effect/vitest"
import { WebSocket } from "@effect/platform-node/NodeWS"
import { Effect, Fiber, Logger } from "effect"
import { connect } from "node:net"
import { buffer } from "node:stream/consumers"
import { createDeflate } from "node:zlib"
import { Metrics } from "../../src/mod.ts"
import * as Clients from "./Clients.ts"
import * as TestServer from "./TestServer.ts"

// Made piece by piece, so that making it takes no memory that taking it could hide behind.
const deflate = createDeflate({ level: 9 })
const spaces = Buffer.alloc(1024 * 1024, " ")
for (let mebibyte = 0; mebibyte < 200; mebibyte++) deflate.write(spaces)
deflate.end()
const bomb = await buffer(deflate)

const inputs: ReadonlyArray<readonly [name: string, bytes: () => Uint8Array | string]> = [
  ["malformed JSON", () => `{"type": nonsense}`],
  ["what is no JSON", () => "GET / HTTP/1.1\r\n\r\n"],
  ["a package of 2 MB", () => JSON.stringify({ type: "message", data: { message: "x".repeat(2_000_000) } })],
  ["JSON 200,000 deep", () => `{"type":${"[".repeat(200_000)}`],
  ["an inflation bomb of 200 MiB", () => bomb],
  ["invalid UTF-8", () => Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])]
]

const isLoggedIn = [false, true] as const

describe("bad input", () => {
  for (const [name, bytes] of inputs) {
    for (const loggedIn of isLoggedIn) {
      it.live(`${name} ends one chatmaster connection ${loggedIn ? "after" : "before"} login, and no other`, () => {
        const logged: Array<string> = []
        const logger = Logger.make(({ logLevel }) => void logged.push(logLevel))
        return Effect.gen(function* () {
          const url = yield* TestServer.urlOf("chatmaster")
          const alice = yield* Clients.chatmaster(url)
          const bob = yield* Clients.sockets(yield* TestServer.urlOf("sockets"))
          yield* alice.login("alice")
          yield* bob.ask("register", "bob")
          const mallory = yield* Clients.chatmaster(url)
          if (loggedIn) yield* mallory.login("mallory")
          const before = process.memoryUsage().rss
          mallory.socket.write(bytes())
          yield* mallory.closed
          assert.isBelow(process.memoryUsage().rss - before, 100 * 1024 * 1024)
          if (loggedIn) {
            yield* bob.takeUntil(({ args }) => JSON.stringify(args).includes("mallory left the chat"))
          }
          yield* alice.say("still here")
          assert.strictEqual(yield* bob.from("alice"), "still here")
          const { counts } = yield* Metrics
          assert.strictEqual(
            Object.values(counts.hangups).reduce((sum, count) => sum + count, 0),
            1
          )
          assert.notInclude(logged, "Error")
        }).pipe(Effect.scoped, Effect.provide(TestServer.layer({}, [logger])))
      })
    }
  }

  it.live("a peer that never reads is hung up on, and the others miss nothing", () =>
    Effect.gen(function* () {
      const url = yield* TestServer.urlOf("chatmaster")
      const alice = yield* Clients.chatmaster(url)
      const deaf = yield* Clients.chatmaster(url)
      const bob = yield* Clients.sockets(yield* TestServer.urlOf("sockets"))
      for (const [client, username] of [
        [alice, "alice"],
        [deaf, "deaf"]
      ] as const) {
        yield* client.command("login", { username, stream: true })
        yield* client.takeUntil(({ type }) => type === "session")
      }
      yield* bob.ask("register", "bob")
      deaf.socket.pause()
      const { counts } = yield* Metrics
      let round = 0
      // Until the kernel's buffers are full, and then the outbox.
      for (; counts.hangups["slow"] === undefined && round < 5000; round++) {
        yield* bob.ask("message", { from: "bob", message: `${round} ${"x".repeat(16_000)}` })
        const heard = yield* alice.takeUntil(({ data }) => data["username"] === "bob" && data["message"] !== undefined)
        assert.isTrue(String(heard.data["message"]).startsWith(`${round} `))
      }
      assert.deepStrictEqual(counts.hangups, { slow: 1 })
      yield* bob.takeUntil(({ args }) => JSON.stringify(args).includes("deaf left the chat"))
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer({ outboxLimitBytes: 256 * 1024 })))
  )

  it.live("a websocket that pings without end is hung up on, and the others miss nothing", () =>
    Effect.gen(function* () {
      const url = yield* TestServer.urlOf("sockets")
      const alice = yield* Clients.sockets(url)
      const bob = yield* Clients.sockets(url)
      yield* alice.ask("register", "alice")
      yield* bob.ask("register", "bob")
      const mallory = yield* Effect.acquireRelease(
        Effect.sync(() => new WebSocket(`${url.replace(/^http/, "ws")}/socket.io/?EIO=4&transport=websocket`)),
        (socket) => Effect.sync(() => socket.terminate())
      )
      yield* Effect.callback<void>((resume) => void mallory.once("message", () => resume(Effect.void)))
      const closed = yield* Effect.forkChild(
        Effect.callback<void>((resume) => void mallory.once("close", () => resume(Effect.void))),
        { startImmediately: true }
      )
      mallory.on("error", () => {})
      let pongs = 0
      mallory.on("pong", () => pongs++)
      for (let count = 0; count < 100_000 && mallory.readyState === mallory.OPEN; count++) mallory.ping("x".repeat(125))
      yield* Fiber.join(closed)
      assert.isBelow(pongs, 200)
      assert.deepStrictEqual((yield* Metrics).counts.hangups, { flooding: 1 })
      yield* alice.ask("message", { from: "alice", message: "still here" })
      assert.strictEqual(yield* bob.from("alice"), "still here")
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.live("a chatmaster package of the wrong shape is an error, and the connection lives", () =>
    Effect.gen(function* () {
      const alice = yield* Clients.chatmaster(yield* TestServer.urlOf("chatmaster"))
      yield* alice.login("alice")
      for (const junk of ["{}", `{"type":"message"}`, `{"type":"nonsense","data":{}}`, `{"type":"command","data":7}`]) {
        alice.socket.write(junk)
        assert.strictEqual((yield* alice.take).type, "error")
      }
      yield* alice.command("no_such_command")
      assert.strictEqual((yield* alice.take).data["error_type"], "no_such_command")
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.live("junk events of a sockets client are errors, and the connection lives", () =>
    Effect.gen(function* () {
      const bob = yield* Clients.sockets(yield* TestServer.urlOf("sockets"))
      yield* bob.ask("register", "bob")
      for (const junk of [null, 1, "text", [], {}, { message: null }, JSON.parse(`{"__proto__":{"message":"x"}}`)]) {
        yield* bob.emit("message", junk)
        yield* bob.takeUntil(({ name }) => name === "error")
      }
      assert.strictEqual(yield* bob.ask("register", "bob"), false)
      assert.isTrue(bob.socket.connected)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.live("connections that are reset are no errors in the log", () => {
    const logged: Array<string> = []
    const logger = Logger.make(({ logLevel }) => void logged.push(logLevel))
    return Effect.gen(function* () {
      const { hostname, port } = new URL(yield* TestServer.urlOf("chatmaster"))
      const watcher = yield* Clients.sockets(yield* TestServer.urlOf("sockets"))
      yield* watcher.ask("register", "watcher")
      yield* Effect.forEach(
        Array.from({ length: 20 }),
        (_, index) =>
          Effect.callback<void>((resume) => {
            const socket = connect(Number(port), hostname, () => {
              const login = { type: "command", data: { command: "login", parameters: { username: `peer ${index}` } } }
              socket.write(JSON.stringify(login), () => {
                socket.resetAndDestroy()
                resume(Effect.void)
              })
            })
          }),
        { concurrency: "unbounded", discard: true }
      )
      const { counts } = yield* Metrics
      yield* Effect.yieldNow.pipe(
        Effect.andThen(Effect.sleep(5)),
        Effect.repeat({ until: () => counts.connectionsOpened >= 21 && counts.connections === 1 }),
        Effect.timeout("10 seconds")
      )
      assert.notInclude(logged, "Error")
      assert.notInclude(logged, "Warn")
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer({}, [logger])))
  })
})
