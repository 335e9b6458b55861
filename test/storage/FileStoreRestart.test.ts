import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { existsSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Attachments, type StoredFile } from "../../src/services/Attachments.ts"
import * as Database from "../../src/storage/Database.ts"
import { content, load, sha256, store } from "../services/AttachmentsSuite.ts"
import { contentPath, contents, folderOf, running, uploads, withPlace } from "./FileStores.ts"

/** Which of some files are there, with all their bytes. */
const whole = (files: ReadonlyArray<StoredFile>) =>
  Effect.filter(files, (file) =>
    Effect.gen(function* () {
      const { find, findById } = yield* Attachments
      const found = yield* find(file.number)
      assert.strictEqual(yield* findById(file.id), found)
      if (found === undefined) return false
      assert.deepStrictEqual(found, file)
      assert.strictEqual(sha256(yield* load(file)), file.sha256)
      return true
    })
  )

const rows = Effect.flatMap(SqlClient.SqlClient, (sql) =>
  Effect.map(sql<{ number: number }>`select number from files order by number`, (rows) => rows.map((it) => it.number))
)

const recorded = <A, E, R>(use: (lines: ReadonlyArray<string>) => Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const lines: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => lines.push(`${logLevel} ${String(message)}`))
    return use(lines).pipe(Effect.provide(Logger.layer([logger])))
  })

describe("FileStore that begins again", () => {
  it.effect("has safe names of files, whoever has written them", () =>
    withPlace((directory) =>
      Effect.gen(function* () {
        const file = yield* running(
          directory,
          Effect.gen(function* () {
            const file = yield* store(content(10), "a.txt")
            const sql = yield* SqlClient.SqlClient
            yield* sql`update files set name = ${"\u001b[2J\u009b.txt"}`
            return file
          })
        )
        const found = Effect.flatMap(Attachments, ({ find }) => find(file.number))
        assert.strictEqual((yield* running(directory, found))?.name, "_[2J_.txt")
      })
    )
  )

  it.effect("has all files as they were, and numbers that rise", () =>
    withPlace((directory) =>
      Effect.gen(function* () {
        const names = ["a.txt", "Grüße, 世界 👋.txt", "'; drop table files; --"]
        const files = yield* running(
          directory,
          Effect.forEach(names, (name, index) =>
            Effect.andThen(TestClock.adjust(1000), store(content(100_000, index), name))
          )
        )
        yield* running(
          directory,
          Effect.gen(function* () {
            assert.deepStrictEqual(yield* whole(files), files)
            const next = yield* store(content(1))
            assert.isAbove(next.number, files[2]!.number)
            assert.deepStrictEqual(uploads(directory), [])
          })
        )
      })
    )
  )

  it.effect("gives no number again, also of uploads that came to nothing", () =>
    withPlace((directory) =>
      Effect.gen(function* () {
        const given: Array<number> = []
        for (let start = 0; start < 3; start++) {
          yield* running(
            directory,
            Effect.gen(function* () {
              const { begin } = yield* Attachments
              for (let count = 0; count < 130; count++) {
                given.push((yield* Effect.scoped(begin(1))).number)
              }
            })
          )
        }
        assert.deepStrictEqual(
          given,
          given.toSorted((a, b) => a - b)
        )
        assert.strictEqual(new Set(given).size, 390)
      })
    )
  )

  it.effect("deletes uploads, contents of no file, and the folders of older versions; nothing else", () =>
    withPlace((directory) =>
      Effect.gen(function* () {
        const kept = yield* running(directory, store(content(1000)))
        const orphan = sha256(content(5))
        mkdirSync(join(folderOf(directory), "content", orphan.slice(0, 2)), { recursive: true })
        writeFileSync(contentPath(directory, orphan), content(5))
        writeFileSync(join(folderOf(directory), "uploads", "left"), "")
        for (const name of ["files-a1B2c3", "files-backup", "files-2024xy"]) mkdirSync(join(directory, name))
        for (const name of ["uploads", "content"]) mkdirSync(join(directory, "files-a1B2c3", name))
        for (const name of ["files-backup", "files-a1B2c3/content"])
          writeFileSync(join(directory, name, "file"), "mine")
        yield* running(
          directory,
          Effect.gen(function* () {
            assert.deepStrictEqual(uploads(directory), [])
            assert.deepStrictEqual(contents(directory), [kept.sha256])
            assert.deepStrictEqual(readdirSync(directory).toSorted(), ["files", "files-backup"])
            assert.lengthOf(yield* whole([kept]), 1)
          })
        )
      })
    )
  )

  it.effect("forgets files whose contents are missing or not whole, and says how many", () =>
    recorded((lines) =>
      withPlace((directory) =>
        Effect.gen(function* () {
          const files = yield* running(
            directory,
            Effect.forEach([1, 2, 3, 3, 4], (seed) => store(content(1000, seed)))
          )
          rmSync(contentPath(directory, files[0]!.sha256))
          truncateSync(contentPath(directory, files[2]!.sha256), 999)
          const kept = [files[1]!, files[4]!]
          assert.deepStrictEqual(yield* running(directory, whole(files)), kept)
          assert.deepStrictEqual(lines, ["Warn 3 shared files are gone: their contents are missing or not whole"])
          assert.deepStrictEqual(yield* rows, [2, 5])
          assert.sameMembers(
            [...contents(directory)],
            kept.map((file) => file.sha256)
          )
          assert.deepStrictEqual(yield* running(directory, whole(files)), kept)
          assert.lengthOf(lines, 1)
        })
      )
    )
  )

  it.effect("lets the oldest files go, also those of before, and at once if there may be fewer now", () =>
    withPlace((directory) =>
      Effect.gen(function* () {
        const limits = { filesLimitBytes: 1000 }
        const early = yield* running(
          directory,
          Effect.forEach([1, 2], (seed) => Effect.andThen(TestClock.adjust(1), store(content(400, seed)))),
          { limits }
        )
        const late = yield* running(
          directory,
          Effect.gen(function* () {
            const file = yield* store(content(400, 3))
            assert.deepStrictEqual(yield* whole(early), [early[1]!])
            return file
          }),
          { limits }
        )
        assert.deepStrictEqual(yield* rows, [2, late.number])
        assert.sameMembers([...contents(directory)], [early[1]!.sha256, late.sha256])
        const files = [...early, late]
        assert.deepStrictEqual(yield* running(directory, whole(files), { limits: { filesLimitBytes: 500 } }), [late])
        assert.deepStrictEqual(contents(directory), [late.sha256])
        assert.deepStrictEqual(yield* running(directory, whole(files)), [late])
      })
    )
  )

  it.effect("lets files go at once that have become too old meanwhile", () =>
    withPlace((directory) =>
      Effect.gen(function* () {
        const limits = { fileMillis: 1000 }
        const old = yield* running(directory, store(content(10, 1)), { limits })
        yield* TestClock.adjust(500)
        const young = yield* running(directory, store(content(10, 2)), { limits })
        yield* TestClock.adjust(500)
        assert.deepStrictEqual(yield* running(directory, whole([old, young]), { limits }), [young])
        assert.deepStrictEqual(yield* rows, [young.number])
        assert.deepStrictEqual(contents(directory), [young.sha256])
      })
    )
  )

  it.effect("leaves the contents alone that files of another database have", () =>
    withPlace((directory) =>
      Effect.gen(function* () {
        const mine = yield* running(directory, store(content(1000)))
        const other = running(directory, store(content(10)))
        yield* Effect.provide(other, Database.layer({ kind: "sqlite", file: ":memory:" }), { local: true })
        assert.lengthOf(readdirSync(join(directory, "files")), 2)
        assert.deepStrictEqual(yield* running(directory, whole([mine])), [mine])
      })
    )
  )

  it.effect("fails if nothing can be kept, and says why", () =>
    withPlace((directory) =>
      Effect.gen(function* () {
        const begun = (breaks: string) =>
          Effect.flip(running(directory, Effect.void, { breaks: (call) => call === breaks }))
        const disk = yield* begun("makeDirectory")
        assert.strictEqual(disk._tag, "StorageUnavailable")
        assert.strictEqual(disk.message, `Cannot store anything in ${directory}: Unknown`)
        const database = yield* begun("statement")
        assert.strictEqual(database.message, `Cannot store anything in ${directory}: connection lost`)
        assert.isFalse(existsSync(directory))
      })
    )
  )
})
