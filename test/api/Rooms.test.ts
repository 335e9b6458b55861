import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Visitor } from "../../src/mod.ts"
import * as Normalised from "../domain/Normalised.ts"
import * as TestServer from "../e2e/TestServer.ts"
import { ask, client, listen, operatorClient } from "./Asking.ts"

const layer = TestServer.layer({ storage: "memory" })

const said = (visitor: Visitor.Visitor, text: string, room = "general") => visitor.run({ _tag: "Say", text, room })

/** A room that only its maker knows of. */
const privateRoom = Effect.fnUntraced(function* (visitor: Visitor.Visitor, room: string) {
  yield* visitor.run({ _tag: "JoinRoom", room })
  yield* visitor.run({ _tag: "SetPrivate", isPrivate: true })
})

describe("rooms over HTTP", () => {
  it.effect("lists public rooms, who is in them, and everybody who is in one", () =>
    Effect.gen(function* () {
      const { rooms } = yield* client()
      yield* Visitor.make("alice")
      const bob = yield* Visitor.make("bob")
      yield* bob.run({ _tag: "JoinRoom", room: "Café ☕", stay: true })
      assert.deepStrictEqual<unknown>(yield* rooms.list(), [
        { name: "general", memberCount: 2 },
        { name: "python", memberCount: 0 },
        { name: "Café ☕", memberCount: 1 }
      ])
      const found = yield* rooms.find({ params: { room: "café ☕" } })
      assert.deepStrictEqual<unknown>(found, {
        name: "Café ☕",
        memberCount: 1,
        members: [{ number: 2, name: "bob", protocol: "embedded" }]
      })
      assert.deepStrictEqual<unknown>(yield* rooms.users(), [
        { name: "alice", protocol: "embedded", rooms: ["general"] },
        { name: "bob", protocol: "embedded", rooms: ["general", "Café ☕"] }
      ])
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("finds a room of the longest name there may be", () =>
    Effect.gen(function* () {
      const { rooms } = yield* client()
      const name = "😀".repeat(64)
      const alice = yield* Visitor.make("alice")
      yield* alice.run({ _tag: "JoinRoom", room: name })
      assert.strictEqual((yield* rooms.find({ params: { room: name } })).memberCount, 1)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("looks no further at a name that is too long, and finds names whose case has another length", () => {
    const work = Normalised.count()
    return Effect.gen(function* () {
      const alice = yield* Visitor.make("alice")
      yield* alice.run({ _tag: "JoinRoom", room: "İzmir" })
      assert.strictEqual((yield* ask(`/api/v1/rooms/${encodeURIComponent("İzmir")}/messages`)).status, 200)
      const before = work.units()
      for (const units of [1000, 1500]) {
        for (const rest of ["", "/messages", "/events"]) {
          const path = `/api/v1/rooms/${encodeURIComponent(Normalised.hostile(units))}${rest}`
          assert.strictEqual((yield* ask(path)).status, 404)
        }
      }
      assert.strictEqual(work.units(), before)
    }).pipe(Effect.ensuring(Effect.sync(work.restore)), Effect.scoped, Effect.provide(layer))
  })

  it.effect("a private room is as if it were not there, and so is who is only there", () =>
    Effect.gen(function* () {
      const { rooms } = yield* client()
      const alice = yield* Visitor.make("alice")
      yield* privateRoom(alice, "den")
      yield* said(alice, "secret", "den")
      const den = { params: { room: "den" } }
      assert.strictEqual((yield* Effect.flip(rooms.find(den)))._tag, "NoSuchRoom")
      assert.strictEqual((yield* Effect.flip(rooms.messages({ ...den, query: {} })))._tag, "NoSuchRoom")
      assert.strictEqual((yield* Effect.flip(rooms.events({ ...den, headers: {} })))._tag, "NoSuchRoom")
      assert.deepStrictEqual(
        (yield* rooms.list()).map(({ name }) => String(name)),
        ["general", "python"]
      )
      assert.deepStrictEqual(yield* rooms.users(), [])
      const there = yield* ask("/api/v1/rooms/den")
      const nowhere = yield* ask("/api/v1/rooms/nowhere")
      assert.deepStrictEqual([there.status, there.text], [404, nowhere.text])
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("pages through the history both ways", () =>
    Effect.gen(function* () {
      const { rooms } = yield* client()
      const alice = yield* Visitor.make("alice")
      for (const number of [1, 2, 3, 4, 5]) yield* said(alice, `text ${number}`)
      const page = (query: { readonly before?: number; readonly after?: number; readonly limit?: number }) =>
        rooms
          .messages({ params: { room: "general" }, query })
          .pipe(Effect.map(({ messages, ...cursors }) => [messages.map(({ number }) => number), cursors]))
      assert.deepStrictEqual<unknown>(yield* page({}), [[1, 2, 3, 4, 5], {}])
      assert.deepStrictEqual<unknown>(yield* page({ limit: 2 }), [[4, 5], { before: 4 }])
      assert.deepStrictEqual<unknown>(yield* page({ limit: 2, before: 4 }), [[2, 3], { before: 2, after: 3 }])
      assert.deepStrictEqual<unknown>(yield* page({ limit: 2, before: 2 }), [[1], { after: 1 }])
      assert.deepStrictEqual<unknown>(yield* page({ limit: 2, after: 1 }), [[2, 3], { before: 2, after: 3 }])
      assert.deepStrictEqual<unknown>(yield* page({ limit: 2, after: 3 }), [[4, 5], { before: 4 }])
      assert.deepStrictEqual<unknown>(yield* page({ after: 5 }), [[], {}])
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("answers are neither kept nor taken for something else", () =>
    Effect.gen(function* () {
      for (const path of ["rooms", "rooms/nowhere", "rooms/general/messages?limit=x", "operator/peers"]) {
        const { headers } = yield* ask(`/api/v1/${path}`)
        assert.deepStrictEqual(
          [headers.get("content-type"), headers.get("cache-control"), headers.get("x-content-type-options")],
          ["application/json", "no-store", "nosniff"],
          path
        )
      }
    }).pipe(Effect.provide(layer))
  )

  it.effect("a body that is longer than any message is not read", () =>
    Effect.gen(function* () {
      const { bots } = yield* operatorClient
      const { token } = yield* bots.make({ payload: { name: "Weather" } })
      const { status } = yield* ask("/api/v1/rooms/general/messages", {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ text: "x".repeat(200_000) })
      })
      assert.strictEqual(status, 413)
    }).pipe(Effect.provide(layer))
  )

  it.effect("says which part of a request is wrong", () =>
    Effect.gen(function* () {
      for (const [query, part] of [
        ["limit=0", "query.limit"],
        ["limit=101", "query.limit"],
        ["limit=x", "query.limit"],
        ["before=-1", "query.before"],
        ["after=1.5", "query.after"]
      ]) {
        const { status, text } = yield* ask(`/api/v1/rooms/general/messages?${query}`)
        assert.strictEqual(status, 400, query)
        assert.deepInclude(JSON.parse(text), { _tag: "RequestInvalid", part })
      }
    }).pipe(Effect.provide(layer))
  )
})

describe("events of a room", () => {
  it.effect("tells what happens in it, and nothing of other rooms and of what is said to one user", () =>
    Effect.gen(function* () {
      const heard = yield* listen("/api/v1/rooms/python/events")
      assert.strictEqual(heard.headers.get("content-type"), "text/event-stream")
      const alice = yield* Visitor.make("alice")
      yield* said(alice, "in general")
      yield* alice.run({ _tag: "JoinRoom", room: "python", stay: true })
      yield* alice.run({ _tag: "Tell", to: "alice", text: "to myself" })
      yield* said(alice, "in python", "python")
      yield* alice.run({ _tag: "Rename", name: "Alicia" })
      yield* alice.run({ _tag: "LeaveRoom", room: "python" })
      const user = { number: 1, name: "alice", protocol: "embedded" }
      assert.deepStrictEqual(yield* heard.event, { event: "joined", data: { room: "python", user } })
      const message = yield* heard.event
      assert.deepStrictEqual([message?.event, message?.id, message?.data.text], ["message", "3", "in python"])
      const renamed = { ...user, name: "Alicia" }
      assert.deepStrictEqual(yield* heard.event, { event: "renamed", data: { oldName: "alice", user: renamed } })
      assert.deepStrictEqual(yield* heard.event, { event: "left", data: { room: "python", user: renamed } })
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("tells of each room that somebody leaves who goes", () =>
    Effect.gen(function* () {
      const [general, python] = [
        yield* listen("/api/v1/rooms/general/events"),
        yield* listen("/api/v1/rooms/python/events")
      ]
      yield* Effect.scoped(
        Effect.gen(function* () {
          const alice = yield* Visitor.make("alice")
          yield* alice.run({ _tag: "JoinRoom", room: "python", stay: true })
        })
      )
      for (const heard of [general, python]) {
        assert.deepStrictEqual([(yield* heard.event)?.event, (yield* heard.event)?.event], ["joined", "left"])
      }
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("the typed client decodes them", () =>
    Effect.gen(function* () {
      const { rooms } = yield* client()
      const events = yield* rooms.events({ params: { room: "general" }, headers: {} })
      const alice = yield* Visitor.make("alice")
      yield* said(alice, "hello")
      const heard = yield* Stream.runCollect(Stream.take(events, 2))
      assert.deepStrictEqual(
        heard.map((event) => [event.event, event.event === "message" ? event.data.text : ""]),
        [
          ["joined", ""],
          ["message", "hello"]
        ]
      )
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("who comes back is told first what was said meanwhile, each message once", () =>
    Effect.gen(function* () {
      const alice = yield* Visitor.make("alice")
      for (let number = 1; number <= 250; number++) yield* said(alice, `text ${number}`)
      const heard = yield* listen("/api/v1/rooms/general/events", { "last-event-id": "3" })
      yield* said(alice, "last")
      for (let number = 4; number <= 251; number++) {
        assert.deepStrictEqual([(yield* heard.event)?.id], [String(number)])
      }
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("a room that becomes private is closed to those who listen", () =>
    Effect.gen(function* () {
      const alice = yield* Visitor.make("alice")
      yield* alice.run({ _tag: "JoinRoom", room: "den" })
      const heard = yield* listen("/api/v1/rooms/den/events")
      yield* alice.run({ _tag: "SetPrivate", isPrivate: true })
      yield* said(alice, "secret", "den")
      yield* alice.run({ _tag: "SetPrivate", isPrivate: false })
      assert.deepStrictEqual(yield* heard.event, { event: "closed", data: { reason: "room" } })
      assert.isUndefined(yield* heard.event)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("a room that is gone is closed, too", () =>
    Effect.gen(function* () {
      const alice = yield* Visitor.make("alice")
      yield* alice.run({ _tag: "JoinRoom", room: "brief" })
      const heard = yield* listen("/api/v1/rooms/brief/events")
      yield* alice.run({ _tag: "LeaveRoom" })
      assert.deepStrictEqual(yield* heard.event, { event: "closed", data: { reason: "room" } })
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("a comment comes at once, and then every 15 seconds", () =>
    Effect.gen(function* () {
      const heard = yield* listen("/api/v1/rooms/general/events")
      assert.strictEqual(yield* heard.next, ": ")
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual(yield* heard.next, ": ")
    }).pipe(Effect.scoped, Effect.provide(layer))
  )
})
