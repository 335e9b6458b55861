import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { Message } from "../../src/domain/Message.ts"
import type { UserName } from "../../src/domain/Names.ts"
import { History } from "../../src/services/History.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"

const message = (number: number, text = `${number}`): Message => ({
  number,
  from: "alice" as UserName,
  protocol: "sockets",
  text,
  atMillis: 0
})

const layer = (limits: Partial<Limits>) =>
  History.layerMemory.pipe(Layer.provide(Layer.succeed(Limits, { ...defaults, ...limits })))

const read = Effect.fnUntraced(function* (
  room: string,
  page: { readonly limit: number; readonly before?: number; readonly after?: number }
) {
  const history = yield* History
  return (yield* history.read(room, page)).map((it) => it.number)
})

describe("History in memory", () => {
  it.effect("read() gives the last, those before a number, and those after one, oldest first", () =>
    Effect.gen(function* () {
      const history = yield* History
      for (let number = 1; number <= 10; number++) history.append("room", message(number))
      assert.deepStrictEqual(yield* read("room", { limit: 3 }), [8, 9, 10])
      assert.deepStrictEqual(yield* read("room", { limit: 3, before: 8 }), [5, 6, 7])
      assert.deepStrictEqual(yield* read("room", { limit: 3, after: 2 }), [3, 4, 5])
      assert.deepStrictEqual(yield* read("room", { limit: 9, after: 2, before: 5 }), [3, 4])
      assert.deepStrictEqual(yield* read("other", { limit: 3 }), [])
    }).pipe(Effect.provide(layer({})))
  )

  it.effect("append() keeps as many per room as the limit says", () =>
    Effect.gen(function* () {
      const history = yield* History
      for (let number = 1; number <= 10; number++) history.append(number % 2 === 0 ? "even" : "odd", message(number))
      assert.deepStrictEqual(yield* read("even", { limit: 100 }), [6, 8, 10])
      assert.deepStrictEqual(yield* read("odd", { limit: 100 }), [5, 7, 9])
    }).pipe(Effect.provide(layer({ historyLimit: 3 })))
  )

  it.effect("append() drops the oldest of all rooms when there is too much text", () =>
    Effect.gen(function* () {
      const history = yield* History
      for (let number = 1; number <= 6; number++) {
        history.append(number % 2 === 0 ? "even" : "odd", message(number, "x".repeat(10)))
      }
      assert.deepStrictEqual(yield* read("odd", { limit: 100 }), [5])
      assert.deepStrictEqual(yield* read("even", { limit: 100 }), [4, 6])
      history.forget("even")
      history.append("odd", message(7, "x".repeat(10)))
      history.append("odd", message(8, "x".repeat(10)))
      assert.deepStrictEqual(yield* read("odd", { limit: 100 }), [5, 7, 8])
      assert.deepStrictEqual(yield* read("even", { limit: 100 }), [])
    }).pipe(Effect.provide(layer({ historyLimitUnits: 30 })))
  )

  it.effect("append() keeps nothing when the limit is 0", () =>
    Effect.gen(function* () {
      const history = yield* History
      history.append("room", message(1))
      assert.deepStrictEqual(yield* read("room", { limit: 100 }), [])
    }).pipe(Effect.provide(layer({ historyLimit: 0 })))
  )
})
