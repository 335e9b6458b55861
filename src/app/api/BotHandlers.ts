/** The bots, as the operator makes and revokes them. */
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { ParlanceApi } from "../../api/ParlanceApi.ts"
import { BotRegistry } from "./BotRegistry.ts"
import { BotSessions } from "./BotSessions.ts"

export const layer = HttpApiBuilder.group(
  ParlanceApi,
  "bots",
  Effect.fnUntraced(function* (handlers) {
    const registry = yield* BotRegistry
    const sessions = yield* BotSessions
    return handlers.handleAll({
      list: () => Effect.sync(() => registry.names().map((name) => ({ name, isOnline: sessions.isOnline(name) }))),
      make: ({ payload: { name } }) => registry.make(name),
      revoke: ({ params: { name } }) => Effect.flatMap(registry.revoke(name), sessions.leave)
    })
  })
)
