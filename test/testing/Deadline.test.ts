import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Deadline, SkewedClock } from "../../src/testing/mod.ts"

const never = Effect.flatMap(Deferred.make<void>(), Deferred.await)

describe("Deadline.within()", () => {
  it.effect("moves no clock for what comes by itself", () =>
    Effect.gen(function* () {
      const turns = Effect.forEach(Array.from({ length: 200 }), () => Effect.yieldNow)
      yield* Deadline.within(turns, () => "the end")
      assert.strictEqual(yield* Clock.currentTimeMillis, 0)
    })
  )

  it.effect("lets so much time pass as it takes", () =>
    Effect.gen(function* () {
      const late = Effect.as(Effect.sleep("1050 millis"), "late")
      assert.strictEqual(yield* Deadline.within(late, () => "it"), "late")
      assert.strictEqual(yield* Clock.currentTimeMillis, 1100)
    })
  )

  it.effect("fails with what did not come, and has it not waited for any more", () =>
    Effect.gen(function* () {
      let isInterrupted = false
      const waiting = Effect.onInterrupt(never, () => Effect.sync(() => void (isInterrupted = true)))
      const { message } = yield* Effect.flip(Deadline.within(waiting, () => "Godot", "3 seconds"))
      assert.strictEqual(message, "Godot did not come in 3s")
      assert.strictEqual(yield* Clock.currentTimeMillis, 3000)
      assert.isTrue(isInterrupted)
    })
  )

  it.effect("fails as what it waits for does, and ends with whoever waits", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* Effect.flip(Deadline.within(Effect.fail("no"), () => "it")), "no")
      let isInterrupted = false
      const waiting = Effect.onInterrupt(never, () => Effect.sync(() => void (isInterrupted = true)))
      const fiber = yield* Effect.forkChild(
        Deadline.within(waiting, () => "it"),
        { startImmediately: true }
      )
      yield* Fiber.interrupt(fiber)
      assert.isTrue(isInterrupted)
    })
  )

  it.effect("works with a clock that is set", () =>
    SkewedClock.use((clock) =>
      Effect.gen(function* () {
        clock.set(-60_000)
        yield* Deadline.within(Effect.sleep("1 second"), () => "it")
      })
    )
  )

  it.effect("says that it needs a TestClock", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(TestClock.withLive(Deadline.within(never, () => "it")))
      assert.isTrue(Exit.isFailure(exit) && String(exit.cause).includes("TestClock"))
    })
  )
})
