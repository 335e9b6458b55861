/** The HTTP port as a peer meets it that speaks HTTP by hand. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { EventEmitter } from "node:events"
import type { Server } from "node:http"
import { connect, Socket } from "node:net"
import { Metrics } from "../../src/services/Metrics.ts"
import { Quota } from "../../src/services/Quota.ts"
import { Descriptors } from "../../src/transports/Descriptors.ts"
import * as HttpAdmission from "../../src/transports/HttpAdmission.ts"
import * as HttpListener from "../../src/transports/HttpListener.ts"
import { servedHosts } from "../../src/transports/HttpSite.ts"

const page = Layer.mergeAll(
  HttpRouter.add("GET", "/x", HttpServerResponse.text("the page")),
  HttpRouter.add("GET", "/healthz", HttpServerResponse.text("well"))
)

const listen = (options: Partial<HttpListener.HttpOptions> = {}, attach: (server: Server) => void = () => {}) =>
  HttpListener.listen("http", { host: "127.0.0.1", port: 0, ...options }, page, (server) =>
    Effect.sync(() => attach(server))
  )

/** All that is answered to a text, and then to another, until the connection is closed. */
const ask = ({ url }: HttpListener.HttpListener, text: string, next?: string) =>
  Effect.callback<string>((resume) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1")
    let answer = ""
    socket.on("error", () => {})
    socket.on("data", (bytes: Buffer) => (answer += bytes.toString()))
    if (next !== undefined) socket.once("data", () => socket.write(next))
    socket.on("close", () => resume(Effect.succeed(answer)))
    socket.write(text)
  })

const get = (headers: ReadonlyArray<string>, path = "/x") =>
  [`GET ${path} HTTP/1.1`, ...headers, "Connection: close", "", ""].join("\r\n")

describe("HttpListener.listen()", () => {
  it.live("serves what asks for HTTP/2, or for a websocket where there is none, as HTTP/1.1", () =>
    Effect.gen(function* () {
      const isUpgrade: HttpListener.HttpOptions["isUpgrade"] = ({ url }) => url === "/socket"
      const upgraded: Array<string | undefined> = []
      const listener = yield* listen({ isUpgrade }, (server) =>
        server.on("upgrade", ({ url }, socket) => {
          upgraded.push(url)
          socket.end("upgraded")
        })
      )
      // As curl --http2 sends it.
      const settings = [
        "Host: a",
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABkAAQAoAAA"
      ]
      const http2 = yield* ask(listener, `GET /x HTTP/1.1\r\n${settings.join("\r\n")}\r\n\r\n`, get(["Host: a"]))
      assert.match(http2, /^HTTP\/1\.1 200 OK[^]*the page[^]*HTTP\/1\.1 200 OK[^]*the page$/)
      const webSocket = ["Host: a", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
      assert.match(yield* ask(listener, get(webSocket)), /^HTTP\/1\.1 200 OK[^]*the page$/)
      assert.deepStrictEqual(upgraded, [])
      const upgrade = `GET /socket HTTP/1.1\r\n${webSocket.join("\r\n")}\r\nConnection: Upgrade\r\n\r\n`
      assert.strictEqual(yield* ask(listener, upgrade), "upgraded")
      assert.match(yield* ask(listener, "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"), /^HTTP\/1\.1 405 /)
    }).pipe(Effect.scoped)
  )

  it.live("keeps an idle connection longer than proxies do", () =>
    Effect.gen(function* () {
      const { server } = yield* listen()
      assert.isAbove(server.keepAliveTimeout, 120_000)
    }).pipe(Effect.scoped)
  )

  it.live("answers under its own names, and says how to set others", () =>
    Effect.gen(function* () {
      const listener = yield* listen({ isServed: servedHosts(["https://chat.example"]), isUpgrade: () => true })
      for (const host of ["127.0.0.1:1", "localhost", "chat.example:443", ""]) {
        assert.match(yield* ask(listener, get([`Host: ${host}`])), /^HTTP\/1\.1 200 /, host)
      }
      assert.match(yield* ask(listener, "GET /x HTTP/1.0\r\n\r\n"), /^HTTP\/1\.1 200 /)
      const other = ["Host: evil.example"]
      const misdirected = /^HTTP\/1\.1 421 [^]*\r\n\r\n[^\n]*--public-url[^\n]*\n$/
      assert.match(yield* ask(listener, get(other)), misdirected)
      assert.match(yield* ask(listener, get([...other, "Upgrade: websocket", "Connection: Upgrade"])), misdirected)
      assert.match(yield* ask(listener, get(other, "/healthz/x")), misdirected)
      assert.match(yield* ask(listener, get(other, "/healthz")), /^HTTP\/1\.1 200 [^]*well$/)
    }).pipe(Effect.scoped)
  )

  it.live("goes on when there are no descriptors to accept with", () =>
    Effect.gen(function* () {
      let count = 0
      const listener = yield* listen({ admission: { admit: () => true, ranOut: () => void count++ } })
      const cause = Object.assign(new Error("accept EMFILE"), { code: "EMFILE" })
      listener.server.emit("error", cause)
      listener.server.emit("error", cause)
      assert.strictEqual(count, 2)
      assert.match(yield* ask(listener, get(["Host: a"])), /^HTTP\/1\.1 200 /)
    }).pipe(Effect.scoped)
  )

  it.live("takes as many connections as there are descriptors, and refuses others in words", () => {
    const logged: Array<unknown> = []
    const logger = Logger.layer([Logger.make(({ message }) => void logged.push(message))])
    return Effect.gen(function* () {
      const admission = yield* HttpAdmission.make
      const listener = yield* listen({ admission })
      const descriptors = yield* Descriptors
      const idle = [new Socket(), new Socket()]
      for (const socket of idle) assert.isTrue(descriptors.hold(socket))
      for (let times = 0; times < 3; times++) {
        assert.match(
          yield* ask(listener, get(["Host: a"])),
          /^HTTP\/1\.1 503 [^]*\r\n\r\nThere are too many connections\.\n$/
        )
      }
      assert.lengthOf(logged, 1)
      assert.strictEqual((yield* Metrics).counts.connectionsRefused, 3)
      idle[0]!.emit("close")
      assert.match(yield* ask(listener, get(["Host: a"])), /^HTTP\/1\.1 200 /)
      assert.strictEqual(descriptors.count(), 1)
    }).pipe(
      Effect.scoped,
      Effect.provide(
        Layer.mergeAll(Descriptors.layerLimit(2), Quota.layer, Metrics.layer).pipe(Layer.provideMerge(logger))
      )
    )
  })
})

/** A socket that comes from an address, and what was written into it. */
class Comer extends EventEmitter {
  readonly remoteAddress: string
  written = ""
  constructor(address: string) {
    super()
    this.remoteAddress = address
  }
  write(text: string): void {
    this.written += text
  }
  destroySoon(): void {
    this.emit("close")
  }
}

describe("HttpAdmission.make", () => {
  const layer = Layer.mergeAll(Descriptors.layerLimit(10_000), Quota.layer, Metrics.layer)

  it.effect("takes so many connections of an address, and of loopback any number", () =>
    Effect.gen(function* () {
      const { admit } = yield* HttpAdmission.make
      const come = (address: string) => {
        const socket = new Comer(address)
        return { socket, isIn: admit(socket as unknown as Socket) }
      }
      const own = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]
      for (let times = 0; times < 500; times++) assert.isTrue(come(own[times % own.length]!).isIn)
      const all = Array.from({ length: 3000 }, () => come("192.0.2.1"))
      assert.lengthOf(
        all.filter(({ isIn }) => isIn),
        64
      )
      assert.match(all.at(-1)!.socket.written, /^HTTP\/1\.1 429 [^]*too many connections from your address\.\n$/)
      assert.isTrue(come("192.0.2.2").isIn)
      assert.strictEqual((yield* Descriptors).count(), 500 + 64 + 1)
      for (const { isIn, socket } of all) if (isIn) socket.emit("close")
      assert.isFalse(come("192.0.2.1").isIn)
    }).pipe(Effect.provide(layer))
  )

  it.effect("takes a connection of a banned address, whose operator may lift the ban", () =>
    Effect.gen(function* () {
      const { admit } = yield* HttpAdmission.make
      const quota = yield* Quota
      quota.ban("192.0.2.1", Infinity)
      assert.isUndefined(quota.admitBriefly("192.0.2.1"))
      assert.isTrue(admit(new Comer("192.0.2.1") as unknown as Socket))
    }).pipe(Effect.provide(layer))
  )
})
