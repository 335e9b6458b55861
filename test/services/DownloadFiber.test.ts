import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Latch, Schema } from "effect"
import { TestClock } from "effect/testing"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { NoSuchFile, StorageFailed } from "../../src/domain/Rejection.ts"
import type { Range } from "../../src/services/Attachments.ts"
import { blockBytes, DownloadFiber, limitBlocks } from "../../src/services/DownloadFiber.ts"
import { IdleTimeout } from "../../src/services/IdleTimeout.ts"
import { content, nextTurn } from "./AttachmentsSuite.ts"
import { outsideOfTen } from "./Ranges.ts"

setFlagsFromString("--expose-gc")
const collectGarbage: () => void = runInNewContext("gc")

/** How many of some objects are really held. */
const countHeld = Effect.fnUntraced(function* (objects: ReadonlyArray<WeakRef<object>>) {
  yield* Effect.promise(nextTurn)
  collectGarbage()
  return objects.filter((object) => object.deref() !== undefined).length
})

const idleMillis = 30_000

/** The download of a file of some bytes, each part of which comes after `wait`. */
const downloadOf = Effect.fnUntraced(function* (
  bytes: Uint8Array,
  wait: () => Effect.Effect<void, StorageFailed> = () => Effect.yieldNow
) {
  const reads: Array<Range> = []
  const held = { isOpen: false }
  let underWay = 0
  const read = (atByte: number, sizeBytes: number) =>
    Effect.suspend(() => {
      assert.isTrue(held.isOpen)
      assert.strictEqual(++underWay, 1)
      reads.push({ atByte, sizeBytes })
      return Effect.as(wait(), bytes.slice(atByte, atByte + sizeBytes))
    }).pipe(Effect.ensuring(Effect.sync(() => underWay--)))
  const open = Effect.acquireRelease(
    Effect.sync(() => {
      held.isOpen = true
      return { read }
    }),
    () => Effect.sync(() => (held.isOpen = false))
  )
  const content = yield* DownloadFiber.make(bytes.length, new IdleTimeout(yield* Clock.Clock, idleMillis))
  const fiber = yield* start(content.run(open))
  return { content, fiber, held, reads }
})

const start = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(effect, { startImmediately: true })

const tagOf = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>) =>
  Effect.match(effect, { onFailure: ({ _tag }) => _tag, onSuccess: () => "done" })

/** Lets what is read ahead arrive. */
const settled = Effect.forEach(Array.from({ length: 20 }), () => Effect.yieldNow, { discard: true })

describe("DownloadFiber", () => {
  it.effect("read() reads each block once when parts are asked for in nearly the order of the file", () =>
    Effect.gen(function* () {
      const bytes = content(5 * blockBytes + 100)
      const file = yield* downloadOf(bytes)
      for (let index = 0; index < bytes.length / 256; index++) {
        const at = ((index & ~31) | ((index * 13) & 31)) * 256
        const expected = bytes.subarray(at, at + 256)
        if (expected.length === 0) continue
        assert.deepStrictEqual(yield* file.content.read(at, expected.length), expected)
      }
      assert.deepStrictEqual(
        file.reads.map(({ atByte, sizeBytes }) => [atByte / blockBytes, sizeBytes]),
        [0, 1, 2, 3, 4, 5].map((index) => [index, index === 5 ? 100 : blockBytes])
      )
    })
  )

  it.effect("read() answers at once what is in memory", () =>
    Effect.gen(function* () {
      const bytes = content(4 * blockBytes)
      const latch = yield* Latch.make(true)
      const file = yield* downloadOf(bytes, () => latch.await)
      yield* file.content.read(0, 1)
      yield* file.content.read(blockBytes, 1)
      yield* latch.close
      for (const [at, sizeBytes] of [
        [1000, 256],
        [blockBytes - 100, 256],
        [2 * blockBytes - 1, 1],
        [0, blockBytes],
        [2 * blockBytes, 0]
      ] as const) {
        const fiber = yield* Effect.forkChild(file.content.read(at, sizeBytes), { startImmediately: true })
        assert.isDefined(fiber.pollUnsafe(), `${at}`)
        assert.deepStrictEqual(yield* Fiber.join(fiber), bytes.subarray(at, at + sizeBytes))
      }
      const missing = yield* Effect.forkChild(file.content.read(3 * blockBytes, 1), { startImmediately: true })
      assert.isUndefined(missing.pollUnsafe())
      yield* latch.open
    })
  )

  it.effect("read() has the next block read when one is asked for first, in order", () =>
    Effect.gen(function* () {
      const file = yield* downloadOf(content(9 * blockBytes))
      const blocks = () => file.reads.map(({ atByte }) => atByte / blockBytes)
      const read = (at: number) => Effect.andThen(file.content.read(at, 1), settled)
      yield* read(0)
      assert.deepStrictEqual(blocks(), [0, 1])
      yield* read(blockBytes - 1)
      assert.deepStrictEqual(blocks(), [0, 1])
      yield* read(blockBytes)
      assert.deepStrictEqual(blocks(), [0, 1, 2])
      yield* read(6 * blockBytes)
      assert.deepStrictEqual(blocks(), [0, 1, 2, 6])
      yield* read(7 * blockBytes)
      yield* read(8 * blockBytes)
      assert.deepStrictEqual(blocks(), [0, 1, 2, 6, 7, 8])
    })
  )

  it.effect("read() does not fail for a block that nobody has asked for", () =>
    Effect.gen(function* () {
      let count = 0
      const bytes = content(4 * blockBytes)
      const wait = () => Effect.suspend(() => (++count === 2 ? new StorageFailed() : Effect.void))
      const file = yield* downloadOf(bytes, wait)
      assert.lengthOf(yield* file.content.read(0, 10), 10)
      yield* settled
      assert.strictEqual(count, 2)
      assert.deepStrictEqual(yield* file.content.read(blockBytes, 10), bytes.subarray(blockBytes, blockBytes + 10))
      yield* settled
      assert.strictEqual(count, 4)
    })
  )

  it.effect("read() gives nothing, and has nothing read, when the download is over", () =>
    Effect.gen(function* () {
      const file = yield* downloadOf(content(4 * blockBytes))
      yield* file.content.read(0, 10)
      yield* settled
      yield* Fiber.interrupt(file.fiber)
      assert.isFalse(file.held.isOpen)
      for (const at of [0, blockBytes, 2 * blockBytes]) {
        assert.strictEqual(yield* tagOf(file.content.read(at, 10)), "NoSuchFile")
      }
      yield* settled
      assert.lengthOf(file.reads, 2)
    })
  )

  it.effect("read() refuses what the file has not", () =>
    Effect.gen(function* () {
      const { content: download, reads } = yield* downloadOf(content(10))
      for (const [at, sizeBytes] of outsideOfTen) {
        assert.strictEqual(yield* tagOf(download.read(at, sizeBytes)), "NoSuchFile", `${at} ${sizeBytes}`)
      }
      assert.lengthOf(yield* download.read(10, 0), 0)
      assert.deepStrictEqual(reads, [])
    })
  )

  it.effect("read() does nothing before it is run", () =>
    Effect.gen(function* () {
      const file = yield* downloadOf(content(10))
      const read = file.content.read(0, 10)
      yield* settled
      assert.deepStrictEqual(file.reads, [])
      assert.deepStrictEqual([yield* read, yield* read], [content(10), content(10)])
      assert.lengthOf(file.reads, 1)
    })
  )

  it.effect("read() reads a block once for all who wait for it, also when one of them goes", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const bytes = content(4 * blockBytes)
      const file = yield* downloadOf(bytes, () => latch.await)
      const starts = [0, 1, 2, 3, 0, 1, 2, 3].map((index) => index * blockBytes + 7)
      const fibers = yield* Effect.forEach(starts, (at) =>
        Effect.forkChild(file.content.read(at, 100), { startImmediately: true })
      )
      const ended = yield* Effect.forkChild(Fiber.interrupt(fibers[0]!), { startImmediately: true })
      yield* latch.open
      yield* Fiber.join(ended)
      for (const [index, fiber] of fibers.entries()) {
        if (index === 0) continue
        const at = starts[index]!
        assert.deepStrictEqual(yield* Fiber.join(fiber), bytes.subarray(at, at + 100))
      }
      assert.lengthOf(file.reads, 4)
    })
  )

  it.effect("read() fails with the store, and tries again", () =>
    Effect.gen(function* () {
      let count = 0
      const bytes = content(1000)
      const file = yield* downloadOf(bytes, () =>
        Effect.suspend(() => (++count === 1 ? new StorageFailed() : Effect.void))
      )
      assert.strictEqual((yield* Effect.flip(file.content.read(0, 10)))._tag, "StorageFailed")
      assert.deepStrictEqual(yield* file.content.read(0, 10), bytes.subarray(0, 10))
    })
  )

  it.effect("read() gives bytes that stay as they are", () =>
    Effect.gen(function* () {
      const bytes = content(6 * blockBytes)
      const file = yield* downloadOf(bytes)
      const first = yield* file.content.read(0, 1000)
      for (let at = 0; at + 500 <= bytes.length; at += 1000) yield* file.content.read(at, 500)
      assert.deepStrictEqual(first, bytes.subarray(0, 1000))
    })
  )

  it.effect("run() reads no large part for one who has gone", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const bytes = content(6 * blockBytes)
      const file = yield* downloadOf(bytes, () => latch.await)
      const first = yield* start(file.content.read(0, 2 * blockBytes))
      const gone = yield* start(file.content.read(1, 3 * blockBytes))
      const last = yield* start(file.content.read(2, 4 * blockBytes))
      yield* settled
      yield* Fiber.interrupt(gone)
      yield* latch.open
      assert.isTrue(Buffer.from(yield* Fiber.join(first)).equals(bytes.subarray(0, 2 * blockBytes)))
      assert.isTrue(Buffer.from(yield* Fiber.join(last)).equals(bytes.subarray(2, 2 + 4 * blockBytes)))
      assert.deepStrictEqual(
        file.reads.map(({ atByte }) => atByte),
        [0, 2]
      )
    })
  )

  it.effect("run() reads each block once, however many ask for it while the store is slow", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const count = 20
      const file = yield* downloadOf(content(count * blockBytes), () => latch.await)
      for (let round = 0; round < 3; round++) {
        for (let index = 0; index < count; index++) {
          const reading = yield* start(file.content.read(index * blockBytes, 10))
          yield* Fiber.interrupt(reading)
        }
      }
      yield* latch.open
      yield* Effect.forEach(Array.from({ length: count }), () => settled)
      assert.lengthOf(file.reads, count)
      yield* latch.close
      // As many as are kept are there, and no more.
      for (let index = 0; index < count; index++) {
        const reading = yield* start(file.content.read(index * blockBytes + 1, 10))
        assert.strictEqual(reading.pollUnsafe() !== undefined, index >= count - limitBlocks, `${index}`)
        yield* Fiber.interrupt(reading)
      }
    })
  )

  it.effect("run() ends when nothing is asked for the time, and tells those who wait", () =>
    Effect.gen(function* () {
      const file = yield* downloadOf(content(10))
      yield* TestClock.adjust(idleMillis - 1)
      yield* file.content.read(0, 1)
      yield* TestClock.adjust(idleMillis - 1)
      assert.isTrue(file.held.isOpen)
      yield* TestClock.adjust(1)
      assert.isFalse(file.held.isOpen)
      assert.strictEqual(yield* tagOf(file.content.read(0, 1)), "NoSuchFile")

      const silent = yield* downloadOf(content(10), () => Effect.never)
      const reading = yield* start(tagOf(silent.content.read(0, 1)))
      yield* TestClock.adjust(idleMillis)
      assert.strictEqual(yield* Fiber.join(reading), "NoSuchFile")
    })
  )

  it.effect("run() counts the time from when the file is open", () =>
    Effect.gen(function* () {
      const file = yield* DownloadFiber.make(10, new IdleTimeout(yield* Clock.Clock, idleMillis))
      const opened = { read: () => Effect.succeed(content(10)) }
      const fiber = yield* start(file.run(Effect.delay(Effect.succeed(opened), 10 * idleMillis)))
      yield* TestClock.adjust(11 * idleMillis - 1)
      yield* file.opened
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.isDefined(fiber.pollUnsafe())
    })
  )

  it.effect("run() holds no more than a few blocks in memory, however many are read", () =>
    Effect.gen(function* () {
      const count = 200
      const file = yield* DownloadFiber.make(count * blockBytes, new IdleTimeout(yield* Clock.Clock, idleMillis))
      const made: Array<WeakRef<ArrayBuffer>> = []
      const read = (_: number, sizeBytes: number) =>
        Effect.sync(() => {
          const bytes = new Uint8Array(sizeBytes)
          made.push(new WeakRef(bytes.buffer))
          return bytes
        })
      yield* start(file.run(Effect.succeed({ read })))
      for (let index = 0; index < count; index++) {
        yield* file.read(index * blockBytes, 10)
        if (index % 20 === 0) yield* file.read(0, 2 * blockBytes)
      }
      assert.isAtLeast(made.length, count)
      const held = yield* countHeld(made)
      assert.isTrue(held > 0 && held <= 2 * limitBlocks, `${held} blocks`)
      assert.lengthOf(yield* file.read((count - 1) * blockBytes, 10), 10)
    })
  )

  it.effect("run() tells those who wait when it is interrupted, or cannot open the file", () =>
    Effect.gen(function* () {
      const file = yield* downloadOf(content(3 * blockBytes), () => Effect.never)
      const reading = yield* start(tagOf(file.content.read(blockBytes - 5, 10)))
      const large = yield* start(tagOf(file.content.read(0, 2 * blockBytes)))
      yield* settled
      yield* Fiber.interrupt(file.fiber)
      assert.deepStrictEqual([yield* Fiber.join(reading), yield* Fiber.join(large)], ["NoSuchFile", "NoSuchFile"])
      assert.isFalse(file.held.isOpen)
      for (const failure of [new NoSuchFile(), new StorageFailed()]) {
        const closed = yield* DownloadFiber.make(10, new IdleTimeout(yield* Clock.Clock, idleMillis))
        const early = yield* start(tagOf(closed.read(0, 1)))
        const fiber = yield* start(tagOf(closed.run(Effect.fail(failure))))
        const tags = [yield* tagOf(closed.opened), yield* Fiber.join(fiber), yield* Fiber.join(early)]
        assert.deepStrictEqual(tags, [failure._tag, failure._tag, failure._tag])
      }
    })
  )

  const sizeBytes = 4 * blockBytes + 77
  const Part = Schema.Struct({
    at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: sizeBytes })),
    sizeBytes: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3 * blockBytes })),
    isSmall: Schema.Boolean,
    isAwaited: Schema.Boolean
  })
  it.effect.prop(
    "read() gives what the file has, in any order, awaited or not",
    [Schema.Array(Part)],
    ([all]) =>
      Effect.gen(function* () {
        const bytes = content(sizeBytes)
        const file = yield* downloadOf(bytes)
        const fibers: Array<Effect.Effect<void, NoSuchFile | StorageFailed>> = []
        for (const part of all) {
          const wanted = Math.min(part.isSmall ? part.sizeBytes % 700 : part.sizeBytes, sizeBytes - part.at)
          const fiber = yield* Effect.forkChild(file.content.read(part.at, wanted), { startImmediately: true })
          const check = Effect.map(Fiber.join(fiber), (read) =>
            assert.isTrue(Buffer.from(read).equals(bytes.subarray(part.at, part.at + wanted)))
          )
          if (part.isAwaited) yield* check
          else fibers.push(check)
        }
        yield* Effect.all(fibers)
      }),
    { arbitrary: { runs: 100 } }
  )
})
