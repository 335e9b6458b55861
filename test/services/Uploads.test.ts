import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { Command } from "../../src/domain/Command.ts"
import type { Message } from "../../src/domain/Message.ts"
import { StorageFailed } from "../../src/domain/Rejection.ts"
import { Attachments } from "../../src/services/Attachments.ts"
import { Chat } from "../../src/services/Chat.ts"
import { History } from "../../src/services/History.ts"
import { Links } from "../../src/services/Links.ts"
import { Uploads } from "../../src/services/Uploads.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
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

/** A chat that waits before each write to its storage, and may fail then. */
const layerWith = (beforeWrite: () => Effect.Effect<void, StorageFailed>) =>
  Chat.layerNoStorage.pipe(
    Layer.provideMerge(
      Layer.effect(
        Attachments,
        Effect.map(Attachments, (attachments) => ({
          ...attachments,
          begin: (sizeBytes: number) =>
            Effect.map(attachments.begin(sizeBytes), (upload) => ({
              ...upload,
              write: (bytes: Uint8Array, atByte: number) =>
                Effect.andThen(Effect.suspend(beforeWrite), upload.write(bytes, atByte))
            }))
        }))
      ).pipe(Layer.provide(Attachments.layerMemory))
    ),
    Layer.provideMerge(History.layerMemory),
    Layer.provide(Layer.succeed(Limits, { ...defaults, floodRate: 0 }))
  )

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
        assert.strictEqual(yield* alice.refused(share("", "a")), "UploadBroken")
        yield* alice.run(begin(6))
        yield* alice.run(write("abc"))
        yield* alice.run(write("ef", 4))
        assert.strictEqual(yield* alice.refused(share("", "a")), "UploadBroken")
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
      yield* chat.logout(alice.session)
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

  it.effect("have the number that the file will have", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      const first = yield* alice.run(begin(5))
      const second = yield* bob.run(begin(5))
      assert.deepStrictEqual([first, second] as const, [
        { _tag: "UploadBegun", file: 1 },
        { _tag: "UploadBegun", file: 2 }
      ])
      assert.strictEqual((yield* send(alice, "", "a", "hello")).attachment?.file, 3)
      yield* bob.run(write("hello"))
      const reply = yield* bob.run(share("", "b"))
      assert.strictEqual(reply._tag === "Accepted" ? reply.message.attachment?.file : 0, 2)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("have their limit also when they begin at once, and one of them per key", () =>
    Effect.gen(function* () {
      const { alice } = yield* trio
      const uploads = yield* Uploads
      const keys = [1, 1, 2, 2, 3]
      const refused = yield* Effect.forEach(keys, (key) => alice.refused(begin(10, key)), { concurrency: "unbounded" })
      assert.strictEqual(refused.filter((it) => it === "TooManyUploads").length, 1)
      assert.strictEqual(uploads.count(), 2)
      yield* Effect.yieldNow
      // What was dropped has given back its room.
      yield* alice.run({ _tag: "DropUpload", key: 1 })
      yield* alice.run({ _tag: "DropUpload", key: 2 })
      yield* alice.run({ _tag: "DropUpload", key: 3 })
      yield* Effect.yieldNow
      yield* alice.run(begin(20, 9))
    }).pipe(Effect.provide(layer({ uploadLimit: 2, filesLimitBytes: 50 })))
  )

  it.effect("keep what was written last, whether or not anybody waited for it", () =>
    Effect.gen(function* () {
      const { alice } = yield* trio
      yield* alice.run(begin(300_000))
      const one = new Uint8Array(300_000).fill(1)
      const pieces = [one, new Uint8Array(100).fill(2), new Uint8Array(40_000).fill(3), new Uint8Array(10).fill(4)]
      for (const bytes of pieces) {
        const run = alice.run({ _tag: "WriteUpload", key: 1, atByte: 0, bytes })
        yield* Effect.forkChild(run, { startImmediately: true })
      }
      const reply = yield* alice.run(share("", "a"))
      const stored = reply._tag === "Accepted" ? yield* contentOf(reply.message) : ""
      assert.strictEqual(stored.slice(0, 12), "\u0004".repeat(10) + "\u0003\u0003")
      assert.strictEqual(stored.slice(39_999, 40_001), "\u0003\u0001")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("fail with the storage at the write that needs it, which may be tried again", () =>
    Effect.suspend(() => {
      let writes = 0
      const fail = Effect.suspend(() => (++writes === 2 ? new StorageFailed() : Effect.void))
      return Effect.gen(function* () {
        const { alice } = yield* trio
        const text = "0123456789abcdef".repeat(16)
        yield* alice.run(begin(65_536 * 2))
        for (let at = 0; at < 65_536 * 2 - 256; at += 256) yield* alice.run(write(text, at))
        assert.strictEqual(yield* alice.refused(write(text, 65_536 * 2 - 256)), "StorageFailed")
        yield* alice.run(write(text, 65_536 * 2 - 256))
        const reply = yield* alice.run(share("", "a"))
        assert.strictEqual(reply._tag === "Accepted" && (yield* contentOf(reply.message)), text.repeat(512))
        assert.strictEqual(writes, 3)
      }).pipe(Effect.provide(layerWith(() => fail)))
    })
  )

  it.effect("are broken when their session ends while they are stored", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const test = Effect.gen(function* () {
        const { alice, bob } = yield* trio
        const uploads = yield* Uploads
        yield* alice.run(begin(5))
        const refused = yield* Effect.forkChild(alice.refused(write("hello")), { startImmediately: true })
        const chat = yield* Chat
        yield* chat.logout(alice.session)
        assert.strictEqual(uploads.count(), 0)
        yield* Effect.yieldNow
        yield* latch.open
        assert.strictEqual(yield* Fiber.join(refused), "UploadBroken")
        bob.told()
      })
      yield* Effect.provide(
        test,
        layerWith(() => latch.await)
      )
    })
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
