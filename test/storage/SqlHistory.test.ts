import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Layer, Schema, type Scope } from "effect"
import type { SqlClient } from "effect/sql"
import type { UserName } from "../../src/domain/Names.ts"
import { History } from "../../src/services/History.ts"
import { StorageHealth } from "../../src/services/StorageHealth.ts"
import * as Database from "../../src/storage/Database.ts"
import * as SqlHistory from "../../src/storage/SqlHistory.ts"
import { append, inTime, isRefused, message, numbers, suite } from "../services/HistorySuite.ts"
import { answers, file, type Place, run, schema } from "./Databases.ts"
import { begin, counter, makeFiles, onEach, stored } from "./Histories.ts"

const layerIn = (place: Place) =>
  Layer.unwrap(Effect.map(place, (options) => Layer.provide(SqlHistory.layer, Database.layer(options)))).pipe(
    Layer.provide([NodeFileSystem.layer, StorageHealth.layer])
  )

suite("SqlHistory in a file", layerIn(file))
suite("SqlHistory on PostgreSQL", layerIn(schema), !answers)

type Service = History["Service"]

/** Uses a history that ends as it should. */
const during = <A, E, R>(sql: SqlClient.SqlClient, use: (history: Service) => Effect.Effect<A, E, R | Scope.Scope>) =>
  Effect.scoped(Effect.flatMap(begin(sql), use))

const attachment = (file: number) => ({ name: "a.txt", sizeBytes: 1, url: "", file })

onEach("SqlHistory", (test) => {
  test("stores what waits when it ends, and goes on where it ended", (sql) =>
    Effect.gen(function* () {
      yield* during(sql, (history) =>
        Effect.sync(() => {
          assert.strictEqual(history.lastNumber, 0)
          for (let number = 1; number <= 1200; number++) void history.append("room", message(number))
        })
      )
      assert.strictEqual((yield* stored(sql)).length, 1200)
      yield* during(sql, (history) =>
        Effect.gen(function* () {
          assert.strictEqual(history.lastNumber, 1200)
          assert.deepStrictEqual(yield* numbers(history, "room", { limit: 2 }), [1199, 1200])
          void history.append("room", message(1201))
          assert.deepStrictEqual(yield* numbers(history, "room", { limit: 2 }), [1200, 1201])
        })
      )
      assert.strictEqual(yield* counter(sql), 1201)
    }))

  test("refuses what comes after its end", (sql) =>
    Effect.gen(function* () {
      const history = yield* during(sql, (it) => Effect.succeed(it))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(append(history, "room", message(1)))))
    }))

  test("gives no number twice, also when it is killed before anything is stored", (sql) =>
    Effect.gen(function* () {
      let last = 0
      for (const count of [1, 6000, 30]) {
        const history = yield* begin(sql)
        assert.isAtLeast(history.lastNumber, last)
        last = history.lastNumber + count
        for (let number = history.lastNumber + 1; number <= last; number++) void history.append("room", message(number))
        if (count === 6000) {
          yield* numbers(history, "room")
          // Of the next block, and not stored.
          for (let more = 1; more <= 5000; more++) void history.append("room", message(++last))
        }
      }
      assert.isAtLeast((yield* begin(sql)).lastNumber, last)
    }))

  test("goes on behind messages that somebody else has put there", (sql) =>
    Effect.gen(function* () {
      yield* during(sql, (history) => inTime(append(history, "room", message(77_777))))
      yield* sql`update counters set last_number = 5`
      yield* during(sql, (history) =>
        Effect.gen(function* () {
          assert.strictEqual(history.lastNumber, 77_777)
          yield* inTime(append(history, "room", message(77_778)))
        })
      )
    }))

  test("stores nothing beyond its numbers once another server has begun, and says so", (sql, lines) =>
    Effect.gen(function* () {
      const health = yield* StorageHealth
      const first = yield* begin(sql)
      const second = yield* begin(sql)
      assert.isAtLeast(second.lastNumber, 10_000)
      yield* inTime(append(first, "room", message(4000)))
      yield* inTime(append(second, "room", message(second.lastNumber + 1)))
      const refused = yield* Effect.flip(inTime(append(first, "room", message(6000))))
      assert.strictEqual(refused._tag, "StorageFailed")
      assert.deepStrictEqual(lines, ["Cannot store history"])
      assert.deepStrictEqual(
        health.failing().map((it) => it.part),
        ["history"]
      )
      yield* inTime(append(second, "room", message(second.lastNumber + 2)))
      assert.deepStrictEqual(yield* stored(sql), [4000, second.lastNumber + 1, second.lastNumber + 2])
    }))

  test("stores any text, and reads it as plain text", (sql) =>
    Effect.gen(function* () {
      const history = yield* begin(sql)
      const text = "a\0b\ud800c\udc00\uffff\u{10ffff}\u0001"
      const all = { text, attachment: { name: text, sizeBytes: 1, url: text } }
      yield* inTime(append(history, "room", message(1, all)))
      const [read] = yield* inTime(history.read("room", { limit: 1 }))
      const kept = "a\ufffdb\ufffdc\ufffd\uffff\u{10ffff}\u2401"
      assert.strictEqual(read?.text, kept)
      assert.deepStrictEqual(read?.attachment, { name: kept, sizeBytes: 1, url: kept })
    }))

  test("refuses what no database takes, and stores what comes with it", (sql) =>
    Effect.gen(function* () {
      const history = yield* begin(sql)
      const odd = [
        message(1.5),
        message(NaN),
        message(2 ** 53),
        message(0),
        message(1, { atMillis: 0.5 }),
        message(1, { attachment: { name: "a", sizeBytes: 0.5, url: "" } }),
        message(1, { attachment: { name: "a", sizeBytes: 1, url: "", file: Infinity } })
      ]
      const good = append(history, "room", message(1))
      const refused = [...odd, message(1)].map((it) => append(history, "room", it))
      refused.push(append(history, undefined, message(2)))
      const other = append(history, "room", message(2))
      for (const it of refused) assert.isTrue(isRefused(it))
      yield* inTime(Effect.all([good, other]))
      assert.deepStrictEqual(yield* numbers(history, "room"), [1, 2])
    }))

  test("leaves out what it cannot read, and says so", (sql, lines) =>
    Effect.gen(function* () {
      const history = yield* begin(sql)
      yield* inTime(Effect.forEach([1, 2, 3], (number) => append(history, "room", message(number))))
      yield* sql`update messages set sender = 'Server' where number = 2`
      assert.deepStrictEqual(yield* numbers(history, "room"), [1, 3])
      assert.deepStrictEqual(lines, ["Cannot read message 2 of the database"])
    }))

  test("knows which files rooms have, in the order in which they were shared", (sql) =>
    Effect.gen(function* () {
      yield* makeFiles(sql, [1, 2, 3])
      yield* during(sql, (history) =>
        Effect.sync(() => {
          const share = (number: number, room: string | undefined, file: number, sharesFile = true) =>
            append(history, room, message(number, { to: "bob" as UserName, attachment: attachment(file) }), sharesFile)
          void share(1, "one", 3)
          void share(2, "two", 1)
          void share(3, "one", 1)
          void share(4, "one", 3)
          void share(5, "one", 2, false)
          void share(6, undefined, 2)
          void share(7, "one", 99)
        })
      )
      assert.strictEqual((yield* stored(sql)).length, 7)
      const expected = [
        { roomKey: "one", file: 3 },
        { roomKey: "two", file: 1 },
        { roomKey: "one", file: 1 }
      ]
      yield* during(sql, ({ sharedFiles }) => Effect.sync(() => assert.deepStrictEqual(sharedFiles, expected)))
      yield* sql`delete from files where number = 1`
      yield* during(sql, ({ sharedFiles }) =>
        Effect.sync(() => assert.deepStrictEqual(sharedFiles, expected.slice(0, 1)))
      )
    }))

  test("shows nothing of a room that was private when it ended, and keeps the messages", (sql) =>
    Effect.gen(function* () {
      yield* makeFiles(sql, [1])
      yield* during(sql, (history) =>
        Effect.sync(() => {
          history.setPrivate("secret", true)
          history.setPrivate("opened", true)
          void history.append("secret", message(1, { attachment: attachment(1) }), true)
          void history.append("opened", message(2, { attachment: attachment(1) }), true)
          history.setPrivate("opened", false)
        })
      )
      for (const number of [3, 4]) {
        yield* during(sql, (history) =>
          Effect.gen(function* () {
            assert.deepStrictEqual(history.sharedFiles, [{ roomKey: "opened", file: 1 }])
            void history.append("secret", message(number))
            assert.deepStrictEqual(yield* numbers(history, "secret"), number === 3 ? [3] : [3, 4])
            assert.deepStrictEqual(yield* numbers(history, "opened"), [2])
          })
        )
      }
      assert.deepStrictEqual(yield* stored(sql), [1, 2, 3, 4])
    }))

  test("shows nothing of a room that was private when it was killed", (sql) =>
    Effect.gen(function* () {
      const killed = yield* begin(sql)
      killed.setPrivate("secret", true)
      yield* inTime(append(killed, "secret", message(1)))
      const history = yield* begin(sql)
      assert.deepStrictEqual(yield* numbers(history, "secret"), [])
    }))

  test("has forgotten what was forgotten, and the files of it alone", (sql) =>
    Effect.gen(function* () {
      yield* makeFiles(sql, [1, 2])
      yield* during(sql, (history) =>
        Effect.gen(function* () {
          history.setPrivate("room", true)
          yield* inTime(append(history, "room", message(1, { attachment: attachment(1) }), true))
          // This one waits when the room is forgotten.
          void history.append("room", message(2, { attachment: attachment(1) }), true)
          history.forget("room")
          void history.append("room", message(3, { attachment: attachment(2) }), true)
        })
      )
      yield* during(sql, (history) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(history.sharedFiles, [{ roomKey: "room", file: 2 }])
          assert.deepStrictEqual(yield* numbers(history, "room"), [3])
        })
      )
    }))
})

const Step = Schema.Struct({
  room: Schema.Literals(["one", "two", "three"]),
  act: Schema.Literals(["say", "say", "say", "close", "open", "forget", "read", "restart", "kill"])
})

it.effect.prop(
  "SqlHistory shows what a simple model says, whatever ends between",
  [Schema.Array(Step)],
  ([steps]) =>
    Effect.flatMap(file, (options) =>
      run(options, (sql) =>
        Effect.gen(function* () {
          const shown = new Map<string, Array<number>>()
          const closed = new Set<string>()
          let last = 0
          const life = (history: Service, rest: typeof steps) =>
            Effect.gen(function* () {
              last = history.lastNumber
              for (const [index, { act, room }] of rest.entries()) {
                if (act === "say") {
                  void history.append(room, message(++last))
                  shown.set(room, [...(shown.get(room) ?? []), last])
                }
                if (act === "close" || act === "open") {
                  history.setPrivate(room, act === "close")
                  if (act === "close") closed.add(room)
                  else closed.delete(room)
                }
                if (act === "forget") {
                  history.forget(room)
                  closed.delete(room)
                  shown.delete(room)
                }
                // What is killed may lose what waits, so nothing does.
                if (act === "kill") yield* inTime(append(history, undefined, message(++last, { to: "a" as UserName })))
                if (act === "kill" || act === "restart") return { act, next: index + 1 }
                if (act === "read") assert.deepStrictEqual(yield* numbers(history, room), shown.get(room) ?? [])
              }
              for (const room of ["one", "two", "three"]) {
                assert.deepStrictEqual(yield* numbers(history, room), shown.get(room) ?? [])
              }
              return { act: "end", next: undefined }
            })
          let rest: typeof steps | undefined = steps
          while (rest !== undefined) {
            const current: typeof steps = rest
            const isKilled: boolean = rest.find((it) => it.act === "kill" || it.act === "restart")?.act === "kill"
            const lived = Effect.flatMap(begin(sql), (history) => life(history, current))
            const { next }: { readonly next: number | undefined } = yield* isKilled ? lived : Effect.scoped(lived)
            rest = next === undefined ? undefined : rest.slice(next)
            for (const room of closed) shown.delete(room)
            closed.clear()
          }
        })
      )
    ).pipe(Effect.scoped, Effect.provide([NodeFileSystem.layer, StorageHealth.layer])),
  { arbitrary: { runs: 100 } }
)
