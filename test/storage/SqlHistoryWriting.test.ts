import { assert, describe, it } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { setTimeout } from "node:timers/promises"
import type { History } from "../../src/services/History.ts"
import { StorageHealth } from "../../src/services/StorageHealth.ts"
import { append, inTime, isRefused, message, numbers } from "../services/HistorySuite.ts"
import { file, run } from "./Databases.ts"
import { begin, counter, makeFiles, onEach, stored, tampered } from "./Histories.ts"

/** Appends until that works, while time passes. */
const heal = (history: History["Service"], from: number) => {
  let number = from
  return TestClock.adjust("200 millis").pipe(
    Effect.andThen(Effect.promise(() => setTimeout(1))),
    Effect.andThen(Effect.suspend(() => Effect.exit(inTime(append(history, "room", message(number++)))))),
    Effect.repeat({ until: Exit.isSuccess, times: 500 })
  )
}

/** Old messages may not be deleted either, which is said apart. */
const aboutStoring = (lines: ReadonlyArray<string>) => lines.filter((line) => line !== "Cannot delete old messages")

onEach("SqlHistory", (test) => {
  test("stores what comes in one turn in one transaction, and all of it in order", (inner) =>
    Effect.gen(function* () {
      const { sql, state } = tampered(inner)
      const history = yield* begin(sql)
      state.transactions = 0
      const batch = Array.from({ length: 500 }, (_, index) => history.append("room", message(index + 1)))
      const batches = new Set(batch.map((it) => (Effect.isEffect(it) ? undefined : it.stored)))
      const [stored] = batches
      yield* inTime(stored === undefined ? assert.fail("There is nothing to wait for") : Deferred.await(stored))
      assert.strictEqual(state.transactions, 1)
      assert.strictEqual(batches.size, 1)
      assert.deepStrictEqual(yield* numbers(history, "room", { limit: 3, after: 253 }), [254, 255, 256])
    }))

  test("writes 500 messages at most in a transaction, full ones without a pause", (inner) =>
    Effect.gen(function* () {
      const { sql, state } = tampered(inner)
      const history = yield* begin(sql)
      state.transactions = 0
      const stored = Array.from({ length: 1501 }, (_, index) => append(history, "room", message(index + 1)))
      // Time does not pass.
      yield* stored[1499]!
      assert.strictEqual(state.transactions, 3)
      yield* inTime(stored[1500]!)
      assert.strictEqual(state.transactions, 4)
    }))

  test("begins a transaction at once after a pause, and not within 2 ms of the one before", (inner) =>
    Effect.gen(function* () {
      const { sql, state } = tampered(inner)
      const history = yield* begin(sql)
      yield* TestClock.adjust("10 millis")
      state.transactions = 0
      yield* append(history, "room", message(1))
      const second = yield* Effect.forkChild(append(history, "room", message(2)), { startImmediately: true })
      const third = append(history, "room", message(3))
      yield* TestClock.adjust("1 millis")
      yield* Effect.yieldNow
      assert.strictEqual(state.transactions, 1)
      assert.isUndefined(second.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(second)
      yield* third
      assert.strictEqual(state.transactions, 2)
    }))

  test("tells the senders when a transaction fails, refuses for a second, and heals by itself", (inner, lines) =>
    Effect.gen(function* () {
      const health = yield* StorageHealth
      const { sql, state } = tampered(inner)
      const history = yield* begin(sql)
      yield* append(history, "room", message(1))
      state.isBroken = true
      const waiting = Array.from({ length: 700 }, (_, index) => append(history, "room", message(index + 2)))
      for (const it of [waiting[0]!, waiting[699]!]) {
        assert.strictEqual((yield* Effect.flip(inTime(it)))._tag, "StorageFailed")
      }
      const tried = state.transactions
      for (let number = 1000; number < 1100; number++) {
        assert.isTrue(isRefused(append(history, "room", message(number))))
      }
      assert.deepStrictEqual(yield* numbers(history, "room"), [1])
      assert.strictEqual(state.transactions, tried)
      // Tried once a second, without any message.
      for (const count of [1, 2, 3]) {
        yield* TestClock.adjust("1 seconds")
        assert.strictEqual(state.transactions, tried + count)
      }
      assert.isTrue(isRefused(append(history, "room", message(1100))))
      assert.deepStrictEqual(aboutStoring(lines), ["Cannot store history"])
      assert.strictEqual(health.failing().length, 1)
      state.isBroken = false
      yield* heal(history, 2000)
      assert.deepStrictEqual(aboutStoring(lines), ["Cannot store history", "Can store history again"])
      assert.deepStrictEqual(health.failing(), [])
      assert.include(yield* numbers(history, "room"), 1)
      assert.lengthOf(yield* stored(inner), 2)
    }))

  test("keeps what was said of rooms while it fails", (inner) =>
    Effect.gen(function* () {
      yield* makeFiles(inner, [1])
      const { sql, state } = tampered(inner)
      const attachment = { name: "a", sizeBytes: 1, url: "", file: 1 }
      const rooms = Array.from({ length: 600 }, (_, index) => `room ${index}`)
      yield* Effect.scoped(
        Effect.gen(function* () {
          const history = yield* begin(sql)
          void history.append("forgotten", message(1, { attachment }), true)
          yield* inTime(append(history, "secret", message(2, { attachment }), true))
          state.isBroken = true
          history.forget("forgotten")
          history.setPrivate("secret", true)
          for (const room of rooms) history.setPrivate(room, true)
          yield* TestClock.adjust("5 seconds")
          state.isBroken = false
        })
      )
      const [row] = yield* inner<{ count: number }>`select count(*) as count from rooms where is_private = 1`
      assert.strictEqual(row?.count, 601)
      const history = yield* begin(sql)
      assert.deepStrictEqual(history.sharedFiles, [])
      assert.deepStrictEqual(yield* numbers(history, "forgotten"), [])
      assert.deepStrictEqual(yield* numbers(history, "secret"), [])
    }))

  test("gives up on a database that is silent for 5 s, and heals when it speaks", (inner, lines) =>
    Effect.gen(function* () {
      const { sql, state } = tampered(inner)
      const history = yield* begin(sql)
      yield* append(history, "room", message(1))
      yield* TestClock.adjust("10 millis")
      const gate = yield* Deferred.make<void>()
      state.gate = gate
      const waiting = yield* Effect.forkChild(Effect.exit(append(history, "room", message(2))), {
        startImmediately: true
      })
      const reading = yield* Effect.forkChild(Effect.exit(history.read("room", { limit: 1 })), {
        startImmediately: true
      })
      yield* Effect.yieldNow
      yield* TestClock.adjust("4900 millis")
      assert.isUndefined(waiting.pollUnsafe())
      assert.isUndefined(reading.pollUnsafe())
      yield* TestClock.adjust("100 millis")
      assert.isTrue(Exit.isFailure(yield* Fiber.join(waiting)))
      yield* Fiber.join(reading)
      assert.isTrue(isRefused(append(history, "room", message(3))))
      state.gate = undefined
      yield* Deferred.succeed(gate, undefined)
      yield* heal(history, 4)
      assert.deepStrictEqual(aboutStoring(lines), ["Cannot store history", "Can store history again"])
    }))

  test("refuses what is too much to wait, and goes on with the rest", (inner, lines) =>
    Effect.gen(function* () {
      const history = yield* begin(inner)
      const text = "x".repeat(1024 * 1024)
      for (let number = 1; number <= 64; number++) void history.append("room", message(number, { text }))
      assert.isTrue(isRefused(append(history, "room", message(65))))
      yield* Effect.flip(append(history, "room", message(66)))
      yield* inTime(history.read("room", { limit: 1, before: 2 }))
      yield* inTime(append(history, "room", message(67)))
      assert.deepStrictEqual(yield* numbers(history, "room", { limit: 2 }), [64, 67])
      assert.deepStrictEqual(aboutStoring(lines), ["Cannot store history", "Can store history again"])
    }))

  test("refuses to read what cannot be read, and heals", (inner, lines) =>
    Effect.gen(function* () {
      const history = yield* begin(inner)
      yield* inTime(append(history, "room", message(1)))
      yield* inner`alter table messages rename to elsewhere`
      assert.strictEqual((yield* Effect.flip(inTime(history.read("room", { limit: 1 }))))._tag, "StorageFailed")
      yield* inner`alter table elsewhere rename to messages`
      yield* TestClock.adjust("1 seconds")
      yield* inTime(append(history, "room", message(2)))
      assert.deepStrictEqual(yield* numbers(history, "room"), [1, 2])
      assert.deepStrictEqual(aboutStoring(lines), ["Cannot store history", "Can store history again"])
    }))

  test("counts on when it keeps nothing", (sql) =>
    Effect.gen(function* () {
      const history = yield* begin(sql, { historyLimit: 0 })
      for (let number = 1; number <= 7000; number++) void history.append("room", message(number))
      while ((yield* counter(sql)) === 10_000) yield* inTime(Effect.yieldNow)
      assert.strictEqual(yield* counter(sql), 17_000)
      assert.deepStrictEqual(yield* stored(sql), [])
    }))
})

describe("SqlHistory on a full disk", () => {
  it.effect("says so once, and works again when there is room", () =>
    Effect.flatMap(file, (options) =>
      run(options, (sql) =>
        Effect.gen(function* () {
          const health = yield* StorageHealth
          const history = yield* begin(sql)
          const [row] = yield* sql<{ page_count: number }>`pragma page_count`
          yield* sql`pragma max_page_count = ${sql.literal(String(row!.page_count + 20))}`
          const text = "x".repeat(5000)
          let number = 0
          const say = () => inTime(append(history, "room", message(++number, { text })))
          while (Exit.isSuccess(yield* Effect.exit(say()))) assert.isBelow(number, 100)
          const kept = yield* stored(sql)
          for (let seconds = 0; seconds < 5; seconds++) {
            yield* TestClock.adjust("1 seconds")
            assert.isTrue(isRefused(append(history, "room", message(++number, { text }))))
            assert.strictEqual(health.failing().length, 1)
          }
          assert.deepStrictEqual(yield* numbers(history, "room"), kept)
          yield* sql`pragma max_page_count = 1000000`
          yield* TestClock.adjust("1 seconds")
          yield* say()
          assert.deepStrictEqual(health.failing(), [])
          assert.deepStrictEqual(yield* stored(sql), [...kept, number])
        })
      )
    ).pipe(Effect.scoped, Effect.provide([NodeFileSystem.layer, StorageHealth.layer]))
  )
})
