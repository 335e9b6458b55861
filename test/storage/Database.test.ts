import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Deferred, Effect, Fiber, Layer, Logger, Result, type Scope } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { setTimeout } from "node:timers/promises"
import * as Counters from "../../src/storage/Counters.ts"
import * as Database from "../../src/storage/Database.ts"
import type { DatabaseUnavailable } from "../../src/storage/DatabaseUnavailable.ts"
import { UserId } from "../../src/domain/UserId.ts"
import * as MessageRow from "../../src/storage/MessageRow.ts"
import * as MessageTable from "../../src/storage/MessageTable.ts"
import * as Migrations from "../../src/storage/Migrations.ts"
import { answers, file, type Place, run, schema } from "./Databases.ts"

/** What it says when a database cannot be opened. */
const refused = (layer: Layer.Layer<SqlClient.SqlClient, DatabaseUnavailable>) =>
  Effect.map(Effect.flip(Effect.scoped(Layer.build(layer))), (error) => {
    assert.strictEqual(error._tag, "DatabaseUnavailable")
    assert.notInclude(error.message, "\n")
    return error.message
  })

const refusal = (options: Database.Options) => refused(Database.layer(options))

/** Uses a database to read it only. */
const read = <A, E>(options: Database.Options, use: (sql: SqlClient.SqlClient) => Effect.Effect<A, E>) =>
  Effect.provide(Effect.flatMap(SqlClient.SqlClient, use), Database.layerReader(options))

const message = (number: number, body = `message ${number}`) => ({
  number,
  room_key: "general",
  room_name: "General",
  recipient: null,
  sender: "Vincent van Gogh",
  protocol: "toss",
  body,
  at_millis: 1_800_000_000_000 + number,
  file_number: null,
  sender_id: null,
  recipient_id: null
})

const insert = (sql: SqlClient.SqlClient, first: number, count = 1) =>
  sql<{ number: number }>`insert into messages ${sql
    .insert([message(first), ...Array.from({ length: count - 1 }, (_, index) => message(first + 1 + index))])
    .returning("number")}`

const numbers = (sql: SqlClient.SqlClient) =>
  Effect.map(sql<{ number: number }>`select number from messages order by number`, (rows) =>
    rows.map((it) => it.number)
  )

/** Rows have no prototype in one dialect. */
const plain = (rows: ReadonlyArray<object>) => rows.map((it) => Object.assign({}, it))

const suite = (name: string, place: Place, isKept: boolean, isSkipped = false) => {
  const test = <A, E>(title: string, use: (sql: SqlClient.SqlClient) => Effect.Effect<A, E, Scope.Scope>) =>
    it.effect(title, () =>
      Effect.flatMap(place, (options) => run(options, use)).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
    )

  describe.skipIf(isSkipped)(name, () => {
    // A database in memory is a new one each time.
    if (isKept) {
      it.effect("migrates once, and again has what there was", () =>
        Effect.gen(function* () {
          const options = yield* place
          yield* run(options, (sql) => insert(sql, 1))
          yield* run(options, (sql) =>
            Effect.gen(function* () {
              assert.deepStrictEqual(yield* numbers(sql), [1])
              const applied = yield* sql`select migration_id, name from ${sql(Migrations.table)}`.values
              assert.deepStrictEqual(applied, [
                [1, "tables"],
                [2, "user_ids"]
              ])
              yield* sql`insert into ${sql(Migrations.table)} ${sql.insert({ migration_id: 77, name: "later" })}`
            })
          )
          const refused = "it has migration 77 of a newer program, this one knows 2"
          assert.isTrue((yield* refusal(options)).endsWith(`: ${refused}`))
          assert.isTrue((yield* refusal(options)).endsWith(`: ${refused}`))
        }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
      )

      it.effect("takes over what a program has stored that knew no ids of users", () =>
        Effect.gen(function* () {
          const options = yield* place
          // As it was made then.
          yield* run(options, (sql) =>
            Effect.gen(function* () {
              yield* insert(sql, 1, 3)
              yield* sql`alter table messages drop column sender_id`
              yield* sql`alter table messages drop column recipient_id`
              yield* sql`delete from ${sql(Migrations.table)} where migration_id > 1`
            })
          )
          yield* run(options, (sql) =>
            Effect.gen(function* () {
              const page = yield* MessageTable.page(sql, "general", { limit: 10 }, 0)
              assert.deepStrictEqual(
                page.map(({ number, userId }) => [number, userId]),
                [1, 2, 3].map((number) => [number, undefined])
              )
              const said = { ...page[0]!, number: 4, userId: UserId.make("0123456789abcdef") }
              yield* MessageTable.makeInsert(sql)([MessageRow.fromMessage("general", said)])
              assert.deepStrictEqual(yield* MessageTable.page(sql, "general", { limit: 1 }, 0), [said])
            })
          )
        }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
      )

      it.effect("has one server at a time, and any number of readers", () =>
        Effect.gen(function* () {
          const options = yield* place
          yield* run(options, (sql) =>
            Effect.gen(function* () {
              yield* insert(sql, 1)
              assert.isTrue((yield* refusal(options)).endsWith(": another server has it"))
              const seen = sql.withTransaction(Effect.andThen(insert(sql, 2), read(options, numbers)))
              assert.deepStrictEqual(yield* seen, [1])
              assert.deepStrictEqual(yield* read(options, numbers), [1, 2])
              assert.isTrue((yield* refusal(options)).endsWith(": another server has it"))
              assert.lengthOf(yield* insert(sql, 3), 1)
            })
          )
          assert.deepStrictEqual(yield* read(options, numbers), [1, 2, 3])
          assert.deepStrictEqual(yield* run(options, numbers), [1, 2, 3])
        }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
      )

      it.effect("is read only if a server of this program has made it", () =>
        Effect.gen(function* () {
          const options = yield* place
          const missing = yield* refused(Database.layerReader(options))
          assert.match(missing, options.kind === "sqlite" ? /: ENOENT: / : /: no server has used it yet$/)
          yield* run(options, (sql) => sql`insert into ${sql(Migrations.table)} (migration_id, name) values (77, 'a')`)
          const newer = yield* refused(Database.layerReader(options))
          assert.isTrue(newer.endsWith(": it has migration 77 of a newer program, this one knows 2"))
        }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
      )
    }

    test("inserts one row and 500, and returns them", (sql) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(
          (yield* insert(sql, 1)).map((it) => it.number),
          [1]
        )
        assert.lengthOf(yield* insert(sql, 2, 500), 500)
        const page = yield* sql`select * from messages where room_key = ${"general"} and number < ${100}
          order by number desc limit 2`
        const nothing = { file_name: null, file_size_bytes: null, file_url: null }
        assert.deepStrictEqual(plain(page), [
          { ...message(99), ...nothing },
          { ...message(98), ...nothing }
        ])
        assert.deepStrictEqual(yield* sql`select count(*) from messages`.values, [[501]])
      }))

    test("Counters.reserve() gives every number once", (sql) =>
      Effect.gen(function* () {
        const reserve = (count: number) => Counters.reserve(sql, "files", count)
        const blocks = yield* Effect.forEach([10, 1, 10], reserve, { concurrency: "unbounded" })
        assert.deepStrictEqual([...blocks].sort((a, b) => a - b)[0], 1)
        assert.strictEqual(yield* reserve(5), 22)
        const undone = sql.withTransaction(Effect.andThen(reserve(5), Effect.fail("oops" as const)))
        assert.strictEqual(yield* Effect.flip(undone), "oops")
        assert.strictEqual(yield* reserve(5), 27)
        assert.strictEqual(yield* Counters.reserve(sql, "messages", 5), 1)
        yield* sql`delete from counters`
        assert.strictEqual(yield* reserve(5), 1)
      }))

    test("classifies violations, and goes on", (sql) =>
      Effect.gen(function* () {
        yield* insert(sql, 1)
        assert.strictEqual((yield* Effect.flip(insert(sql, 1))).reason._tag, "UniqueViolation")
        assert.strictEqual((yield* Effect.flip(insert(sql, 0, 5))).reason._tag, "UniqueViolation")
        const lost = { file_number: 1, room_key: "general", message_number: 1 }
        const share = sql`insert into file_shares ${sql.insert(lost)}`
        assert.strictEqual((yield* Effect.flip(share)).reason._tag, "ConstraintError")
        const nowhere = sql`insert into messages ${sql.insert({ ...message(2), room_key: null })}`
        assert.strictEqual((yield* Effect.flip(nowhere)).reason._tag, "ConstraintError")
        assert.deepStrictEqual(yield* numbers(sql), [1])
      }))

    test("keeps files and shares together", (sql) =>
      Effect.gen(function* () {
        const stored = { number: 7, id: "abc", name: "a.txt", sha256: "00ff", size_bytes: 3, at_millis: 1 }
        yield* sql`insert into files ${sql.insert(stored)}`
        const share = (room_key: string, message_number: number) =>
          sql`insert into file_shares ${sql.insert({ file_number: 7, room_key, message_number })}
            on conflict do nothing`
        for (const [room, number] of [
          ["r", 1],
          ["s", 2],
          ["r", 3]
        ] as const)
          yield* share(room, number)
        assert.deepStrictEqual(yield* sql`select room_key, message_number from file_shares order by 1`.values, [
          ["r", 1],
          ["s", 2]
        ])
        yield* sql`delete from files where number = ${7}`
        assert.deepStrictEqual(yield* sql`select count(*) from file_shares`.values, [[0]])
      }))

    test("rolls back what fails, and savepoints alone", (sql) =>
      Effect.gen(function* () {
        const oops = Effect.fail("oops" as const)
        const failed = sql.withTransaction(Effect.andThen(insert(sql, 1), oops))
        assert.strictEqual(yield* Effect.flip(failed), "oops")
        assert.deepStrictEqual(yield* numbers(sql), [])
        yield* sql.withTransaction(
          Effect.gen(function* () {
            yield* insert(sql, 1)
            yield* Effect.flip(sql.withTransaction(Effect.andThen(insert(sql, 2), oops)))
            yield* Effect.flip(sql.withTransaction(insert(sql, 1)))
            yield* sql.withTransaction(insert(sql, 3))
          })
        )
        assert.deepStrictEqual(yield* numbers(sql), [1, 3])
      }))

    test("rolls back what is interrupted", (sql) =>
      Effect.gen(function* () {
        const begun = yield* Deferred.make<void>()
        const endless = Effect.andThen(Effect.andThen(insert(sql, 1), Deferred.succeed(begun, undefined)), Effect.never)
        const fiber = yield* Effect.forkChild(sql.withTransaction(sql.withTransaction(endless)))
        yield* Deferred.await(begun)
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(yield* numbers(sql), [])
        yield* insert(sql, 1)
      }))

    test("runs 20 transactions at once", (sql) =>
      Effect.gen(function* () {
        const add = (number: number) =>
          sql.withTransaction(
            Effect.gen(function* () {
              yield* sql`update counters set last_number = last_number + 1 where name = 'messages'`
              yield* Effect.yieldNow
              const [row] = yield* sql<{
                last_number: number
              }>`select last_number from counters where name = 'messages'`
              yield* insert(sql, row?.last_number ?? 0)
              if (number % 5 === 0) return yield* Effect.fail("oops" as const)
            })
          )
        yield* Effect.forEach([...Array(20).keys()], (number) => Effect.exit(add(number)), { concurrency: "unbounded" })
        assert.deepStrictEqual(
          yield* numbers(sql),
          [...Array(16).keys()].map((index) => index + 1)
        )
      }))

    test("keeps bytes, great numbers and any text", (sql) =>
      Effect.gen(function* () {
        const bytes = sql.literal(sql.onDialectOrElse({ sqlite: () => "blob", orElse: () => "bytea" }))
        yield* sql`create table things (number bigint not null, bytes ${bytes}, words text)`
        const all = Uint8Array.from({ length: 256 }, (_, index) => index)
        const great = [0, -1, 2 ** 31, -(2 ** 31) - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]
        const greater = [2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)]
        const words = "Grüße, 世界 👋 ' \" \\ ? $1\r\n"
        for (const number of [...great, ...greater]) {
          const rows = yield* sql`insert into things ${sql.insert({ number, bytes: all, words }).returning("*")}`
          assert.deepStrictEqual(plain(rows), [{ number, bytes: all, words }])
        }
        yield* sql`insert into things ${sql.insert({ number: 5n, bytes: new Uint8Array(), words: "" })}`
        const last = yield* sql`select number, bytes, words from things where number = ${5}`.values
        assert.deepStrictEqual(last, [[5, new Uint8Array(), ""]])
        yield* Effect.flip(sql`insert into things ${sql.insert({ number: 2n ** 63n })}`)
        assert.deepStrictEqual(yield* sql`select count(*) from things`.values, [[10]])
      }))
  })
}

suite("Database in memory", Effect.succeed({ kind: "sqlite", file: ":memory:" }), false)
suite("Database in a file", file, true)
suite("Database on PostgreSQL", schema, true, !answers)

describe.skipIf(!answers)("Database on PostgreSQL, apart from SQLite", () => {
  it.effect("fails what runs when a connection is cut, and goes on", () =>
    Effect.gen(function* () {
      const options = yield* schema
      const name = "parlance_cut"
      yield* run(options, (sql) =>
        Effect.gen(function* () {
          const cut = sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = ${name}`
          const begin = Effect.andThen(sql`select set_config('application_name', ${name}, false)`, insert(sql, 1))
          const failed = yield* Effect.flip(sql.withTransaction(Effect.andThen(begin, cut)))
          assert.strictEqual(failed.reason._tag, "ConnectionError")
          const inner = yield* Effect.flip(sql.withTransaction(sql.withTransaction(Effect.andThen(begin, cut))))
          assert.strictEqual(inner.reason._tag, "ConnectionError")
          assert.deepStrictEqual(yield* numbers(sql), [])
          assert.lengthOf(yield* insert(sql, 1), 1)
        })
      )
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
  )

  it.effect("migrates once when several begin at once, of which each waits a little for the others", () =>
    Effect.gen(function* () {
      const options = yield* schema
      const begin = (first: number) => Effect.result(run(options, (sql) => insert(sql, first)))
      const begun = yield* Effect.forEach([1, 2, 3], begin, { concurrency: "unbounded" })
      const ran = [1, 2, 3].filter((_, index) => Result.isSuccess(begun[index]!))
      assert.isAbove(ran.length, 0)
      for (const { message } of begun.filter(Result.isFailure).map((it) => it.failure)) {
        assert.include(message, "another server has it")
      }
      assert.deepStrictEqual(yield* run(options, numbers), ran)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
  )

  it.effect("takes its lock again when the connection that has it is cut, or says that another server has it", () =>
    Effect.gen(function* () {
      const options = yield* schema
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(Arr.ensure(message)[0])))
      const isLocked = (sql: SqlClient.SqlClient) =>
        Effect.map(
          sql<{ pid: number }>`select pid from pg_locks where locktype = 'advisory'
            and objid = (hashtext(current_schema())::bigint & 4294967295)`,
          (rows) => rows.map((row) => row.pid)
        )
      const cut = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
        for (const pid of yield* isLocked(sql)) yield* sql`select pg_terminate_backend(${pid})`
      })
      // Time passes, and PostgreSQL has time to answer.
      const said = (line: string) =>
        TestClock.adjust("5 seconds").pipe(
          Effect.andThen(Effect.promise(() => setTimeout(20))),
          Effect.repeat({ until: () => lines.includes(line) })
        )
      yield* run(options, (sql) =>
        Effect.gen(function* () {
          yield* cut(sql)
          yield* said("This is the database's one server again")
          assert.lengthOf(yield* isLocked(sql), 1)
          assert.include(yield* refusal(options), "another server has it")
          yield* cut(sql)
          yield* run(options, () =>
            Effect.gen(function* () {
              lines.length = 0
              yield* said("Another server may take the database")
            })
          )
          yield* said("This is the database's one server again")
          assert.lengthOf(yield* isLocked(sql), 1)
        })
      ).pipe(Effect.provide(Logger.layer([logger])))
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
  )
})
