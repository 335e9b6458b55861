import { NodeRuntime } from "@effect/platform-node"
import { Effect, Stream } from "effect"
import { Server, Visitor } from "parlance"

// A bot in the server's own process: it welcomes everybody who comes, whatever protocol they speak.
export const greeter = Effect.gen(function* () {
  const bot = yield* Visitor.make("Greeter")
  yield* Stream.runForEach(bot.heard, ({ as, event }) =>
    event._tag === "UserJoined" && event.cause === "login" && as === "witness"
      ? Effect.ignore(bot.run({ _tag: "Say", text: `Welcome, ${event.user.name}!` }))
      : Effect.void
  )
}).pipe(Effect.scoped)

if (import.meta.main) {
  greeter.pipe(Effect.provide(Server.layer()), NodeRuntime.runMain)
}
