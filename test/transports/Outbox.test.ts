import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, FiberSet } from "effect"
import { TestClock } from "effect/testing"
import type { Event } from "../../src/domain/Event.ts"
import { ProtocolName } from "../../src/domain/Message.ts"
import type { RoomName, UserName } from "../../src/domain/Names.ts"
import * as Batches from "../../src/transports/Batches.ts"
import type { Carrier } from "../../src/transports/Carrier.ts"
import { Flusher } from "../../src/transports/Flusher.ts"
import { Outbox, type OutboxContext } from "../../src/transports/Outbox.ts"
import { turn } from "./Turn.ts"

const said: Event = {
  _tag: "Said",
  message: {
    number: 1,
    from: "eve" as UserName,
    protocol: ProtocolName.make("toss"),
    text: "",
    atMillis: 0,
    room: "general" as RoomName
  }
}

/** A carrier that holds what it is given until it is told that the peer has read. */
const makeCarrier = (holds: boolean) => {
  let listener: Parameters<Carrier<string>["listen"]>[0] | undefined
  let unsentBytes = 0
  const writes: Array<ReadonlyArray<string>> = []
  const carrier: Carrier<string> = {
    write: (frames) => {
      writes.push(frames)
      if (holds) unsentBytes += frames.join("").length
    },
    unsentBytes: () => unsentBytes,
    listen: (it) => {
      listener = it
    },
    end: () => {},
    destroy: () => {}
  }
  return {
    carrier,
    writes,
    read: () => {
      unsentBytes = 0
      listener?.drained()
    },
    progress: () => listener?.progressed(),
    /** What the transport writes by itself. */
    answer: (bytes: number) => {
      listener?.answering(bytes)
      unsentBytes += bytes
    },
    fail: () => listener?.failed("flooding"),
    close: () => listener?.closed()
  }
}

const setUp = Effect.fnUntraced(function* (options: {
  readonly holds?: boolean
  readonly gapMillis?: (frame: string) => number
  readonly isPaced?: () => boolean
  readonly limitBytes?: number
}) {
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const wire = makeCarrier(options.holds ?? false)
  const overflows: Array<string> = []
  const context: OutboxContext<string> = {
    sizeBytes: (frame) => frame.length,
    batches: Batches.make((frame: string) => frame.length),
    flusher: yield* Flusher,
    clock: yield* Clock.Clock,
    gapMillis: options.gapMillis ?? (() => 0),
    saysWhoIsThere: false,
    run
  }
  const outbox = new Outbox(context, wire.carrier, {
    outboxLimitBytes: options.limitBytes ?? 1000,
    get isPaced() {
      return options.isPaced?.() ?? options.gapMillis !== undefined
    },
    notice: (text) => [text],
    hangUp: ({ reason }) => overflows.push(reason)
  })
  return { ...wire, outbox, overflows }
})

describe("Outbox", () => {
  it.effect("push() leaves in one write per turn, in order", () =>
    Effect.gen(function* () {
      const { outbox, writes } = yield* setUp({})
      outbox.push("a")
      outbox.push("b")
      assert.deepStrictEqual(writes, [])
      yield* turn
      outbox.push("c")
      yield* turn
      assert.deepStrictEqual(writes, [["a", "b"], ["c"]])
      assert.strictEqual(outbox.queuedBytes, 0)
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("flush() hands over nothing while the carrier holds something", () =>
    Effect.gen(function* () {
      const { outbox, read, writes } = yield* setUp({ holds: true })
      outbox.push("a")
      yield* turn
      outbox.push("b")
      outbox.push("c")
      yield* turn
      assert.deepStrictEqual(writes, [["a"]])
      assert.strictEqual(outbox.queuedBytes, 3)
      read()
      assert.deepStrictEqual(writes, [["a"], ["b", "c"]])
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("flush() hands over more to a carrier that took the last at once", () =>
    Effect.gen(function* () {
      const { outbox, writes } = yield* setUp({ limitBytes: 1_000_000 })
      for (let round = 0; round < 2; round++) {
        for (let count = 0; count < 10; count++) outbox.push("x".repeat(20_000))
        for (let count = 0; count < 3; count++) yield* turn
      }
      assert.deepStrictEqual(
        writes.map((frames) => frames.length),
        [4, 6, 10]
      )
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("flush() hands over at most 64 KiB and a frame at a time", () =>
    Effect.gen(function* () {
      const { outbox, read, writes } = yield* setUp({ holds: true, limitBytes: 1_000_000 })
      for (let count = 0; count < 10; count++) outbox.push("x".repeat(20_000))
      yield* turn
      assert.deepStrictEqual(
        writes.map((frames) => frames.length),
        [4]
      )
      read()
      read()
      assert.deepStrictEqual(
        writes.map((frames) => frames.length),
        [4, 4, 2]
      )
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("push() over the limit drops all and tells once", () =>
    Effect.gen(function* () {
      const { outbox, overflows, writes } = yield* setUp({ holds: true, limitBytes: 10 })
      outbox.push("12345")
      yield* turn
      outbox.push("12345")
      assert.deepStrictEqual(overflows, [])
      outbox.push("6")
      outbox.push("7")
      yield* turn
      assert.deepStrictEqual(overflows, ["slow"])
      assert.deepStrictEqual(writes, [["12345"]])
      assert.strictEqual(outbox.queuedBytes, 0)
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("what the transport answers by itself counts, and may be stuck too", () =>
    Effect.gen(function* () {
      const { answer, outbox, overflows, read, writes } = yield* setUp({ limitBytes: 10 })
      yield* TestClock.adjust("1 hour")
      answer(5)
      assert.strictEqual(outbox.queuedBytes, 5)
      assert.strictEqual(outbox.stuckSinceMillis(3_600_000), 3_600_000)
      outbox.push("1234")
      yield* turn
      assert.deepStrictEqual(writes, [])
      read()
      assert.deepStrictEqual(writes, [["1234"]])
      answer(6)
      assert.strictEqual(outbox.stuckSinceMillis(3_600_000), 3_600_000)
      answer(4)
      assert.strictEqual(outbox.stuckSinceMillis(3_601_000), 3_600_000)
      assert.deepStrictEqual(overflows, [])
      answer(1)
      answer(1)
      assert.deepStrictEqual(overflows, ["slow"])
      assert.strictEqual(outbox.queuedBytes, 0)
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("what only the transport sees ends the connection by its reason", () =>
    Effect.gen(function* () {
      const { fail, overflows } = yield* setUp({})
      fail()
      assert.deepStrictEqual(overflows, ["flooding"])
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("share() over the limit drops all and tells once, at the end of the turn", () =>
    Effect.gen(function* () {
      for (const holds of [true, false]) {
        const { outbox, overflows, writes } = yield* setUp({ holds, limitBytes: 10 })
        outbox.share("12345")
        yield* turn
        for (const frame of ["1234", "5678", "90"]) outbox.share(frame)
        yield* turn
        // Whoever takes all at once has none of it left.
        const isOver = holds
        assert.deepStrictEqual(overflows, isOver ? ["slow"] : [])
        assert.deepStrictEqual(writes, isOver ? [["12345"]] : [["12345"], ["1234", "5678", "90"]])
        for (const frame of ["123456", "78901"]) outbox.share(frame)
        yield* turn
        assert.deepStrictEqual(overflows, ["slow"])
        assert.strictEqual(outbox.queuedBytes, 0)
      }
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("push() and share() leave in the order in which they were called", () =>
    Effect.gen(function* () {
      const { outbox, overflows, writes } = yield* setUp({ limitBytes: 10 })
      outbox.share("123")
      outbox.push("4")
      outbox.share("567")
      assert.strictEqual(outbox.queuedBytes, 7)
      yield* turn
      assert.deepStrictEqual(writes, [["123", "4", "567"]])
      outbox.share("12345")
      outbox.push("67890!")
      yield* turn
      assert.deepStrictEqual(overflows, ["slow"])
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("shareAll() keeps what it is given as it is, whatever comes behind it", () =>
    Effect.gen(function* () {
      const one = yield* setUp({})
      const two = yield* setUp({})
      const shared = ["a", "b"]
      for (const { outbox } of [one, two]) outbox.shareAll(shared)
      one.outbox.push("c")
      two.outbox.shareAll(["d"])
      two.outbox.share("e")
      assert.strictEqual(one.outbox.queuedBytes, 3)
      yield* turn
      assert.deepStrictEqual(one.writes, [["a", "b", "c"]])
      assert.deepStrictEqual(two.writes, [["a", "b", "d", "e"]])
      assert.deepStrictEqual(shared, ["a", "b"])
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("a paced outbox sends the first frame at once and the others a gap apart", () =>
    Effect.gen(function* () {
      const { outbox, writes } = yield* setUp({ gapMillis: () => 50 })
      for (const frame of ["a", "b", "c"]) outbox.push(frame)
      yield* turn
      assert.deepStrictEqual(writes, [["a"]])
      yield* TestClock.adjust("49 millis")
      assert.deepStrictEqual(writes, [["a"]])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(writes, [["a"], ["b"]])
      yield* TestClock.adjust("50 millis")
      assert.deepStrictEqual(writes, [["a"], ["b"], ["c"]])
      yield* TestClock.adjust("1 second")
      outbox.push("d")
      yield* turn
      assert.deepStrictEqual(writes.at(-1), ["d"])
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("a paced outbox waits as long as each frame needs, from when it has been taken", () =>
    Effect.gen(function* () {
      const { outbox, read, writes } = yield* setUp({ holds: true, gapMillis: (frame) => frame.length * 10 })
      for (const frame of ["aaaa", "b", "c"]) outbox.push(frame)
      yield* turn
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(writes, [["aaaa"]])
      read()
      yield* TestClock.adjust("39 millis")
      assert.deepStrictEqual(writes, [["aaaa"]])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(writes, [["aaaa"], ["b"]])
      read()
      yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual(writes, [["aaaa"], ["b"], ["c"]])
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("nothing goes out behind a frame that is held, until it is released or its time is over", () =>
    Effect.gen(function* () {
      const { outbox, writes } = yield* setUp({ gapMillis: () => 50 })
      outbox.push("a")
      outbox.push("ack", 2000)
      for (const frame of ["b", "c"]) outbox.push(frame)
      yield* turn
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(writes, [["a"], ["ack"]])
      outbox.release()
      yield* turn
      assert.deepStrictEqual(writes, [["a"], ["ack"], ["b"]])
      yield* TestClock.adjust("50 millis")
      assert.deepStrictEqual(writes, [["a"], ["ack"], ["b"], ["c"]])
      yield* TestClock.adjust("50 millis")
      outbox.push("ack", 2000)
      outbox.push("d")
      yield* turn
      yield* TestClock.adjust("1999 millis")
      assert.deepStrictEqual(writes.at(-1), ["ack"])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(writes.at(-1), ["d"])
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("release() before the held frame has gone out leaves only the gap", () =>
    Effect.gen(function* () {
      const { outbox, writes } = yield* setUp({ gapMillis: () => 50 })
      for (const frame of ["a", "b"]) outbox.push(frame)
      outbox.push("ack", 2000)
      outbox.push("c")
      yield* turn
      outbox.release()
      yield* TestClock.adjust("150 millis")
      assert.deepStrictEqual(writes, [["a"], ["b"], ["ack"], ["c"]])
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("a peer that turns out to read a stream gets all at once, held or not", () =>
    Effect.gen(function* () {
      let isPaced = true
      const { outbox, writes } = yield* setUp({ gapMillis: () => 50, isPaced: () => isPaced })
      outbox.push("ack", 2000)
      for (const frame of ["b", "c"]) outbox.push(frame)
      yield* turn
      isPaced = false
      outbox.push("d")
      yield* turn
      assert.deepStrictEqual(writes, [["ack"], ["b", "c", "d"]])
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("a paced outbox leaves out what others say in a room when it would begin later than 5 s", () =>
    Effect.gen(function* () {
      const { outbox, writes } = yield* setUp({ gapMillis: () => 1000 })
      for (let index = 0; index < 10; index++) outbox.shareAll([`say ${index}`], said, "witness")
      outbox.shareAll(["echo"], said, "actor")
      outbox.push("answer")
      yield* TestClock.adjust("1 minute")
      const [line, ...others] = writes.flat()
      assert.match(line!, /^7 messages were left out here, .*\/history/)
      assert.deepStrictEqual(others, ["say 7", "say 8", "say 9", "echo", "answer"])
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("a paced outbox counts the gap and the hold that have begun", () =>
    Effect.gen(function* () {
      for (const holdMillis of [0, 2000]) {
        const { outbox, writes } = yield* setUp({ gapMillis: () => 1000 })
        outbox.push("ack", holdMillis)
        yield* turn
        for (let index = 0; index < 10; index++) outbox.shareAll([`say ${index}`], said, "witness")
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(writes.length, holdMillis === 0 ? 6 : 5)
      }
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect(
    "a paced outbox takes more than the limit for a peer that takes what it is sent, and ends at 16 times as much",
    () =>
      Effect.gen(function* () {
        const { outbox, overflows } = yield* setUp({ gapMillis: () => 1000, limitBytes: 10 })
        for (let count = 0; count < 16; count++) outbox.push("1234567890")
        yield* turn
        outbox.push("1234567890")
        yield* turn
        assert.deepStrictEqual(overflows, [])
        outbox.push("1")
        assert.deepStrictEqual(overflows, ["slow"])
        const stuck = yield* setUp({ gapMillis: () => 1000, limitBytes: 10, holds: true })
        stuck.outbox.push("12345")
        yield* turn
        stuck.outbox.push("12345")
        assert.deepStrictEqual(stuck.overflows, [])
        stuck.outbox.push("1")
        assert.deepStrictEqual(stuck.overflows, ["slow"])
      }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("a paced outbox is there from when the peer needs it, and no longer", () =>
    Effect.gen(function* () {
      let isPaced = false
      const { outbox, writes } = yield* setUp({ gapMillis: () => 1000, isPaced: () => isPaced })
      outbox.push("a")
      isPaced = true
      outbox.shareAll(["b", "c"])
      yield* turn
      assert.isTrue(outbox.isPaced)
      outbox.shareAll(["d"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(writes, [["a"], ["b"]])
      isPaced = false
      outbox.share("e")
      yield* turn
      assert.isFalse(outbox.isPaced)
      assert.deepStrictEqual(writes, [["a"], ["b"], ["c", "d", "e"]])
      assert.strictEqual(outbox.queueMillis, 0)
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("stuckSinceMillis() is the first time at which it was asked after the last progress", () =>
    Effect.gen(function* () {
      const { outbox, progress, read } = yield* setUp({ holds: true })
      assert.isUndefined(outbox.stuckSinceMillis(500))
      outbox.push("a")
      yield* turn
      assert.deepStrictEqual(
        [1000, 2000, 3000].map((millis) => outbox.stuckSinceMillis(millis)),
        [1000, 1000, 1000]
      )
      outbox.push("b")
      assert.strictEqual(outbox.stuckSinceMillis(4000), 1000)
      progress()
      assert.deepStrictEqual(
        [5000, 6000].map((millis) => outbox.stuckSinceMillis(millis)),
        [5000, 5000]
      )
      read()
      assert.deepStrictEqual(
        [7000, 8000].map((millis) => outbox.stuckSinceMillis(millis)),
        [7000, 7000]
      )
      read()
      assert.isUndefined(outbox.stuckSinceMillis(9000))
      outbox.push("c")
      yield* turn
      assert.strictEqual(outbox.stuckSinceMillis(10_000), 10_000)
      outbox.close()
      assert.isUndefined(outbox.stuckSinceMillis(11_000))
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("reads no clock for a peer that is not paced, and one per frame for one that is", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      for (const [gapMillis, readings] of [
        [undefined, 0],
        [() => 0, 10]
      ] as const) {
        let count = 0
        const currentTimeMillisUnsafe = () => assert.fail("The time of the day was read")
        const monotonicTimeNanosUnsafe = () => {
          count++
          return clock.monotonicTimeNanosUnsafe()
        }
        const counting = { ...clock, currentTimeMillisUnsafe, monotonicTimeNanosUnsafe }
        const made = setUp(gapMillis === undefined ? {} : { gapMillis })
        const { outbox, read, writes } = yield* Effect.provideService(made, Clock.Clock, counting)
        for (let round = 0; round < 10; round++) {
          outbox.push("a")
          yield* turn
          read()
        }
        assert.lengthOf(writes, 10)
        assert.strictEqual(count, readings)
      }
    }).pipe(Effect.provide(Flusher.layer))
  )

  it.effect("emptied waits for what is queued, and for no more when the peer has gone", () =>
    Effect.gen(function* () {
      const { close, outbox, read } = yield* setUp({ holds: true })
      yield* outbox.emptied
      outbox.push("a")
      const first = yield* Effect.forkChild(outbox.emptied, { startImmediately: true })
      assert.isUndefined(first.pollUnsafe())
      read()
      yield* Fiber.join(first)
      outbox.push("b")
      const second = yield* Effect.forkChild(outbox.emptied, { startImmediately: true })
      assert.isUndefined(second.pollUnsafe())
      close()
      yield* Fiber.join(second)
      outbox.push("c")
      assert.strictEqual(outbox.queuedBytes, 0)
    }).pipe(Effect.provide(Flusher.layer))
  )
})
