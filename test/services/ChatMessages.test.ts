import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import type { Command, Reply } from "../../src/domain/Command.ts"
import { ProtocolName } from "../../src/domain/Message.ts"
import { plainText } from "../../src/domain/PlainText.ts"
import { Chat } from "../../src/services/Chat.ts"
import { Samples } from "../../src/testing/mod.ts"
import { outlet } from "./Outlets.ts"
import { join, layer, say, trio } from "./Recorder.ts"

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

  it.effect("carries every text as plain text, and lone surrogates as replacement characters", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      for (const { heard, said } of [...Samples.texts, { said: "\ud800x", heard: "\ufffdx" }]) {
        yield* alice.run({ _tag: "Say", text: said, isLiteral: true })
        assert.deepStrictEqual(bob.told(), [`alice to general: ${heard}`])
      }
    }).pipe(Effect.provide(layer()))
  )

  it.effect("makes plain text also of what is for one user, of a file's words and of announcements", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      const evil = "\u001b[2J\r\n\u009b"
      const attachment = { name: evil, sizeBytes: 1, url: evil }
      const reply = yield* alice.run({ _tag: "Tell", to: "bob", text: evil, attachment })
      const plain = "␛[2J\n\ufffd"
      assert.deepStrictEqual(bob.told(), [`alice to bob: ${plain}`])
      assert.deepStrictEqual(reply._tag === "Accepted" && reply.message.attachment, {
        name: plain,
        sizeBytes: 1,
        url: plain
      })
      ;(yield* Chat).announce(evil)
      assert.deepStrictEqual(bob.told(), [`Server: ${plain}`])
      yield* alice.run(say(`/msg bob ${evil}`))
      assert.deepStrictEqual(bob.told(), [`alice to bob: ${plain}`])
      yield* bob.run(say(`/history\r\n`))
      assert.deepStrictEqual(bob.told(), ["Server: Nothing has been said here."])
      yield* bob.run(say(`/who\0`))
      assert.deepStrictEqual(alice.told().at(-1), "bob to general: /who␀")
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

describe("Chat.run() Say and Tell", () => {
  it.effect("tell the author as actor and the others as witnesses of the very same event", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const enter = Effect.fnUntraced(function* (name: string) {
        const kept = outlet()
        const session = yield* chat.login({
          name,
          protocol: ProtocolName.make("toss"),
          address: "192.0.2.1",
          outlet: kept
        })
        return { session, said: () => kept.kept.filter(([event]) => event._tag === "Said") }
      })
      const alice = yield* enter("alice")
      const bob = yield* enter("bob")
      yield* TestClock.adjust("3 seconds")
      const reply = yield* chat.run(alice.session, say("hello"))
      const { userId } = alice.session
      assert.match(userId, /^[0-9a-f]{16}$/)
      assert.notStrictEqual(userId, bob.session.userId)
      const by = { from: "alice", userId, protocol: "toss", atMillis: 3000 }
      const message = { number: 1, ...by, text: "hello", room: "general" }
      assert.deepStrictEqual(reply, { _tag: "Accepted", message } as never)
      assert.deepStrictEqual(alice.said(), [[{ _tag: "Said", message, user: 1 }, "actor"]] as never)
      assert.deepStrictEqual(bob.said(), [[{ _tag: "Said", message, user: 1 }, "witness"]] as never)
      assert.strictEqual(alice.said()[0]![0], bob.said()[0]![0])
      yield* chat.run(alice.session, { _tag: "Tell", to: "BOB", text: "psst" })
      assert.strictEqual(alice.said().length, 1)
      assert.deepStrictEqual(bob.said()[1], [
        {
          _tag: "Said",
          message: { number: 2, ...by, text: "psst", to: "bob", toId: bob.session.userId },
          user: 1
        },
        "witness"
      ] as never)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("carry an attachment, with or without a text", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      const attachment = { name: "a.txt", sizeBytes: 3, url: "/files/1/a.txt" }
      const commands: ReadonlyArray<Command> = [
        { _tag: "Say", text: "", attachment },
        { _tag: "Tell", to: "bob", text: "", attachment },
        { _tag: "Say", text: "/msg bob look", attachment }
      ]
      for (const command of commands) {
        const reply = yield* alice.run(command)
        assert.deepStrictEqual(reply._tag === "Accepted" && reply.message.attachment, attachment)
      }
      assert.deepStrictEqual(bob.told(), ["alice to general: ", "alice to bob: ", "alice to bob: look"])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("count a text in bytes of UTF-8, to the byte", () =>
    Effect.gen(function* () {
      const { alice } = yield* trio
      const tag = (text: string) => Effect.zipWith(alice.refused(say(text)), tell(text), (a, b) => [a, b])
      const tell = (text: string) => alice.refused({ _tag: "Tell", to: "bob", text })
      const taken = ["not refused: Accepted", "not refused: Accepted"]
      const refused = ["TextTooLong", "TextTooLong"]
      for (const text of [
        "x".repeat(12),
        "é".repeat(6),
        "李".repeat(4),
        "🎉".repeat(3),
        "\ud800".repeat(4),
        "\0\u001b\r\n\r\n\t \r\n\r\n"
      ]) {
        assert.deepStrictEqual(yield* tag(text), taken, text)
      }
      for (const text of [
        "x".repeat(13),
        "éxxxxxxxxxxx",
        "李李李李x",
        "🎉🎉🎉x",
        "\ud800".repeat(4) + "x",
        "\0\0\0\0\0",
        "x\r\n".repeat(7)
      ]) {
        assert.deepStrictEqual(yield* tag(text), refused, text)
      }
      const tooLong = yield* Effect.flip(alice.run(say("x".repeat(13))))
      assert.deepStrictEqual(tooLong._tag === "TextTooLong" && tooLong.limitBytes, 12)
      assert.deepStrictEqual(yield* tag(""), ["TextEmpty", "TextEmpty"])
    }).pipe(Effect.provide(layer({ textLimitBytes: 12 })))
  )

  it.effect.prop("carry any text to the others, plain and well formed", [Schema.NonEmptyString], ([text]) =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      yield* alice.run({ _tag: "Say", text, isLiteral: true })
      yield* alice.run({ _tag: "Tell", to: "bob", text })
      const expected = plainText(text).toWellFormed()
      assert.deepStrictEqual(bob.told(), [`alice to general: ${expected}`, `alice to bob: ${expected}`])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("number messages of all rooms in one row, and none that was refused", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      yield* bob.run(join("python"))
      const replies = [yield* alice.run(say("one")), yield* bob.run(say("two"))]
      yield* alice.refused(say(""))
      yield* alice.refused({ _tag: "Tell", to: "nobody", text: "x" })
      replies.push(yield* alice.run({ _tag: "Tell", to: "bob", text: "three" }))
      assert.deepStrictEqual(
        replies.map((reply) => reply._tag === "Accepted" && reply.message.number),
        [1, 2, 3]
      )
    }).pipe(Effect.provide(layer()))
  )

  it.effect("are limited per session, apart from what else a session does", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      yield* alice.run(say("one"))
      yield* alice.run({ _tag: "Tell", to: "bob", text: "two" })
      assert.strictEqual(yield* alice.refused({ _tag: "Tell", to: "bob", text: "three" }), "Flooding")
      assert.strictEqual(yield* alice.refused(say("/who")), "Flooding")
      yield* bob.run(say("one"))
      for (let count = 0; count < 8; count++) yield* alice.run({ _tag: "ListRooms" })
      const flooding = yield* Effect.flip(alice.run({ _tag: "ListRooms" }))
      assert.deepStrictEqual(flooding._tag === "Flooding" && flooding.retryAfterMillis, 250)
      yield* TestClock.adjust("1 second")
      yield* alice.run(say("three"))
      assert.strictEqual(yield* alice.refused(say("four")), "Flooding")
    }).pipe(Effect.provide(layer({ floodRate: 1, floodBurst: 2 })))
  )
})

describe("Chat.run() ReadHistory", () => {
  const numbers = (reply: Reply) => (reply._tag === "Messages" ? reply.messages.map(({ number }) => number) : [])

  it.effect("reads pages of at most 100, 50 if not said otherwise", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      for (let count = 1; count <= 120; count++) yield* bob.run(say(`${count}`))
      const read = (page: Omit<Command & { readonly _tag: "ReadHistory" }, "_tag">) =>
        Effect.map(alice.run({ _tag: "ReadHistory", ...page }), numbers)
      const row = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, it) => first + it)
      assert.deepStrictEqual(yield* read({}), row(71, 120))
      assert.deepStrictEqual(yield* read({ limit: 1000 }), row(21, 120))
      assert.deepStrictEqual(yield* read({ limit: Infinity }), row(21, 120))
      for (const limit of [1, 1.9, 0, -5]) assert.deepStrictEqual(yield* read({ limit }), [120])
      assert.deepStrictEqual(yield* read({ limit: 2, before: 5 }), [3, 4])
      assert.deepStrictEqual(yield* read({ limit: 2, after: 5 }), [6, 7])
      assert.deepStrictEqual(yield* read({ after: 120 }), [])
      assert.isAtMost((yield* read({ limit: NaN })).length, 100)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("has what was said in the room, and no direct messages", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      yield* alice.run(say("one"))
      yield* alice.run({ _tag: "Tell", to: "bob", text: "two" })
      yield* alice.run(say("/msg bob three"))
      yield* bob.run(join("python"))
      yield* bob.run(say("four"))
      assert.deepStrictEqual(numbers(yield* bob.run({ _tag: "ReadHistory" })), [4])
      assert.deepStrictEqual(numbers(yield* bob.run({ _tag: "ReadHistory", room: "GENERAL" })), [1])
      assert.strictEqual(yield* bob.refused({ _tag: "ReadHistory", room: "nowhere" }), "NotInRoom")
    }).pipe(Effect.provide(layer()))
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

  it.effect("users are found, and told things, by their numbers", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      const { name, number, protocol } = bob.session
      const users = [{ number, name, protocol }]
      assert.deepStrictEqual(yield* alice.run({ _tag: "FindUser", number }), { _tag: "Users", room: undefined, users })
      assert.strictEqual(yield* alice.refused({ _tag: "FindUser", number: 99 }), "NoSuchUser")
      yield* alice.run({ _tag: "Tell", to: number, text: "hi" })
      assert.deepStrictEqual(bob.told(), ["alice to bob: hi"])
      assert.strictEqual(yield* alice.refused({ _tag: "Tell", to: 99, text: "hi" }), "NoSuchUser")
      const chat = yield* Chat
      yield* chat.logout(bob.session)
      assert.strictEqual(yield* alice.refused({ _tag: "FindUser", number }), "NoSuchUser")
    }).pipe(Effect.provide(layer()))
  )
})
