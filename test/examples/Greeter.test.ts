import { assert, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { Visitor } from "parlance"
import { Peer } from "parlance/testing"
import { greeter } from "./Greeter.ts"

it.effect("the greeter welcomes whoever comes", () =>
  Effect.gen(function* () {
    yield* Effect.forkScoped(greeter, { startImmediately: true })
    const alice = yield* Visitor.make("alice")
    const said = yield* alice.heard.pipe(
      Stream.filter(({ event }) => event._tag === "Said"),
      Stream.take(1),
      Stream.runCollect
    )
    assert.include(JSON.stringify(said), "Welcome, alice!")
  }).pipe(Effect.provide(Peer.layer()))
)
