import { NodeRuntime } from "@effect/platform-node"
import { Config, Effect, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { Client } from "parlance/client"

// A bot in a process of its own, wherever that is: it answers whoever says "ping" in general.
export const pong = Effect.fnUntraced(function* (baseUrl: string, token: string) {
  const { rooms } = yield* Client.make({ baseUrl, token })
  const params = { room: "general" }
  const events = yield* rooms.events({ params, headers: {} })
  yield* Stream.runForEach(events, (event) =>
    event.event === "message" && event.data.text === "ping"
      ? rooms.post({ params, payload: { text: `pong, ${event.data.from}!` } })
      : Effect.void
  )
})

if (import.meta.main) {
  Effect.flatMap(Config.String("BOT_TOKEN"), (token) => pong("http://127.0.0.1:8080", token)).pipe(
    Effect.provide(FetchHttpClient.layer),
    NodeRuntime.runMain
  )
}
