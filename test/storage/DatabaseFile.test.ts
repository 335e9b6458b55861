/** What happens to the file of a database under the server that has it. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Effect, Exit, Logger, type Scope } from "effect"
import type { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { StorageHealth } from "../../src/services/StorageHealth.ts"
import * as Database from "../../src/storage/Database.ts"
import type { DatabaseUnavailable } from "../../src/storage/DatabaseUnavailable.ts"
import { append, inTime, isRefused, message, numbers } from "../services/HistorySuite.ts"
import { file as place, run } from "./Databases.ts"
import { begin, stored } from "./Histories.ts"

interface Place {
  readonly file: string
  readonly folder: string
  /** What was logged with its errors. */
  readonly lines: ReadonlyArray<string>
}

const inPlace = <A, E>(use: (place: Place) => Effect.Effect<A, E, Scope.Scope | StorageHealth>) =>
  Effect.gen(function* () {
    const options = yield* place
    if (options.kind !== "sqlite") return yield* Effect.die("a file is in SQLite")
    const { file } = options
    const lines: Array<string> = []
    const logger = Logger.make(({ message }) => void lines.push(Arr.ensure(message).map(String).join(" ")))
    return yield* Effect.provide(use({ file, folder: dirname(file), lines }), Logger.layer([logger]))
  }).pipe(Effect.scoped, Effect.provide([NodeFileSystem.layer, StorageHealth.layer]))

const test = <A, E>(title: string, use: (place: Place) => Effect.Effect<A, E, Scope.Scope | StorageHealth>) =>
  it.effect(title, () => inPlace(use))

/** Whether a message is stored. */
const says = (history: Effect.Success<ReturnType<typeof begin>>, number: number) =>
  Effect.map(Effect.exit(inTime(append(history, "room", message(number)))), Exit.isSuccess)

const failing = Effect.map(StorageHealth, (health) => health.failing().map((it) => it.part))

describe("the file of a database", () => {
  for (const [what, remove, said] of [
    [
      "its directory is deleted",
      ({ folder }: Place) => rmSync(folder, { recursive: true }),
      /chat\.db has been deleted/
    ],
    ["it is deleted", ({ file }: Place) => rmSync(file), /chat\.db has been deleted/],
    ["its log is deleted", ({ file }: Place) => rmSync(`${file}-wal`), /chat\.db-wal has been deleted/],
    [
      "its directory is replaced by a copy",
      ({ folder }: Place) => {
        renameSync(folder, `${folder}.old`)
        cpSync(`${folder}.old`, folder, { recursive: true })
      },
      /chat\.db has been replaced/
    ]
  ] as const) {
    test(`refuses everything when ${what}`, (place) =>
      run({ kind: "sqlite", file: place.file }, (sql) =>
        Effect.gen(function* () {
          const history = yield* begin(sql)
          assert.isTrue(yield* says(history, 1))
          remove(place)
          assert.isFalse(yield* says(history, 2))
          for (const number of [3, 4]) {
            yield* TestClock.adjust("1 seconds")
            assert.isTrue(isRefused(append(history, "room", message(number))))
          }
          assert.deepStrictEqual(yield* failing, ["history"])
          assert.lengthOf(
            place.lines.filter((it) => it.startsWith("Cannot store history")),
            1
          )
          assert.match(place.lines.join("\n"), said)
          assert.strictEqual((yield* Effect.flip(inTime(history.read("room", { limit: 1 }))))._tag, "StorageFailed")
          const single = yield* Effect.flip(sql`update counters set starts = 0`)
          assert.match(single.message, said)
          const rolledBack = sql.withTransaction(Effect.fail("oops" as const))
          assert.strictEqual(yield* Effect.flip(rolledBack), "oops")
        })
      ))
  }

  test("works again when its directory is back", ({ file, folder }) =>
    run({ kind: "sqlite", file }, (sql) =>
      Effect.gen(function* () {
        const history = yield* begin(sql)
        assert.isTrue(yield* says(history, 1))
        renameSync(folder, `${folder}.away`)
        assert.isFalse(yield* says(history, 2))
        renameSync(`${folder}.away`, folder)
        yield* TestClock.adjust("1 seconds")
        assert.deepStrictEqual(yield* failing, [])
        assert.isTrue(yield* says(history, 3))
        assert.includeMembers(yield* numbers(history, "room"), [1, 3])
      })
    ))

  test("may be looked at by others, who change nothing of it", ({ file }) =>
    run({ kind: "sqlite", file }, (sql) =>
      Effect.gen(function* () {
        const history = yield* begin(sql)
        for (const number of [1, 2, 3]) {
          assert.isTrue(yield* says(history, number))
          yield* Effect.scoped(Effect.provide(Effect.void, Database.layerReader({ kind: "sqlite", file })))
          yield* sql`pragma wal_checkpoint(truncate)`
        }
        assert.deepStrictEqual(yield* stored(sql), [1, 2, 3])
      })
    ))
})

const pageBytes = 4096

/** Spoils the page of a file in which a text is, or which has this number. */
const spoil = (file: string, where: string | number) => {
  const bytes = readFileSync(file)
  const page = typeof where === "number" ? where - 1 : Math.floor(bytes.indexOf(where) / pageBytes)
  assert.isAtLeast(page, 0)
  bytes.fill(0xff, page * pageBytes, (page + 1) * pageBytes)
  writeFileSync(file, bytes)
}

const words = (number: number) => `these are the words of message ${number}, ${"x".repeat(1000)}`

const fill = (sql: SqlClient.SqlClient) =>
  Effect.flatMap(begin(sql), (history) =>
    inTime(
      Effect.forEach(Arr.range(1, 100), (number) => append(history, "room", message(number, { text: words(number) })))
    )
  )

describe("a damaged database", () => {
  test("is named in the log, with what there is to do", ({ file, lines }) =>
    Effect.gen(function* () {
      yield* run({ kind: "sqlite", file }, fill)
      spoil(file, words(50))
      yield* run({ kind: "sqlite", file }, (sql) =>
        Effect.gen(function* () {
          const history = yield* begin(sql)
          const error = yield* Effect.flip(inTime(history.read("room", { limit: 100 })))
          assert.strictEqual(error._tag, "StorageFailed")
          const line = lines.find((it) => it.startsWith("Cannot store history"))!
          assert.include(line, `The database ${file} is damaged (database disk image is malformed). Stop the server`)
          assert.include(line, `sqlite3 ${file} .recover`)
        })
      )
    }))

  for (const [what, where, said] of [
    ["its first page", 1, "file is not a database"],
    ["a table", "counters", "database disk image is malformed"]
  ] as const) {
    test(`is named at the start when ${what} is damaged`, ({ file }) =>
      Effect.gen(function* () {
        const page = yield* run({ kind: "sqlite", file }, (sql) =>
          Effect.map(
            sql<{ rootpage: number }>`select rootpage from sqlite_schema where name = ${where}`,
            ([row]) => row?.rootpage ?? 1
          )
        )
        spoil(file, page)
        const error: DatabaseUnavailable = yield* Effect.flip(run({ kind: "sqlite", file }, begin))
        assert.include(error.message, file)
        assert.include(error.message, `is damaged (${said}). Stop the server and put a backup in its place`)
        assert.notInclude(error.message, "\n")
      }))
  }
})
