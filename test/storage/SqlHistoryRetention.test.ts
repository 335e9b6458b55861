import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { SqlClient, Statement } from "effect/sql"
import { TestClock } from "effect/testing"
import { setTimeout } from "node:timers/promises"
import type { UserName } from "../../src/domain/Names.ts"
import type { History } from "../../src/services/History.ts"
import { countedAtOnce } from "../../src/storage/Retention.ts"
import { append, inTime, message, numbers } from "../services/HistorySuite.ts"
import { begin, makeFiles, onEach, stored } from "./Histories.ts"

/** Appends messages that are stored when this is done. */
const say = (history: History["Service"], room: string, from: number, to: number, atMillis = 0) => {
  const appended = Array.from({ length: to - from + 1 }, (_, index) =>
    append(history, room, message(from + index, { atMillis }))
  )
  return inTime(Effect.all(appended, { concurrency: "unbounded", discard: true }))
}

/** Waits until something is as it should be, while time passes. */
const until = <A, E>(effect: Effect.Effect<A, E>, expected: A) =>
  Effect.gen(function* () {
    for (let turns = 0; turns < 2000; turns++) {
      if (JSON.stringify(yield* effect) === JSON.stringify(expected)) return
      yield* TestClock.adjust("200 millis")
      yield* Effect.promise(() => setTimeout(1))
    }
    assert.deepStrictEqual(yield* effect, expected)
  })

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

const roomKeys = (sql: SqlClient.SqlClient) =>
  Effect.map(sql<{ key: string }>`select key from rooms order by key`, (rows) => rows.map((row) => row.key))

onEach("SqlHistory", (test) => {
  test("deletes what is beyond the limit of a room, once a minute", (sql) =>
    Effect.gen(function* () {
      const history = yield* begin(sql, { historyLimit: 3 })
      yield* say(history, "one", 1, 5)
      yield* say(history, "two", 6, 8)
      yield* inTime(append(history, undefined, message(9, { to: "bob" as UserName })))
      yield* until(stored(sql), range(3, 9))
      yield* say(history, "one", 10, 1300)
      assert.strictEqual((yield* stored(sql)).length, 1298)
      yield* until(stored(sql), [...range(6, 9), ...range(1298, 1300)])
    }))

  test("deletes what is beyond a limit that is new, when it begins", (sql) =>
    Effect.gen(function* () {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const history = yield* begin(sql)
          for (const [index, room] of ["a", "b", "Grüße", "世界"].entries()) {
            yield* say(history, room, index * 1000 + 1, index * 1000 + 1000)
          }
        })
      )
      yield* begin(sql, { historyLimit: 2 })
      yield* until(stored(sql), [999, 1000, 1999, 2000, 2999, 3000, 3999, 4000])
    }))

  test("deletes what is beyond the limit of all", (sql) =>
    Effect.gen(function* () {
      const history = yield* begin(sql, { historyTotalLimit: 4 })
      yield* say(history, "one", 1, 5)
      yield* inTime(append(history, undefined, message(6, { to: "bob" as UserName })))
      yield* say(history, "two", 7, 8)
      yield* until(stored(sql), [5, 6, 7, 8])
    }))

  const sayText = (history: History["Service"], number: number, text: string, to?: string) =>
    inTime(
      to === undefined
        ? append(history, `room ${number % 3}`, message(number, { text }))
        : append(history, undefined, message(number, { text, to: to as UserName }))
    )

  test("deletes the oldest beyond the limit of text, which is in bytes, once a minute and when it begins", (sql) =>
    Effect.gen(function* () {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const history = yield* begin(sql, { historyLimitBytes: 20 })
          yield* sayText(history, 1, "12345")
          yield* sayText(history, 2, "äöüß")
          yield* sayText(history, 3, "👍")
          yield* sayText(history, 4, "abc", "bob")
          // 20 bytes are not too many.
          yield* TestClock.adjust("3 minutes")
          assert.deepStrictEqual(yield* stored(sql), [1, 2, 3, 4])
          yield* sayText(history, 5, "")
          yield* sayText(history, 6, "x")
          yield* until(stored(sql), [2, 3, 4, 5, 6])
          yield* sayText(history, 7, "é".repeat(5))
          yield* until(stored(sql), [3, 4, 5, 6, 7])
        })
      )
      yield* begin(sql, { historyLimitBytes: 13 })
      yield* until(stored(sql), [5, 6, 7])
      yield* begin(sql, { historyLimitBytes: 9 })
      yield* until(stored(sql), [])
    }))

  test("knows how much text is left when messages go for other reasons", (sql) =>
    Effect.gen(function* () {
      const history = yield* begin(sql, { historyLimit: 2, historyLimitBytes: 3000 })
      yield* say(history, "one", 1001, 2500)
      yield* until(stored(sql), [2499, 2500])
      yield* say(history, "two", 2501, 2502)
      yield* say(history, "gone", 2503, 2504)
      yield* TestClock.adjust("1 minute")
      history.forget("gone")
      yield* say(history, "two", 2505, 2506)
      yield* until(stored(sql), [2499, 2500, 2505, 2506])
      yield* say(history, "three", 2507, 2507)
      yield* inTime(append(history, "four", message(2508, { text: "x".repeat(2980) })))
      yield* TestClock.adjust("3 minutes")
      assert.deepStrictEqual(yield* stored(sql), [2499, 2500, 2505, 2506, 2507, 2508])
      yield* inTime(append(history, "five", message(2509, { text: "x" })))
      yield* until(stored(sql), [2500, 2505, 2506, 2507, 2508, 2509])
    }))

  test("counts the text of what is there once, in portions, and then only that of what is new", (inner) =>
    Effect.gen(function* () {
      yield* Effect.scoped(Effect.flatMap(begin(inner), (history) => say(history, "room", 1, countedAtOnce + 500)))
      const counted: Array<ReadonlyArray<unknown>> = []
      const sql = new Proxy(inner, {
        apply: (_, self, parts) => {
          const part: Statement.Statement<object> = Reflect.apply(inner, self, parts)
          const [text, values] = Array.isArray(parts[0]) ? part.compile() : ["", []]
          if (text.includes("sum(bytes)")) counted.push(values)
          return part
        }
      })
      const history = yield* begin(sql)
      const ranges = Effect.sync(() => [...counted])
      const [first, last] = [countedAtOnce, countedAtOnce + 500]
      yield* until(ranges, [
        [0, last],
        [first, last]
      ])
      // Nothing is new at the next sweep.
      yield* TestClock.adjust("1 minute")
      yield* say(history, "room", last + 1, last + 3)
      yield* until(ranges, [
        [0, last],
        [first, last],
        [last, last + 3]
      ])
    }))

  test("counts text anew after a sweep that failed", (sql, lines) =>
    Effect.gen(function* () {
      const history = yield* begin(sql, { historyLimitBytes: 10 })
      yield* sayText(history, 1, "12345")
      yield* sayText(history, 2, "12345")
      yield* TestClock.adjust("2 minutes")
      yield* sql`alter table messages rename to elsewhere`
      yield* until(
        Effect.sync(() => lines.includes("Cannot delete old messages")),
        true
      )
      yield* sql`delete from elsewhere where number = 1`
      yield* sql`alter table elsewhere rename to messages`
      yield* sayText(history, 3, "1234")
      yield* TestClock.adjust("3 minutes")
      assert.deepStrictEqual(yield* stored(sql), [2, 3])
      yield* sayText(history, 4, "12")
      yield* until(stored(sql), [3, 4])
    }))

  test("deletes what is too old, also when the clock was set back", (sql) =>
    Effect.gen(function* () {
      const history = yield* begin(sql, { historyMillis: 3_600_000 })
      yield* say(history, "room", 1, 1, 1_000_000_000_000)
      yield* say(history, "room", 2, 2, 0)
      yield* say(history, "room", 3, 3, 1_800_000)
      yield* TestClock.adjust("50 minutes")
      assert.deepStrictEqual(yield* stored(sql), [1, 2, 3])
      yield* TestClock.adjust("10 minutes")
      yield* until(stored(sql), [1, 3])
      yield* TestClock.adjust("30 minutes")
      yield* until(stored(sql), [1])
    }))

  test("keeps nothing of before when it is to keep nothing", (sql) =>
    Effect.gen(function* () {
      yield* Effect.scoped(Effect.flatMap(begin(sql), (history) => say(history, "room", 1, 600)))
      const history = yield* begin(sql, { historyLimit: 0 })
      assert.deepStrictEqual(yield* numbers(history, "room"), [])
      yield* until(stored(sql), [])
    }))

  test("deletes what was forgotten, and then that it was", (sql) =>
    Effect.gen(function* () {
      const history = yield* begin(sql)
      yield* say(history, "room", 1, 700)
      history.forget("room")
      yield* say(history, "room", 701, 702)
      yield* until(stored(sql), [701, 702])
      yield* until(roomKeys(sql), [])
      assert.deepStrictEqual(yield* numbers(history, "room"), [701, 702])
      assert.deepStrictEqual(yield* numbers(yield* begin(sql), "room"), [701, 702])
    }))

  test("deletes what was forgotten before it was killed", (sql) =>
    Effect.gen(function* () {
      const killed = yield* begin(sql)
      yield* say(killed, "room", 1, 2)
      killed.forget("room")
      yield* say(killed, "room", 3, 3)
      yield* begin(sql)
      yield* until(stored(sql), [3])
    }))

  test("keeps what is closed to readers as long as all else, and then that it was closed no longer", (sql) =>
    Effect.gen(function* () {
      yield* makeFiles(sql, [1])
      yield* Effect.scoped(
        Effect.gen(function* () {
          const history = yield* begin(sql)
          history.setPrivate("room", true)
          yield* say(history, "room", 1, 2)
        })
      )
      const history = yield* begin(sql, { historyTotalLimit: 3 })
      yield* say(history, "room", 3, 4)
      yield* until(stored(sql), [2, 3, 4])
      assert.deepStrictEqual(yield* roomKeys(sql), ["room"])
      assert.deepStrictEqual(yield* numbers(history, "room"), [3, 4])
      yield* say(history, "room", 5, 5)
      yield* until(stored(sql), [3, 4, 5])
      yield* until(roomKeys(sql), [])
      assert.deepStrictEqual(yield* numbers(history, "room"), [3, 4, 5])
    }))

  test("goes on to delete when it could not, and says so", (sql, lines) =>
    Effect.gen(function* () {
      const history = yield* begin(sql, { historyLimit: 1 })
      yield* say(history, "room", 1, 3)
      yield* sql`alter table messages rename to elsewhere`
      yield* until(
        Effect.sync(() => [...lines]),
        ["Cannot delete old messages"]
      )
      yield* sql`alter table elsewhere rename to messages`
      yield* until(stored(sql), [3])
    }))
})
