import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Latch, Layer, Scheduler, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { Command } from "../../src/domain/Command.ts"
import type { Message } from "../../src/domain/Message.ts"
import { StorageFailed } from "../../src/domain/Rejection.ts"
import { Attachments } from "../../src/services/Attachments.ts"
import { Chat } from "../../src/services/Chat.ts"
import { History } from "../../src/services/History.ts"
import { Links } from "../../src/services/Links.ts"
import { UploadQuota } from "../../src/services/UploadQuota.ts"
import { Uploads } from "../../src/services/Uploads.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { nextTurn, sha256 as hashOf } from "./AttachmentsSuite.ts"
import { slowWrites } from "./ChangedAttachments.ts"
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

const start = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(effect, { startImmediately: true })

const filesLimitBytes = 10_000_000

/** Uploads hold none of the room that files may take. */
const isAllRoomFree = Effect.gen(function* () {
  const attachments = yield* Attachments
  yield* Effect.scoped(attachments.begin(filesLimitBytes))
})

/** A chat that waits before each write to its storage, and may fail then; and before each file that is begun. */
const layerWith = (
  beforeWrite: () => Effect.Effect<void, StorageFailed>,
  beforeBegin: Effect.Effect<void> = Effect.void
) =>
  Chat.layerNoStorage
    .pipe(
      Layer.provideMerge(slowWrites(Effect.suspend(beforeWrite), beforeBegin)),
      Layer.provideMerge(History.layerMemory),
      Layer.provide(Layer.succeed(Limits, { ...defaults, floodRate: 0, filesLimitBytes }))
    )
    .pipe(Layer.fresh)

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

  it.effect("fail with the storage at the write behind the one that needs it, and then free their places at once", () =>
    Effect.suspend(() => {
      let writes = 0
      const fail = Effect.suspend(() => (++writes === 1 ? new StorageFailed() : Effect.void))
      return Effect.gen(function* () {
        const { alice } = yield* trio
        const text = "0123456789abcdef".repeat(16)
        yield* alice.run(begin(65_536 * 2))
        for (let at = 0; at < 65_536; at += 256) yield* alice.run(write(text, at))
        yield* Effect.yieldNow
        assert.strictEqual(yield* alice.refused(write(text, 65_536)), "StorageFailed")
        assert.deepStrictEqual([(yield* Uploads).count(), (yield* UploadQuota).count()], [0, 0])
        assert.strictEqual(yield* alice.refused(write(text, 65_536)), "UploadBroken")
        yield* isAllRoomFree
        assert.strictEqual(writes, 1)
      }).pipe(Effect.provide(layerWith(() => fail)))
    })
  )

  it.effect("are not shared when they cannot be stored", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      yield* alice.run(begin(5))
      yield* alice.run(write("hello"))
      assert.strictEqual(yield* alice.refused(share("", "a")), "StorageFailed")
      assert.strictEqual(yield* alice.refused(share("", "a")), "UploadBroken")
      assert.strictEqual((yield* Uploads).count(), 0)
      assert.deepStrictEqual(bob.told(), [])
      yield* isAllRoomFree
    }).pipe(Effect.provide(layerWith(() => new StorageFailed())))
  )

  it.effect("are broken when their session ends while they are stored", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const test = Effect.gen(function* () {
        const { alice, bob } = yield* trio
        const uploads = yield* Uploads
        yield* alice.run(begin(5))
        yield* alice.run(write("hello"))
        const refused = yield* start(alice.refused(share("", "a")))
        yield* alice.run(begin(1_000_000, 2))
        const waiting = yield* start(alice.refused(write("x".repeat(1_000_000), 0, 2)))
        assert.isUndefined(waiting.pollUnsafe())
        const chat = yield* Chat
        yield* chat.logout(alice.session)
        assert.strictEqual(uploads.count(), 0)
        yield* Effect.yieldNow
        yield* latch.open
        assert.strictEqual(yield* Fiber.join(refused), "UploadBroken")
        assert.strictEqual(yield* Fiber.join(waiting), "UploadBroken")
        assert.deepStrictEqual(bob.told(), ["alice out of general (logout) without bob,carol"])
        assert.isUndefined(yield* (yield* Attachments).find(1))
        yield* isAllRoomFree
      })
      yield* Effect.provide(
        test,
        layerWith(() => latch.await)
      )
    })
  )

  it.effect("are kept when whoever asked for it does not wait any more", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const test = Effect.gen(function* () {
        const { alice, bob } = yield* trio
        yield* alice.run(begin(5))
        yield* alice.run(write("hello"))
        const sharing = yield* start(alice.run(share("", "a")))
        yield* Effect.yieldNow
        assert.isUndefined(sharing.pollUnsafe())
        yield* Fiber.interrupt(sharing)
        // It has no key any more: another has it now.
        yield* alice.run(begin(3))
        yield* alice.run({ _tag: "DropUpload", key: 1 })
        yield* latch.open
        const { find } = yield* Attachments
        while ((yield* find(1)) === undefined) yield* Effect.promise(nextTurn)
        assert.strictEqual((yield* find(1))?.name, "a")
        assert.deepStrictEqual(bob.told(), [])
        yield* isAllRoomFree
      })
      yield* Effect.provide(
        test,
        layerWith(() => latch.await)
      )
    })
  )

  it.effect("are there whole or not at all when whoever began is interrupted, at whatever point that is", () =>
    Effect.gen(function* () {
      const outcomes = new Set<number>()
      for (const mostOps of [3, 5, 2048]) {
        for (let turns = 0; turns < 8; turns++) {
          const slow = Effect.forEach([1, 2, 3], () => Effect.yieldNow, { discard: true })
          const test = Effect.gen(function* () {
            const alice = yield* login("alice")
            const uploads = yield* Uploads
            const beginning = yield* start(
              Effect.provideService(
                Effect.andThen(Effect.yieldNow, uploads.begin(alice.session, 1, 10)),
                Scheduler.MaxOpsBeforeYield,
                mostOps
              )
            )
            for (let turn = 0; turn < turns; turn++) yield* Effect.yieldNow
            yield* Fiber.interrupt(beginning)
            yield* slow
            outcomes.add(uploads.count())
            const exit = beginning.pollUnsafe()
            if (exit !== undefined && Exit.isSuccess(exit)) assert.strictEqual(uploads.count(), 1)
            if (uploads.count() === 1) {
              // It was carried out whole.
              yield* uploads.write(alice.session, 1, 0, new Uint8Array(10))
              yield* uploads.keep(alice.session, { key: 1, name: "a" })
            }
            yield* isAllRoomFree
          })
          yield* Effect.provide(
            test,
            layerWith(() => Effect.void, slow)
          )
        }
      }
      assert.deepStrictEqual([...outcomes].toSorted(), [0, 1])
    })
  )

  it.effect("give back their room when whoever began is interrupted while it waits", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const test = Effect.gen(function* () {
        const { alice } = yield* trio
        const uploads = yield* Uploads
        const beginning = yield* start(uploads.begin(alice.session, 1, filesLimitBytes))
        assert.strictEqual(uploads.count(), 1)
        yield* Fiber.interrupt(beginning)
        assert.strictEqual(uploads.count(), 0)
        yield* latch.open
        yield* isAllRoomFree
      })
      yield* Effect.provide(
        test,
        layerWith(() => Effect.void, latch.await)
      )
    })
  )

  it.effect("do not count when they could not begin", () =>
    Effect.gen(function* () {
      const { alice } = yield* trio
      const uploads = yield* Uploads
      for (const key of [1, 2, 3, 4, 5, 6]) {
        assert.strictEqual((yield* Effect.flip(uploads.begin(alice.session, key, 51)))._tag, "StorageFailed")
        assert.strictEqual(uploads.count(), 0)
      }
    }).pipe(Effect.provide(layer({ filesLimitBytes: 50 })))
  )

  it.effect("give back their room when their session ends before they have begun", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const test = Effect.gen(function* () {
        const { alice } = yield* trio
        const uploads = yield* Uploads
        const chat = yield* Chat
        const beginning = yield* start(Effect.flip(uploads.begin(alice.session, 1, 10)))
        // They count from the first.
        assert.strictEqual(uploads.count(), 1)
        assert.isUndefined(beginning.pollUnsafe())
        yield* chat.logout(alice.session)
        assert.strictEqual(uploads.count(), 0)
        yield* latch.open
        assert.strictEqual((yield* Fiber.join(beginning))._tag, "UploadBroken")
        assert.strictEqual((yield* Effect.flip(uploads.begin(alice.session, 1, 10)))._tag, "UploadBroken")
        yield* isAllRoomFree
      })
      yield* Effect.provide(
        test,
        layerWith(() => Effect.void, latch.await)
      )
    })
  )

  it.effect("write() and keep() act when they are run", () =>
    Effect.gen(function* () {
      const { alice } = yield* trio
      const uploads = yield* Uploads
      const { session } = alice
      const [early, keep] = [
        uploads.write(session, 1, 0, utf8.encode("hello")),
        uploads.keep(session, { key: 1, name: "a" })
      ]
      assert.strictEqual((yield* Effect.flip(early))._tag, "UploadBroken")
      yield* uploads.begin(session, 1, 5)
      const late = uploads.write(session, 1, 0, utf8.encode("HELLO"))
      yield* early
      yield* late
      yield* early
      const { sha256 } = yield* keep
      assert.strictEqual(sha256, hashOf(utf8.encode("hello")))
    }).pipe(Effect.provide(layer()))
  )

  it.effect("end with the layer, which tells all who wait and leaves nothing behind", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const latch = yield* Latch.make()
      const services = yield* Layer.buildWithScope(
        layerWith(() => latch.await),
        scope
      )
      const test = Effect.gen(function* () {
        const { alice } = yield* trio
        const uploads = yield* Uploads
        for (const key of [1, 2, 3]) yield* uploads.begin(alice.session, key, 1_000_000)
        const large = new Uint8Array(1_000_000)
        const writing = yield* start(Effect.flip(uploads.write(alice.session, 1, 0, large)))
        yield* uploads.write(alice.session, 2, 0, large.subarray(0, 400_000))
        const keeping = yield* start(Effect.flip(uploads.keep(alice.session, { key: 2, name: "a" })))
        yield* Effect.yieldNow
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual((yield* Fiber.join(writing))._tag, "UploadBroken")
        assert.strictEqual((yield* Fiber.join(keeping))._tag, "UploadBroken")
        assert.strictEqual(uploads.count(), 0)
        assert.strictEqual((yield* Effect.flip(uploads.begin(alice.session, 1, 10)))._tag, "UploadBroken")
        yield* isAllRoomFree
      })
      yield* Effect.provideContext(test, services)
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
