import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Metrics } from "parlance"
import { Clients, Deadline, Peer } from "parlance/testing"

// How to test a time-out: time passes when the test says so, and what does not come fails it with these words.
export const timeOut = Effect.gen(function* () {
  const { counts } = yield* Metrics
  const { peer } = yield* Clients.chatmaster.connect
  yield* TestClock.adjust("14 seconds")
  const isOpen = counts.connections === 1
  yield* TestClock.adjust("1 second")
  yield* Deadline.within(peer.over, () => "the end of a connection without a login")
  return { isOpen, hangups: counts.hangups }
}).pipe(Effect.scoped, Effect.provide(Peer.layer()))
