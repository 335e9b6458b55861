import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Latch, Layer, Scheduler, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { ProtocolName } from "../../src/domain/Message.ts"
import { StorageFailed } from "../../src/domain/Rejection.ts"
import { Attachments, type StoredFile } from "../../src/services/Attachments.ts"
import { Chat } from "../../src/services/Chat.ts"
import { History } from "../../src/services/History.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { idleMillis, ResumableUploads } from "../../src/services/ResumableUploads.ts"
import { UploadQuota } from "../../src/services/UploadQuota.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import { content, nextTurn, sha256 } from "./AttachmentsSuite.ts"
import { slowWrites } from "./ChangedAttachments.ts"

const limits = { ...defaults, fileLimitBytes: 1_000_000, uploadLimit: 2 }
const layer = Chat.layer.pipe(Layer.provide(Layer.succeed(Limits, limits)))

/** The same, but each write to its storage comes after `wait`. */
const slowLayer = (wait: Effect.Effect<void, StorageFailed>) =>
  Chat.layerNoStorage.pipe(
    Layer.provideMerge(slowWrites(wait)),
    Layer.provideMerge(History.layerMemory),
    Layer.provide(Layer.succeed(Limits, limits)),
    Layer.fresh
  )

const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

const login = Effect.fnUntraced(function* (name: string, address = "") {
  const chat = yield* Chat
  const outlet = { deliver: () => {}, hangUp: () => {}, queuedBytes: () => 0 }
  return yield* chat.login({ name, protocol: ProtocolName.make("sockets"), address, outlet })
})

const open = Effect.fnUntraced(function* (sizeBytes: number, name = "a.bin") {
  const uploads = yield* ResumableUploads
  return yield* uploads.open(yield* login("alice"), name, sizeBytes)
})

const write = Effect.fnUntraced(function* (id: string, atByte: number, ...pieces: ReadonlyArray<Uint8Array>) {
  const uploads = yield* ResumableUploads
  return yield* uploads.write(id, atByte, Stream.fromIterable(pieces))
})

const read = Effect.fnUntraced(function* (id: string) {
  const attachments = yield* Attachments
  const file = (yield* attachments.findById(id)) as StoredFile
  return { ...file, bytes: Buffer.concat(yield* Stream.runCollect(attachments.read(file))) }
})

/** Four bytes behind which nothing more comes, and what is done when they have come. */
const hang = Effect.map(Deferred.make<void>(), (came) => ({
  came,
  hanging: Stream.concat(
    Stream.succeed(content(4)),
    Stream.fromEffectDrain(Effect.andThen(Deferred.succeed(came, undefined), Effect.never))
  )
}))

/** The id of the file, once it is kept. */
const kept = Effect.fnUntraced(function* (id: string) {
  const uploads = yield* ResumableUploads
  while (uploads.find(id)!.file === undefined) yield* Effect.promise(nextTurn)
  return uploads.find(id)!.file!
})

describe("ResumableUploads", () => {
  it.effect("keeps a file that came in pieces, over several writes", () =>
    Effect.gen(function* () {
      const bytes = content(300_000)
      const id = yield* open(bytes.length, "/etc/../map.txt")
      const half = yield* write(id, 0, bytes.subarray(0, 1), bytes.subarray(1, 70_000), bytes.subarray(70_000, 150_000))
      assert.deepStrictEqual(half, { sizeBytes: 300_000, receivedBytes: 150_000, file: undefined })
      const whole = yield* write(id, 150_000, bytes.subarray(150_000))
      const file = yield* read(whole.file!)
      assert.deepStrictEqual([file.name, file.sizeBytes, sha256(file.bytes)], ["map.txt", 300_000, sha256(bytes)])
      assert.deepStrictEqual((yield* ResumableUploads).find(id), whole)
    }).pipe(Effect.provide(layer))
  )

  it.effect("keeps an empty file at once", () =>
    Effect.gen(function* () {
      const id = yield* open(0)
      const { file } = (yield* ResumableUploads).find(id)!
      assert.strictEqual((yield* read(file!)).sizeBytes, 0)
    }).pipe(Effect.provide(layer))
  )

  it.effect("takes only the next bytes, and no more than were announced", () =>
    Effect.gen(function* () {
      const id = yield* open(10)
      yield* write(id, 0, content(4))
      for (const atByte of [0, 3, 5, 10]) {
        const error = yield* Effect.flip(write(id, atByte, content(1)))
        assert.deepInclude({ ...error }, { _tag: "UploadElsewhere", receivedBytes: 4 })
      }
      assert.strictEqual((yield* Effect.flip(write(id, 4, content(7))))._tag, "UploadOverrun")
      assert.strictEqual((yield* ResumableUploads).find(id)?.receivedBytes, 10)
      assert.isDefined((yield* write(id, 10)).file)
      assert.strictEqual((yield* Effect.flip(write("unknown", 0)))._tag, "UploadGone")
    }).pipe(Effect.provide(layer))
  )

  it.effect("what came before a failure stays", () =>
    Effect.gen(function* () {
      const uploads = yield* ResumableUploads
      const id = yield* open(10)
      const broken = Stream.concat(Stream.succeed(content(4)), Stream.fail("gone"))
      assert.strictEqual(yield* Effect.flip(uploads.write(id, 0, broken)), "gone")
      assert.strictEqual((yield* write(id, 4, content(6))).receivedBytes, 10)
    }).pipe(Effect.provide(layer))
  )

  it.effect("who sends last is the one who sends", () =>
    Effect.gen(function* () {
      const uploads = yield* ResumableUploads
      const id = yield* open(10)
      const { came, hanging } = yield* hang
      const first = yield* Effect.forkChild(Effect.flip(uploads.write(id, 0, hanging)))
      yield* Deferred.await(came)
      assert.isDefined((yield* write(id, 4, content(6))).file)
      assert.strictEqual((yield* Fiber.join(first))._tag, "UploadTakenOver")
    }).pipe(Effect.provide(layer))
  )

  it.effect("one that is interrupted can go on", () =>
    Effect.gen(function* () {
      const uploads = yield* ResumableUploads
      const id = yield* open(10)
      const { came, hanging } = yield* hang
      const first = yield* Effect.forkChild(uploads.write(id, 0, hanging))
      yield* Deferred.await(came)
      yield* Fiber.interrupt(first)
      assert.isDefined((yield* write(id, 4, content(6))).file)
    }).pipe(Effect.provide(layer))
  )

  it.effect("is there for five minutes after the last bytes, also when its session has gone", () =>
    Effect.gen(function* () {
      const [chat, uploads] = [yield* Chat, yield* ResumableUploads]
      const session = yield* login("alice")
      const id = yield* uploads.open(session, "a.bin", 10)
      yield* chat.logout(session)
      yield* TestClock.adjust(limits.transferTimeoutMillis - 1)
      yield* write(id, 0, content(4))
      yield* TestClock.adjust(idleMillis - 1)
      assert.strictEqual(uploads.find(id)?.receivedBytes, 4)
      yield* TestClock.adjust(1)
      assert.deepStrictEqual([uploads.find(id), uploads.count()], [undefined, 0])
    }).pipe(Effect.provide(layer))
  )

  it.effect("is there no longer than any upload, if no byte of it comes", () =>
    Effect.gen(function* () {
      const [uploads, quota] = [yield* ResumableUploads, yield* UploadQuota]
      const id = yield* open(10)
      yield* TestClock.adjust(limits.transferTimeoutMillis - 1)
      yield* write(id, 0)
      assert.deepStrictEqual([uploads.count(), quota.count()], [1, 1])
      yield* TestClock.adjust(limits.transferTimeoutMillis)
      assert.deepStrictEqual([uploads.find(id), uploads.count(), quota.count()], [undefined, 0, 0])
    }).pipe(Effect.provide(layer))
  )

  it.effect("what has become of one that is whole can be asked for five minutes; the file stays", () =>
    Effect.gen(function* () {
      const uploads = yield* ResumableUploads
      const id = yield* open(10)
      const { file } = yield* write(id, 0, content(10))
      yield* TestClock.adjust(idleMillis - 1)
      assert.strictEqual(uploads.find(id)?.file, file)
      yield* TestClock.adjust(1)
      assert.isUndefined(uploads.find(id))
      assert.strictEqual((yield* read(file!)).sizeBytes, 10)
    }).pipe(Effect.provide(layer))
  )

  it.effect("is forgotten when it is cancelled, once", () =>
    Effect.gen(function* () {
      const uploads = yield* ResumableUploads
      const id = yield* open(10)
      assert.deepStrictEqual([yield* uploads.cancel(id), yield* uploads.cancel(id)], [true, false])
      assert.strictEqual((yield* Effect.flip(write(id, 0, content(1))))._tag, "UploadGone")
    }).pipe(Effect.provide(layer))
  )

  it.effect("a session, and an address, has as many under way as it may; those that are whole do not count", () =>
    Effect.gen(function* () {
      const uploads = yield* ResumableUploads
      const [alice, bob] = [yield* login("alice", "192.0.2.1"), yield* login("bob", "192.0.2.1")]
      const carol = yield* login("carol", "192.0.2.2")
      const first = yield* uploads.open(alice, "a", 10)
      yield* uploads.open(bob, "b", 10)
      assert.strictEqual((yield* Effect.flip(uploads.open(alice, "c", 10)))._tag, "TooManyUploads")
      yield* uploads.open(carol, "d", 10)
      yield* write(first, 0, content(10))
      yield* uploads.open(alice, "e", 10)
      assert.strictEqual((yield* Effect.flip(uploads.open(bob, "f", 10)))._tag, "TooManyUploads")
    }).pipe(Effect.provide(layer))
  )

  it.effect("what comes of it is told when it is cancelled or nothing comes for five minutes", () =>
    Effect.gen(function* () {
      const uploads = yield* ResumableUploads
      for (const end of [uploads.cancel, () => TestClock.adjust(idleMillis)] as const) {
        const id = yield* open(10)
        const { came, hanging } = yield* hang
        const sending = yield* Effect.forkChild(Effect.flip(uploads.write(id, 0, hanging)))
        yield* Deferred.await(came)
        yield* end(id)
        assert.strictEqual((yield* Fiber.join(sending))._tag, "UploadGone")
        assert.strictEqual(uploads.count(), 0)
        yield* (yield* Chat).logout((yield* Sessions).find("alice")!)
      }
    }).pipe(Effect.provide(layer))
  )

  it.effect("is kept when the request that made it whole breaks off, and tells the next one", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const test = Effect.gen(function* () {
        const uploads = yield* ResumableUploads
        const id = yield* open(10)
        const first = yield* start(write(id, 0, content(10)))
        yield* Effect.yieldNow
        assert.isUndefined(first.pollUnsafe())
        yield* Fiber.interrupt(first)
        assert.deepStrictEqual(uploads.find(id), { sizeBytes: 10, receivedBytes: 10, file: undefined })
        const second = yield* start(write(id, 10))
        assert.isUndefined(second.pollUnsafe())
        yield* latch.open
        const { file } = yield* Fiber.join(second)
        assert.strictEqual(sha256((yield* read(file!)).bytes), sha256(content(10)))
      })
      yield* Effect.provide(test, slowLayer(latch.await))
    })
  )

  it.effect("is kept when all bytes are there, whatever comes of the request that brought the last one", () =>
    Effect.gen(function* () {
      const uploads = yield* ResumableUploads
      const ends = {
        hangs: Stream.never,
        fails: Stream.fail("reset"),
        overruns: Stream.succeed(content(1))
      }
      for (const [how, end] of Object.entries(ends)) {
        const session = yield* login(how)
        const id = yield* uploads.open(session, "a.bin", 10)
        const bytes = Stream.concat(Stream.fromIterable([content(4), content(6)]), end)
        const sending = yield* start(Effect.ignore(uploads.write<string>(id, 0, bytes)))
        while (uploads.find(id)!.receivedBytes < 10) yield* Effect.yieldNow
        if (how === "hangs") yield* Fiber.interrupt(sending)
        else yield* Fiber.join(sending)
        assert.strictEqual((yield* read(yield* kept(id))).sizeBytes, 10)
      }
    }).pipe(Effect.provide(layer))
  )

  it.effect("settled() waits for what becomes of one that is whole, and for nothing else", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      let outcome: Effect.Effect<void, StorageFailed> = Effect.void
      const test = Effect.gen(function* () {
        const uploads = yield* ResumableUploads
        for (const isKept of [true, false]) {
          outcome = isKept ? Effect.void : new StorageFailed()
          const session = yield* login(`kept ${isKept}`)
          const id = yield* uploads.open(session, "a.bin", 10)
          yield* write(id, 0, content(4))
          assert.strictEqual((yield* uploads.settled(id))?.receivedBytes, 4)
          const sending = yield* start(Effect.ignore(write(id, 4, content(6))))
          const asking = yield* start(uploads.settled(id))
          yield* Effect.promise(nextTurn)
          assert.isUndefined(asking.pollUnsafe())
          yield* latch.open
          assert.strictEqual((yield* Fiber.join(asking))?.file !== undefined, isKept)
          yield* Fiber.join(sending)
          yield* latch.close
        }
        assert.isUndefined(yield* uploads.settled("unknown"))
      })
      const wait = Effect.andThen(
        latch.await,
        Effect.suspend(() => outcome)
      )
      yield* Effect.provide(test, slowLayer(wait))
    })
  )

  it.effect("is kept while a request that has brought all bytes goes on", () =>
    Effect.gen(function* () {
      const uploads = yield* ResumableUploads
      const id = yield* open(4)
      const { came, hanging } = yield* hang
      const sending = yield* start(uploads.write(id, 0, hanging))
      yield* Deferred.await(came)
      yield* kept(id)
      assert.isUndefined(sending.pollUnsafe())
    }).pipe(Effect.provide(layer))
  )

  it.effect("takes what a request has brought, also if that breaks off while it waits for a place", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const bytes = content(900_000)
      const test = Effect.gen(function* () {
        const uploads = yield* ResumableUploads
        const id = yield* open(bytes.length)
        const sending = yield* start(write(id, 0, bytes))
        const broken = yield* start(Fiber.interrupt(sending))
        assert.strictEqual(uploads.find(id)?.receivedBytes, 0)
        yield* latch.open
        yield* Fiber.join(broken)
        assert.strictEqual(uploads.find(id)?.receivedBytes, bytes.length)
        assert.strictEqual(sha256((yield* read(yield* kept(id))).bytes), sha256(bytes))
      })
      yield* Effect.provide(test, slowLayer(latch.await))
    })
  )

  it.effect("goes on at whatever point the request breaks off", () =>
    Effect.gen(function* () {
      const slow = Effect.yieldNow
      const bytes = content(500_000)
      for (const mostOps of [3, 2048]) {
        for (let turns = 0; turns < 10; turns++) {
          const test = Effect.gen(function* () {
            const uploads = yield* ResumableUploads
            const id = yield* open(bytes.length)
            const pieces = Array.from({ length: 5 }, (_, index) =>
              bytes.subarray(index * 100_000, (index + 1) * 100_000)
            )
            const sent = Effect.provideService(write(id, 0, ...pieces), Scheduler.MaxOpsBeforeYield, mostOps)
            const first = yield* start(sent)
            for (let turn = 0; turn < turns; turn++) yield* Effect.yieldNow
            yield* Fiber.interrupt(first)
            const { receivedBytes } = uploads.find(id)!
            const { file } = yield* write(id, receivedBytes, bytes.subarray(receivedBytes))
            assert.strictEqual(sha256((yield* read(file!)).bytes), sha256(bytes))
          })
          yield* Effect.provide(test, slowLayer(slow))
        }
      }
    })
  )

  it.effect("bytes that could not be stored come again: what was received is not counted", () =>
    Effect.gen(function* () {
      let isBroken = true
      const wait = Effect.suspend(() => (isBroken ? new StorageFailed() : Effect.void))
      const bytes = content(900_000)
      const test = Effect.gen(function* () {
        const uploads = yield* ResumableUploads
        const id = yield* open(bytes.length)
        assert.strictEqual((yield* Effect.flip(write(id, 0, bytes)))._tag, "StorageFailed")
        assert.strictEqual(uploads.find(id)?.receivedBytes, 0)
        isBroken = false
        const { file } = yield* write(id, 0, bytes)
        assert.strictEqual(sha256((yield* read(file!)).bytes), sha256(bytes))
      })
      yield* Effect.provide(test, slowLayer(wait))
    })
  )

  it.effect("is gone when it cannot be kept", () =>
    Effect.gen(function* () {
      const uploads = yield* ResumableUploads
      const id = yield* open(10)
      assert.strictEqual((yield* Effect.flip(write(id, 0, content(10))))._tag, "StorageFailed")
      assert.deepStrictEqual([uploads.find(id), uploads.count()], [undefined, 0])
    }).pipe(Effect.provide(slowLayer(new StorageFailed())))
  )

  it.effect("ends with the layer, which tells whoever sends", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const services = yield* Layer.buildWithScope(slowLayer(Effect.never), scope)
      const test = Effect.gen(function* () {
        const uploads = yield* ResumableUploads
        const id = yield* open(1_000_000)
        const sending = yield* start(Effect.flip(write(id, 0, content(1_000_000))))
        assert.isUndefined(sending.pollUnsafe())
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual((yield* Fiber.join(sending))._tag, "UploadGone")
        assert.strictEqual(uploads.count(), 0)
      })
      yield* Effect.provideContext(test, services)
    })
  )

  it.effect("a file has its limit", () =>
    Effect.gen(function* () {
      assert.deepInclude({ ...(yield* Effect.flip(open(1_000_001))) }, { _tag: "FileTooLarge", limitBytes: 1_000_000 })
    }).pipe(Effect.provide(layer))
  )
})
