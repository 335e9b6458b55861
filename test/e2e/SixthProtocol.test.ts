/** That a protocol which the server does not know by name is served as those which it knows. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Chat, ProtocolName } from "../../src/mod.ts"
import { ask, client, listen, operatorClient } from "../api/Asking.ts"
import * as Clients from "./Clients.ts"
import * as TestServer from "./TestServer.ts"

const telegraph = ProtocolName.make("telegraph")

/** Logs in as a listener of an embedding program does. */
const samuel = Effect.gen(function* () {
  const chat = yield* Chat
  const outlet = { deliver: () => {}, hangUp: () => {}, queuedBytes: () => 0 }
  return yield* chat.login({ name: "Samuel", protocol: telegraph, address: "192.0.2.1", outlet })
})

describe("a sixth protocol", () => {
  it.live("has its name in the history, in the API and on the wire", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { rooms } = yield* client()
      const { operator } = yield* operatorClient
      const ada = yield* Clients.sockets(yield* TestServer.urlOf("sockets"))
      yield* ada.ask("register", "Ada")
      const events = yield* listen("/api/v1/rooms/general/events")
      yield* events.next
      const session = yield* samuel
      const user = { number: session.number, name: "Samuel", protocol: "telegraph" }
      const reply = yield* chat.run(session, { _tag: "Say", text: "what hath God wrought" })
      assert.strictEqual(reply._tag, "Accepted")
      yield* Effect.ignore(chat.run(session, { _tag: "Say", text: "" }))

      assert.deepStrictEqual((yield* events.event)?.data, { room: "general", user })
      assert.deepInclude((yield* events.event)?.data, { from: "Samuel", protocol: "telegraph" })
      // From the database.
      const { messages } = yield* rooms.messages({ params: { room: "general" }, query: {} })
      assert.deepStrictEqual(
        messages.map(({ from, protocol, text }) => `${from} ${protocol}: ${text}`),
        ["Samuel telegraph: what hath God wrought"]
      )
      const { members } = yield* rooms.find({ params: { room: "general" } })
      assert.deepInclude<unknown>(members, user)
      assert.deepInclude<unknown>(yield* rooms.users(), { name: "Samuel", protocol: "telegraph", rooms: ["general"] })
      assert.deepStrictEqual(
        (yield* operator.peers()).map(({ protocol }) => String(protocol)),
        ["sockets", "telegraph"]
      )
      assert.deepStrictEqual((yield* operator.stats()).sessions, { sockets: 1, telegraph: 1 })
      assert.deepStrictEqual(
        (yield* operator.refusals()).map(({ code, protocol }) => `${protocol} ${code}`),
        ["telegraph TextEmpty"]
      )
      const said = yield* ada.takeUntil(({ args, name }) => name === "message" && JSON.stringify(args).includes("hath"))
      assert.deepInclude<unknown>(said.args[0], { from: "Samuel", protocol: "telegraph" })
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.live("has a place in the OpenAPI document, which lists no protocols", () =>
    Effect.gen(function* () {
      const { text } = yield* ask("/api/v1/openapi.json")
      assert.notInclude(text, `"chatmaster"`)
      assert.include(text, `"pattern":"^[a-z][a-z0-9-]{0,31}$"`)
    }).pipe(Effect.provide(TestServer.layer({ storage: "memory" })))
  )
})
