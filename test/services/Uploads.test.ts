import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { Command } from "../../src/domain/Command.ts"
import type { Message } from "../../src/domain/Message.ts"
import { Attachments } from "../../src/services/Attachments.ts"
import { Chat } from "../../src/services/Chat.ts"
import { Links } from "../../src/services/Links.ts"
import { Uploads } from "../../src/services/Uploads.ts"
import { layer, login, trio, type User } from "./Recorder.ts"

const utf8 = new TextEncoder()

const begin = (sizeBytes: number, key = 1): Command => ({ _tag: "BeginUpload", key, sizeBytes })
const write = (text: string, atByte = 0, key = 1): Command => ({
  _tag: "WriteUpload",
  key,
  atByte,
  bytes: utf8.encode(text)
})
const share = (text: string, name: string, key = 1): Command => ({ _tag: "Say", text, upload: { key, name } })

const send = Effect.fnUntraced(function* (user: User, text: string, name: string, content: string) {
  yield* user.run(begin(content.length))
  yield* user.run(write(content))
  const reply = yield* user.run(share(text, name))
  return reply._tag === "Accepted" ? reply.message : yield* Effect.die(reply)
})

const contentOf = Effect.fnUntraced(function* ({ attachment }: Message) {
  const attachments = yield* Attachments
  const file = yield* attachments.find(attachment!.file!)
  const pieces = yield* Stream.runCollect(attachments.read(file!))
  return Buffer.concat(pieces).toString()
})

describe("Uploads", () => {
  it.effect("share a file with the room, under a safe name, with a link once there is one", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      const before = yield* send(alice, "look", "../../etc/pass|wd", "hello")
      assert.deepStrictEqual(before.attachment, { name: "pass_wd", sizeBytes: 5, url: "", file: 1 })
      assert.strictEqual(yield* contentOf(before), "hello")
      assert.deepStrictEqual(bob.told(), ["alice to general: look"])
      const links = yield* Links
      links.serveAt("http://chat.test")
      const after = yield* send(alice, "", "a b.txt", "hello")
      assert.match(after.attachment!.url, /^http:\/\/chat\.test\/files\/[\w-]{32}\/a%20b\.txt$/)
      assert.strictEqual(after.attachment!.file, 2)
      assert.deepStrictEqual(bob.told(), ["alice to general: "])
    }).pipe(Effect.provide(layer()))
  )

  it.effect(
    "take bytes in any order, and refuse a file that has a gap, bytes beyond its size and unknown uploads",
    () =>
      Effect.gen(function* () {
        const { alice, bob } = yield* trio
        yield* alice.run(begin(6))
        yield* alice.run(write("def", 3))
        yield* alice.run(write("abc", 0))
        const reply = yield* alice.run(share("", "a"))
        assert.strictEqual(reply._tag === "Accepted" && (yield* contentOf(reply.message)), "abcdef")
        bob.told()
        yield* alice.run(begin(6))
        assert.strictEqual(yield* alice.refused(write("abcdefg")), "UploadBroken")
        assert.strictEqual(yield* alice.refused(write("a", 6)), "UploadBroken")
        assert.strictEqual(yield* alice.refused(write("a", -1)), "UploadBroken")
        yield* alice.run(write("abc"))
        assert.notStrictEqual(yield* alice.refused(share("", "a")), "not refused: Accepted")
        assert.strictEqual(yield* alice.refused(share("", "a")), "UploadBroken")
        assert.strictEqual(yield* alice.refused(write("a", 0, 7)), "UploadBroken")
        assert.deepStrictEqual(bob.told(), [])
        assert.strictEqual((yield* Uploads).count(), 0)
      }).pipe(Effect.provide(layer()))
  )

  it.effect("have limits of size and number", () =>
    Effect.gen(function* () {
      const { alice } = yield* trio
      assert.strictEqual(yield* alice.refused(begin(11)), "FileTooLarge")
      yield* alice.run(begin(10, 1))
      yield* alice.run(begin(10, 2))
      assert.strictEqual(yield* alice.refused(begin(10, 3)), "TooManyUploads")
      yield* alice.run(begin(10, 2))
      yield* alice.run({ _tag: "DropUpload", key: 1 })
      yield* alice.run(begin(10, 3))
      assert.strictEqual((yield* Uploads).count(), 2)
    }).pipe(Effect.provide(layer({ fileLimitBytes: 10, uploadLimit: 2 })))
  )

  it.effect("belong to their session and end with it", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      const uploads = yield* Uploads
      yield* alice.run(begin(5))
      yield* alice.run(write("hello"))
      assert.strictEqual(yield* bob.refused(share("", "stolen")), "UploadBroken")
      const chat = yield* Chat
      chat.logout(alice.session)
      assert.strictEqual(uploads.count(), 0)
      assert.strictEqual(yield* alice.refused(begin(5)), "NotLoggedIn")
      const again = yield* login("alice")
      assert.strictEqual(yield* again.refused(share("", "a")), "UploadBroken")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("are dropped when nothing comes for 30 seconds", () =>
    Effect.gen(function* () {
      const { alice } = yield* trio
      const uploads = yield* Uploads
      yield* alice.run(begin(3))
      yield* TestClock.adjust("29999 millis")
      yield* alice.run(write("a", 0))
      yield* TestClock.adjust("29999 millis")
      yield* alice.run(write("b", 1))
      assert.strictEqual(uploads.count(), 1)
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(uploads.count(), 0)
      assert.strictEqual(yield* alice.refused(write("c", 2)), "UploadBroken")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("are dropped with the message that is refused", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      const uploads = yield* Uploads
      const tryToSay = Effect.fnUntraced(function* (command: Command) {
        yield* alice.run(begin(5))
        yield* alice.run(write("hello"))
        const refused = yield* alice.refused(command)
        assert.strictEqual(uploads.count(), 0)
        return refused
      })
      const upload = { key: 1, name: "a" }
      assert.strictEqual(yield* tryToSay({ _tag: "Say", text: "x".repeat(16_385), upload }), "TextTooLong")
      assert.strictEqual(yield* tryToSay({ _tag: "Say", text: "", room: "elsewhere", upload }), "NotInRoom")
      assert.strictEqual(yield* tryToSay({ _tag: "Tell", to: "nobody", text: "", upload }), "NoSuchUser")
      assert.strictEqual(yield* tryToSay({ _tag: "Say", text: "/msg", upload }), "CommandMisused")
      assert.deepStrictEqual(bob.told(), [])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("go to one user with /msg, also without a text, and to the room with any other command", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* trio
      const said = yield* send(alice, "/msg bob", "a", "hello")
      assert.strictEqual(said.to as string | undefined, "bob")
      assert.strictEqual(said.attachment?.name, "a")
      assert.deepStrictEqual(bob.told(), ["alice to bob: "])
      assert.deepStrictEqual(carol.told(), [])
      yield* send(alice, "/help", "a", "hello")
      assert.deepStrictEqual(carol.told(), ["alice to general: /help"])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("are refused with a message that comes too fast", () =>
    Effect.gen(function* () {
      const { alice } = yield* trio
      yield* alice.run({ _tag: "Say", text: "first" })
      yield* alice.run(begin(5))
      yield* alice.run(write("hello"))
      assert.strictEqual(yield* alice.refused(share("", "a")), "Flooding")
      assert.strictEqual((yield* Uploads).count(), 0)
    }).pipe(Effect.provide(layer({ floodRate: 1, floodBurst: 1 })))
  )
})
