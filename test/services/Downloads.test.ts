import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Latch, Layer, Scheduler, Schema, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { Command } from "../../src/domain/Command.ts"
import { Chat } from "../../src/services/Chat.ts"
import { Downloads } from "../../src/services/Downloads.ts"
import { History } from "../../src/services/History.ts"
import { content } from "./AttachmentsSuite.ts"
import { changedAttachments } from "./ChangedAttachments.ts"
import { join, layer, login, trio, type User } from "./Recorder.ts"
import { outsideOfTen } from "./Ranges.ts"

const share = Effect.fnUntraced(function* (user: User, bytes: Uint8Array) {
  yield* user.run({ _tag: "BeginUpload", key: 1, sizeBytes: bytes.length })
  yield* user.run({ _tag: "WriteUpload", key: 1, atByte: 0, bytes })
  const reply = yield* user.run({ _tag: "Say", text: "", upload: { key: 1, name: "a.txt" } })
  return reply._tag === "Accepted" ? reply.message.attachment!.file! : yield* Effect.die(reply)
})

const begin = (file: number, key = 1): Command => ({ _tag: "BeginDownload", key, file })
const read = (atByte: number, sizeBytes: number, key = 1): Command => ({ _tag: "ReadDownload", key, atByte, sizeBytes })

const bytesOf = (user: User, atByte: number, sizeBytes: number, key = 1) =>
  Effect.flatMap(user.run(read(atByte, sizeBytes, key)), (reply) =>
    reply._tag === "FileRead" ? Effect.succeed(reply.bytes) : Effect.die(reply)
  )

const start = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(effect, { startImmediately: true })

/** A chat that waits before each file that is opened and each part that is read, and counts the files that are open. */
const slowLayer = (wait: Effect.Effect<void>, opened: { now: number }) =>
  Chat.layerNoStorage.pipe(
    Layer.provideMerge(
      changedAttachments((attachments) => ({
        open: Effect.fnUntraced(function* (file) {
          yield* wait
          const { read } = yield* attachments.open(file)
          yield* Effect.acquireRelease(
            Effect.sync(() => opened.now++),
            () => Effect.sync(() => opened.now--)
          )
          return { read: (atByte, sizeBytes) => Effect.andThen(wait, read(atByte, sizeBytes)) }
        })
      }))
    ),
    Layer.provideMerge(History.layerMemory),
    Layer.fresh
  )

describe("Downloads", () => {
  const sizeBytes = 200_000
  const Part = Schema.Struct({
    at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: sizeBytes })),
    sizeBytes: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100_000 }))
  })
  it.effect.prop(
    "give any part of a file, in any order, any number of times",
    [Schema.Array(Part)],
    ([parts]) =>
      Effect.gen(function* () {
        const { alice, bob } = yield* trio
        const bytes = content(sizeBytes)
        const file = yield* share(alice, bytes)
        const begun = yield* bob.run(begin(file))
        assert.deepStrictEqual(begun, { _tag: "DownloadBegun", file: { number: file, name: "a.txt", sizeBytes } })
        yield* Effect.forEach(
          [...parts, ...parts],
          ({ at, sizeBytes: wanted }) => {
            const end = Math.min(at + wanted, sizeBytes)
            return Effect.map(bytesOf(bob, at, end - at), (part) =>
              assert.isTrue(Buffer.from(part).equals(bytes.subarray(at, end)))
            )
          },
          { concurrency: 4 }
        )
      }).pipe(Effect.provide(layer())),
    { arbitrary: { runs: 50 } }
  )

  it.effect("refuse what the file has not, unknown keys, and files that the user may not see", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      yield* alice.run(join("attic"))
      const file = yield* share(alice, content(10))
      assert.strictEqual(yield* bob.refused(begin(file)), "NoSuchFile")
      assert.strictEqual(yield* alice.refused(begin(file + 1)), "NoSuchFile")
      assert.strictEqual(yield* alice.refused(read(0, 1)), "NoSuchFile")
      yield* alice.run(begin(file))
      for (const [at, sizeBytes] of outsideOfTen) {
        assert.strictEqual(yield* alice.refused(read(at, sizeBytes)), "NoSuchFile", `${at} ${sizeBytes}`)
      }
      assert.strictEqual(yield* alice.refused(read(0, 1, 2)), "NoSuchFile")
      assert.strictEqual(yield* bob.refused(read(0, 1)), "NoSuchFile")
      assert.lengthOf(yield* bytesOf(alice, 10, 0), 0)
      yield* alice.run({ _tag: "DropDownload", key: 1 })
      assert.strictEqual(yield* alice.refused(read(0, 1)), "NoSuchFile")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("go on when the user has left the room", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      for (const user of [alice, bob]) yield* user.run(join("attic"))
      const file = yield* share(alice, content(10))
      yield* bob.run(begin(file))
      yield* bob.run(join("general"))
      assert.deepStrictEqual(yield* bytesOf(bob, 0, 10), content(10))
      assert.strictEqual(yield* bob.refused(begin(file, 2)), "NoSuchFile")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("go on to the end when the file goes", () =>
    Effect.gen(function* () {
      const { alice } = yield* trio
      const file = yield* share(alice, content(200_000))
      yield* alice.run(begin(file))
      yield* bytesOf(alice, 0, 1)
      yield* share(alice, content(200_000, 1))
      assert.deepStrictEqual(yield* bytesOf(alice, 199_000, 1000), content(200_000).subarray(199_000))
      assert.strictEqual(yield* alice.refused(begin(file)), "NoSuchFile")
    }).pipe(Effect.provide(layer({ filesLimitBytes: 300_000 })))
  )

  it.effect("have a limit of number, also when they begin at once; a key that is used again counts once", () =>
    Effect.gen(function* () {
      const { alice } = yield* trio
      const downloads = yield* Downloads
      const file = yield* share(alice, content(10))
      const all = yield* Effect.forEach([1, 1, 2, 3, 2], (key) => alice.refused(begin(file, key)), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(
        all.filter((it) => it !== "not refused: DownloadBegun"),
        ["TooManyDownloads"]
      )
      assert.strictEqual(downloads.count(), 2)
      yield* alice.run({ _tag: "DropDownload", key: 1 })
      yield* alice.run(begin(file, 3))
    }).pipe(Effect.provide(layer({ downloadLimit: 2 })))
  )

  it.effect("are dropped when nothing is read for 30 seconds", () =>
    Effect.gen(function* () {
      const { alice } = yield* trio
      const downloads = yield* Downloads
      const file = yield* share(alice, content(10))
      yield* alice.run(begin(file))
      for (let count = 0; count < 3; count++) {
        yield* TestClock.adjust("29999 millis")
        yield* bytesOf(alice, 0, 1)
      }
      // Using a key again begins the time anew.
      yield* TestClock.adjust("29999 millis")
      yield* alice.run(begin(file))
      yield* TestClock.adjust("29999 millis")
      assert.strictEqual(downloads.count(), 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(downloads.count(), 0)
      assert.strictEqual(yield* alice.refused(read(0, 1)), "NoSuchFile")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("belong to their session and end with it", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      const chat = yield* Chat
      const downloads = yield* Downloads
      const file = yield* share(alice, content(10))
      yield* bob.run(begin(file))
      yield* chat.logout(bob.session)
      assert.strictEqual(downloads.count(), 0)
      assert.strictEqual(yield* bob.refused(read(0, 1)), "NotLoggedIn")
      assert.strictEqual((yield* Effect.flip(downloads.begin(bob.session, 1, file)))._tag, "NoSuchFile")
      const again = yield* login("bob")
      assert.strictEqual(yield* again.refused(read(0, 1)), "NoSuchFile")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("end with their session, also before they have begun, and with the layer", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const latch = yield* Latch.make()
      const opened = { now: 0 }
      const services = yield* Layer.buildWithScope(slowLayer(latch.await, opened), scope)
      const test = Effect.gen(function* () {
        const { alice, bob, carol } = yield* trio
        const chat = yield* Chat
        const downloads = yield* Downloads
        const file = yield* share(alice, content(300_000))
        const beginning = yield* start(Effect.flip(downloads.begin(bob.session, 1, file)))
        assert.strictEqual(downloads.count(), 1)
        yield* chat.logout(bob.session)
        assert.strictEqual(downloads.count(), 0)
        yield* latch.open
        assert.strictEqual((yield* Fiber.join(beginning))._tag, "NoSuchFile")
        assert.strictEqual(opened.now, 0)

        yield* downloads.begin(carol.session, 1, file)
        yield* downloads.begin(alice.session, 1, file)
        yield* latch.close
        const reading = yield* start(Effect.flip(downloads.read(carol.session, 1, 0, 10)))
        const other = yield* start(Effect.flip(downloads.read(alice.session, 1, 0, 200_000)))
        yield* Effect.yieldNow
        assert.strictEqual(opened.now, 2)
        yield* chat.logout(carol.session)
        assert.strictEqual((yield* Fiber.join(reading))._tag, "NoSuchFile")
        assert.strictEqual(opened.now, 1)
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual((yield* Fiber.join(other))._tag, "NoSuchFile")
        assert.strictEqual(opened.now, 0)
        assert.strictEqual((yield* Effect.flip(downloads.begin(alice.session, 1, file)))._tag, "NoSuchFile")
      })
      yield* Effect.provideContext(test, services)
    })
  )

  it.effect("are closed when whoever began is interrupted while it waits", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const opened = { now: 0 }
      const test = Effect.gen(function* () {
        const { alice } = yield* trio
        const downloads = yield* Downloads
        const file = yield* share(alice, content(10))
        const beginning = yield* start(downloads.begin(alice.session, 1, file))
        assert.strictEqual(downloads.count(), 1)
        yield* Fiber.interrupt(beginning)
        assert.strictEqual(downloads.count(), 0)
        yield* latch.open
        assert.strictEqual(opened.now, 0)
      })
      yield* Effect.provide(test, slowLayer(latch.await, opened))
    })
  )

  it.effect("are there whole or not at all when whoever began is interrupted, at whatever point that is", () =>
    Effect.gen(function* () {
      const outcomes = new Set<number>()
      const slow = Effect.forEach([1, 2, 3], () => Effect.yieldNow, { discard: true })
      for (const mostOps of [3, 5, 2048]) {
        for (let turns = 0; turns < 8; turns++) {
          const opened = { now: 0 }
          const test = Effect.gen(function* () {
            const { alice } = yield* trio
            const downloads = yield* Downloads
            const file = yield* share(alice, content(10))
            const begun = Effect.andThen(Effect.yieldNow, downloads.begin(alice.session, 1, file))
            const beginning = yield* start(Effect.provideService(begun, Scheduler.MaxOpsBeforeYield, mostOps))
            for (let turn = 0; turn < turns; turn++) yield* Effect.yieldNow
            yield* Fiber.interrupt(beginning)
            yield* Effect.andThen(slow, slow)
            outcomes.add(downloads.count())
            assert.strictEqual(opened.now, downloads.count())
            if (downloads.count() === 1) yield* downloads.read(alice.session, 1, 0, 10)
          })
          yield* Effect.provide(test, slowLayer(slow, opened))
          assert.strictEqual(opened.now, 0)
        }
      }
      assert.deepStrictEqual([...outcomes].toSorted(), [0, 1])
    })
  )

  it.effect("read() acts when it is run", () =>
    Effect.gen(function* () {
      const { alice } = yield* trio
      const downloads = yield* Downloads
      const file = yield* share(alice, content(10))
      const read = downloads.read(alice.session, 1, 0, 10)
      assert.strictEqual((yield* Effect.flip(read))._tag, "NoSuchFile")
      yield* downloads.begin(alice.session, 1, file)
      assert.deepStrictEqual([yield* read, yield* read], [content(10), content(10)])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("reading and dropping take no allowance; beginning does", () =>
    Effect.gen(function* () {
      const { alice } = yield* trio
      const file = yield* share(alice, content(10))
      yield* alice.run(begin(file))
      for (let count = 0; count < 100; count++) yield* alice.run(read(0, 1))
      for (let count = 0; count < 100; count++) yield* alice.run({ _tag: "DropDownload", key: 2 })
      const refused = yield* Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8], () => alice.refused(begin(file)))
      assert.include(refused, "Flooding")
    }).pipe(Effect.provide(layer({ floodRate: 2, floodBurst: 2 })))
  )
})
