import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Clients, Peer } from "parlance/testing"
import { greeter } from "./Greeter.ts"

it.effect("the greeter welcomes whoever comes", () =>
  Effect.gen(function* () {
    yield* Effect.forkScoped(greeter, { startImmediately: true })
    const alice = yield* Clients.toss.enter("alice")
    assert.deepStrictEqual(yield* alice.hear(), { from: "Greeter", text: "Welcome, alice!" })
  }).pipe(Effect.provide(Peer.layer()))
)
