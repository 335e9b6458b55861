/** What the operator sees and does over HTTP. */
import { Effect, Stream } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { NoSuchBan, NoSuchPeer, NotAnAddress } from "../../api/ApiError.ts"
import { ParlanceApi } from "../../api/ParlanceApi.ts"
import { Operator } from "../../services/Operator.ts"
import type { Ban } from "../../services/Quota.ts"
import { ConsoleGateway } from "../ConsoleGateway.ts"
import * as EventStream from "./EventStream.ts"
import { StatsSampler } from "./StatsSampler.ts"

const shown = ({ address, untilMillis }: Ban) =>
  untilMillis === Infinity ? { address } : { address, untilMillis: Math.ceil(untilMillis) }

export const layer = HttpApiBuilder.group(
  ParlanceApi,
  "operator",
  Effect.fnUntraced(function* (handlers) {
    const gateway = yield* ConsoleGateway
    const operator = yield* Operator
    const sampler = yield* StatsSampler

    return handlers.handleAll({
      peers: () => operator.peers,
      kick: ({ params: { peer } }) =>
        operator.kill({ _tag: "One", peer }).pipe(
          Effect.mapError(() => new NoSuchPeer({ peer })),
          Effect.map((killed) => ({ killed }))
        ),
      rooms: () => operator.rooms,
      bans: () => Effect.map(operator.bans, (bans) => bans.map(shown)),
      ban: ({ payload: { address, minutes } }) =>
        operator.ban(address, minutes).pipe(
          Effect.mapError(() => new NotAnAddress({ address })),
          Effect.map(({ ban, killed }) => ({ ban: shown(ban), killed }))
        ),
      unban: ({ params: { address } }) => Effect.mapError(operator.unban(address), () => new NoSuchBan({ address })),
      say: ({ payload: { text } }) => Effect.map(operator.say(text), (told) => ({ told })),
      stats: () => sampler.now,
      statsEvents: () =>
        Effect.map(sampler.samples, (samples) =>
          EventStream.respond(Stream.map(samples, (stats) => EventStream.render({ event: "message", data: stats })))
        ),
      refusals: () => operator.refusals,
      // A command that stops the server is answered before it does.
      command: { handler: ({ payload: { line } }) => gateway.run(line), options: { uninterruptible: true } }
    })
  })
)
