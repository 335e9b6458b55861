import { assert, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { Visitor } from "parlance"
import { operatorClient } from "../api/Asking.ts"
import * as TestServer from "../e2e/TestServer.ts"
import { pong } from "./Pong.ts"

it.live("the bot over HTTP answers a ping", () =>
  Effect.gen(function* () {
    const { bots } = yield* operatorClient
    const { token } = yield* bots.make({ payload: { name: "Pong" } })
    const alice = yield* Visitor.make("alice")
    const url = yield* TestServer.urlOf("sockets")
    yield* Effect.forkScoped(Effect.provide(pong(url, token), FetchHttpClient.layer))
    const heard = yield* alice.heard.pipe(
      // It is there when it listens.
      Stream.tap(({ event }) =>
        event._tag === "UserJoined" && event.user.name === "Pong"
          ? alice.run({ _tag: "Say", text: "ping" })
          : Effect.void
      ),
      Stream.filter(({ as, event }) => event._tag === "Said" && as === "witness"),
      Stream.take(1),
      Stream.runCollect
    )
    assert.include(JSON.stringify(heard), "pong, alice!")
  }).pipe(Effect.scoped, Effect.provide(TestServer.layer({ storage: "memory" })))
)
