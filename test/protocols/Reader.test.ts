import { assert, describe, it } from "@effect/vitest"
import { Array, Effect, Exit, Fiber, Option, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Reader from "../../src/protocols/Reader.ts"
import { letters, offered, patient, run, timeoutMillis, ways } from "./Letters.ts"

describe("Reader", () => {
  it.effect("packets() gives the packets of a stream of reads, in order", () =>
    Effect.gen(function* () {
      const reads = Stream.make("a;b", "c", ";;d;", "", "e;")
      for (const make of [letters, patient]) {
        assert.deepStrictEqual(yield* Stream.runCollect(Reader.packets(make())(reads)), ["a", "bc", "", "d", "e"])
      }
    })
  )

  it.effect("packets() gives the packets of many reads of one batch together", () =>
    Effect.gen(function* () {
      const reads = Array.makeBy(10_000, (index) => `${index};`)
      for (const make of [letters, patient]) {
        const batches: Array<number> = []
        const packets = Stream.fromArray(reads).pipe(Reader.packets(make()))
        yield* Stream.runForEachArray(packets, (batch) => Effect.sync(() => void batches.push(batch.length)))
        assert.deepStrictEqual(batches, [10_000])
      }
    })
  )

  it.effect("packets() goes on while reads bring no packet, however many", () =>
    Effect.gen(function* () {
      const reads = Stream.fromArray([...Array.makeBy(20_000, () => "a"), ";", "b;"]).pipe(Stream.rechunk(1))
      for (const make of [letters, patient]) {
        const packets = yield* Stream.runCollect(Reader.packets(make())(reads))
        assert.deepStrictEqual(packets, ["a".repeat(20_000), "b"])
      }
    })
  )

  for (const [name, way] of ways) {
    it.effect(`${name} ends no packet by silence for a reader that knows no such end`, () =>
      Effect.gen(function* () {
        const { got, offer } = yield* way(patient())
        yield* offer("a")
        yield* TestClock.adjust("1 hour")
        assert.deepStrictEqual(got, [])
        yield* offer("b;c")
        yield* TestClock.adjust("1 hour")
        assert.deepStrictEqual(got, ["ab"])
      })
    )
  }

  it.effect("packets() ends what has begun with the stream, at once", () =>
    Effect.gen(function* () {
      const collect = (make: typeof letters, ...reads: ReadonlyArray<string>) =>
        Stream.runCollect(Reader.packets(make())(Stream.fromIterable(reads)))
      assert.deepStrictEqual(yield* collect(letters, "a;b", "c"), ["a", "bc"])
      assert.deepStrictEqual(yield* collect(letters, "a;"), ["a"])
      assert.deepStrictEqual(yield* collect(letters), [])
      assert.deepStrictEqual(yield* collect(patient, "a;b", "c"), ["a"])
      const { fiber, got, offer, queue } = yield* offered(letters())
      yield* offer("a")
      yield* TestClock.adjust(timeoutMillis - 1)
      yield* Queue.end(queue)
      assert.deepStrictEqual(yield* Fiber.await(fiber), Exit.void)
      assert.deepStrictEqual(got, ["a"])
    })
  )

  it.effect("packets() passes on that the stream fails, behind the packets that were whole", () =>
    Effect.gen(function* () {
      for (const make of [letters, patient]) {
        const reads = Stream.concat(Stream.make("a;b"), Stream.fail("broken"))
        const { fiber, got } = yield* run(Reader.packets(make())(reads))
        assert.deepStrictEqual(yield* Fiber.await(fiber), Exit.fail("broken"))
        assert.deepStrictEqual(got, ["a"])
      }
    })
  )

  it.effect("packets() passes on a failure within the time of a packet, and one behind that", () =>
    Effect.gen(function* () {
      for (const [waitMillis, expected] of [
        [timeoutMillis - 1, ""],
        [timeoutMillis, "a"]
      ] as const) {
        const { fiber, got, offer, queue } = yield* offered(letters())
        yield* offer("a")
        yield* TestClock.adjust(waitMillis)
        yield* Queue.fail(queue, "broken")
        assert.deepStrictEqual(yield* Fiber.await(fiber), Exit.fail("broken"))
        assert.strictEqual(got.join(), expected)
      }
    })
  )

  it.effect("packets() passes on a defect", () =>
    Effect.gen(function* () {
      const reads = Stream.concat(Stream.make("a"), Stream.die("a defect"))
      const exit = yield* Effect.exit(Stream.runDrain(Reader.packets(letters())(reads)))
      assert.deepStrictEqual(exit, Exit.die("a defect"))
    })
  )

  it.effect("packets() lets go of what it reads when nobody wants more of it", () =>
    Effect.gen(function* () {
      let interrupted = 0
      const never = Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++))
      const reads = Stream.concat(Stream.make("a"), Stream.fromEffect(never))
      const { fiber, got } = yield* run(Reader.packets(letters())(reads).pipe(Stream.take(1)))
      yield* TestClock.adjust(timeoutMillis)
      yield* Fiber.join(fiber)
      assert.deepStrictEqual([got, interrupted], [["a"], 1])
    })
  )

  it.effect(
    "packets() that are pulled by hand, and no longer waited for, lose nothing of a packet that has begun",
    () =>
      Effect.gen(function* () {
        const reads = Stream.make("a", "b;").pipe(
          Stream.rechunk(1),
          Stream.mapEffect((read) => (read === "a" ? Effect.succeed(read) : Effect.delay(Effect.succeed(read), 30)))
        )
        const next = yield* Stream.toPull(Reader.packets(letters())(reads))
        const waiting = yield* Effect.forkChild(Effect.timeoutOption(next, 20))
        yield* TestClock.adjust(20)
        assert.deepStrictEqual(yield* Fiber.join(waiting), Option.none())
        // It comes while nobody waits.
        yield* TestClock.adjust("1 hour")
        assert.deepStrictEqual(yield* next, ["ab"])
      })
  )
})
