import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Metrics } from "parlance"
import { Clients, Deadline, Peer, SkewedClock } from "parlance/testing"

// How to test a jump of the clock: the time of the day is set back by an hour, and a time-out of 15 s takes 15 s.
export const clockJump = SkewedClock.use((clock) =>
  Effect.gen(function* () {
    const { counts } = yield* Metrics
    const { peer } = yield* Clients.toss.connect
    yield* TestClock.adjust("10 seconds")
    clock.set(-3_600_000)
    yield* TestClock.adjust("4 seconds")
    const isOpen = counts.connections === 1
    yield* TestClock.adjust("1 second")
    yield* Deadline.within(peer.over, () => "the end of a connection without a login")
    return { isOpen, hangups: counts.hangups }
  }).pipe(Effect.scoped, Effect.provide(Peer.layer()))
)
