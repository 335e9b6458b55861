/** What every implementation of Attachments promises. */
import { assert, describe, it } from "@effect/vitest"
import { Array, Effect, Exit, Layer, Schema, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { createHash } from "node:crypto"
import { Attachments, type Range, type StoredFile } from "../../src/services/Attachments.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

/** Bytes of which no two pages are alike. */
export const content = (sizeBytes: number, seed = 0): Uint8Array =>
  Uint8Array.from({ length: sizeBytes }, (_, index) => (index * 31 + (index >> 8) * 17 + seed) & 0xff)

/** Stores a file in one piece. */
export const store = Effect.fnUntraced(function* (bytes: Uint8Array, name = "file.bin", owner?: string) {
  const attachments = yield* Attachments
  const upload = yield* attachments.begin(bytes.length, owner)
  yield* upload.write(bytes, 0)
  return yield* upload.keep(name)
}, Effect.scoped)

/** Reads a file, or a part of it, whole. */
export const load = Effect.fnUntraced(function* (file: StoredFile, range?: Range) {
  const attachments = yield* Attachments
  return yield* Stream.mkUint8Array(attachments.read(file, range))
})

/** Lets the file system and the database do something. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Waits until a file is gone: time stands still meanwhile, for a database has only so much of it to answer. */
const gone = Effect.fnUntraced(function* (file: StoredFile) {
  const { find } = yield* Attachments
  while ((yield* find(file.number)) !== undefined) yield* Effect.promise(nextTurn)
})

const isRefused = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), ({ _tag }) => assert.strictEqual(_tag, "StorageFailed"))

/** It is not the server's fault. */
const isBroken = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), ({ _tag }) => assert.strictEqual(_tag, "UploadBroken"))

/** Stores a file of 200 bytes. */
const kept = (owner: string | undefined, seed: number) => store(content(200, seed), "a", owner)

/** Tests an implementation; the layer is built anew for each test, and for each of the `runs` of a property. */
export const suite = <E>(name: string, attachments: Layer.Layer<Attachments, E>, runs = 100): void => {
  const layer = (limits: Partial<Limits> = {}) =>
    attachments.pipe(Layer.provide(Layer.succeed(Limits, { ...defaults, ...limits })), Layer.fresh)

  describe(name, () => {
    it.effect(
      "keep() makes a file with a number that rises, an id of its own, the digest of its content and a time",
      () =>
        Effect.gen(function* () {
          const bytes = content(1000)
          yield* TestClock.adjust(5000)
          const a = yield* store(bytes, "a.txt")
          const b = yield* store(content(10), "b.txt")
          const { id, number, ...rest } = a
          assert.deepStrictEqual(rest, { name: "a.txt", sizeBytes: 1000, sha256: sha256(bytes), atMillis: 5000 })
          assert.isAbove(b.number, number)
          assert.match(id, /^[\w-]{32}$/)
          assert.notStrictEqual(id, b.id)
        }).pipe(Effect.provide(layer()))
    )

    it.effect("find() and findById() know what is kept, and nothing else", () =>
      Effect.gen(function* () {
        const { begin, find, findById } = yield* Attachments
        const file = yield* store(content(10))
        yield* Effect.scoped(begin(10))
        assert.deepStrictEqual(yield* find(file.number), file)
        assert.deepStrictEqual(yield* findById(file.id), file)
        assert.isUndefined(yield* find(file.number + 1))
        assert.isUndefined(yield* findById(file.id.slice(1)))
        assert.isUndefined(yield* findById("__proto__"))
      }).pipe(Effect.provide(layer()))
    )

    it.effect("read() gives a file in pieces of at most 64 KiB, or a part of it", () =>
      Effect.gen(function* () {
        const { read } = yield* Attachments
        const bytes = content(200_000)
        const file = yield* store(bytes)
        const sizes = yield* Stream.runCollect(Stream.map(read(file), (piece) => piece.length))
        assert.deepStrictEqual(sizes, [65_536, 65_536, 65_536, 3392])
        assert.deepStrictEqual(sha256(yield* load(file)), file.sha256)
        for (const [atByte, sizeBytes] of [
          [0, 1],
          [65_535, 2],
          [100_000, 100_000],
          [199_999, 1],
          [50, 0],
          [200_000, 0]
        ] as const) {
          const part = yield* load(file, { atByte, sizeBytes })
          assert.strictEqual(sha256(part), sha256(bytes.subarray(atByte, atByte + sizeBytes)))
        }
      }).pipe(Effect.provide(layer()))
    )

    it.effect("begin() says the number of the file, which nobody else gets, also if it is dropped", () =>
      Effect.gen(function* () {
        const { begin, find } = yield* Attachments
        const early = yield* begin(10)
        const dropped = yield* Effect.scoped(begin(10))
        const late = yield* begin(10)
        assert.isAbove(dropped.number, early.number)
        assert.isAbove(late.number, dropped.number)
        yield* late.write(content(10), 0)
        yield* early.write(content(10), 0)
        assert.isUndefined(yield* find(early.number))
        assert.strictEqual((yield* late.keep("late")).number, late.number)
        assert.strictEqual((yield* early.keep("early")).number, early.number)
        assert.strictEqual((yield* find(early.number))?.name, "early")
        assert.strictEqual((yield* find(late.number))?.name, "late")
        assert.isUndefined(yield* find(dropped.number))
        assert.isAbove((yield* store(content(10))).number, late.number)
      }).pipe(Effect.scoped, Effect.provide(layer()))
    )

    it.effect("begin() takes an empty file", () =>
      Effect.gen(function* () {
        const file = yield* store(new Uint8Array(0))
        assert.strictEqual(file.sha256, sha256(new Uint8Array(0)))
        assert.lengthOf(yield* load(file), 0)
      }).pipe(Effect.provide(layer()))
    )

    it.effect("begin() refuses a file that is larger than all files may be, and uploads that are so together", () =>
      Effect.gen(function* () {
        const { begin } = yield* Attachments
        yield* isRefused(Effect.scoped(begin(1001)))
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* begin(600)
            yield* isRefused(begin(600))
            yield* begin(400)
          })
        )
        yield* Effect.scoped(begin(1000))
      }).pipe(Effect.provide(layer({ filesLimitBytes: 1000 })))
    )

    it.effect("keep() refuses a file of which bytes are missing", () =>
      Effect.gen(function* () {
        const { begin } = yield* Attachments
        for (const [atByte, sizeBytes] of [
          [0, 99],
          [1, 99],
          [0, 0]
        ] as const) {
          const upload = yield* begin(100)
          yield* upload.write(content(sizeBytes), atByte)
          yield* isBroken(upload.keep("file"))
        }
        const upload = yield* begin(100)
        yield* upload.write(content(40), 0)
        yield* upload.write(content(59), 41)
        yield* isBroken(upload.keep("file"))
      }).pipe(Effect.scoped, Effect.provide(layer()))
    )

    it.effect("write() refuses what is outside of the file, and what comes when the file is kept or dropped", () =>
      Effect.gen(function* () {
        const { begin } = yield* Attachments
        const scope = yield* Scope.make()
        const dropped = yield* Scope.provide(begin(10), scope)
        yield* Scope.close(scope, Exit.void)
        yield* isBroken(dropped.write(content(10), 0))
        yield* isBroken(dropped.keep("file"))
        const kept = yield* begin(10)
        yield* isBroken(kept.write(content(10), 1))
        yield* isBroken(kept.write(content(1), -1))
        yield* isBroken(kept.write(content(11), 0))
        yield* kept.write(content(10), 0)
        const file = yield* kept.keep("file")
        yield* isBroken(kept.write(content(10, 1), 0))
        yield* isBroken(kept.keep("file"))
        assert.strictEqual(sha256(yield* load(file)), file.sha256)
      }).pipe(Effect.scoped, Effect.provide(layer()))
    )

    it.effect("write() may be called by many at once", () =>
      Effect.gen(function* () {
        const { begin } = yield* Attachments
        const bytes = content(300_000)
        const upload = yield* begin(bytes.length)
        const starts = Array.range(0, 299).map((index) => ((index * 7) % 300) * 1000)
        yield* Effect.forEach(starts, (it) => upload.write(bytes.subarray(it, it + 1000), it), {
          concurrency: "unbounded"
        })
        const file = yield* upload.keep("file")
        assert.strictEqual(file.sha256, sha256(bytes))
        assert.strictEqual(sha256(yield* load(file)), file.sha256)
      }).pipe(Effect.scoped, Effect.provide(layer()))
    )

    const Written = Schema.Struct({
      atByte: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 })),
      sizeBytes: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 }))
    })
    it.effect.prop(
      "write() takes bytes in any order; the last of an index counts",
      [Schema.Array(Written)],
      ([all]) =>
        Effect.gen(function* () {
          const { begin } = yield* Attachments
          const upload = yield* begin(60)
          const expected = new Uint8Array(60)
          const whole = { atByte: 0, sizeBytes: 30 }
          const rest = { atByte: 30, sizeBytes: 30 }
          for (const [index, { atByte, sizeBytes }] of [rest, ...all, whole, ...all, rest].entries()) {
            const bytes = content(sizeBytes, index)
            yield* upload.write(bytes, atByte)
            expected.set(bytes, atByte)
          }
          const file = yield* upload.keep("file")
          assert.strictEqual(file.sha256, sha256(expected))
          assert.deepStrictEqual(Uint8Array.from(yield* load(file)), expected)
        }).pipe(Effect.scoped, Effect.provide(layer())),
      { arbitrary: { runs } }
    )

    it.effect("keep() lets the oldest files go when there are too many bytes", () =>
      Effect.gen(function* () {
        const { find, findById } = yield* Attachments
        const a = yield* store(content(400, 1))
        const b = yield* store(content(400, 2))
        const c = yield* store(content(400, 3))
        assert.isUndefined(yield* find(a.number))
        assert.isUndefined(yield* findById(a.id))
        yield* isRefused(load(a))
        assert.strictEqual(sha256(yield* load(b)), b.sha256)
        assert.strictEqual(sha256(yield* load(c)), c.sha256)
        const again = yield* store(content(400, 1))
        assert.isAbove(again.number, c.number)
        assert.strictEqual(sha256(yield* load(again)), a.sha256)
      }).pipe(Effect.provide(layer({ filesLimitBytes: 1000 })))
    )

    it.effect(
      "files make room for bytes that come, not for those that are announced: first the files of their owner",
      () =>
        Effect.gen(function* () {
          const { begin, find } = yield* Attachments
          const owners = [undefined, "a", "b", "a", "b"]
          const files = yield* Effect.forEach(owners, kept)
          const there = Effect.map(
            Effect.forEach(files, ({ number }) => find(number)),
            (found) => found.map((file) => file !== undefined)
          )
          const upload = yield* begin(1000, "b")
          assert.deepStrictEqual(yield* there, [true, true, true, true, true])
          yield* upload.write(content(1), 0)
          assert.deepStrictEqual(yield* there, [false, false, false, false, false])
          yield* isRefused(begin(1))
          yield* isBroken(upload.keep("b"))
        }).pipe(Effect.scoped, Effect.provide(layer({ filesLimitBytes: 1000 })))
    )

    it.effect("the oldest files of an owner go before those of all others", () =>
      Effect.gen(function* () {
        const { find } = yield* Attachments
        const files = yield* Effect.forEach([undefined, "a", "b", "a", "b"], kept)
        const gone: Array<number> = []
        for (const owner of ["b", "a", "a", "c", undefined, "b"]) {
          files.push(yield* kept(owner, files.length))
          for (const [index, { number }] of files.entries()) {
            if ((yield* find(number)) === undefined && !gone.includes(index)) gone.push(index)
          }
        }
        assert.deepStrictEqual(gone, [2, 1, 3, 0, 4, 5])
      }).pipe(Effect.provide(layer({ filesLimitBytes: 1000 })))
    )

    it.effect("keep() stores an equal content once, as long as a file has it", () =>
      Effect.gen(function* () {
        const { find } = yield* Attachments
        const a = yield* store(content(400, 1), "a")
        const b = yield* store(content(400, 2), "b")
        const c = yield* store(content(400, 1), "c")
        assert.isDefined(yield* find(a.number))
        const d = yield* store(content(500, 4), "d")
        assert.isUndefined(yield* find(a.number))
        assert.isUndefined(yield* find(b.number))
        assert.strictEqual(sha256(yield* load(c)), a.sha256)
        assert.strictEqual(sha256(yield* load(d)), d.sha256)
      }).pipe(Effect.provide(layer({ filesLimitBytes: 1200 })))
    )

    it.effect("open() gives any part of a file, in one piece, any number of times and at once", () =>
      Effect.gen(function* () {
        const { open } = yield* Attachments
        const bytes = content(300_000)
        const opened = yield* open(yield* store(bytes))
        const parts = [
          [0, 1],
          [250_000, 50_000],
          [0, 300_000],
          [65_535, 2],
          [299_999, 1],
          [7, 0],
          [0, 300_000]
        ] as const
        yield* Effect.forEach(
          parts,
          ([atByte, sizeBytes]) =>
            Effect.map(opened.read(atByte, sizeBytes), (part) => {
              assert.strictEqual(sha256(part), sha256(bytes.subarray(atByte, atByte + sizeBytes)))
              part.fill(0)
            }),
          { concurrency: 3 }
        )
      }).pipe(Effect.scoped, Effect.provide(layer()))
    )

    it.effect("open() refuses a file that is gone, and goes on with one that goes meanwhile", () =>
      Effect.gen(function* () {
        const { find, open } = yield* Attachments
        const file = yield* store(content(200_000, 1))
        const opened = yield* open(file)
        const again = yield* open(file)
        yield* store(content(200_000, 2))
        assert.isUndefined(yield* find(file.number))
        for (const it of [opened, again]) assert.strictEqual(sha256(yield* it.read(0, 200_000)), file.sha256)
        const gone = yield* store(content(200_000, 3))
        yield* store(content(200_000, 4))
        yield* isRefused(Effect.scoped(open(gone)))
      }).pipe(Effect.scoped, Effect.provide(layer({ filesLimitBytes: 250_000 })))
    )

    it.effect("files go when they are older than they may be, at most a minute later", () =>
      Effect.gen(function* () {
        const { find } = yield* Attachments
        const early = yield* store(content(400, 1), "early")
        yield* TestClock.adjust(90_000)
        const late = yield* store(content(400, 1), "late")
        yield* TestClock.adjust(9_999)
        assert.isDefined(yield* find(early.number))
        yield* TestClock.adjust(20_001)
        yield* gone(early)
        assert.strictEqual(sha256(yield* load(late)), late.sha256)
        yield* TestClock.adjust(69_999)
        assert.isDefined(yield* find(late.number))
        yield* TestClock.adjust(50_001)
        yield* gone(late)
        while (yield* Effect.isSuccess(load(late))) yield* Effect.promise(nextTurn)
      }).pipe(Effect.provide(layer({ fileMillis: 100_000 })))
    )

    it.effect("read() goes on to the end of a file that goes meanwhile", () =>
      Effect.gen(function* () {
        const { find, read } = yield* Attachments
        const file = yield* store(content(200_000, 1))
        const pull = yield* Stream.toPull(read(file))
        const [first] = yield* pull
        yield* store(content(200_000, 2))
        assert.isUndefined(yield* find(file.number))
        const rest = yield* Stream.mkUint8Array(Stream.fromPull(Effect.succeed(pull)))
        assert.strictEqual(sha256(Uint8Array.from([...first, ...rest])), file.sha256)
      }).pipe(Effect.scoped, Effect.provide(layer({ filesLimitBytes: 250_000 })))
    )
  })
}
