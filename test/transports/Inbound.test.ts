import { assert, describe, it } from "@effect/vitest"
import { Array, Effect, Exit, Fiber, Latch, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Inbound } from "../../src/transports/Inbound.ts"

/** An inbound, and what its transport is told. */
const setUp = () => {
  const told: Array<string> = []
  const inbound = new Inbound<string>({
    pause: () => void told.push("pause"),
    resume: () => void told.push("resume"),
    release: (input) => void told.push(`release ${input}`)
  })
  const taken: Array<ReadonlyArray<string> | "end"> = []
  const takeAll = (act: (batch: ReadonlyArray<string>) => Effect.Effect<void> = () => Effect.void) =>
    Effect.andThen(
      Stream.runForEachArray(inbound.stream, (batch) => {
        taken.push(batch)
        return act(batch)
      }),
      Effect.sync(() => void taken.push("end"))
    )
  return { inbound, taken, takeAll, told }
}

/** What comes of a pull for whose time nothing comes. */
const within = Effect.fnUntraced(function* (inbound: Inbound<string>) {
  const fiber = yield* fork(inbound.pullWithin(10))
  yield* TestClock.adjust(9)
  assert.isUndefined(fiber.pollUnsafe())
  yield* TestClock.adjust(1)
  return yield* Fiber.join(fiber)
})

const fork = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(effect, { startImmediately: true })

describe("Inbound.push()", () => {
  it.effect("reads nothing before the first pull, and pauses nothing while each pull comes back at once", () =>
    Effect.gen(function* () {
      const { inbound, taken, takeAll, told } = setUp()
      assert.deepStrictEqual(told, [])
      yield* fork(takeAll())
      assert.deepStrictEqual(told, ["resume"])
      inbound.push(["a"])
      inbound.push(["b", "c"])
      assert.deepStrictEqual(taken, [["a"], ["b", "c"]])
      assert.deepStrictEqual(told, ["resume", "release a", "release b", "release c"])
    })
  )

  it.effect("hands over together what came before somebody pulls", () =>
    Effect.gen(function* () {
      const { inbound, taken, takeAll } = setUp()
      inbound.push(["a"])
      inbound.push(["b"])
      assert.strictEqual(inbound.waitingCount, 2)
      yield* fork(takeAll())
      assert.deepStrictEqual(taken, [["a", "b"]])
      assert.strictEqual(inbound.waitingCount, 0)
    })
  )

  it.effect("pauses once while what was given is being dealt with, and gives it back before more is read", () =>
    Effect.gen(function* () {
      const { inbound, taken, takeAll, told } = setUp()
      const gate = Latch.makeUnsafe(false)
      yield* fork(takeAll(() => gate.await))
      inbound.push(["a"])
      inbound.push(["b"])
      inbound.push(["c"])
      assert.deepStrictEqual(taken, [["a"]])
      assert.deepStrictEqual(told, ["resume", "pause"])
      gate.openUnsafe()
      yield* Effect.yieldNow
      assert.deepStrictEqual(taken, [["a"], ["b", "c"]])
      assert.deepStrictEqual(told, ["resume", "pause", "release a", "release b", "release c", "resume"])
    })
  )
})

describe("Inbound.end()", () => {
  it.effect("comes behind what waits, once, and nothing comes behind it", () =>
    Effect.gen(function* () {
      const { inbound, taken, takeAll } = setUp()
      const gate = Latch.makeUnsafe(false)
      const fiber = yield* fork(takeAll(() => gate.await))
      inbound.push(["a"])
      inbound.push(["b"])
      inbound.end()
      inbound.push(["too late"])
      inbound.end()
      assert.deepStrictEqual(taken, [["a"]])
      gate.openUnsafe()
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(taken, [["a"], ["b"], "end"])
    })
  )

  it.effect("answers a pull that waits", () =>
    Effect.gen(function* () {
      const { inbound, taken, takeAll } = setUp()
      const fiber = yield* fork(takeAll())
      inbound.end()
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(taken, ["end"])
    })
  )
})

describe("Inbound.pull", () => {
  it.effect("loses nothing when it is interrupted, whether it waits or has just been answered", () =>
    Effect.gen(function* () {
      const { inbound, told } = setUp()
      const waiting = yield* fork(inbound.pull)
      yield* Fiber.interrupt(waiting)
      inbound.push(["a"])
      assert.deepStrictEqual(told, ["resume", "pause"])
      assert.deepStrictEqual(yield* inbound.pull, ["a"])
      const next = yield* fork(inbound.pull)
      next.interruptUnsafe()
      inbound.push(["b"])
      yield* Fiber.await(next)
      assert.deepStrictEqual(yield* inbound.pull, ["b"])
    })
  )

  it.effect("hands over nothing any more to whoever has been interrupted", () =>
    Effect.gen(function* () {
      const { inbound, taken, takeAll } = setUp()
      const fiber = yield* fork(takeAll())
      inbound.push(["a"])
      yield* Fiber.interrupt(fiber)
      inbound.push(["b"])
      inbound.end()
      assert.deepStrictEqual(taken, [["a"]])
    })
  )

  it.effect("answers in the turn in which something comes", () =>
    Effect.gen(function* () {
      const { inbound } = setUp()
      const fiber = yield* fork(inbound.pull)
      inbound.push(Array.of("a"))
      assert.strictEqual(fiber.pollUnsafe()?._tag, "Success")
    })
  )
})

describe("Inbound.pullWithin()", () => {
  it.effect("gives what comes in time in the turn in which it comes, and its timer ends", () =>
    Effect.gen(function* () {
      const { inbound } = setUp()
      const fiber = yield* fork(inbound.pullWithin(10))
      inbound.push(["a"])
      assert.deepStrictEqual(yield* Fiber.join(fiber), ["a"])
      yield* TestClock.adjust(10)
      assert.isUndefined(yield* within(inbound))
      inbound.push(["b"])
      assert.deepStrictEqual(yield* inbound.pullWithin(10), ["b"])
      inbound.end()
      assert.isTrue(Exit.isFailure(yield* Effect.exit(inbound.pullWithin(10))))
    })
  )

  it.effect("gives nothing when the time is over, and what comes later to the next pull", () =>
    Effect.gen(function* () {
      const { inbound, told } = setUp()
      assert.isUndefined(yield* within(inbound))
      inbound.push(["a"])
      assert.deepStrictEqual(told, ["resume", "pause"])
      assert.deepStrictEqual(yield* inbound.pull, ["a"])
      assert.isUndefined(yield* within(inbound))
      assert.deepStrictEqual(told, ["resume", "pause", "release a", "resume"])
    })
  )

  it.effect("loses nothing that comes in the millisecond in which the time is over", () =>
    Effect.gen(function* () {
      const { inbound } = setUp()
      const fiber = yield* fork(inbound.pullWithin(10))
      yield* fork(
        Effect.andThen(
          Effect.sleep(10),
          Effect.sync(() => inbound.push(["a"]))
        )
      )
      yield* TestClock.adjust(10)
      const first = yield* Fiber.join(fiber)
      assert.deepStrictEqual(first ?? (yield* inbound.pull), ["a"])
    })
  )
})
