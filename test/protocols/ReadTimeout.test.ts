import { assert, describe, it } from "@effect/vitest"
import { Array, type Cause, Effect, Exit, Fiber, Queue, References, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Reader from "../../src/protocols/Reader.ts"
import * as TsockmReader from "../../src/protocols/tsockm/TsockmReader.ts"
import type { Received } from "../../src/protocols/tsockm/TsockmRequest.ts"
import { Inbound } from "../../src/transports/Inbound.ts"
import { letters, run, timeoutMillis, ways } from "./Letters.ts"

const { MaxOpsBeforeYield } = References

/** Lets others run, so many times. */
const giveWay = (turns: number): Effect.Effect<void> => Effect.repeat(Effect.yieldNow, { times: turns })

/** What is most telling of a packet of TsockM. */
const brief = (received: Received): string => {
  if (received._tag === "Refused") return received.refusal.reason
  return received.request._tag === "Say" ? received.request.text : received.request._tag
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const say = (text: string) => `REQ::MSG::200::ID::client::127.0.0.1:6969::${text}`

describe("Reader, by its read time-out", () => {
  for (const [name, way] of ways) {
    it.effect(`${name} ends a packet that has begun when its rest does not come in time, and not before`, () =>
      Effect.gen(function* () {
        const { got, offer } = yield* way(letters())
        for (const read of ["a", "b;c", "d"]) {
          yield* offer(read)
          yield* TestClock.adjust(timeoutMillis - 1)
        }
        assert.deepStrictEqual(got, ["ab"])
        yield* TestClock.adjust(1)
        assert.deepStrictEqual(got, ["ab", "cd"])
        // Nothing has begun any more.
        yield* TestClock.adjust("1 hour")
        yield* offer("e")
        yield* TestClock.adjust(timeoutMillis)
        yield* offer("f;")
        yield* TestClock.adjust("1 hour")
        assert.deepStrictEqual(got, ["ab", "cd", "e", "f"])
      })
    )

    it.effect(`${name} takes a read that comes in the same millisecond as the time-out, but before it`, () =>
      Effect.gen(function* () {
        const { got, offer } = yield* way(letters())
        yield* Effect.forkChild(Effect.delay(offer("b"), timeoutMillis), { startImmediately: true })
        yield* offer("a")
        yield* TestClock.adjust(timeoutMillis)
        assert.deepStrictEqual(got, [])
        yield* TestClock.adjust(timeoutMillis - 1)
        yield* offer("c;d;")
        yield* TestClock.adjust(0)
        assert.deepStrictEqual(got, ["abc", "d"])
      })
    )

    it.effect(`${name} takes a read that comes in the same millisecond as the time-out, but behind it`, () =>
      Effect.gen(function* () {
        const { got, offer } = yield* way(letters())
        yield* offer("a")
        // Lets the time begin.
        yield* TestClock.adjust(0)
        yield* Effect.forkChild(Effect.delay(offer("b"), timeoutMillis), { startImmediately: true })
        yield* TestClock.adjust(timeoutMillis)
        assert.deepStrictEqual(got, ["a"])
        yield* offer("c;d;")
        yield* TestClock.adjust(0)
        assert.deepStrictEqual(got, ["a", "bc", "d"])
      })
    )

    it.effect(`${name} loses nothing and keeps the order, wherever reads and time-outs meet`, () =>
      Effect.gen(function* () {
        for (let lagMillis = -2; lagMillis <= 2; lagMillis++) {
          const { got, offer } = yield* way(letters())
          const sent = Array.makeBy(50, (index) => String.fromCharCode(0x61 + (index % 26)))
          for (const [index, read] of sent.entries()) {
            yield* offer(read)
            yield* TestClock.adjust(index % 2 === 0 ? timeoutMillis + lagMillis : timeoutMillis - lagMillis)
          }
          yield* TestClock.adjust("1 second")
          assert.strictEqual(got.join(""), sent.join(""), String(lagMillis))
        }
      })
    )

    it.effect(`${name} loses nothing of a read that comes between any two operations of a time-out`, () =>
      Effect.gen(function* () {
        const outcomes = new Set<string>()
        for (const operations of [3, 4, 6, 10]) {
          for (let turns = 0; turns < 50; turns++) {
            const { fiber, got, offer } = yield* Effect.provideService(way(letters()), MaxOpsBeforeYield, operations)
            yield* offer("a")
            yield* giveWay(50)
            yield* Effect.forkChild(Effect.andThen(giveWay(turns), offer("b")))
            for (let round = 0; round < 30; round++) yield* TestClock.adjust(timeoutMillis)
            yield* giveWay(100)
            outcomes.add(got.join())
            yield* Fiber.interrupt(fiber)
          }
        }
        assert.deepStrictEqual([...outcomes].toSorted(), ["a,b", "ab"])
      })
    )

    it.effect(`${name} gives what comes while the packet of a time-out is dealt with behind that`, () =>
      Effect.gen(function* () {
        const { got, offer } = yield* way(letters(), (packet) => (packet === "a" ? Effect.sleep(100) : Effect.void))
        yield* offer("a")
        yield* TestClock.adjust(timeoutMillis)
        assert.deepStrictEqual(got, ["a"])
        for (const read of ["b", "c;", "d"]) {
          yield* offer(read)
          yield* TestClock.adjust(30)
        }
        assert.deepStrictEqual(got, ["a"])
        yield* TestClock.adjust(10)
        assert.deepStrictEqual(got, ["a", "bc"])
        // The time of a packet begins when its reads have been taken.
        yield* TestClock.adjust(timeoutMillis - 1)
        assert.deepStrictEqual(got, ["a", "bc"])
        yield* TestClock.adjust(1)
        assert.deepStrictEqual(got, ["a", "bc", "d"])
      })
    )
  }

  it.effect("packets() loses nothing of reads that take longer than their time", () =>
    Effect.gen(function* () {
      const reads = Stream.make("a", "b", "c;d", "e").pipe(
        Stream.rechunk(1),
        Stream.mapEffect((read) => Effect.delay(Effect.succeed(read), timeoutMillis + 10))
      )
      const { fiber, got } = yield* run(Reader.packets(letters())(reads))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(got, ["a", "b", "c", "d", "e"])
    })
  )

  it.effect("pull() that is interrupted while it waits loses nothing", () =>
    Effect.gen(function* () {
      const inbound = new Inbound<string>({ pause: () => {}, resume: () => {} })
      const next = Reader.pull(letters(), inbound)
      const interrupt = Effect.gen(function* () {
        const waiting = yield* Effect.forkChild(next, { startImmediately: true })
        yield* TestClock.adjust(timeoutMillis / 2)
        assert.isUndefined(waiting.pollUnsafe())
        yield* Fiber.interrupt(waiting)
      })
      yield* interrupt
      inbound.push(["a;"])
      assert.deepStrictEqual(yield* next, ["a"])
      inbound.push(["b"])
      for (let round = 0; round < 3; round++) yield* interrupt
      inbound.push(["c;", "d"])
      assert.deepStrictEqual(yield* next, ["bc"])
      yield* interrupt
      inbound.end()
      assert.deepStrictEqual(yield* next, ["d"])
      assert.isTrue(Exit.isFailure(yield* Effect.exit(next)))
    })
  )

  it.effect(
    "packets() of TsockM end by silence, after a second within the header and after 40 ms within the body",
    () =>
      Effect.gen(function* () {
        const queue = yield* Queue.unbounded<Uint8Array, Cause.Done>()
        const packets = Stream.fromQueue(queue).pipe(Reader.packets(TsockmReader.make()), Stream.map(brief))
        const { fiber, got } = yield* run(packets)
        const offer = (text: string) => Queue.offer(queue, bytes(text))
        yield* offer("REQ::COMM::200")
        yield* TestClock.adjust(999)
        yield* offer("::client::client::127.0.0.1:6969::al")
        yield* TestClock.adjust(39)
        yield* offer("ice")
        yield* TestClock.adjust(39)
        assert.deepStrictEqual(got, [])
        yield* TestClock.adjust(1)
        assert.deepStrictEqual(got, ["Connect"])
        yield* offer("REQ::DANCE")
        yield* TestClock.adjust(999)
        assert.deepStrictEqual(got, ["Connect"])
        yield* TestClock.adjust(1)
        assert.deepStrictEqual(got, ["Connect", "UnknownAction"])
        // The header of the next packet ends one at once, and the end of the stream the last.
        yield* offer(say("one") + say("two") + say("three"))
        yield* TestClock.adjust(0)
        assert.deepStrictEqual(got.slice(2), ["one", "two"])
        yield* Queue.end(queue)
        yield* Fiber.join(fiber)
        assert.deepStrictEqual(got.slice(2), ["one", "two", "three"])
      })
  )
})
