import { Effect, Layer } from "effect"
import { Clients, Peer } from "parlance/testing"

// How to test two servers: each is a layer built afresh, and a client is of the one that it is provided with.
export const twoServers = Effect.gen(function* () {
  const one = yield* Layer.build(Layer.fresh(Peer.layer()))
  const two = yield* Layer.build(Layer.fresh(Peer.layer()))
  const here = yield* Effect.provide(Clients.toss.enter("alice"), one)
  const there = yield* Effect.provide(Clients.toss.enter("alice"), two)
  const bob = yield* Effect.provide(Clients.sockets.enter("bob"), one)
  yield* there.say("said on the other server")
  yield* here.say("said on this one")
  return yield* bob.hear("alice")
}).pipe(Effect.scoped)
