import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Latch, Layer, Logger, Schema, Scope, Stream } from "effect"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { rmSync, statSync, truncateSync } from "node:fs"
import { join } from "node:path"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { Attachments } from "../../src/services/Attachments.ts"
import { StorageHealth } from "../../src/services/StorageHealth.ts"
import * as Database from "../../src/storage/Database.ts"
import * as FileStore from "../../src/storage/FileStore.ts"
import { content, load, nextTurn, sha256, store, suite } from "../services/AttachmentsSuite.ts"
import { answers, directory, schema } from "./Databases.ts"
import { contentPath, contents, folderOf, platform, uploads, withStore } from "./FileStores.ts"

const layerOn = <E, R>(database: Effect.Effect<Database.Options, E, R | Scope.Scope>) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const layer = Layer.mergeAll(Database.layer(yield* database), StorageHealth.layer, platform)
      return Layer.provide(FileStore.layer({ directory: yield* directory }), layer)
    })
  ).pipe(Layer.provide(NodeFileSystem.layer))

suite("FileStore on SQLite", layerOn(Effect.succeed<Database.Options>({ kind: "sqlite", file: ":memory:" })))
if (answers) suite("FileStore on PostgreSQL", layerOn(schema), 10)

setFlagsFromString("--expose-gc")
const collectGarbage: () => void = runInNewContext("gc")

/** The memory that is really held. */
const usedBytes = (): number => {
  collectGarbage()
  const { external, heapUsed } = process.memoryUsage()
  return external + heapUsed
}

/** Stores a file whose bytes come from its end. */
const backwards = Effect.gen(function* () {
  const { begin } = yield* Attachments
  const upload = yield* begin(20)
  yield* upload.write(content(10), 10)
  yield* upload.write(content(10), 0)
  return yield* upload.keep("file")
}).pipe(Effect.scoped)

describe("FileStore", () => {
  it.effect("begin() leaves nothing behind of an upload that is dropped, even while bytes are written", () =>
    withStore((directory) =>
      Effect.gen(function* () {
        const { begin } = yield* Attachments
        const scope = yield* Scope.make()
        const upload = yield* Scope.provide(begin(8_000_000), scope)
        assert.lengthOf(uploads(directory), 1)
        const writing = yield* Effect.forkChild(Effect.exit(upload.write(content(8_000_000), 0)), {
          startImmediately: true
        })
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(uploads(directory), [])
        writing.interruptUnsafe()
        assert.deepStrictEqual(contents(directory), [])
      })
    )
  )

  it.effect("keep() makes one content of equal ones, and deletes it with the last file that has it", () =>
    withStore(
      (directory) =>
        Effect.gen(function* () {
          const { begin } = yield* Attachments
          const a = yield* store(content(1000), "a")
          const b = yield* store(content(1000), "b")
          assert.notStrictEqual(a.id, b.id)
          assert.deepStrictEqual(contents(directory), [a.sha256])
          assert.deepStrictEqual(uploads(directory), [])
          const files = yield* Effect.gen(function* () {
            const many = yield* Effect.forEach([1, 2, 3, 4], () => begin(500))
            for (const upload of many) yield* upload.write(content(500), 0)
            return yield* Effect.forEach(many, (upload) => upload.keep("c"), { concurrency: "unbounded" })
          }).pipe(Effect.scoped)
          assert.sameMembers([...contents(directory)], [a.sha256, sha256(content(500))])
          for (const file of files) assert.strictEqual(sha256(yield* load(file)), file.sha256)
          const last = yield* store(content(2600, 7), "d")
          assert.deepStrictEqual(contents(directory), [last.sha256])
        }),
      { limits: { filesLimitBytes: 3000 } }
    )
  )

  it.effect("keep() hashes what came out of order, and anew what came twice", () =>
    withStore(() =>
      Effect.gen(function* () {
        const { begin } = yield* Attachments
        const bytes = content(2_500_000)
        const upload = yield* begin(bytes.length)
        yield* upload.write(bytes.subarray(2_000_000), 2_000_000)
        yield* upload.write(content(1_000_000, 9), 0)
        yield* upload.write(bytes.subarray(0, 1_500_000), 0)
        yield* upload.write(bytes.subarray(1_400_000, 2_100_000), 1_400_000)
        const file = yield* upload.keep("file")
        assert.strictEqual(file.sha256, sha256(bytes))
        assert.strictEqual(sha256(yield* load(file)), file.sha256)
      })
    )
  )

  it.effect("keep() puts right a content that is missing or cut, when it comes again", () =>
    withStore((directory) =>
      Effect.gen(function* () {
        const file = yield* store(content(1000), "a")
        const health = yield* StorageHealth
        for (const harm of [
          () => truncateSync(contentPath(directory, file.sha256), 900),
          () => rmSync(join(folderOf(directory), "content"), { recursive: true })
        ]) {
          harm()
          assert.strictEqual((yield* Effect.flip(load(file)))._tag, "StorageFailed")
          // It is one file, not the disk.
          assert.lengthOf(health.failing(), 0)
          yield* store(content(1000), "b")
          assert.strictEqual(sha256(yield* load(file)), file.sha256)
        }
      })
    )
  )

  const Sent = Schema.Struct({
    sizeBytes: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 900 })),
    seed: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3 })),
    owner: Schema.Literals(["x", "y"]),
    isKept: Schema.Boolean
  })
  it.effect.prop(
    "the disk never has more than it may, whatever comes at once and whenever it is looked at",
    [Schema.Array(Sent).check(Schema.isMaxLength(12))],
    ([all]) =>
      Effect.suspend(() => {
        const limitBytes = 2000
        let place: string | undefined
        const measure = () => {
          if (place === undefined) return
          const paths = [
            ...uploads(place).map((name) => join(folderOf(place!), "uploads", name)),
            ...contents(place).map((sha256) => contentPath(place!, sha256))
          ]
          const bytes = paths.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0)
          assert.isAtMost(bytes, limitBytes)
        }
        return withStore(
          (directory) =>
            Effect.gen(function* () {
              place = directory
              const { begin } = yield* Attachments
              const send = Effect.fnUntraced(function* ({ isKept, owner, seed, sizeBytes }: typeof Sent.Type) {
                const upload = yield* begin(sizeBytes, owner)
                const bytes = content(sizeBytes, seed)
                yield* upload.write(bytes.subarray(0, sizeBytes / 2), 0)
                yield* upload.write(bytes.subarray(sizeBytes / 2), Math.floor(sizeBytes / 2))
                if (isKept) yield* upload.keep("a")
              }, Effect.scoped)
              // There is room for two at a time.
              yield* Effect.forEach(all, send, { concurrency: 2, discard: true })
              measure()
            }),
          {
            limits: { filesLimitBytes: limitBytes },
            breaks: () => {
              measure()
              return false
            }
          }
        )
      }),
    { arbitrary: { runs: 30 } }
  )

  it.effect("fails with StorageFailed when the directory is gone", () =>
    withStore((directory) =>
      Effect.gen(function* () {
        const { begin, find, open, read } = yield* Attachments
        const file = yield* store(content(1000))
        const upload = yield* begin(10)
        yield* upload.write(content(10), 0)
        rmSync(folderOf(directory), { recursive: true })
        const refused = [
          yield* Effect.flip(begin(10)),
          yield* Effect.flip(upload.keep("file")),
          yield* Effect.flip(open(file)),
          yield* Effect.flip(Stream.runDrain(read(file)))
        ]
        for (const { _tag } of refused) assert.strictEqual(_tag, "StorageFailed")
        assert.isUndefined(yield* find(file.number + 1))
      })
    )
  )

  for (const [broken, moment] of [
    ["write", "before"],
    ["sync", "before"],
    ["read", "before"],
    ["rename", "before"],
    ["rename", "after"],
    ["statement", "before"],
    ["statement", "after"]
  ] as const) {
    it.effect(`fails with StorageFailed when ${broken} fails ${moment} it is done, and leaves nothing behind`, () =>
      Effect.suspend(() => {
        let isBroken = false
        return withStore(
          (directory) =>
            Effect.gen(function* () {
              const { find } = yield* Attachments
              const first = yield* store(content(5), "first")
              isBroken = true
              assert.strictEqual((yield* Effect.flip(backwards))._tag, "StorageFailed")
              assert.deepStrictEqual(uploads(directory), [])
              assert.deepStrictEqual(contents(directory), [first.sha256])
              assert.isUndefined(yield* find(2))
              isBroken = false
              assert.strictEqual((yield* backwards).number, 3)
              const sql = yield* SqlClient.SqlClient
              assert.deepStrictEqual(yield* sql`select number from files order by number`.values, [[1], [3]])
              assert.strictEqual(sha256(yield* load(first)), first.sha256)
            }),
          { breaks: (call, when) => isBroken && call === broken && when === moment }
        )
      })
    )
  }

  it.effect("says once that it fails and once that it works again, and heals by itself", () =>
    Effect.suspend(() => {
      const lines: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => lines.push(`${logLevel} ${String(message)}`))
      let broken = ""
      return withStore(
        () =>
          Effect.gen(function* () {
            const health = yield* StorageHealth
            const kept = yield* store(content(10), "kept")
            for (const [call, cause] of [
              ["write", "no space left on device"],
              ["statement", "connection lost"]
            ] as const) {
              lines.length = 0
              broken = call
              for (let index = 0; index < 3; index++) {
                assert.strictEqual((yield* Effect.flip(store(content(11))))._tag, "StorageFailed")
              }
              assert.lengthOf(lines, 1)
              assert.match(lines[0]!, new RegExp(`^Error Cannot store files,.*${cause}`))
              assert.strictEqual(sha256(yield* load(kept)), kept.sha256)
              yield* TestClock.adjust("1 minute")
              for (let index = 0; index < 20; index++) yield* Effect.promise(nextTurn)
              assert.lengthOf(health.failing(), 1)
              broken = ""
              while (health.failing().length > 0) {
                yield* TestClock.adjust("1 minute")
                yield* Effect.promise(nextTurn)
              }
              assert.deepStrictEqual(lines.slice(1), ["Info Can store files again"])
              yield* store(content(11))
              assert.lengthOf(lines, 2)
            }
          }),
        { breaks: (call, moment) => call === broken && moment === "before" }
      ).pipe(Effect.provide(Logger.layer([logger])))
    })
  )

  it.effect("fails after five seconds when the database does not answer, then at once for a while, and heals", () =>
    Effect.suspend(() => {
      let hanging = 0
      let isBroken = false
      const asked = Latch.makeUnsafe()
      const hangs = (): "hangs" => {
        hanging++
        asked.openUnsafe()
        return "hangs"
      }
      return withStore(
        () =>
          Effect.gen(function* () {
            yield* store(content(10))
            isBroken = true
            const keeping = yield* Effect.forkChild(Effect.flip(store(content(11))))
            yield* asked.await
            yield* TestClock.adjust(4999)
            assert.isUndefined(keeping.pollUnsafe())
            yield* TestClock.adjust(1)
            assert.strictEqual((yield* Fiber.join(keeping))._tag, "StorageFailed")
            assert.strictEqual((yield* Effect.flip(store(content(11))))._tag, "StorageFailed")
            assert.strictEqual(hanging, 1)
            isBroken = false
            yield* TestClock.adjust(5000)
            yield* store(content(11))
          }),
        {
          breaks: (call, moment) => isBroken && call === "statement" && moment === "before" && hangs()
        }
      )
    })
  )

  it.effect("holds no more than a piece in memory of what comes and goes", () =>
    withStore(() =>
      Effect.gen(function* () {
        const { begin, read } = yield* Attachments
        const mebibyte = 1024 * 1024
        const sizeBytes = 64 * mebibyte
        const piece = content(65_536)
        const usedBefore = usedBytes()
        let most = 0
        const measure = (atByte: number) => {
          if (atByte % (4 * mebibyte) === 0) most = Math.max(most, usedBytes() - usedBefore)
        }
        const upload = yield* begin(sizeBytes)
        for (let atByte = 0; atByte < sizeBytes; atByte += piece.length) {
          yield* upload.write(piece, atByte)
          measure(atByte)
        }
        const file = yield* upload.keep("large")
        let readBytes = 0
        yield* Stream.runForEach(read(file), ({ length }) =>
          Effect.sync(() => {
            readBytes += length
            measure(readBytes)
          })
        )
        assert.strictEqual(readBytes, sizeBytes)
        assert.isBelow(most, 8 * mebibyte)
      })
    )
  )
})
