import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Clients, LossyNetwork, Peer } from "parlance/testing"

// How to test loss: a client says again what was not answered. The same seed loses the same datagrams, every time.
export const loss = Effect.gen(function* () {
  const protocol = yield* Clients.packet.protocol
  const network = yield* LossyNetwork.make(protocol, { seed: 1, conditions: { loss: 0.6 } })
  const answers: Array<string> = []
  const alice = network.join("192.0.2.1:4000", (bytes) => void answers.push(Clients.packet.read(bytes)._tag))
  for (let tries = 0; tries < 20 && !answers.includes("SessionCookie"); tries++) {
    alice.send(Clients.packet.write({ _tag: "SessionRequest", name: "alice" }))
    yield* TestClock.adjust("1 second")
  }
  return { answers, defects: network.defects, trace: LossyNetwork.format(network.trace) }
}).pipe(Effect.scoped, Effect.provide(Peer.layer()))
