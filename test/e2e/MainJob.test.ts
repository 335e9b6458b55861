import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Samples } from "../../src/testing/mod.ts"
import * as Clients from "./Clients.ts"
import * as TestServer from "./TestServer.ts"

const both = Effect.fnUntraced(function* (transports: Array<string> = ["websocket"]) {
  const alice = yield* Clients.chatmaster(yield* TestServer.urlOf("chatmaster"))
  const bob = yield* Clients.sockets(yield* TestServer.urlOf("sockets"), { transports })
  return { alice, bob }
})

describe("chatmaster and sockets in one room", () => {
  for (const transports of [["websocket"], ["polling"], ["polling", "websocket"]]) {
    it.live(`each sees the other come, speak and leave, by ${transports.join(" and ")}`, () =>
      Effect.gen(function* () {
        const { alice, bob } = yield* both(transports)
        const session = yield* alice.login("alice")
        assert.deepStrictEqual(session.data, { status: true, channels: ["general", "python"] })
        assert.strictEqual(yield* bob.ask("register", "bob"), true)
        assert.strictEqual(yield* bob.from("Server"), "bob has joined the chat")
        const joined = yield* alice.take
        assert.strictEqual(joined.data["event_type"], "user_joined")
        assert.deepStrictEqual(joined.data["current_users"], ["alice", "bob"])

        yield* alice.say("hello from a terminal")
        assert.strictEqual(yield* bob.from("alice"), "hello from a terminal")
        yield* bob.emit("message", { from: "somebody else", message: "hello from a browser" })
        assert.deepStrictEqual(yield* alice.take, {
          type: "message",
          data: { message: "hello from a browser", username: "bob" }
        })

        bob.socket.disconnect()
        const left = yield* alice.take
        assert.strictEqual(left.data["event_type"], "user_left")
        assert.strictEqual(left.data["username"], "bob")
        assert.deepStrictEqual(left.data["current_users"], ["alice"])

        const carol = yield* Clients.sockets(yield* TestServer.urlOf("sockets"))
        assert.strictEqual(yield* carol.ask("register", "bob"), true)
        yield* carol.from("Server")
        alice.socket.end()
        assert.strictEqual(yield* carol.from("Server"), "alice left the chat")
      }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
    )
  }

  it.live("every text arrives as one message on the other side", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* both()
      yield* alice.login("alice")
      yield* bob.ask("register", "bob")
      yield* bob.from("Server")
      yield* alice.take
      for (const { heard, said } of Samples.texts) {
        yield* alice.say(said)
        assert.strictEqual(yield* bob.from("alice"), heard)
        yield* bob.emit("message", { from: "bob", message: said })
        assert.deepStrictEqual(yield* alice.take, { type: "message", data: { message: heard, username: "bob" } })
      }
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.live("names are one space: look-alikes and the server's own are refused on both sides", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* both()
      yield* alice.login("Vincent van Gogh")
      assert.strictEqual(yield* bob.ask("register", "vincent VAN gogh"), false)
      assert.strictEqual(yield* bob.ask("register", "Server"), false)
      assert.strictEqual(yield* bob.ask("register", "ｓｅｒｖｅｒ"), false)
      assert.strictEqual(yield* bob.ask("register", "bob"), true)
      const carol = yield* Clients.chatmaster(yield* TestServer.urlOf("chatmaster"))
      assert.strictEqual((yield* carol.login("BOB")).data["status"], false)
      assert.strictEqual((yield* carol.login("carol")).data["status"], true)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.live("five simultaneous claims of one name have one winner", () =>
    Effect.gen(function* () {
      const terminals = yield* Effect.all(
        Array.from({ length: 3 }, () => Effect.flatMap(TestServer.urlOf("chatmaster"), Clients.chatmaster))
      )
      const browsers = yield* Effect.all(
        Array.from({ length: 2 }, () => Effect.flatMap(TestServer.urlOf("sockets"), (url) => Clients.sockets(url)))
      )
      const answers = yield* Effect.all(
        [
          ...terminals.map((it) => Effect.map(it.login("alice"), ({ data }) => data["status"] === true)),
          ...browsers.map((it) => Effect.map(it.ask("register", "alice"), (answer) => answer === true))
        ],
        { concurrency: "unbounded" }
      )
      assert.strictEqual(answers.filter(Boolean).length, 1)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.live("a private room is invisible and closed on the other protocol until an invitation", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* both()
      yield* alice.login("alice")
      yield* bob.ask("register", "bob")
      yield* alice.command("join", { channel: "cellar" })
      yield* alice.takeUntil(({ data }) => data["channel"] === "cellar")
      yield* alice.command("private")
      yield* alice.say("in secret")
      yield* alice.command("channels")
      yield* alice.takeUntil(({ data }) => data["event_type"] === "channel_list")
      const rooms = JSON.stringify(yield* bob.ask("rooms"))
      assert.notInclude(rooms, "cellar")
      const refused = JSON.stringify(yield* bob.ask("join", { room: "cellar" }))
      assert.include(refused, "RoomPrivate")
      assert.notInclude(JSON.stringify(yield* bob.ask("history", { room: "cellar" })), "in secret")
      yield* alice.command("invite", { username: "bob" })
      assert.include(yield* bob.from("Server"), "bob has joined the chat")
      yield* bob.takeUntil(({ args }) => JSON.stringify(args).includes("invited"))
      yield* bob.ask("join", { room: "cellar" })
      assert.include(JSON.stringify(yield* bob.ask("history", { room: "cellar" })), "in secret")
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )
})
