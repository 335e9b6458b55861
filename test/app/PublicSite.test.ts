/** The server under the name that its operator has set. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { request } from "node:http"
import { operatorToken } from "../api/Asking.ts"
import * as TestServer from "../e2e/TestServer.ts"

const layer = TestServer.layer({
  storage: "memory",
  publicUrl: "https://chat.example",
  httpOrigins: ["http://other.example"]
})

/** The status of an answer; `fetch` lets nobody say what the host is. */
const statusOf = Effect.fnUntraced(function* (
  path: string,
  headers: Record<string, string>,
  method = "GET",
  body?: string
) {
  const { hostname, port } = new URL(yield* TestServer.urlOf("sockets"))
  return yield* Effect.callback<number | undefined>((resume) => {
    request({ hostname, port, path, headers, method, agent: false }, (answer) => {
      answer.resume()
      answer.on("close", () => resume(Effect.succeed(answer.statusCode)))
    }).end(body)
  })
})

const handshake = "/socket.io/?EIO=4&transport=polling"

describe("--public-url", () => {
  it.effect("is an origin whose pages may connect, under whatever name the server is asked", () =>
    Effect.gen(function* () {
      const origin = "https://chat.example"
      for (const host of ["chat.example", "chat.example:443", "127.0.0.1:8080", "other.example"]) {
        assert.strictEqual(yield* statusOf(handshake, { host, origin }), 200, host)
      }
      assert.strictEqual(yield* statusOf(handshake, { host: "chat.example", origin: "https://evil.example" }), 403)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("is a name of the server, which answers under no other", () =>
    Effect.gen(function* () {
      for (const path of ["/", "/api/v1/rooms", handshake]) {
        assert.strictEqual(yield* statusOf(path, { host: "chat.example" }), 200, path)
        assert.strictEqual(yield* statusOf(path, { host: "evil.example", origin: "http://evil.example" }), 421, path)
      }
      assert.strictEqual(yield* statusOf("/healthz", { host: "evil.example" }), 200)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("is where the operator logs in, with the port that goes without saying or without it", () =>
    Effect.gen(function* () {
      const token = JSON.stringify({ token: yield* operatorToken })
      const json = { "content-type": "application/json", "content-length": String(token.length) }
      const logIn = (headers: Record<string, string>) =>
        statusOf("/admin/login", { ...json, ...headers }, "POST", token)
      assert.strictEqual(yield* logIn({ host: "chat.example:443", origin: "https://chat.example" }), 204)
      assert.strictEqual(yield* logIn({ host: "localhost:443", origin: "https://localhost" }), 204)
      assert.strictEqual(yield* logIn({ host: "localhost:443", origin: "https://evil.example" }), 403)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )
})
