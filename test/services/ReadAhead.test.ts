import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Latch, Schema, Scope } from "effect"
import { StorageFailed } from "../../src/domain/Rejection.ts"
import type { Range } from "../../src/services/Attachments.ts"
import { blockBytes, ReadAhead } from "../../src/services/ReadAhead.ts"
import { content } from "./AttachmentsSuite.ts"

/** A file of some bytes, each part of which comes after `wait`. */
const fileOf = Effect.fnUntraced(function* (
  bytes: Uint8Array,
  wait: () => Effect.Effect<void, StorageFailed> = () => Effect.yieldNow
) {
  const reads: Array<Range> = []
  let blocks = 0
  const read = (atByte: number, sizeBytes: number) =>
    Effect.suspend(() => {
      const isBlock = sizeBytes <= blockBytes
      reads.push({ atByte, sizeBytes })
      if (isBlock) assert.strictEqual(++blocks, 1)
      const part = Effect.as(wait(), bytes.slice(atByte, atByte + sizeBytes))
      return Effect.ensuring(
        part,
        Effect.sync(() => isBlock && blocks--)
      )
    })
  return { content: new ReadAhead({ read }, bytes.length, yield* Effect.scope), reads }
})

/** Lets what is read ahead arrive. */
const settled = Effect.forEach(Array.from({ length: 20 }), () => Effect.yieldNow, { discard: true })

describe("ReadAhead", () => {
  it.effect("read() reads each block once when parts are asked for in nearly the order of the file", () =>
    Effect.gen(function* () {
      const bytes = content(5 * blockBytes + 100)
      const file = yield* fileOf(bytes)
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
      const file = yield* fileOf(bytes, () => latch.await)
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
      const file = yield* fileOf(content(9 * blockBytes))
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

  it.effect("read() does not fail for a block that nobody has asked for, nor read it when the scope is closed", () =>
    Effect.gen(function* () {
      let count = 0
      const scope = yield* Scope.make()
      const bytes = content(4 * blockBytes)
      const wait = () => Effect.suspend(() => (++count === 2 ? new StorageFailed() : Effect.void))
      const file = yield* Scope.provide(fileOf(bytes, wait), scope)
      assert.lengthOf(yield* file.content.read(0, 10), 10)
      yield* settled
      assert.strictEqual(count, 2)
      assert.deepStrictEqual(yield* file.content.read(blockBytes, 10), bytes.subarray(blockBytes, blockBytes + 10))
      yield* settled
      assert.strictEqual(count, 4)
      yield* Scope.close(scope, Exit.void)
      yield* file.content.read(2 * blockBytes, 10)
      yield* settled
      assert.strictEqual(count, 4)
    })
  )

  it.effect("read() reads a block once for all who wait for it, also when one of them goes", () =>
    Effect.gen(function* () {
      const latch = yield* Latch.make()
      const bytes = content(4 * blockBytes)
      const file = yield* fileOf(bytes, () => latch.await)
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
      const file = yield* fileOf(bytes, () => Effect.suspend(() => (++count === 1 ? new StorageFailed() : Effect.void)))
      assert.strictEqual((yield* Effect.flip(file.content.read(0, 10)))._tag, "StorageFailed")
      assert.deepStrictEqual(yield* file.content.read(0, 10), bytes.subarray(0, 10))
    })
  )

  it.effect("read() gives bytes that stay as they are", () =>
    Effect.gen(function* () {
      const bytes = content(6 * blockBytes)
      const file = yield* fileOf(bytes)
      const first = yield* file.content.read(0, 1000)
      for (let at = 0; at < bytes.length; at += 1000) yield* file.content.read(at, 500)
      assert.deepStrictEqual(first, bytes.subarray(0, 1000))
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
        const file = yield* fileOf(bytes)
        const fibers: Array<Effect.Effect<void, StorageFailed>> = []
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
    { arbitrary: { runs: 200 } }
  )
})
