import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { History, type Page } from "../../src/services/History.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { message as messageOf, numbers, suite } from "./HistorySuite.ts"

const message = (number: number, text: string) => messageOf(number, { text })

const layer = (limits: Partial<Limits>) =>
  History.layerMemory.pipe(Layer.provide(Layer.succeed(Limits, { ...defaults, ...limits })))

const read = Effect.fnUntraced(function* (room: string, page: Page) {
  return yield* numbers(yield* History, room, page)
})

suite("History in memory", History.layerMemory)

describe("History in memory", () => {
  it.effect("append() drops the oldest of all rooms when there is too much text", () =>
    Effect.gen(function* () {
      const history = yield* History
      for (let number = 1; number <= 6; number++) {
        void history.append(number % 2 === 0 ? "even" : "odd", message(number, "x".repeat(10)))
      }
      assert.deepStrictEqual(yield* read("odd", { limit: 100 }), [5])
      assert.deepStrictEqual(yield* read("even", { limit: 100 }), [4, 6])
      history.forget("even")
      void history.append("odd", message(7, "x".repeat(10)))
      void history.append("odd", message(8, "x".repeat(10)))
      assert.deepStrictEqual(yield* read("odd", { limit: 100 }), [5, 7, 8])
      assert.deepStrictEqual(yield* read("even", { limit: 100 }), [])
    }).pipe(Effect.provide(layer({ historyLimitUnits: 30 })))
  )

  it.effect("append() does not keep a text that is over the limit alone, and goes on", () =>
    Effect.gen(function* () {
      const history = yield* History
      void history.append("room", message(1, "x".repeat(31)))
      assert.deepStrictEqual(yield* read("room", { limit: 100 }), [])
      void history.append("room", message(2, "x".repeat(30)))
      assert.deepStrictEqual(yield* read("room", { limit: 100 }), [2])
    }).pipe(Effect.provide(layer({ historyLimitUnits: 30 })))
  )

  it.effect("forget() forgets one room, and counts right after", () =>
    Effect.gen(function* () {
      const history = yield* History
      for (let number = 1; number <= 5; number++) void history.append(number < 4 ? "old" : "new", message(number, "xx"))
      history.forget("old")
      history.forget("no such room")
      assert.deepStrictEqual(yield* read("old", { limit: 100 }), [])
      for (let number = 6; number <= 8; number++) void history.append("old", message(number, "xx"))
      assert.deepStrictEqual(yield* read("new", { limit: 100 }), [4, 5])
      assert.deepStrictEqual(yield* read("old", { limit: 100 }), [6, 7, 8])
      void history.append("old", message(9, "xx"))
      assert.deepStrictEqual(yield* read("new", { limit: 100 }), [5])
    }).pipe(Effect.provide(layer({ historyLimitUnits: 10 })))
  )

  it.effect("append() knows the oldest of all after thousands in another room", () =>
    Effect.gen(function* () {
      const history = yield* History
      void history.append("quiet", message(1, "xx"))
      for (let number = 2; number <= 5000; number++) void history.append("busy", message(number, "xx"))
      void history.append("quiet", message(5001, "xx"))
      assert.deepStrictEqual(yield* read("quiet", { limit: 100 }), [1, 5001])
      assert.deepStrictEqual(yield* read("busy", { limit: 100 }), [4998, 4999, 5000])
      void history.append("late", message(5002, "x"))
      assert.deepStrictEqual(yield* read("quiet", { limit: 100 }), [5001])
      void history.append("late", message(5003, "x"))
      assert.deepStrictEqual(yield* read("busy", { limit: 100 }), [4998, 4999, 5000])
      void history.append("late", message(5004, "x"))
      assert.deepStrictEqual(yield* read("busy", { limit: 100 }), [4999, 5000])
    }).pipe(Effect.provide(layer({ historyLimit: 3, historyLimitUnits: 10 })))
  )

  const Append = Schema.Struct({
    room: Schema.Literals(["one", "two", "three"]),
    size: Schema.Literals([0, 1, 5, 20]),
    isForgotten: Schema.Boolean
  })
  it.effect.prop("append() keeps the newest that fit, whatever is forgotten between", [Schema.Array(Append)], ([all]) =>
    Effect.gen(function* () {
      const history = yield* History
      let expected: Array<{ readonly room: string; readonly number: number; readonly size: number }> = []
      for (const [number, { isForgotten, room, size }] of all.entries()) {
        void history.append(room, message(number, "x".repeat(size)))
        expected.push({ room, number, size })
        const same = expected.filter((it) => it.room === room)
        if (same.length > 3) expected = expected.filter((it) => it !== same[0])
        while (expected.reduce((sum, it) => sum + it.size, 0) > 30) expected.shift()
        if (isForgotten) {
          history.forget(room)
          expected = expected.filter((it) => it.room !== room)
        }
      }
      for (const room of ["one", "two", "three"]) {
        const numbers = expected.filter((it) => it.room === room).map((it) => it.number)
        assert.deepStrictEqual(yield* read(room, { limit: 100 }), numbers)
      }
    }).pipe(Effect.provide(layer({ historyLimit: 3, historyLimitUnits: 30 })))
  )
})
