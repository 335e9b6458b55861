/** A database that another program locks for a while, as a backup does. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Redacted, Scope } from "effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import * as PgClient from "@effect/sql-pg/PgClient"
import { DatabaseSync } from "node:sqlite"
import type { StoredFile } from "../../src/services/StoredFile.ts"
import { StorageHealth } from "../../src/services/StorageHealth.ts"
import type { DatabaseUnavailable } from "../../src/storage/DatabaseUnavailable.ts"
import * as FileLedger from "../../src/storage/FileLedger.ts"
import * as Database from "../../src/storage/Database.ts"
import { append, inTime, isRefused, message, numbers } from "../services/HistorySuite.ts"
import { answers, file, run, schema } from "./Databases.ts"
import { platform } from "./FileStores.ts"
import { begin, stored } from "./Histories.ts"

type Sqlite = Database.Options & { readonly kind: "sqlite" }

/** Locks a database against writing; gives what ends that. */
const lock = (path: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new DatabaseSync(path, { timeout: 0 })),
      (other) => Effect.sync(() => other.close())
    ),
    (other) => {
      other.exec("BEGIN IMMEDIATE")
      return { unlock: Effect.sync(() => other.exec("ROLLBACK")) }
    }
  )

const sqlite = file as Effect.Effect<Sqlite, Effect.Error<typeof file>, Effect.Services<typeof file>>

const test = <E>(
  title: string,
  use: (sql: SqlClient.SqlClient, options: Sqlite) => Effect.Effect<void, E, Scope.Scope | StorageHealth>
) =>
  it.effect(title, () =>
    Effect.flatMap(sqlite, (options) => run(options, (sql) => use(sql, options))).pipe(
      Effect.scoped,
      Effect.provide([platform, StorageHealth.layer])
    )
  )

const begun = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

describe("SqlHistory in a database that another program locks", () => {
  test("stores what was said meanwhile, all of it in order, and tells those who wait", (sql, { file }) =>
    Effect.gen(function* () {
      const health = yield* StorageHealth
      const history = yield* begin(sql)
      yield* inTime(append(history, "room", message(1)))
      yield* TestClock.adjust("10 millis")
      const { unlock } = yield* lock(file)
      const waiting = yield* Effect.forEach([2, 3, 4], (number) =>
        Effect.andThen(TestClock.adjust("1 seconds"), begun(append(history, "room", message(number))))
      )
      yield* TestClock.adjust("1900 millis")
      for (const it of waiting) assert.isUndefined(it.pollUnsafe())
      assert.deepStrictEqual(yield* stored(sql), [1])
      assert.deepStrictEqual(health.failing(), [])
      yield* unlock
      yield* inTime(Fiber.joinAll(waiting))
      assert.deepStrictEqual(yield* stored(sql), [1, 2, 3, 4])
      assert.deepStrictEqual(health.failing(), [])
    }))

  test("does not wait in SQLite, where nothing else could run, and reads what is stored when it is", (sql, { file }) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* sql`pragma busy_timeout`.values, [[0]])
      const history = yield* begin(sql)
      yield* TestClock.adjust("10 millis")
      const { unlock } = yield* lock(file)
      const waiting = yield* begun(append(history, "room", message(1)))
      const reading = yield* begun(numbers(history, "room"))
      yield* TestClock.adjust("1 seconds")
      assert.isUndefined(reading.pollUnsafe())
      yield* unlock
      yield* inTime(Fiber.join(waiting))
      assert.deepStrictEqual(yield* Fiber.join(reading), [1])
    }))

  test("fails what waits after five seconds, and heals when the lock goes", (sql, { file }) =>
    Effect.gen(function* () {
      const health = yield* StorageHealth
      const history = yield* begin(sql)
      yield* TestClock.adjust("10 millis")
      const { unlock } = yield* lock(file)
      const waiting = yield* begun(Effect.exit(append(history, "room", message(1))))
      const behind = yield* begun(Effect.exit(append(history, "room", message(2))))
      yield* TestClock.adjust("4990 millis")
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust("20 millis")
      for (const it of [waiting, behind]) assert.isTrue(Exit.isFailure(yield* Fiber.join(it)))
      assert.isTrue(isRefused(append(history, "room", message(3))))
      assert.deepStrictEqual(
        health.failing().map((it) => it.part),
        ["history"]
      )
      yield* unlock
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(health.failing(), [])
      yield* inTime(append(history, "room", message(4)))
      assert.deepStrictEqual(yield* numbers(history, "room"), [4])
    }))

  test("is bounded in what waits", (sql, { file }) =>
    Effect.gen(function* () {
      const history = yield* begin(sql)
      yield* TestClock.adjust("10 millis")
      const { unlock } = yield* lock(file)
      const text = "x".repeat(1024 * 1024)
      const waiting = Array.from({ length: 64 }, (_, index) => append(history, "room", message(index + 1, { text })))
      yield* TestClock.adjust("1 seconds")
      assert.isTrue(isRefused(append(history, "room", message(65))))
      yield* unlock
      yield* inTime(Effect.all(waiting))
      assert.lengthOf(yield* stored(sql), 64)
    }))

  test("stores what waits when its scope closes", (sql, { file }) =>
    Effect.gen(function* () {
      const life = yield* Scope.make()
      const history = yield* Scope.provide(begin(sql), life)
      const { unlock } = yield* lock(file)
      void history.append("room", message(1))
      const closing = yield* begun(Scope.close(life, Exit.void))
      yield* TestClock.adjust("2 seconds")
      assert.isUndefined(closing.pollUnsafe())
      yield* unlock
      yield* inTime(Fiber.join(closing))
      assert.deepStrictEqual(yield* stored(sql), [1])
    }))
})

const sharedFile: StoredFile = { number: 1, id: "1", name: "a", sizeBytes: 1, sha256: "0".repeat(64), atMillis: 1 }

describe("FileLedger in a database that another program locks", () => {
  test("adds a file when the lock goes; after five seconds it fails, and others at once", (sql, { file }) =>
    Effect.gen(function* () {
      const ledger = yield* Effect.provideService(FileLedger.make, SqlClient.SqlClient, sql)
      const { unlock } = yield* lock(file)
      const waiting = yield* begun(ledger.replace([], sharedFile))
      yield* TestClock.adjust("4 seconds")
      assert.isUndefined(waiting.pollUnsafe())
      yield* unlock
      yield* inTime(Fiber.join(waiting))
      assert.deepStrictEqual(yield* ledger.files, [sharedFile])
      yield* lock(file)
      const failing = yield* begun(Effect.flip(ledger.replace([sharedFile])))
      yield* TestClock.adjust("4990 millis")
      assert.isUndefined(failing.pollUnsafe())
      yield* TestClock.adjust("10 millis")
      assert.strictEqual(yield* Fiber.join(failing), yield* Effect.flip(ledger.replace([sharedFile])))
    }))
})

describe("Database that another program locks", () => {
  it.effect("is opened when the lock goes, and else says what locks it", () =>
    Effect.gen(function* () {
      const options = yield* sqlite
      yield* run(options, () => Effect.void)
      const use = (sql: SqlClient.SqlClient) => Effect.andThen(begin(sql), Effect.void)
      const start = run(options, use).pipe(Effect.provide(StorageHealth.layer))
      const { unlock } = yield* lock(options.file)
      const starting = yield* begun(start)
      yield* TestClock.adjust("3 seconds")
      assert.isUndefined(starting.pollUnsafe())
      yield* unlock
      yield* inTime(Fiber.join(starting))
      yield* lock(options.file)
      const refused: DatabaseUnavailable = yield* inTime(Effect.flip(start))
      assert.include(refused.message, "another program locks it")
    }).pipe(Effect.scoped, Effect.provide(platform))
  )
})

describe.skipIf(!answers)("SqlHistory on PostgreSQL whose tables another program locks", () => {
  it.effect("stores what was said meanwhile", () =>
    Effect.gen(function* () {
      const options = yield* schema
      if (options.kind !== "postgres") return
      yield* run(options, (sql) =>
        Effect.gen(function* () {
          const history = yield* begin(sql)
          yield* inTime(append(history, "room", message(1)))
          const other = yield* PgClient.make({ url: Redacted.make(Redacted.value(options.url)) })
          const waiting = yield* other.withTransaction(
            Effect.gen(function* () {
              yield* other`lock table messages in exclusive mode`
              const waiting = yield* Effect.forEach([2, 3], (number) => begun(append(history, "room", message(number))))
              yield* TestClock.adjust("3 seconds")
              for (const it of waiting) assert.isUndefined(it.pollUnsafe())
              return waiting
            })
          )
          yield* inTime(Fiber.joinAll(waiting))
          assert.deepStrictEqual(yield* stored(sql), [1, 2, 3])
        })
      )
    }).pipe(Effect.scoped, Effect.provide([platform, StorageHealth.layer, Reactivity.layer]))
  )
})
