import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Visitor } from "../../src/mod.ts"
import * as TestServer from "../e2e/TestServer.ts"
import { ask, client, operatorClient, operatorToken } from "./Asking.ts"

const layer = TestServer.layer({ storage: "memory" })

const json = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  body: JSON.stringify(body),
  headers: { "content-type": "application/json", ...headers }
})

/** The cookie of a login, as a browser sends it back. */
const logIn = Effect.gen(function* () {
  const { headers, status } = yield* ask("/admin/login", json({ token: yield* operatorToken }))
  assert.strictEqual(status, 204)
  return headers.get("set-cookie")!.split(";")[0]!
})

describe("the operator over HTTP", () => {
  it.effect("sees peers and rooms, private ones too", () =>
    Effect.gen(function* () {
      const { operator } = yield* operatorClient
      const alice = yield* Visitor.make("alice")
      yield* alice.run({ _tag: "JoinRoom", room: "den" })
      yield* alice.run({ _tag: "SetPrivate", isPrivate: true })
      const [peer, ...others] = yield* operator.peers()
      assert.deepStrictEqual([peer?.name, peer?.protocol, peer?.room, others.length] as const, [
        alice.session.name,
        "embedded",
        alice.session.current.name,
        0
      ])
      assert.deepInclude<unknown>(yield* operator.rooms(), { name: "den", isPrivate: true, members: ["alice"] })
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("kicks, bans, lifts bans and speaks", () =>
    Effect.gen(function* () {
      const { operator } = yield* operatorClient
      yield* Visitor.make("alice")
      const bob = yield* Visitor.make("bob")
      assert.deepStrictEqual<unknown>(yield* operator.kick({ params: { peer: "1" } }), { killed: ["alice"] })
      const unknown = yield* Effect.flip(operator.kick({ params: { peer: "nobody" } }))
      assert.deepInclude({ ...unknown }, { _tag: "NoSuchPeer", peer: "nobody" })
      const forAWhile = yield* operator.ban({ payload: { address: "192.0.2.1", minutes: 2 } })
      assert.deepStrictEqual<unknown>(forAWhile, { ban: { address: "192.0.2.1", untilMillis: 120_000 }, killed: [] })
      yield* operator.ban({ payload: { address: "2001:db8::1" } })
      assert.deepStrictEqual<unknown>(yield* operator.bans(), [
        { address: "192.0.2.1", untilMillis: 120_000 },
        { address: "2001:db8:0:0::/64" }
      ])
      assert.strictEqual((yield* Effect.flip(operator.ban({ payload: { address: "x" } })))._tag, "NotAnAddress")
      yield* operator.unban({ params: { address: "2001:db8:0:0::/64" } })
      assert.strictEqual((yield* operator.bans()).length, 1)
      const notBanned = operator.unban({ params: { address: "192.0.2.9" } })
      assert.strictEqual((yield* Effect.flip(notBanned))._tag, "NoSuchBan")
      assert.deepStrictEqual(yield* operator.say({ payload: { text: "dinner" } }), { told: 1 })
      const heard = yield* bob.heard.pipe(
        Stream.filter(({ event }) => event._tag === "Announced"),
        Stream.take(1),
        Stream.runCollect
      )
      assert.deepStrictEqual(heard, [{ as: "witness", event: { _tag: "Announced", text: "dinner" } }])
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("sees what was refused last, the newest first", () =>
    Effect.gen(function* () {
      const { operator } = yield* operatorClient
      const alice = yield* Visitor.make("alice")
      yield* Effect.flip(alice.run({ _tag: "Say", text: "" }))
      yield* TestClock.adjust("1 second")
      yield* Effect.flip(Visitor.make("alice"))
      const from = { protocol: "embedded", name: "alice", address: "" }
      assert.deepStrictEqual<unknown>(yield* operator.refusals(), [
        { atMillis: 1000, ...from, code: "NameTaken" },
        { atMillis: 0, ...from, code: "TextEmpty" }
      ])
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("sees the state of the last minutes, then of every second", () =>
    Effect.gen(function* () {
      const { operator } = yield* operatorClient
      yield* TestClock.adjust("2 seconds")
      const alice = yield* Visitor.make("alice")
      yield* alice.run({ _tag: "Say", text: "hello" })
      const events = yield* operator.statsEvents()
      yield* TestClock.adjust("1 second")
      const stats = yield* Stream.runCollect(Stream.take(events, 3))
      assert.deepStrictEqual(
        stats.map(({ atMillis, messages, sessions }) => [atMillis, messages, sessions]),
        [
          [1000, 0, {}],
          [2000, 0, {}],
          [3000, 1, { embedded: 1 }]
        ]
      )
      const now = yield* operator.stats()
      assert.isAbove(now.memoryBytes, 1_000_000)
      assert.isAtLeast(now.lagMillis.p99, now.lagMillis.p50)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("has no console where the server is embedded", () =>
    Effect.gen(function* () {
      const { operator } = yield* operatorClient
      assert.strictEqual((yield* Effect.flip(operator.command({ payload: { line: ":list" } })))._tag, "NoConsole")
    }).pipe(Effect.provide(layer))
  )

  it.effect("is nobody without the token", () =>
    Effect.gen(function* () {
      const paths = ["peers", "rooms", "bans", "stats", "stats/events", "refusals"].map((it) => `operator/${it}`)
      for (const path of [...paths, "bots"]) {
        assert.strictEqual((yield* ask(`/api/v1/${path}`)).status, 401, path)
        const headers = { cookie: "parlance_admin=guess" }
        assert.strictEqual((yield* ask(`/api/v1/${path}`, { headers })).status, 401, path)
      }
      const { operator } = yield* client("wrong")
      assert.strictEqual((yield* Effect.flip(operator.say({ payload: { text: "hello" } })))._tag, "Unauthorized")
    }).pipe(Effect.provide(layer))
  )

  it.effect("has five tries, then one every ten seconds, whatever the token", () =>
    Effect.gen(function* () {
      const right = yield* operatorToken
      const attempt = (token: string) => Effect.map(ask("/admin/login", json({ token })), ({ status }) => status)
      for (let tries = 1; tries <= 5; tries++) assert.strictEqual(yield* attempt("wrong"), 401)
      assert.strictEqual(yield* attempt(right), 429)
      const asBearer = yield* Effect.flip((yield* client(right)).operator.peers())
      assert.deepInclude({ ...asBearer }, { _tag: "TooManyRequests", retryAfterMillis: 10_000 })
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* attempt("wrong"), 401)
      assert.strictEqual(yield* attempt(right), 429)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* attempt(right), 204)
    }).pipe(Effect.provide(layer))
  )
})

describe("the operator's login", () => {
  it.effect("sets a cookie that no script reads, which is not the token and lasts for twelve hours", () =>
    Effect.gen(function* () {
      const token = yield* operatorToken
      const { headers } = yield* ask("/admin/login", json({ token }))
      const set = headers.get("set-cookie")!
      assert.match(set, /^parlance_admin=[\w-]{32}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/)
      assert.notInclude(set, token)
      const cookie = set.split(";")[0]!
      assert.strictEqual((yield* ask("/api/v1/operator/peers", { headers: { cookie } })).status, 200)
    }).pipe(Effect.provide(layer))
  )

  it.effect("sets a secure cookie where the public address is", () =>
    Effect.gen(function* () {
      const { headers } = yield* ask("/admin/login", json({ token: yield* operatorToken }))
      assert.include(headers.get("set-cookie")!, "; Secure")
    }).pipe(Effect.provide(TestServer.layer({ storage: "memory", publicUrl: "https://chat.example" })))
  )

  it.effect("takes a form, and goes back to the page", () =>
    Effect.gen(function* () {
      const body = new URLSearchParams({ token: yield* operatorToken })
      const { headers, status } = yield* ask("/admin/login", { method: "POST", body })
      assert.deepStrictEqual([status, headers.get("location")], [303, "/admin"])
      assert.include(headers.get("set-cookie")!, "parlance_admin=")
    }).pipe(Effect.provide(layer))
  )

  it.effect("refuses what is no token at all", () =>
    Effect.gen(function* () {
      for (const body of ["", "{", "{}", `{"token":1}`, `{"token":"${"x".repeat(5000)}"}`]) {
        const headers = { "content-type": "application/json" }
        assert.strictEqual((yield* ask("/admin/login", { method: "POST", body, headers })).status, 400, body)
      }
    }).pipe(Effect.provide(layer))
  )

  it.effect("ends with the logout", () =>
    Effect.gen(function* () {
      const cookie = yield* logIn
      const { headers, status } = yield* ask("/admin/logout", { method: "POST", headers: { cookie } })
      assert.strictEqual(status, 204)
      assert.match(headers.get("set-cookie")!, /^parlance_admin=; Max-Age=0; /)
      assert.strictEqual((yield* ask("/api/v1/operator/peers", { headers: { cookie } })).status, 401)
    }).pipe(Effect.provide(layer))
  )

  it.effect("a page of another origin can do nothing with the cookie", () =>
    Effect.gen(function* () {
      const cookie = yield* logIn
      const baseUrl = yield* TestServer.urlOf("sockets")
      const say = (headers: Record<string, string>) =>
        Effect.map(ask("/api/v1/operator/say", json({ text: "hello" }, { cookie, ...headers })), ({ status }) => status)
      assert.strictEqual(yield* say({ origin: baseUrl }), 200)
      for (const origin of ["https://evil.example", "null", `${baseUrl}.evil.example`, "http://127.0.0.1"]) {
        assert.strictEqual(yield* say({ origin }), 403, origin)
      }
      assert.strictEqual(yield* say({}), 403)
      const login = json({ token: yield* operatorToken }, { origin: "https://evil.example" })
      assert.strictEqual((yield* ask("/admin/login", login)).status, 403)
    }).pipe(Effect.provide(layer))
  )
})

describe("the documentation", () => {
  it.effect("is an OpenAPI document, and a page that loads nothing from elsewhere", () =>
    Effect.gen(function* () {
      const document = JSON.parse((yield* ask("/api/v1/openapi.json")).text)
      assert.strictEqual(document.openapi, "3.1.0")
      assert.containsAllKeys(document.paths, [
        "/api/v1/rooms/{room}/messages",
        "/api/v1/rooms/{room}/events",
        "/api/v1/files/{id}",
        "/api/v1/bots",
        "/api/v1/operator/peers/{peer}/kick"
      ])
      assert.containsAllKeys(document.components.securitySchemes, ["operatorToken", "operatorCookie", "botToken"])
      const { headers, status, text } = yield* ask("/api/v1/docs")
      assert.strictEqual(status, 200)
      assert.match(headers.get("content-security-policy")!, /^default-src 'none'; script-src 'sha256-[^']+'; style-src/)
      assert.notMatch(text, /<(script|link)[^>]+(src|href)=/)
    }).pipe(Effect.provide(layer))
  )
})
