import { Effect } from "effect"
import { Metrics } from "parlance"
import { Clients, Deadline, Peer } from "parlance/testing"

// How to test a slow peer: it reads nothing more, is hung up on, and nobody else misses anything.
export const slowPeer = Effect.gen(function* () {
  const { counts } = yield* Metrics
  const slow = yield* Clients.chatmaster.enter("slow")
  const bob = yield* Clients.chatmaster.enter("bob")
  const alice = yield* Clients.toss.enter("alice")
  slow.peer.stall()
  let heard = 0
  for (let said = 0; said < 300; said++) {
    yield* alice.say("x".repeat(4000))
    heard += (yield* bob.hear("alice")).text.length
  }
  yield* Deadline.within(slow.peer.over, () => "the end of a peer that does not read")
  return { heard, hangups: counts.hangups }
}).pipe(Effect.scoped, Effect.provide(Peer.layer({ chat: { floodRate: 0 } })))
