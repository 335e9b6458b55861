import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Census } from "../../src/services/Census.ts"
import { Chat } from "../../src/services/Chat.ts"
import { Samples } from "../../src/testing/mod.ts"
import { join, layer, login, say, trio } from "./Recorder.ts"

describe("Chat.login()", () => {
  it.effect("tells the newcomer of the login first, and the others of the newcomer", () =>
    Effect.gen(function* () {
      const alice = yield* login("alice")
      const bob = yield* login("bob")
      assert.deepStrictEqual(bob.told(), ["logged in: general,python", "* bob in general (login) with alice,bob"])
      assert.deepStrictEqual(alice.told().slice(2), ["bob in general (login) with alice,bob"])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("gives one of five simultaneous claims the name", () =>
    Effect.gen(function* () {
      const claims = yield* Effect.forEach(
        ["alice", "Alice", "ALICE", "ａlice", "alice"],
        (it) => Effect.exit(login(it)),
        {
          concurrency: "unbounded"
        }
      )
      assert.strictEqual(claims.filter((claim) => claim._tag === "Success").length, 1)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("refuses names in use, reserved and malformed, and more users than there may be", () =>
    Effect.gen(function* () {
      yield* login("alice")
      const refusal = (name: string) => Effect.map(Effect.flip(login(name)), ({ _tag }) => _tag)
      assert.strictEqual(yield* refusal("ALICE"), "NameTaken")
      assert.strictEqual(yield* refusal("Server"), "NameReserved")
      assert.strictEqual(yield* refusal("a\nb"), "NameInvalid")
      yield* login("bob")
      assert.strictEqual(yield* refusal("carol"), "ServerFull")
    }).pipe(Effect.provide(layer({ sessionLimit: 2 })))
  )
})

describe("Chat.logout()", () => {
  it.effect("frees the name and tells those who remain, once", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { counts } = yield* Census
      const { alice, bob } = yield* trio
      chat.logout(alice.session)
      chat.logout(alice.session)
      assert.deepStrictEqual(bob.told(), ["alice out of general (logout) without bob,carol"])
      assert.deepStrictEqual(alice.told(), [])
      assert.strictEqual(counts.sessions, 2)
      assert.strictEqual(yield* alice.refused(say("hello")), "NotLoggedIn")
      yield* login("alice")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("tells whoever shares several rooms once", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { alice, bob } = yield* trio
      for (const user of [alice, bob]) yield* user.run(join("python", true))
      bob.told()
      chat.logout(alice.session)
      assert.deepStrictEqual(bob.told(), ["alice out of general (logout) without bob,carol"])
    }).pipe(Effect.provide(layer()))
  )
})

describe("Chat.run() Say", () => {
  it.effect("reaches the members of the room but its author", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* trio
      yield* carol.run(join("python"))
      for (const user of [alice, bob, carol]) user.told()
      const reply = yield* alice.run(say("hello"))
      assert.strictEqual(reply._tag === "Accepted" && reply.message.number, 1)
      assert.deepStrictEqual(bob.told(), ["alice to general: hello"])
      assert.deepStrictEqual([...alice.told(), ...carol.told()], [])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("carries every text unchanged, and lone surrogates as replacement characters", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      for (const text of [...Samples.texts, "\ud800x"]) {
        yield* alice.run({ _tag: "Say", text, isLiteral: true })
        assert.deepStrictEqual(bob.told(), [`alice to general: ${text.toWellFormed()}`])
      }
    }).pipe(Effect.provide(layer()))
  )

  it.effect("refuses an empty text, one over the limit in bytes of UTF-8, and a room that one is not in", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      assert.strictEqual(yield* alice.refused(say("")), "TextEmpty")
      assert.strictEqual(yield* alice.refused(say("x".repeat(16_385))), "TextTooLong")
      assert.strictEqual(yield* alice.refused(say("é".repeat(8193))), "TextTooLong")
      assert.strictEqual(yield* alice.refused(say("hello", "python")), "NotInRoom")
      assert.strictEqual(yield* alice.refused(say("hello", "no such room")), "NotInRoom")
      assert.deepStrictEqual(bob.told(), [])
      yield* alice.run(say("é".repeat(8192)))
      yield* alice.run(say("x".repeat(16_384)))
      assert.strictEqual(bob.told().length, 2)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("lets 5 messages through at once, then 2 per second", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      for (let count = 0; count < 5; count++) yield* alice.run(say("hello"))
      const flooding = yield* Effect.flip(alice.run(say("too much")))
      assert.deepStrictEqual(flooding._tag === "Flooding" && flooding.retryAfterMillis, 500)
      yield* TestClock.adjust("499 millis")
      assert.strictEqual(yield* alice.refused(say("too much")), "Flooding")
      yield* TestClock.adjust("1 millis")
      yield* alice.run(say("hello"))
      assert.strictEqual(bob.told().length, 6)
    }).pipe(Effect.provide(layer({ floodRate: 2 })))
  )
})

describe("Chat.run() Tell", () => {
  it.effect("reaches the addressee alone", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* trio
      yield* alice.run({ _tag: "Tell", to: "BOB", text: "psst" })
      assert.deepStrictEqual(bob.told(), ["alice to bob: psst"])
      assert.deepStrictEqual([...alice.told(), ...carol.told()], [])
      assert.strictEqual(yield* alice.refused({ _tag: "Tell", to: "nobody", text: "psst" }), "NoSuchUser")
    }).pipe(Effect.provide(layer()))
  )
})

describe("Chat.run() slash commands", () => {
  it.effect("answer the asker alone, or do what they say", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      yield* alice.run(say("/who"))
      assert.deepStrictEqual(alice.told(), ["Server: In general:\nalice (embedded)\nbob (embedded)\ncarol (embedded)"])
      yield* alice.run(say("/rooms"))
      assert.deepStrictEqual(alice.told(), ["Server: Rooms:\ngeneral (3) *\npython (0)"])
      yield* alice.run(say("/msg bob psst"))
      assert.deepStrictEqual(bob.told(), ["alice to bob: psst"])
      yield* alice.run(say("/join cellar"))
      assert.deepStrictEqual(alice.told(), ["* alice in cellar (join) with alice"])
      yield* alice.run(say("/invite bob"))
      assert.deepStrictEqual(alice.told(), ["Server: bob is invited to cellar."])
      yield* alice.run(say("/leave"))
      assert.strictEqual(alice.session.current.name, "general")
      alice.told()
      yield* bob.run(say("//who"))
      assert.deepStrictEqual(alice.told(), ["bob to general: /who"])
      yield* alice.run(say("/history"))
      assert.deepStrictEqual(alice.told(), ["Server: 1970-01-01 00:00 bob: /who"])
      yield* alice.run(say("/files"))
      assert.deepStrictEqual(alice.told(), ["Server: No files have been shared here."])
      assert.strictEqual(yield* alice.refused(say("/join")), "CommandMisused")
      assert.strictEqual(yield* alice.refused(say("/msg nobody hello")), "NoSuchUser")
      yield* alice.run(say("/help"))
      assert.include(alice.told().join(""), "/msg name text")
      assert.deepStrictEqual(
        bob.told().filter((line) => !line.startsWith("alice in") && !line.startsWith("alice out")),
        ["invited to cellar by alice"]
      )
    }).pipe(Effect.provide(layer()))
  )
})

describe("Chat for all", () => {
  it.effect("announce() and stopping() reach everybody, and events reach observers", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { alice, bob } = yield* trio
      yield* bob.run(join("python"))
      alice.told()
      bob.told()
      const observed = yield* Stream.runCollect(Stream.take(chat.events, 3)).pipe(
        Effect.forkChild({ startImmediately: true })
      )
      yield* Effect.yieldNow
      chat.announce("hello all")
      chat.stopping()
      yield* alice.run(say("bye"))
      assert.deepStrictEqual(alice.told(), ["Server: hello all", "stopping"])
      assert.deepStrictEqual(bob.told(), ["Server: hello all", "stopping"])
      assert.deepStrictEqual(
        (yield* Fiber.join(observed)).map(({ _tag }) => _tag),
        ["Announced", "ServerStopping", "Said"]
      )
    }).pipe(Effect.provide(layer()))
  )
})
