/**
 * Waiting that ends: what is waited for on a TestClock comes, or it is known that it does not.
 *
 * All that the kit does happens in memory. So when nobody has anything left to do, only time can bring something; and when
 * much time has, nothing will. That is found by counting, not by a clock on the wall: it is the same on every machine.
 */
import { Clock, Data, Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"

/** What was waited for did not come. `message` says what that was, and what came instead. */
export class NothingCame extends Data.TaggedError("NothingCame")<{ readonly message: string }> {}

/** In how many turns of the scheduler everybody has done what there is to do without time passing. */
const turnLimit = 300
/** By how much the clock is set forward then, and how often. */
const stepMillis = 100

/** How long something is waited for if nothing is said: shorter than any time-out of a server that is as it is by default. */
export const defaultDuration: Duration.Input = "10 seconds"

const isTestClock = (clock: Clock.Clock): boolean => "adjust" in clock

const wait = Effect.fnUntraced(function* <A, E>(fiber: Fiber.Fiber<A, E>, duration: Duration.Input) {
  const steps = Math.ceil(Duration.toMillis(duration) / stepMillis)
  for (let step = 0; ; step++) {
    for (let turn = 0; turn < turnLimit; turn++) {
      if (fiber.pollUnsafe() !== undefined) return
      yield* Effect.yieldNow
    }
    if (step >= steps) return
    yield* TestClock.adjust(stepMillis)
  }
})

/**
 * Waits for something, for at most a `duration` of the TestClock (10 seconds if nothing is said), then fails with
 * {@link NothingCame}.
 *
 * It is interrupted when 300 turns of the scheduler have brought nothing, the TestClock was set forward by 100 ms, and so on
 * until the `duration` has passed. What comes without waiting for time moves no clock. So whoever adjusts the TestClock
 * itself does that before it waits, not beside it; and a fiber that waits for something outside, such as a socket, is not to
 * be waited for like this.
 *
 * ```ts
 * import { Effect } from "effect"
 * import { TestClock } from "effect/testing"
 * import { Metrics } from "parlance"
 * import { Clients, Deadline, Peer } from "parlance/testing"
 *
 * // How to test a time-out: time passes when the test says so, and what does not come fails it with these words.
 * export const timeOut = Effect.gen(function* () {
 *   const { counts } = yield* Metrics
 *   const { peer } = yield* Clients.chatmaster.connect
 *   yield* TestClock.adjust("14 seconds")
 *   const isOpen = counts.connections === 1
 *   yield* TestClock.adjust("1 second")
 *   yield* Deadline.within(peer.over, () => "the end of a connection without a login")
 *   return { isOpen, hangups: counts.hangups }
 * }).pipe(Effect.scoped, Effect.provide(Peer.layer()))
 * ```
 */
export const within = Effect.fnUntraced(function* <A, E, R>(
  waiting: Effect.Effect<A, E, R>,
  what: () => string,
  duration: Duration.Input = defaultDuration
): Effect.fn.Return<A, E | NothingCame, R> {
  if (!isTestClock(yield* Clock.Clock)) {
    return yield* Effect.die(
      new Error("Deadline.within() needs a TestClock: use it.effect, or provide TestClock.layer()")
    )
  }
  const fiber = yield* Effect.forkChild(waiting, { startImmediately: true })
  yield* wait(fiber, duration).pipe(Effect.onInterrupt(() => Fiber.interrupt(fiber)))
  if (fiber.pollUnsafe() !== undefined) return yield* Fiber.join(fiber)
  yield* Fiber.interrupt(fiber)
  return yield* new NothingCame({
    message: `${what()} did not come in ${Duration.format(Duration.fromInputUnsafe(duration))}`
  })
})
