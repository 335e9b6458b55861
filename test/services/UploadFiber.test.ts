import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Latch, Schema, Scheduler } from "effect"
import { TestClock } from "effect/testing"
import { StorageFailed, UploadBroken } from "../../src/domain/Rejection.ts"
import type { Upload } from "../../src/services/Attachments.ts"
import { Coverage } from "../../src/services/Coverage.ts"
import { IdleTimeout } from "../../src/services/IdleTimeout.ts"
import { blockBytes, limitOpen } from "../../src/services/UploadBlocks.ts"
import { limitBlocks, limitQueued, UploadFiber } from "../../src/services/UploadFiber.ts"
import { content } from "./AttachmentsSuite.ts"

type Failure = UploadBroken | StorageFailed

const idleMillis = 30_000

/** An upload at work, and what its store has noted: each write is done after `wait`, which may fail. */
const uploadOf = Effect.fnUntraced(function* (
  sizeBytes: number,
  wait: () => Effect.Effect<void, StorageFailed> = () => Effect.yieldNow,
  keeping: Effect.Effect<void, StorageFailed> = Effect.void
) {
  const bytes = new Uint8Array(sizeBytes)
  const coverage = new Coverage()
  const writes: Array<readonly [atByte: number, sizeBytes: number]> = []
  const buffers = new Set<ArrayBufferLike>()
  const held = { isReleased: false, isKept: false }
  let underWay = 0
  const target: Upload = {
    number: 7,
    write: (piece, atByte) =>
      Effect.suspend(() => {
        assert.strictEqual(++underWay, 1)
        buffers.add(piece.buffer)
        const before = piece.slice()
        return Effect.andThen(
          wait(),
          Effect.sync(() => {
            assert.isTrue(Buffer.from(piece).equals(before), "changed while it was stored")
            bytes.set(piece, atByte)
            coverage.add(atByte, piece.length)
            writes.push([atByte, piece.length])
          })
        )
      }).pipe(Effect.ensuring(Effect.sync(() => underWay--))),
    keep: (name) =>
      Effect.suspend((): ReturnType<Upload["keep"]> => {
        if (!coverage.isWhole(sizeBytes)) return new UploadBroken()
        const kept = Effect.sync(() => {
          held.isKept = true
          return { number: 7, id: "id", name, sizeBytes, sha256: "", atMillis: 0 }
        })
        return Effect.andThen(keeping, kept)
      })
  }
  const begin = Effect.acquireRelease(Effect.succeed(target), () => Effect.sync(() => (held.isReleased = true)))
  const upload = yield* UploadFiber.make(sizeBytes, new IdleTimeout(yield* Clock.Clock, idleMillis))
  const fiber = yield* Effect.forkChild(upload.run(begin), { startImmediately: true })
  return { buffers, bytes, fiber, held, upload, writes }
})

/** A store that does nothing before the latch is open, and then fails until it is mended. */
const outage = () => {
  const latch = Latch.makeUnsafe()
  const store = { isBroken: true }
  const wait = () =>
    Effect.andThen(
      latch.await,
      Effect.suspend(() => (store.isBroken ? new StorageFailed() : Effect.void))
    )
  return { latch, store, wait }
}

const isDone = (effect: Effect.Effect<void, Failure>) =>
  Effect.map(Effect.forkChild(effect, { startImmediately: true }), (fiber) => fiber.pollUnsafe() !== undefined)

const tagOf = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>) =>
  Effect.match(effect, { onFailure: ({ _tag }) => _tag, onSuccess: () => "done" })

const start = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(effect, { startImmediately: true })

const ordered = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Lets the fiber do what it can. */
const settled = Effect.forEach(ordered(20), () => Effect.yieldNow, { discard: true })

/** Lets time go on by steps, as many as it takes. */
const untilDone = Effect.fnUntraced(function* <A, E>(fiber: Fiber.Fiber<A, E>, stepMillis: number) {
  while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust(stepMillis)
  return yield* Fiber.join(fiber)
})

describe("UploadFiber", () => {
  it.effect("write() takes small pieces at once, and they are stored in blocks", () =>
    Effect.gen(function* () {
      const bytes = content(300_000)
      const { bytes: stored, upload, writes } = yield* uploadOf(bytes.length)
      for (let at = 0; at < bytes.length; at += 256) {
        assert.isTrue(yield* isDone(upload.write(bytes.subarray(at, at + 256), at)))
      }
      assert.strictEqual((yield* upload.keep("file")).name, "file")
      assert.deepStrictEqual(
        writes,
        ordered(5).map((index) => [index * blockBytes, Math.min(blockBytes, bytes.length - index * blockBytes)])
      )
      assert.isTrue(Buffer.from(stored).equals(bytes))
    })
  )

  it.effect("write() does nothing before it is run, and again what it does when it is run again", () =>
    Effect.gen(function* () {
      const { bytes: stored, upload } = yield* uploadOf(4)
      const [first, second] = [upload.write(Uint8Array.of(1, 1), 0), upload.write(Uint8Array.of(2, 2), 1)]
      yield* upload.write(Uint8Array.of(9, 9, 9, 9), 0)
      yield* second
      yield* first
      yield* second
      yield* upload.keep("file")
      assert.deepStrictEqual([...stored], [1, 2, 2, 9])
    })
  )

  it.effect("write() copies: what it was given may be changed when it is done, also when it waited", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const bytes = content(10 * blockBytes)
      const { bytes: stored, upload } = yield* uploadOf(bytes.length, () => latch.await)
      const small = bytes.slice(0, 256)
      yield* upload.write(small, 0)
      small.fill(255)
      const large = bytes.slice()
      const writing = yield* start(upload.write(large, 0))
      yield* settled
      assert.isUndefined(writing.pollUnsafe())
      large.fill(255)
      yield* latch.open
      yield* Fiber.join(writing)
      yield* upload.keep("file")
      assert.isTrue(Buffer.from(stored).equals(bytes))
    })
  )

  it.effect("write() makes the store write no more often when pieces are out of order by 32", () =>
    Effect.gen(function* () {
      const bytes = content(8 * blockBytes)
      const { bytes: stored, upload, writes } = yield* uploadOf(bytes.length)
      for (let first = 0; first < bytes.length; first += 32 * 256) {
        for (const index of ordered(32)) {
          const at = first + ((index * 13) % 32) * 256
          yield* upload.write(bytes.subarray(at, at + 256), at)
        }
      }
      yield* upload.keep("file")
      assert.lengthOf(writes, 8)
      assert.isTrue(Buffer.from(stored).equals(bytes))
    })
  )

  it.effect("write() waits for the store only when there are as many blocks as there may be", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const { upload, writes } = yield* uploadOf(20 * blockBytes, () => latch.await)
      for (const index of ordered(limitBlocks)) {
        // The first that is displaced goes to the fiber, which has it then.
        assert.isTrue(yield* isDone(upload.write(content(256), index * blockBytes)), `${index}`)
        assert.isTrue(yield* isDone(upload.write(content(256), index * blockBytes + 5000)))
        yield* settled
      }
      assert.strictEqual(limitBlocks, limitOpen + limitQueued + 1)
      // Those that are open still take what is theirs.
      assert.isTrue(yield* isDone(upload.write(content(100), limitBlocks * blockBytes - 100)))
      const waiting = yield* start(upload.write(content(256), 9 * blockBytes))
      yield* settled
      assert.isUndefined(waiting.pollUnsafe())
      assert.deepStrictEqual(writes, [])
      // What comes after one that waits does so too, even if there is room for it.
      assert.isFalse(yield* isDone(upload.write(content(1), (limitBlocks - 1) * blockBytes)))
      yield* latch.open
      yield* Fiber.join(waiting)
    })
  )

  it.effect("write() goes on taking pieces while a full block is stored, also for that block; the last counts", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const { bytes, upload } = yield* uploadOf(2 * blockBytes, () => latch.await)
      yield* upload.write(content(blockBytes), 0)
      yield* settled
      for (const byte of [200, 201]) assert.isTrue(yield* isDone(upload.write(Uint8Array.of(byte), 5)))
      assert.isTrue(yield* isDone(upload.write(content(256), blockBytes)))
      yield* latch.open
      yield* upload.write(content(blockBytes), blockBytes)
      yield* upload.keep("file")
      assert.strictEqual(bytes[5], 201)
      assert.isTrue(Buffer.from(bytes.subarray(6, blockBytes)).equals(content(blockBytes).subarray(6)))
    })
  )

  it.effect("write() makes room by giving away what nothing came to for longest", () =>
    Effect.gen(function* () {
      const { upload, writes } = yield* uploadOf(10 * blockBytes)
      for (const index of ordered(limitOpen)) yield* upload.write(content(10), index * blockBytes)
      yield* upload.write(content(10), 10)
      yield* upload.write(content(10), 9 * blockBytes)
      yield* settled
      assert.deepStrictEqual(writes, [[blockBytes, 10]])
    })
  )

  it.effect("write() takes large pieces as it does small ones", () =>
    Effect.gen(function* () {
      const { bytes, upload, writes } = yield* uploadOf(3 * blockBytes)
      yield* upload.write(content(10, 1), 5)
      yield* upload.write(content(10, 2), 2 * blockBytes + 5)
      yield* upload.write(content(blockBytes, 3), 0)
      yield* upload.write(content(10, 4), 0)
      yield* Effect.flip(upload.keep("file"))
      assert.deepStrictEqual(writes, [
        [0, blockBytes],
        [2 * blockBytes + 5, 10],
        [0, 10]
      ])
      assert.deepStrictEqual(bytes.subarray(0, 10), content(10, 4))
      assert.deepStrictEqual(bytes.subarray(10, 20), content(blockBytes, 3).subarray(10, 20))
    })
  )

  it.effect("write() refuses what is outside of the file, and what comes when it is being kept or is over", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const { upload } = yield* uploadOf(10, () => latch.await)
      for (const at of [-1, 1, 0.5, Number.NaN, Infinity]) {
        assert.strictEqual(yield* tagOf(upload.write(content(10), at)), "UploadBroken", `${at}`)
      }
      yield* upload.write(content(10), 0)
      yield* upload.write(content(0), 10)
      const keeping = yield* start(upload.keep("file"))
      assert.strictEqual(yield* tagOf(upload.write(content(1), 0)), "UploadBroken")
      yield* latch.open
      yield* Fiber.join(keeping)
      assert.strictEqual(yield* tagOf(upload.write(content(1), 0)), "UploadBroken")
    })
  )

  for (const failing of [1, 2, 3]) {
    it.effect(`write() and keep() fail with the store (write ${failing}), and lose nothing by it`, () =>
      Effect.gen(function* () {
        let count = 0
        const wait = () => Effect.suspend(() => (++count === failing ? new StorageFailed() : Effect.void))
        const bytes = content(3 * blockBytes)
        const { bytes: stored, upload } = yield* uploadOf(bytes.length, wait)
        const failed: Array<number> = []
        for (let at = 0; at < bytes.length; at += 256) {
          const write = upload.write(bytes.subarray(at, at + 256), at)
          if ((yield* tagOf(write)) === "StorageFailed") {
            failed.push(at)
            yield* write
          }
          yield* Effect.yieldNow
        }
        // The write behind the one that filled the block says so. Behind the last one is `keep`, which tries again.
        assert.deepStrictEqual(failed, failing === 3 ? [] : [failing * blockBytes])
        yield* upload.keep("file")
        assert.isTrue(Buffer.from(stored).equals(bytes))
        assert.strictEqual(count, 4)
      })
    )
  }

  it.effect("write() that waits fails with the store, and takes no place", () =>
    Effect.gen(function* () {
      const { latch, store, wait } = outage()
      const { bytes: stored, upload } = yield* uploadOf(20 * blockBytes, wait)
      const bytes = content(20 * blockBytes)
      for (const index of ordered(limitBlocks)) {
        yield* upload.write(bytes.subarray(index * blockBytes, (index + 1) * blockBytes), index * blockBytes)
        yield* settled
      }
      const waiting = yield* Effect.forEach(ordered(3), (index) =>
        start(tagOf(upload.write(Uint8Array.of(index), 8 * blockBytes)))
      )
      yield* settled
      yield* latch.open
      assert.deepStrictEqual(
        yield* Effect.forEach(waiting, Fiber.join),
        ordered(3).map(() => "StorageFailed")
      )
      // They have been told. The next one must wait too, so that it is tried again.
      assert.strictEqual(yield* tagOf(upload.write(Uint8Array.of(9), 8 * blockBytes)), "StorageFailed")
      store.isBroken = false
      yield* upload.write(bytes.subarray(limitBlocks * blockBytes), limitBlocks * blockBytes)
      yield* upload.keep("file")
      assert.isTrue(Buffer.from(stored).equals(bytes))
    })
  )

  it.effect("keep() fails with the store, and then the upload is over", () =>
    Effect.gen(function* () {
      const { fiber, held, upload } = yield* uploadOf(100, () => new StorageFailed())
      yield* upload.write(content(60), 40)
      yield* upload.write(content(40), 0)
      assert.strictEqual(yield* tagOf(upload.keep("file")), "StorageFailed")
      assert.isTrue(held.isReleased)
      assert.strictEqual(yield* tagOf(upload.keep("file")), "StorageFailed")
      assert.strictEqual(yield* tagOf(upload.write(content(40), 0)), "UploadBroken")
      assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
      assert.isUndefined(upload.kept)
    })
  )

  it.effect("keep() stores what could not be stored before, whether or not somebody was told", () =>
    Effect.gen(function* () {
      let isBroken = true
      const { bytes, held, upload } = yield* uploadOf(100, () => (isBroken ? new StorageFailed() : Effect.void))
      yield* upload.write(content(100), 0)
      yield* settled
      assert.strictEqual(yield* tagOf(upload.write(content(10, 1), 0)), "StorageFailed")
      yield* settled
      yield* Effect.flip(upload.write(content(10, 2), 0))
      yield* settled
      isBroken = false
      assert.strictEqual((yield* upload.keep("file")).name, "file")
      assert.deepStrictEqual(bytes, content(100))
      assert.deepStrictEqual(held, { isReleased: true, isKept: true })
    })
  )

  it.effect("keep() says that the upload is broken if bytes are missing", () =>
    Effect.gen(function* () {
      const { upload } = yield* uploadOf(100)
      yield* upload.write(content(99), 0)
      assert.strictEqual(yield* tagOf(upload.keep("file")), "UploadBroken")
    })
  )

  it.effect("keep() gives the same to all who ask", () =>
    Effect.gen(function* () {
      const { upload } = yield* uploadOf(100)
      yield* upload.write(content(100), 0)
      const [first, second] = yield* Effect.all([upload.keep("a"), upload.keep("b")], { concurrency: 2 })
      assert.deepStrictEqual([first, yield* upload.keep("c"), upload.kept], [second, second, second])
      assert.strictEqual(first.name, "a")
    })
  )

  it.effect("keep() goes on when nobody waits for it any more, at whatever point that is", () =>
    Effect.gen(function* () {
      for (const turns of ordered(12)) {
        const { bytes: stored, fiber, held, upload } = yield* uploadOf(2 * blockBytes, undefined, Effect.yieldNow)
        const bytes = content(2 * blockBytes, turns)
        yield* upload.write(bytes, 0)
        const keeping = yield* start(upload.keep("file"))
        yield* Effect.forEach(ordered(turns), () => Effect.yieldNow, { discard: true })
        yield* Fiber.interrupt(keeping)
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(held, { isReleased: true, isKept: true })
        assert.isTrue(Buffer.from(stored).equals(bytes))
      }
    })
  )

  it.effect("run() leaves nothing behind, or a file that is kept, at whatever point it is interrupted", () =>
    Effect.gen(function* () {
      const outcomes = new Set<string>()
      for (const turns of ordered(16)) {
        const latch = yield* Latch.make()
        const { fiber, held, upload } = yield* uploadOf(
          10 * blockBytes,
          undefined,
          Effect.andThen(latch.await, Effect.void)
        )
        const writing = yield* start(tagOf(upload.write(content(10 * blockBytes), 0)))
        yield* Effect.forEach(ordered(turns), () => Effect.yieldNow, { discard: true })
        const keeping = yield* start(tagOf(upload.keep("file")))
        const ended = yield* start(Fiber.interrupt(fiber))
        yield* latch.open
        yield* Fiber.join(ended)
        const kept = yield* Fiber.join(keeping)
        const written = yield* Fiber.join(writing)
        assert.isTrue(held.isReleased)
        assert.strictEqual(kept, held.isKept ? "done" : "UploadBroken")
        assert.strictEqual(upload.kept !== undefined, held.isKept)
        if (held.isKept) assert.strictEqual(written, "done")
        outcomes.add(`${written} ${kept}`)
      }
      assert.includeMembers([...outcomes], ["UploadBroken UploadBroken", "done UploadBroken"])
    })
  )

  it.effect("run() finishes what the store keeps already when it is interrupted", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const { fiber, held, upload } = yield* uploadOf(10, () => Effect.void, latch.await)
      yield* upload.write(content(10), 0)
      const keeping = yield* start(upload.keep("file"))
      yield* settled
      const ended = yield* start(Fiber.interrupt(fiber))
      yield* settled
      assert.isFalse(held.isReleased)
      yield* latch.open
      yield* Fiber.join(ended)
      assert.strictEqual((yield* Fiber.join(keeping)).name, "file")
      assert.deepStrictEqual(held, { isReleased: true, isKept: true })
    })
  )

  it.effect("run() says to all who wait that it could not begin", () =>
    Effect.gen(function* () {
      const upload = yield* UploadFiber.make(10, new IdleTimeout(yield* Clock.Clock, idleMillis))
      const begun = yield* start(tagOf(upload.begun))
      yield* upload.write(content(10), 0)
      const keeping = yield* start(tagOf(upload.keep("file")))
      assert.strictEqual(yield* tagOf(upload.run(new StorageFailed())), "StorageFailed")
      assert.deepStrictEqual([yield* Fiber.join(begun), yield* Fiber.join(keeping)], ["StorageFailed", "StorageFailed"])
    })
  )

  it.effect("run() ends when nothing comes for the time, but not while it keeps", () =>
    Effect.gen(function* () {
      const { fiber, held, upload } = yield* uploadOf(10)
      yield* TestClock.adjust(idleMillis - 1)
      yield* upload.write(content(1), 0)
      yield* TestClock.adjust(idleMillis - 1)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.isDefined(fiber.pollUnsafe())
      assert.isTrue(held.isReleased)
      assert.strictEqual(yield* tagOf(upload.write(content(1), 0)), "UploadBroken")
      assert.strictEqual(yield* tagOf(upload.keep("file")), "UploadBroken")

      const latch = yield* Latch.make()
      const slow = yield* uploadOf(10, () => latch.await)
      yield* slow.upload.write(content(10), 0)
      const keeping = yield* start(slow.upload.keep("file"))
      yield* TestClock.adjust(10 * idleMillis)
      yield* latch.open
      yield* Fiber.join(keeping)
    })
  )

  it.effect("run() counts the time from when it has begun", () =>
    Effect.gen(function* () {
      const target: Upload = { number: 7, write: () => Effect.void, keep: () => new UploadBroken() }
      const upload = yield* UploadFiber.make(10, new IdleTimeout(yield* Clock.Clock, idleMillis))
      const fiber = yield* start(upload.run(Effect.delay(Effect.succeed(target), 10 * idleMillis)))
      yield* TestClock.adjust(11 * idleMillis - 1)
      assert.strictEqual(yield* upload.begun, 7)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.isDefined(fiber.pollUnsafe())
    })
  )

  it.effect("run() ends also if the store says nothing, which is told to those who wait", () =>
    Effect.gen(function* () {
      const { fiber, upload } = yield* uploadOf(10 * blockBytes, () => Effect.never)
      const writing = yield* start(tagOf(upload.write(content(10 * blockBytes), 0)))
      yield* TestClock.adjust(idleMillis - 1)
      assert.isUndefined(writing.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.isDefined(fiber.pollUnsafe())
      assert.strictEqual(yield* Fiber.join(writing), "UploadBroken")
    })
  )

  it.effect("run() does not count the time of a slow store against those who wait for it", () =>
    Effect.gen(function* () {
      const { upload } = yield* uploadOf(20 * blockBytes, () => Effect.sleep(idleMillis - 1))
      const writing = yield* start(upload.write(content(20 * blockBytes), 0))
      yield* untilDone(writing, idleMillis - 1)
      const keeping = yield* start(upload.keep("file"))
      yield* untilDone(keeping, idleMillis - 1)
    })
  )

  it.effect("a slow store bounds what is in memory, however fast and in whatever order it is sent", () =>
    Effect.gen(function* () {
      const count = 40
      const bytes = content(count * blockBytes)
      const { bytes: stored, upload, writes } = yield* uploadOf(bytes.length, () => Effect.sleep(1000))
      let takenBytes = 0
      let mostBytes = 0
      const send = Effect.gen(function* () {
        for (const index of ordered(count * 4)) {
          // Quarters of blocks, those of eight blocks by turns.
          const block = (index & ~31) / 4 + (index & 7)
          const at = block * blockBytes + ((index >> 3) & 3) * (blockBytes / 4)
          yield* upload.write(bytes.subarray(at, at + blockBytes / 4), at)
          takenBytes += blockBytes / 4
          const storedBytes = writes.reduce((sum, [, sizeBytes]) => sum + sizeBytes, 0)
          mostBytes = Math.max(mostBytes, takenBytes - storedBytes)
        }
      })
      yield* untilDone(yield* start(send), 1000)
      assert.isAtMost(mostBytes, limitBlocks * blockBytes)
      yield* untilDone(yield* start(upload.keep("file")), 1000)
      assert.isTrue(Buffer.from(stored).equals(bytes))
    })
  )

  it.effect("a fast store needs no more memory than a slow one, however large the file is", () =>
    Effect.gen(function* () {
      const { buffers, upload } = yield* uploadOf(100 * blockBytes)
      const bytes = content(blockBytes)
      for (const index of ordered(100)) yield* upload.write(bytes, index * blockBytes)
      yield* upload.keep("file")
      assert.isAtMost(buffers.size, limitBlocks)
    })
  )

  it.effect("write() that is interrupted while it waits holds up nobody, and counts if some of it has a place", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const { bytes: stored, upload } = yield* uploadOf(10 * blockBytes, () => latch.await)
      const bytes = content(10 * blockBytes)
      const begun = yield* start(upload.write(bytes, 0))
      const behind = yield* start(upload.write(content(10 * blockBytes, 1), 0))
      const last = yield* start(upload.write(Uint8Array.of(255), 5))
      yield* settled
      yield* Fiber.interrupt(begun)
      yield* Fiber.interrupt(behind)
      const keeping = yield* start(upload.keep("file"))
      yield* latch.open
      yield* Fiber.join(keeping)
      yield* Fiber.join(last)
      bytes[5] = 255
      assert.isTrue(Buffer.from(stored).equals(bytes))
    })
  )

  it.effect("writes that are interrupted while they wait leave nothing in memory", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const { bytes: stored, upload } = yield* uploadOf(10 * blockBytes, () => latch.await)
      const bytes = content(10 * blockBytes)
      const begun = yield* start(upload.write(bytes, 0))
      for (let count = 0; count < 1000; count++) {
        yield* Fiber.interrupt(yield* start(upload.write(new Uint8Array(blockBytes), 0)))
      }
      yield* latch.open
      yield* Fiber.join(begun)
      yield* upload.keep("file")
      assert.isTrue(Buffer.from(stored).equals(bytes))
    })
  )

  it.effect("write() is carried out whole or not at all, at whatever point it is interrupted", () =>
    Effect.gen(function* () {
      const outcomes = new Set<string>()
      const before = content(9 * blockBytes)
      const after = before.map((byte) => byte ^ 255)
      for (const mostOps of [3, 4, 7, 2048]) {
        for (const turns of ordered(8)) {
          const { bytes: stored, upload } = yield* uploadOf(before.length)
          yield* upload.write(before, 0)
          const write = Effect.andThen(Effect.yieldNow, upload.write(after, 0))
          const writing = yield* start(Effect.provideService(write, Scheduler.MaxOpsBeforeYield, mostOps))
          yield* Effect.forEach(ordered(turns), () => Effect.yieldNow, { discard: true })
          yield* Fiber.interrupt(writing)
          yield* upload.keep("file")
          const isAfter = stored[0] === after[0]
          assert.isTrue(Buffer.from(stored).equals(isAfter ? after : before), `${mostOps} ${turns}`)
          outcomes.add(isAfter ? "whole" : "not at all")
        }
      }
      assert.deepStrictEqual([...outcomes].toSorted(), ["not at all", "whole"])
    })
  )

  it.effect("write() that was interrupted counts also when the store failed meanwhile", () =>
    Effect.gen(function* () {
      const { latch, store, wait } = outage()
      const { bytes: stored, upload } = yield* uploadOf(10 * blockBytes, wait)
      const bytes = content(10 * blockBytes)
      const writing = yield* start(upload.write(bytes, 0))
      yield* settled
      yield* Fiber.interrupt(writing)
      yield* latch.open
      yield* settled
      store.isBroken = false
      yield* upload.keep("file")
      assert.isTrue(Buffer.from(stored).equals(bytes))
    })
  )

  const sizeBytes = 9 * blockBytes + 1000
  const base = content(sizeBytes + 256)
  const partOf = (piece: { readonly at: number; readonly sizeBytes: number }, seed: number) => {
    const start = (seed * 7) & 255
    return base.subarray(start, start + Math.min(piece.sizeBytes, sizeBytes - piece.at))
  }
  const Piece = Schema.Struct({
    at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: sizeBytes - 1 })),
    sizeBytes: Schema.Union([
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 600 })),
      Schema.Int.check(Schema.isBetween({ minimum: blockBytes / 2 - 2000, maximum: 3 * blockBytes }))
    ]),
    isAwaited: Schema.Boolean,
    isInterrupted: Schema.Boolean
  })
  const Pieces = Schema.Array(Piece).check(Schema.isMaxLength(40))
  const Turns = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3 }))
  it.effect.prop(
    "write() takes pieces in any order; the last of a byte counts, awaited or not",
    [Pieces, Turns],
    ([all, turns]) =>
      Effect.gen(function* () {
        const wait = () => Effect.forEach(ordered(turns), () => Effect.yieldNow, { discard: true })
        const { bytes, upload } = yield* uploadOf(sizeBytes, wait)
        const expected = new Uint8Array(sizeBytes)
        // Which write a byte is of; and those that were interrupted, which count or do not.
        const orders = new Uint8Array(sizeBytes)
        const doubtful: Array<{ readonly order: number; readonly at: number; readonly part: Uint8Array }> = []
        const coverage = new Coverage()
        const fibers: Array<Fiber.Fiber<void, Failure>> = []
        // Some close together, so that they overlap.
        const near = all.map((piece) => ({ ...piece, at: piece.at % 2000, sizeBytes: piece.sizeBytes % 900 }))
        const rest = ordered(10).map((index) => ({
          at: index * blockBytes,
          sizeBytes: 20_000,
          isAwaited: false,
          isInterrupted: false
        }))
        for (const [index, piece] of [...rest, ...all, ...near, ...all].entries()) {
          const order = index + 1
          const part = partOf(piece, order)
          const fiber = yield* start(upload.write(part, piece.at))
          if (piece.isInterrupted && fiber.pollUnsafe() === undefined) {
            yield* Fiber.interrupt(fiber)
            doubtful.push({ order, at: piece.at, part })
            continue
          }
          expected.set(part, piece.at)
          orders.fill(order, piece.at, piece.at + part.length)
          coverage.add(piece.at, part.length)
          if (piece.isAwaited) yield* Fiber.join(fiber)
          else fibers.push(fiber)
        }
        const kept = yield* tagOf(upload.keep("file"))
        yield* Effect.forEach(fibers, Fiber.join)
        if (coverage.isWhole(sizeBytes)) assert.strictEqual(kept, "done")
        else if (doubtful.length === 0) assert.strictEqual(kept, "UploadBroken")
        // One that is there where nothing later is was carried out.
        for (const { at, order, part } of doubtful.toReversed()) {
          const isThere = part.every((byte, index) => orders[at + index]! > order || bytes[at + index] === byte)
          if (!isThere) continue
          for (const [index, byte] of part.entries()) {
            if (orders[at + index]! > order) continue
            expected[at + index] = byte
            orders[at + index] = order
          }
        }
        assert.isTrue(Buffer.from(bytes).equals(expected))
      }),
    { arbitrary: { runs: 40 } }
  )

  const Failing = Schema.Array(Schema.Boolean).check(Schema.isMinLength(1), Schema.isMaxLength(12))
  it.effect.prop(
    "write() and keep() lose nothing that was taken, whatever the store fails at",
    [Pieces, Failing, Turns],
    ([all, failing, turns]) =>
      Effect.gen(function* () {
        let count = 0
        const wait = () =>
          Effect.suspend(() => {
            const isFailing = failing[count++ % failing.length] === true && count < 60
            return Effect.andThen(
              Effect.forEach(ordered(turns), () => Effect.yieldNow, { discard: true }),
              isFailing ? new StorageFailed() : Effect.void
            )
          })
        const { bytes, upload } = yield* uploadOf(sizeBytes, wait)
        const expected = new Uint8Array(sizeBytes)
        const whole = { at: 0, sizeBytes }
        for (const [index, piece] of [...all, whole, ...all].entries()) {
          const part = partOf(piece, index + 1)
          expected.set(part, piece.at)
          while ((yield* tagOf(upload.write(part, piece.at))) === "StorageFailed") yield* Effect.yieldNow
        }
        const kept = yield* tagOf(upload.keep("file"))
        assert.include(["done", "StorageFailed"], kept)
        if (kept === "done") assert.isTrue(Buffer.from(bytes).equals(expected))
        else assert.isTrue(failing.includes(true))
      }),
    { arbitrary: { runs: 40 } }
  )
})
