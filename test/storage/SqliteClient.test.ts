import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, FileSystem, Layer, type Scope, Stream } from "effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import { SqlClient, type SqlError } from "effect/sql"
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as SqliteClient from "../../src/storage/sqlite/SqliteClient.ts"

type Needs = SqlClient.SqlClient | FileSystem.FileSystem | Reactivity.Reactivity | Scope.Scope

const directory = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())

const open = (options: Partial<SqliteClient.Options>) =>
  SqliteClient.make({ file: ":memory:", synchronous: "NORMAL", busyMillis: 0, ...options })

const platform = Layer.mergeAll(NodeFileSystem.layer, Reactivity.layer)

/** A test with a database in memory. */
const test = <A, E>(name: string, effect: Effect.Effect<A, E, Needs>) =>
  it.effect(name, () =>
    Effect.provideServiceEffect(effect, SqlClient.SqlClient, open({})).pipe(Effect.provide(platform))
  )

const reasonOf = <A, R>(effect: Effect.Effect<A, SqlError.SqlError, R>) =>
  Effect.map(Effect.flip(effect), (error) => error.reason._tag)

const numbers = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`create table numbers (number integer primary key, word text unique) strict`
  return sql
})

const numbersIn = (sql: SqlClient.SqlClient) =>
  Effect.map(sql<{ number: number }>`select number from numbers order by number`, (rows) => rows.map((it) => it.number))

describe("SqliteClient", () => {
  it.effect("make() makes a file for this user alone, in a directory that it makes, and leaves only that", () =>
    Effect.gen(function* () {
      const file = join(yield* directory, "data", "inner", "chat.db")
      const write = Effect.gen(function* () {
        const sql = yield* open({ file, synchronous: "FULL" })
        yield* sql`create table t (a integer)`
        assert.deepStrictEqual(readdirSync(join(file, "..")).sort(), ["chat.db", "chat.db-shm", "chat.db-wal"])
        assert.deepStrictEqual(yield* sql`pragma synchronous`.values, [[2]])
        assert.deepStrictEqual(yield* sql`pragma journal_mode`.values, [["wal"]])
        assert.deepStrictEqual(yield* sql`pragma foreign_keys`.values, [[1]])
        return sql
      })
      const closed = yield* Effect.scoped(write)
      assert.deepStrictEqual(readdirSync(join(file, "..")), ["chat.db"])
      if (process.platform !== "win32") assert.strictEqual(statSync(file).mode & 0o777, 0o600)
      assert.strictEqual(yield* reasonOf(closed`select 1`), "UnknownError")
      const sql = yield* open({ file })
      assert.deepStrictEqual(yield* sql`pragma synchronous`.values, [[1]])
      assert.deepStrictEqual(yield* sql`select count(*) from t`.values, [[0]])
    }).pipe(Effect.scoped, Effect.provide(platform))
  )

  it.effect("make() lets others read at any time, and write between transactions", () =>
    Effect.gen(function* () {
      const file = join(yield* directory, "chat.db")
      const first = yield* open({ file })
      yield* first`create table t (a integer)`
      const second = yield* open({ file })
      yield* first`insert into t ${first.insert({ a: 1 })}`
      assert.deepStrictEqual(yield* second`select a from t`.values, [[1]])
      yield* first.withTransaction(
        Effect.gen(function* () {
          yield* first`insert into t ${first.insert({ a: 2 })}`
          assert.deepStrictEqual(yield* second`select a from t`.values, [[1]])
          assert.strictEqual(yield* reasonOf(second`insert into t ${second.insert({ a: 3 })}`), "LockTimeoutError")
        })
      )
      assert.deepStrictEqual(yield* second`select a from t`.values, [[1], [2]])
    }).pipe(Effect.scoped, Effect.provide(platform))
  )

  it.effect("make() reads a database only, makes none, and keeps nobody from writing", () =>
    Effect.gen(function* () {
      const inner = yield* directory
      const file = join(inner, "chat.db")
      assert.strictEqual(yield* reasonOf(Effect.scoped(open({ file, isReadOnly: true }))), "ConnectionError")
      assert.deepStrictEqual(readdirSync(inner), [])
      const write = Effect.gen(function* () {
        const writer = yield* open({ file })
        yield* writer`create table t (a integer)`
        yield* writer`insert into t ${writer.insert({ a: 1 })}`
        return writer
      })
      yield* Effect.scoped(
        Effect.gen(function* () {
          const writer = yield* write
          const reader = yield* open({ file, isReadOnly: true })
          yield* reasonOf(reader`insert into t ${reader.insert({ a: 2 })}`)
          yield* reader.withTransaction(
            Effect.gen(function* () {
              assert.deepStrictEqual(yield* reader`select a from t`.values, [[1]])
              yield* writer`insert into t ${writer.insert({ a: 3 })}`
              assert.deepStrictEqual(yield* reader`select a from t`.values, [[1]])
            })
          )
          assert.deepStrictEqual(yield* reader`select a from t`.values, [[1], [3]])
        })
      )
      yield* Effect.scoped(open({ file, isReadOnly: true }))
      assert.deepStrictEqual(readdirSync(inner), ["chat.db"])
    }).pipe(Effect.scoped, Effect.provide(platform))
  )

  it.effect("make() fails where nothing can be opened", () =>
    Effect.gen(function* () {
      const inner = yield* directory
      const text = join(inner, "text")
      writeFileSync(text, "This is no database.".repeat(100))
      for (const file of [inner, text, join(text, "chat.db")]) {
        assert.strictEqual(yield* reasonOf(Effect.scoped(open({ file }))), "ConnectionError", file)
      }
      assert.isFalse(existsSync(join(inner, "text-wal")))
    }).pipe(Effect.scoped, Effect.provide(platform))
  )

  test(
    "a statement that cannot be prepared is not remembered",
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const count = sql`select count(*) from numbers`
      assert.strictEqual(yield* reasonOf(count), "UnknownError")
      yield* numbers
      assert.deepStrictEqual(yield* count.values, [[0]])
      // Prepared before the table changes, and after.
      const all = sql`select * from numbers`
      yield* sql`insert into numbers ${sql.insert({ number: 1, word: "one" })}`
      assert.deepStrictEqual({ ...(yield* all)[0] }, { number: 1, word: "one" })
      yield* sql`alter table numbers add column more integer`
      assert.deepStrictEqual({ ...(yield* all)[0] }, { number: 1, word: "one", more: null })
    })
  )

  test(
    "more statements than are remembered all work",
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      for (const number of [...Array(300).keys(), ...Array(300).keys()]) {
        assert.deepStrictEqual(yield* sql`select ${sql.literal(String(number))} as n, ${number}`.values, [
          [number, number]
        ])
      }
    })
  )

  test(
    "errors are classified",
    Effect.gen(function* () {
      const sql = yield* numbers
      yield* sql`create table others (number integer references numbers (number), word text not null) strict`
      yield* sql`insert into numbers ${sql.insert({ number: 1, word: "one" })}`
      const unique = (row: Record<string, unknown>) =>
        Effect.map(Effect.flip(sql`insert into numbers ${sql.insert(row)}`), ({ reason }) =>
          reason._tag === "UniqueViolation" ? reason.constraint : reason._tag
        )
      assert.strictEqual(yield* unique({ number: 1, word: "two" }), "numbers.number")
      assert.strictEqual(yield* unique({ number: 2, word: "one" }), "numbers.word")
      assert.strictEqual(yield* unique({ number: 2, word: Uint8Array.of(2) }), "ConstraintError")
      const other = (row: Record<string, unknown>) => reasonOf(sql`insert into others ${sql.insert(row)}`)
      assert.strictEqual(yield* other({ number: 7, word: "seven" }), "ConstraintError")
      assert.strictEqual(yield* other({ number: 1, word: null }), "ConstraintError")
      assert.strictEqual(yield* other({ number: 1, word: () => 1 }), "UnknownError")
      assert.deepStrictEqual(yield* numbersIn(sql), [1])
    })
  )

  test(
    "a full database refuses, keeps what it has and takes more when there is room",
    Effect.gen(function* () {
      const sql = yield* numbers
      const insert = (number: number) =>
        sql`insert into numbers ${sql.insert({ number, word: `${number}${"x".repeat(3000)}` })}`
      yield* insert(1)
      yield* sql`pragma max_page_count = 20`
      const fill = sql.withTransaction(Effect.forEach([...Array(50).keys()], (number) => insert(number + 2)))
      const error = yield* Effect.flip(fill)
      assert.strictEqual(error.message, "database or disk is full")
      assert.deepStrictEqual(yield* numbersIn(sql), [1])
      yield* sql`pragma max_page_count = 1000`
      yield* fill
      assert.lengthOf(yield* numbersIn(sql), 51)
    })
  )

  test(
    "a commit that fails rolls back, and the connection goes on",
    Effect.gen(function* () {
      const sql = yield* numbers
      yield* sql`create table later (number integer references numbers (number) deferrable initially deferred)`
      const failing = sql.withTransaction(sql`insert into later ${sql.insert({ number: 9 })}`)
      assert.strictEqual(yield* reasonOf(failing), "ConstraintError")
      assert.deepStrictEqual(yield* sql`select * from later`, [])
      yield* sql.withTransaction(sql`insert into numbers ${sql.insert({ number: 9, word: "nine" })}`)
      assert.deepStrictEqual(yield* numbersIn(sql), [9])
    })
  )

  it.effect("a transaction that outlives its database fails, and nothing of it is kept", () =>
    Effect.gen(function* () {
      const file = join(yield* directory, "chat.db")
      const gate = yield* Deferred.make<void>()
      const late = yield* Effect.scoped(
        Effect.gen(function* () {
          const sql = yield* Effect.provideServiceEffect(numbers, SqlClient.SqlClient, open({ file }))
          const begun = yield* Deferred.make<void>()
          const insert = (number: number) => sql`insert into numbers ${sql.insert({ number })}`
          const parts = [insert(1), Deferred.succeed(begun, undefined), Deferred.await(gate), insert(2)]
          const fiber = yield* Effect.forkChild(sql.withTransaction(Effect.all(parts)))
          yield* Deferred.await(begun)
          return fiber
        })
      )
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual(yield* reasonOf(Fiber.join(late)), "UnknownError")
      const sql = yield* open({ file })
      assert.deepStrictEqual(yield* numbersIn(sql), [])
    }).pipe(Effect.scoped, Effect.provide(platform))
  )

  test(
    "who waits for the connection can be interrupted",
    Effect.gen(function* () {
      const sql = yield* numbers
      const gate = yield* Deferred.make<void>()
      const holder = yield* Effect.forkChild(sql.withTransaction(Deferred.await(gate)), { startImmediately: true })
      const waiters = yield* Effect.forEach([sql`select 1`, sql.withTransaction(sql`select 1`)], (it) =>
        Effect.forkChild(it, { startImmediately: true })
      )
      for (const waiter of waiters) {
        yield* Fiber.interrupt(waiter)
        assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(waiter)))
      }
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(holder)
      assert.deepStrictEqual(yield* numbersIn(sql), [])
    })
  )

  test(
    "rows come as a stream, also while the same statement runs, and who leaves early leaves nothing open",
    Effect.gen(function* () {
      const sql = yield* numbers
      yield* sql`insert into numbers (number) with recursive n (i) as
        (select 1 union all select i + 1 from n where i < 1000) select i from n`
      const all = sql<{ number: number }>`select number from numbers order by number`
      const streamed = yield* Stream.runCollect(all.stream)
      assert.deepStrictEqual(
        streamed.map((it) => it.number),
        yield* numbersIn(sql)
      )
      yield* sql.withTransaction(
        Effect.gen(function* () {
          const some = yield* Stream.runCollect(
            Stream.take(
              Stream.mapEffect(all.stream, ({ number }) => Effect.as(all, number)),
              300
            )
          )
          assert.lengthOf(some, 300)
          yield* sql`delete from numbers where number > 1`
        })
      )
      assert.deepStrictEqual(yield* numbersIn(sql), [1])
      assert.strictEqual(yield* reasonOf(Stream.runDrain(sql`select * from nothing`.stream)), "UnknownError")
    })
  )

  test(
    "raw results say what a statement changed",
    Effect.gen(function* () {
      const sql = yield* numbers
      const inserted = yield* sql`insert into numbers ${sql.insert([{ number: 5 }, { number: 6 }])}`.raw
      assert.deepStrictEqual(inserted, { changes: 2, lastInsertRowid: 6 })
      assert.deepStrictEqual(yield* sql`delete from numbers returning number`.values, [[5], [6]])
    })
  )
})
