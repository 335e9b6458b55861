import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { everyMillis, lateMillis, monotonicMillis, sleepPatiently } from "../../src/domain/MonotonicTime.ts"
import { SkewedClock } from "../../src/testing/mod.ts"

const atOnce = { startImmediately: true } as const

/** Two ends of a connection. */
const pair = Effect.gen(function* () {
  const server = yield* Effect.acquireRelease(
    Effect.sync(() => createServer()),
    (server) => Effect.sync(() => server.close())
  )
  const destroyed = (socket: Socket) => Effect.sync(() => socket.destroy())
  yield* Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void)))
  const { port } = server.address() as AddressInfo
  const accepted = yield* Effect.forkChild(
    Effect.callback<Socket>((resume) => void server.once("connection", (socket) => resume(Effect.succeed(socket)))),
    atOnce
  )
  const near = yield* Effect.acquireRelease(
    Effect.callback<Socket>((resume) => {
      const socket = connect(port, "127.0.0.1", () => resume(Effect.succeed(socket)))
    }),
    destroyed
  )
  const far = yield* Effect.acquireRelease(Fiber.join(accepted), destroyed)
  return { near, far }
})

/** Whether what came while nothing ran has been read when a sleep is over that ended meanwhile. */
const hasRead = Effect.fnUntraced(function* (sleep: Effect.Effect<void>) {
  const { far, near } = yield* pair
  let isRead = false
  far.on("data", () => {
    isRead = true
  })
  const sleeping = yield* Effect.forkChild(sleep, atOnce)
  near.write("bytes")
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  yield* Fiber.join(sleeping)
  return isRead
})

describe("MonotonicTime", () => {
  it.effect("monotonicMillis() is what passes, whatever the time of the day is set to", () =>
    SkewedClock.use(({ clock, set, stop }) =>
      Effect.gen(function* () {
        assert.strictEqual(monotonicMillis(clock), 0)
        set(-600_000)
        yield* TestClock.adjust(1234)
        assert.strictEqual(monotonicMillis(clock), 1234)
        set(1_200_000)
        assert.strictEqual(monotonicMillis(clock), 1234)
        stop(1000)
        assert.strictEqual(monotonicMillis(clock), 2234)
        assert.strictEqual(yield* Clock.currentTimeMillis, Date.UTC(2026, 0, 1) + 602_234)
      })
    )
  )

  it.effect("sleepPatiently() is over in time, to the millisecond", () =>
    SkewedClock.use(({ set, stop }) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(sleepPatiently(1000), atOnce)
        set(600_000)
        yield* TestClock.adjust(999)
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust(1)
        assert.isDefined(fiber.pollUnsafe())
        const late = yield* Effect.forkChild(sleepPatiently(1000), atOnce)
        stop(lateMillis)
        yield* TestClock.adjust(1000)
        assert.isDefined(late.pollUnsafe())
      })
    )
  )

  it.effect("sleepPatiently() takes a second more if it wakes more than a second late", () =>
    SkewedClock.use(({ stop }) =>
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(sleepPatiently(1000), atOnce)
        stop(lateMillis + 1)
        yield* TestClock.adjust(1000)
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust(lateMillis - 1)
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust(1)
        yield* Fiber.join(fiber)
      })
    )
  )

  it.live("sleepPatiently() is over after what has come meanwhile was read", () =>
    Effect.gen(function* () {
      assert.isFalse(yield* hasRead(Effect.sleep("20 millis")))
      assert.isTrue(yield* hasRead(sleepPatiently(20)))
    }).pipe(Effect.scoped)
  )

  it.effect("everyMillis() does nothing once when it wakes late, and then goes on, late or not", () =>
    SkewedClock.use(({ set, stop }) =>
      Effect.gen(function* () {
        let count = 0
        const sweep = Effect.sync(() => void count++)
        yield* Effect.forkChild(everyMillis(100, sweep), atOnce)
        const counts = (...stops: ReadonlyArray<number>) =>
          Effect.forEach(stops, (millis) =>
            Effect.suspend(() => {
              stop(millis)
              set(-600_000)
              return Effect.map(TestClock.adjust(100), () => count)
            })
          )
        assert.deepStrictEqual(yield* counts(0, 0, lateMillis), [1, 2, 3])
        assert.deepStrictEqual(yield* counts(lateMillis + 1, 0, 0), [3, 4, 5])
        assert.deepStrictEqual(yield* counts(40_000, 40_000, 40_000, 0), [5, 6, 6, 7])
      })
    )
  )
})
