/** A policy in front of the whole server: doors that are not there in memory. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { connect } from "node:net"
import { io } from "socket.io-client"
import { Metrics, Operator, Policy } from "../../src/mod.ts"
import { ask, client, operatorClient } from "../api/Asking.ts"
import * as Clients from "./Clients.ts"
import * as PacketClient from "./PacketClient.ts"
import * as TestServer from "./TestServer.ts"

const reason = "Not in this house."
const refuse = Policy.refuse({ code: "not-here", reason })

/** All that comes on a connection until it is closed. */
const untilClosed = (url: string) =>
  Effect.callback<string>((resume) => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname).setEncoding("utf8")
    let text = ""
    socket.on("data", (more: string) => {
      text += more
    })
    socket.on("error", () => {})
    socket.on("close", () => resume(Effect.succeed(text)))
    return Effect.sync(() => socket.destroy())
  }).pipe(Effect.timeout("10 seconds"))

const serve = (hooks: Parameters<typeof Policy.layer<never>>[0]) =>
  Effect.provide(TestServer.layer({ storage: "memory" }).pipe(Layer.provide(Policy.layer(hooks))))

describe("Server.layer behind a policy", () => {
  it.live("lets nobody connect whom that refuses, by any door", () => {
    const asked = new Set<string>()
    return Effect.gen(function* () {
      const urls = TestServer.urlOf
      assert.include(yield* untilClosed(yield* urls("chatmaster")), `"message":"${reason}","code":"not-here"`)
      assert.include(yield* untilClosed(yield* urls("toss")), reason)
      assert.strictEqual(yield* untilClosed(yield* urls("tsockm")), "")

      const udp = yield* PacketClient.udp((yield* urls("packet")).replace("tcp:", "udp:"))
      yield* udp.send({ _tag: "SessionRequest", name: "dave" })
      const error = yield* udp.next("Error")
      assert.deepStrictEqual([error.requestType, error.code, error.text], [1, 14, reason])

      const polling = yield* ask("/socket.io/?EIO=4&transport=polling")
      assert.deepStrictEqual([polling.status, JSON.parse(polling.text)], [403, { code: 4, message: reason }])
      const url = yield* urls("sockets")
      const failed = yield* Effect.callback<Error>((resume) => {
        const socket = io(url, { forceNew: true, reconnection: false, transports: ["websocket"] })
        socket.once("connect_error", (error) => resume(Effect.succeed(error)))
        return Effect.sync(() => socket.disconnect())
      }).pipe(Effect.timeout("10 seconds"))
      assert.include(failed.message, "websocket error")

      const { bots } = yield* operatorClient
      const { token } = yield* bots.make({ payload: { name: "Weather" } })
      const { rooms } = yield* client(token)
      const posted = yield* Effect.flip(rooms.post({ params: { room: "general" }, payload: { text: "rain" } }))
      assert.deepStrictEqual(posted._tag === "RefusedByPolicy" && [posted.code, posted.reason], ["not-here", reason])
      assert.strictEqual((yield* ask("/api/v1/rooms/general/events")).status, 403)
      assert.strictEqual((yield* ask("/healthz")).status, 200)

      assert.sameMembers([...asked], ["chatmaster", "toss", "tsockm", "packet", "sockets", "embedded"])
      const { counts } = yield* Metrics
      assert.strictEqual(counts.connectionsRefused, 5)
      const { refusals } = yield* Operator
      const listed = (yield* refusals).map(({ code, protocol }) => `${protocol} ${code}`)
      assert.sameMembers(listed, [
        "chatmaster not-here",
        "toss not-here",
        "tsockm not-here",
        "packet not-here",
        "sockets not-here",
        "sockets not-here",
        "embedded not-here",
        "embedded not-here"
      ])
    }).pipe(
      Effect.scoped,
      serve({
        connect: ({ protocol }) => {
          asked.add(protocol)
          return Effect.andThen(Effect.yieldNow, refuse)
        }
      })
    )
  })

  it.live("serves whom that lets in when it has taken its time, and refuses by name and what they say", () =>
    Effect.gen(function* () {
      const bob = yield* Clients.sockets(yield* TestServer.urlOf("sockets"))
      assert.isFalse(yield* bob.ask("register", "mallory"))
      assert.isTrue(yield* bob.ask("register", { name: "mallory", password: "open sesame" }))
      const answer = yield* bob.ask("message", { from: "mallory", message: "spam" })
      assert.deepStrictEqual(answer, { ok: false, error: { code: "not-here", message: reason } })
      assert.deepStrictEqual(yield* bob.ask("upload", { name: "virus.exe", size: 5 }), answer)

      const { bots } = yield* operatorClient
      const { token } = yield* bots.make({ payload: { name: "Weather" } })
      const { files, rooms } = yield* client(token)
      const params = { room: "general" }
      assert.strictEqual(
        (yield* Effect.flip(rooms.post({ params, payload: { text: "spam" } })))._tag,
        "RefusedByPolicy"
      )
      assert.strictEqual((yield* rooms.post({ params, payload: { text: "darn" } })).text, "****")
      assert.strictEqual(yield* bob.from("Weather"), "****")
      const upload = (name: string) => files.upload({ payload: { name, sizeBytes: 5 } })
      assert.strictEqual((yield* Effect.flip(upload("virus.exe")))._tag, "RefusedByPolicy")
      assert.match((yield* upload("a.txt")).url, /^\/api\/v1\/uploads\//)
    }).pipe(
      Effect.scoped,
      serve({
        connect: () => Effect.sleep("20 millis"),
        login: ({ credential, name }) => (name === "mallory" && credential === undefined ? refuse : Effect.void),
        message: ({ text }) => (text === "spam" ? refuse : Effect.succeed(text.replace("darn", "****"))),
        upload: ({ name }) => (name?.endsWith(".exe") === true ? refuse : Effect.void)
      })
    )
  )
})
