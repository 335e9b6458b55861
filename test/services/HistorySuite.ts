/** What every implementation of History promises. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { setTimeout } from "node:timers/promises"
import { type Message, ProtocolName } from "../../src/domain/Message.ts"
import type { RoomName, UserName } from "../../src/domain/Names.ts"
import type { StorageFailed } from "../../src/domain/Rejection.ts"
import { History, type Page } from "../../src/services/History.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"

/** A message of the room `room`, as the chat makes them. */
export const message = (number: number, more: Partial<Message> = {}): Message => ({
  number,
  from: "alice" as UserName,
  protocol: ProtocolName.make("sockets"),
  text: `${number}`,
  atMillis: 0,
  room: "Room" as RoomName,
  ...more
})

/** Does something that may wait for a clock, a database or both. */
export const inTime = Effect.fnUntraced(function* <A, E, R>(effect: Effect.Effect<A, E, R>) {
  const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
  while (fiber.pollUnsafe() === undefined) {
    yield* TestClock.adjust("2 millis")
    if (fiber.pollUnsafe() === undefined) yield* Effect.promise(() => setTimeout(1))
  }
  return yield* Fiber.join(fiber)
})

/** Appends a message, which has been done when this returns. Gives what waits until it is stored. */
export const append = (
  history: History["Service"],
  ...appended: Parameters<History["Service"]["append"]>
): Effect.Effect<void, StorageFailed> => {
  const done = history.append(...appended)
  if (Effect.isEffect(done)) return assert.fail("The message has not been appended yet")
  return done.stored === undefined ? Effect.void : Deferred.await(done.stored)
}

/** Whether it has turned out already that a message is not stored. */
export const isRefused = (stored: Effect.Effect<void, StorageFailed>): boolean =>
  Exit.isSuccess(Effect.runSyncExit(Effect.flip(stored)))

/** Reads the numbers of a page. */
export const numbers = (history: History["Service"], room: string, page: Page = { limit: 100 }) =>
  Effect.map(inTime(history.read(room, page)), (messages) => messages.map((it) => it.number))

const Step = Schema.Union([
  Schema.TaggedStruct("append", { room: Schema.Literals(["one", "two"]) }),
  Schema.TaggedStruct("tell", {}),
  Schema.TaggedStruct("forget", { room: Schema.Literals(["one", "two"]) }),
  Schema.TaggedStruct("read", { room: Schema.Literals(["one", "two"]) })
])

/** Tests an implementation; the layer is built anew for each test. */
export const suite = <E>(name: string, implementation: Layer.Layer<History, E>, isSkipped = false): void => {
  const test = (
    title: string,
    use: (history: History["Service"]) => Effect.Effect<void, StorageFailed>,
    limits: Partial<Limits> = {}
  ) => {
    const layer = implementation.pipe(Layer.provide(Layer.succeed(Limits, { ...defaults, ...limits })), Layer.fresh)
    it.effect(title, () => Effect.provide(Effect.flatMap(History, use), layer))
  }

  describe.skipIf(isSkipped)(name, () => {
    test("read() gives the last, those before a number, and those after one, oldest first", (history) =>
      Effect.gen(function* () {
        for (let number = 1; number <= 10; number++) void history.append("room", message(number))
        assert.deepStrictEqual(yield* numbers(history, "room", { limit: 3 }), [8, 9, 10])
        assert.deepStrictEqual(yield* numbers(history, "room", { limit: 3, before: 8 }), [5, 6, 7])
        assert.deepStrictEqual(yield* numbers(history, "room", { limit: 3, after: 2 }), [3, 4, 5])
        assert.deepStrictEqual(yield* numbers(history, "room", { limit: 9, after: 2, before: 5 }), [3, 4])
        assert.deepStrictEqual(yield* numbers(history, "room", { limit: 9, after: -Infinity, before: 2.5 }), [1, 2])
        assert.deepStrictEqual(yield* numbers(history, "room", { limit: 9, after: 8.5, before: Infinity }), [9, 10])
        assert.deepStrictEqual(yield* numbers(history, "room", { limit: 9, before: -Infinity }), [])
        assert.deepStrictEqual(yield* numbers(history, "other", { limit: 3 }), [])
      }))

    test("read() gives messages as they were, with what goes with them", (history) =>
      Effect.gen(function* () {
        const plain = message(1, { text: "Grüße, 世界 👋 ' \" \\ ? $1\n" })
        const empty = message(3, { text: "", attachment: { name: "a b.txt", sizeBytes: 0, url: "" } })
        const attachment = { name: "a.txt", sizeBytes: 2 ** 40, url: "http://h/f?a=b", file: 7 }
        const filed = message(4, { from: "Vincent van Gogh" as UserName, attachment, atMillis: 1_800_000_000_000 })
        for (const it of [plain, empty, filed]) void history.append("room", it, it === filed)
        assert.deepStrictEqual(yield* inTime(history.read("room", { limit: 9 })), [plain, empty, filed])
      }))

    test("append() is done when the message is stored, in the order of the calls", (history) =>
      Effect.gen(function* () {
        const stored = [1, 2, 3].map((number) => append(history, number === 2 ? "two" : "one", message(number)))
        yield* inTime(Effect.all(stored, { concurrency: "unbounded" }))
        yield* inTime(stored[1]!)
        assert.deepStrictEqual(yield* numbers(history, "one"), [1, 3])
      }))

    test("append() keeps what was said to one user out of every room", (history) =>
      Effect.gen(function* () {
        const { room: _, ...direct } = message(1, { to: "room" as UserName })
        yield* inTime(append(history, undefined, direct, true))
        void history.append("room", message(2))
        for (const room of ["room", "alice", "", "undefined", "null"]) {
          assert.deepStrictEqual(yield* numbers(history, room), room === "room" ? [2] : [])
        }
      }))

    test(
      "read() gives as many as a room may have, the last",
      (history) =>
        Effect.gen(function* () {
          for (let number = 1; number <= 10; number++)
            void history.append(number % 2 === 0 ? "even" : "odd", message(number))
          assert.deepStrictEqual(yield* numbers(history, "even"), [6, 8, 10])
          assert.deepStrictEqual(yield* numbers(history, "odd"), [5, 7, 9])
        }),
      { historyLimit: 3 }
    )

    test(
      "append() keeps nothing when the limit is 0, and is done at once",
      (history) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(append(history, "room", message(1)), Exit.void)
          assert.deepStrictEqual(yield* numbers(history, "room"), [])
        }),
      { historyLimit: 0 }
    )

    test("forget() forgets one room at once, whatever waits, and a new one of its name begins anew", (history) =>
      Effect.gen(function* () {
        yield* inTime(append(history, "old", message(1)))
        void history.append("new", message(2))
        void history.append("old", message(3))
        history.setPrivate("old", true)
        history.forget("old")
        history.forget("no such room")
        assert.deepStrictEqual(yield* numbers(history, "old"), [])
        void history.append("old", message(4))
        assert.deepStrictEqual(yield* numbers(history, "old"), [4])
        assert.deepStrictEqual(yield* numbers(history, "old", { limit: 9, after: 0 }), [4])
        assert.deepStrictEqual(yield* numbers(history, "new"), [2])
      }))

    test("setPrivate() keeps a room's history for those who are in it", (history) =>
      Effect.gen(function* () {
        void history.append("room", message(1))
        history.setPrivate("room", true)
        void history.append("room", message(2))
        assert.deepStrictEqual(yield* numbers(history, "room"), [1, 2])
        history.setPrivate("room", false)
        assert.deepStrictEqual(yield* numbers(history, "room"), [1, 2])
      }))

    if (isSkipped) return
    it.effect.prop(
      "read() gives what was appended before and not forgotten",
      [Schema.Array(Step)],
      ([steps]) =>
        Effect.gen(function* () {
          const history = yield* History
          const expected = new Map<string, Array<number>>([
            ["one", []],
            ["two", []]
          ])
          let last = history.lastNumber
          for (const step of steps) {
            if (step._tag === "append") {
              void history.append(step.room, message(++last))
              expected.get(step.room)!.push(last)
            }
            if (step._tag === "tell") void history.append(undefined, message(++last, { to: "one" as UserName }))
            if (step._tag === "forget") {
              history.forget(step.room)
              expected.set(step.room, [])
            }
            if (step._tag === "read") {
              assert.deepStrictEqual(yield* numbers(history, step.room), expected.get(step.room))
            }
          }
          for (const room of expected.keys()) {
            assert.deepStrictEqual(yield* numbers(history, room), expected.get(room))
          }
        }).pipe(Effect.provide(Layer.fresh(implementation))),
      { arbitrary: { runs: 20 } }
    )
  })
}
