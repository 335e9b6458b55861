import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Schema } from "effect"
import { StorageFailed, UploadBroken } from "../../src/domain/Rejection.ts"
import type { Upload } from "../../src/services/Attachments.ts"
import { Coverage } from "../../src/services/Coverage.ts"
import { blockBytes, largeBytes, limitBlocks, WriteBehind } from "../../src/services/WriteBehind.ts"
import { content } from "./AttachmentsSuite.ts"

/** A store that notes what is written to it, each time after `wait`, which may fail. */
const storeOf = (sizeBytes: number, wait: () => Effect.Effect<void, StorageFailed> = () => Effect.yieldNow) => {
  const bytes = new Uint8Array(sizeBytes)
  const coverage = new Coverage()
  const writes: Array<readonly [atByte: number, sizeBytes: number]> = []
  let underWay = 0
  const upload: Upload = {
    number: 7,
    write: (piece, atByte) =>
      Effect.suspend(() => {
        assert.strictEqual(++underWay, 1)
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
      Effect.suspend(() =>
        coverage.isWhole(sizeBytes)
          ? Effect.succeed({ number: 7, id: "id", name, sizeBytes, sha256: "", atMillis: 0 })
          : new UploadBroken()
      )
  }
  return { bytes, upload, writes, pieces: new WriteBehind(upload, sizeBytes) }
}

const put = (pieces: WriteBehind, bytes: Uint8Array, atByte: number) =>
  Effect.suspend(() => pieces.writeUnsafe(bytes, atByte))

const isDone = (effect: Effect.Effect<void, UploadBroken | StorageFailed>) =>
  Effect.map(Effect.forkChild(effect, { startImmediately: true }), (fiber) => fiber.pollUnsafe() !== undefined)

const ordered = (count: number) => Array.from({ length: count }, (_, index) => index)

describe("WriteBehind", () => {
  it.effect("writeUnsafe() takes small pieces at once, and stores them in blocks", () =>
    Effect.gen(function* () {
      const bytes = content(300_000)
      const { bytes: stored, pieces, writes } = storeOf(bytes.length)
      for (let at = 0; at < bytes.length; at += 256) yield* put(pieces, bytes.subarray(at, at + 256), at)
      assert.deepStrictEqual(
        writes,
        ordered(5).map((index) => [index * blockBytes, Math.min(blockBytes, bytes.length - index * blockBytes)])
      )
      assert.strictEqual((yield* pieces.keep("file")).name, "file")
      assert.lengthOf(writes, 5)
      assert.isTrue(Buffer.from(stored).equals(bytes))
    })
  )

  it.effect("writeUnsafe() stores no more often when pieces are out of order by 32", () =>
    Effect.gen(function* () {
      const bytes = content(8 * blockBytes)
      const { bytes: stored, pieces, writes } = storeOf(bytes.length)
      for (let first = 0; first < bytes.length; first += 32 * 256) {
        for (const index of ordered(32)) {
          const at = first + ((index * 13) % 32) * 256
          yield* put(pieces, bytes.subarray(at, at + 256), at)
        }
      }
      yield* pieces.keep("file")
      assert.lengthOf(writes, 8)
      assert.isTrue(Buffer.from(stored).equals(bytes))
    })
  )

  it.effect("writeUnsafe() waits for the store only when a block is full or there are too many", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const { pieces, writes } = storeOf(10 * blockBytes, () => latch.await)
      for (const index of ordered(limitBlocks)) {
        assert.isTrue(yield* isDone(put(pieces, content(256), index * blockBytes)))
        assert.isTrue(yield* isDone(put(pieces, content(256), index * blockBytes + 5000)))
      }
      assert.isTrue(yield* isDone(put(pieces, content(100), blockBytes - 50)))
      assert.isFalse(yield* isDone(put(pieces, content(256), 9 * blockBytes)))
      assert.deepStrictEqual(writes, [])
      yield* latch.open
    })
  )

  it.effect("writeUnsafe() goes on taking pieces while a full block is stored, but not for that block", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const { bytes, pieces } = storeOf(2 * blockBytes, () => latch.await)
      yield* put(pieces, content(largeBytes - 1), 0)
      yield* put(pieces, content(largeBytes - 1), largeBytes - 1)
      const filling = yield* Effect.forkChild(put(pieces, content(2), blockBytes - 2), { startImmediately: true })
      assert.isTrue(yield* isDone(put(pieces, content(256), blockBytes)))
      const again = yield* Effect.forkChild(put(pieces, Uint8Array.of(200), 5), { startImmediately: true })
      assert.isUndefined(again.pollUnsafe())
      // What comes after a piece that waits does so too, even if there is room for it.
      const behind = yield* Effect.forkChild(put(pieces, Uint8Array.of(201), 5), { startImmediately: true })
      assert.isUndefined(behind.pollUnsafe())
      yield* latch.open
      yield* Effect.forEach([filling, again, behind], Fiber.join)
      yield* put(pieces, content(largeBytes), blockBytes)
      yield* put(pieces, content(largeBytes), blockBytes + largeBytes)
      yield* pieces.keep("file")
      assert.strictEqual(bytes[5], 201)
    })
  )

  it.effect("writeUnsafe() makes room by storing what nothing came to for longest", () =>
    Effect.gen(function* () {
      const { pieces, writes } = storeOf(10 * blockBytes)
      for (const index of ordered(limitBlocks)) yield* put(pieces, content(10), index * blockBytes)
      yield* put(pieces, content(10), 10)
      yield* put(pieces, content(10), 9 * blockBytes)
      assert.deepStrictEqual(writes, [[blockBytes, 10]])
    })
  )

  it.effect("writeUnsafe() stores large pieces as they come, after what they overlap", () =>
    Effect.gen(function* () {
      const { bytes, pieces, writes } = storeOf(3 * blockBytes)
      yield* put(pieces, content(10, 1), 5)
      yield* put(pieces, content(10, 2), 2 * blockBytes + 5)
      yield* put(pieces, content(blockBytes, 3), 0)
      assert.deepStrictEqual(writes, [
        [5, 10],
        [0, blockBytes]
      ])
      yield* put(pieces, content(10, 4), 0)
      yield* Effect.flip(pieces.keep("file"))
      assert.deepStrictEqual(bytes.subarray(0, 10), content(10, 4))
      assert.deepStrictEqual(bytes.subarray(10, 20), content(blockBytes, 3).subarray(10, 20))
    })
  )

  for (const failing of [1, 2]) {
    it.effect(`write() and keep() fail with the store (write ${failing}), and lose nothing by it`, () =>
      Effect.gen(function* () {
        let count = 0
        const wait = () => Effect.suspend(() => (++count === failing ? new StorageFailed() : Effect.void))
        const bytes = content(2 * blockBytes)
        const { bytes: stored, pieces } = storeOf(bytes.length, wait)
        const failed: Array<number> = []
        for (let at = 0; at < bytes.length; at += 256) {
          const write = put(pieces, bytes.subarray(at, at + 256), at)
          yield* Effect.catch(write, ({ _tag }) => Effect.sync(() => failed.push(_tag === "StorageFailed" ? at : -1)))
        }
        assert.deepStrictEqual(failed, [failing * blockBytes - 256])
        yield* pieces.keep("file")
        assert.isTrue(Buffer.from(stored).equals(bytes))
      })
    )
  }

  it.effect("keep() fails with the store, and may be called again", () =>
    Effect.gen(function* () {
      let isBroken = true
      const { bytes, pieces } = storeOf(100, () => (isBroken ? new StorageFailed() : Effect.void))
      yield* put(pieces, content(60), 40)
      assert.strictEqual((yield* Effect.flip(put(pieces, content(40), 0)))._tag, "StorageFailed")
      assert.strictEqual((yield* Effect.flip(pieces.keep("file")))._tag, "StorageFailed")
      isBroken = false
      yield* put(pieces, content(100, 1), 0)
      yield* pieces.keep("file")
      assert.deepStrictEqual(bytes, content(100, 1))
    })
  )

  it.effect("writeUnsafe() loses nothing that others sent when it is interrupted", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const { bytes: stored, pieces } = storeOf(blockBytes, () => latch.await)
      const bytes = content(blockBytes)
      for (let at = 0; at < bytes.length - 256; at += 256) yield* put(pieces, bytes.subarray(at, at + 256), at)
      const last = put(pieces, bytes.subarray(blockBytes - 256), blockBytes - 256)
      const filling = yield* Effect.forkChild(last, { startImmediately: true })
      const ended = yield* Effect.forkChild(Fiber.interrupt(filling), { startImmediately: true })
      yield* latch.open
      yield* Fiber.join(ended)
      yield* pieces.keep("file")
      assert.isTrue(Buffer.from(stored).equals(bytes))
    })
  )

  it.effect("keep() says that the upload is broken if bytes are missing", () =>
    Effect.gen(function* () {
      const { pieces } = storeOf(100)
      yield* put(pieces, content(99), 0)
      assert.strictEqual((yield* Effect.flip(pieces.keep("file")))._tag, "UploadBroken")
    })
  )

  const sizeBytes = 7 * blockBytes + 1000
  const Piece = Schema.Struct({
    at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: sizeBytes - 1 })),
    sizeBytes: Schema.Union([
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 600 })),
      Schema.Int.check(Schema.isBetween({ minimum: largeBytes - 2000, maximum: 2 * blockBytes }))
    ]),
    isAwaited: Schema.Boolean
  })
  const Pieces = Schema.Array(Piece).check(Schema.isMaxLength(60))
  it.effect.prop(
    "writeUnsafe() takes pieces in any order; the last of a byte counts, awaited or not",
    [Pieces, Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3 }))],
    ([all, turns]) =>
      Effect.gen(function* () {
        const wait = () => Effect.forEach(ordered(turns), () => Effect.yieldNow, { discard: true })
        const { bytes, pieces } = storeOf(sizeBytes, wait)
        const expected = new Uint8Array(sizeBytes)
        const coverage = new Coverage()
        const fibers: Array<Fiber.Fiber<void, UploadBroken | StorageFailed>> = []
        // Some close together, so that they overlap.
        const near = all.map((piece) => ({ ...piece, at: piece.at % 2000, sizeBytes: piece.sizeBytes % 900 }))
        const rest = ordered(8).map((index) => ({ at: index * blockBytes, sizeBytes: 20_000, isAwaited: false }))
        for (const [index, piece] of [...rest, ...all, ...near, ...all].entries()) {
          const part = content(Math.min(piece.sizeBytes, sizeBytes - piece.at), index + 1)
          expected.set(part, piece.at)
          coverage.add(piece.at, part.length)
          const fiber = yield* Effect.forkChild(put(pieces, part, piece.at), { startImmediately: true })
          fibers.push(fiber)
          if (piece.isAwaited) yield* Fiber.join(fiber)
        }
        const kept = yield* Effect.match(pieces.keep("file"), {
          onSuccess: () => true,
          onFailure: ({ _tag }) => assert.strictEqual(_tag, "UploadBroken")
        })
        yield* Effect.forEach(fibers, Fiber.join)
        assert.strictEqual(kept === true, coverage.isWhole(sizeBytes))
        assert.isTrue(Buffer.from(bytes).equals(expected))
      }),
    { arbitrary: { runs: 300 } }
  )
})
