/**
 * A test of a 30-second time-out that takes no 30 seconds: the session of a client of the packet protocol that says nothing.
 *
 * Run it with `node scratchpad/TimeoutTest.ts` (after `npm run build`), or register {@link sessionTimeout} with `it.effect`
 * of @effect/vitest, as test/examples/TimeoutTest.test.ts does.
 */
import { strictEqual } from "node:assert/strict"
import { Clock, Console, Effect, References } from "effect"
import { TestClock } from "effect/testing"
import { Clients, Peer } from "parlance/testing"

/** Gives how long after her last packet the session of alice ended, in milliseconds. */
export const sessionTimeout = Effect.gen(function* () {
  const bob = yield* Clients.chatmaster.enter("bob")
  const alice = yield* Clients.packet.enter("alice")
  const heardByBob = () => bob.peer.writes.flat().map((frame) => new TextDecoder().decode(frame))
  const hasLeft = () => heardByBob().some((text) => text.includes("user_left"))

  // A sign of life keeps the session: it is still there 40 s after the login.
  yield* TestClock.adjust("20 seconds")
  yield* alice.send({ _tag: "SessionPreserve", session: alice.session() })
  const lastMillis = yield* Clock.currentTimeMillis
  yield* TestClock.adjust("20 seconds")
  strictEqual(hasLeft(), false)

  // 29.9 s of silence do not end it, and what does then is not waited for without end.
  yield* TestClock.adjust("9900 millis")
  strictEqual(hasLeft(), false)
  yield* bob.find(
    ({ data, type }) => type === "notification" && data.event_type === "user_left" && data.username === "alice",
    "the news that alice has left"
  )
  const endedMillis = yield* Clock.currentTimeMillis
  // Nobody is told twice.
  yield* TestClock.adjust("1 minute")
  strictEqual(heardByBob().filter((text) => text.includes("user_left")).length, 1)

  // The name is free, also for those who speak something else.
  const { say } = yield* Clients.toss.enter("alice")
  yield* say("I am somebody else")
  strictEqual((yield* bob.hear("alice")).text, "I am somebody else")
  return endedMillis - lastMillis
}).pipe(Effect.scoped, Effect.provide(Peer.layer()))

if (import.meta.main) {
  const beganMillis = performance.now()
  const program = Effect.gen(function* () {
    const tookMillis = yield* sessionTimeout
    yield* Console.log(`A silent session ended after ${tookMillis / 1000} s, and its name was free.`)
    const virtualSeconds = (yield* Clock.currentTimeMillis) / 1000
    const realMillis = Math.ceil(performance.now() - beganMillis)
    yield* Console.log(`That took ${virtualSeconds} s of virtual time and ${realMillis} ms of real time.`)
  })
  await program.pipe(
    Effect.provideService(References.MinimumLogLevel, "Warn"),
    Effect.provide(TestClock.layer()),
    Effect.runPromise
  )
}
