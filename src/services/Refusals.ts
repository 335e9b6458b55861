/** What was refused last, for the operator to see. */
import { Clock, Context, Effect, Layer } from "effect"
import type { ProtocolName } from "../domain/Message.ts"

/** How many are remembered. */
export const limitRefusals = 200

/** Whose command was refused. Before a login the name is the one that was asked for; empty if none was. */
export interface Refused {
  readonly protocol: ProtocolName
  readonly name: string
  readonly address: string
}

/** Something that was refused: when, to whom, and by which code. */
export interface Refusal extends Refused {
  readonly atMillis: number
  /** The tag of the rejection, or the policy's own code. */
  readonly code: string
}

/** The longest part of a name that is remembered; who asks for a name may ask for a long one. */
const limitName = 64

/** What was refused last, for the operator. */
export class Refusals extends Context.Service<
  Refusals,
  {
    /** Remembers a refusal. */
    readonly add: (refused: Refused, code: string) => void
    /** The last ones, the newest first. */
    readonly recent: () => ReadonlyArray<Refusal>
  }
>()("parlance/services/Refusals") {
  static readonly layer = Layer.effect(
    Refusals,
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const ring: Array<Refusal> = []
      let next = 0
      return Refusals.of({
        add: ({ address, name, protocol }, code) => {
          const atMillis = clock.currentTimeMillisUnsafe()
          ring[next] = { atMillis, protocol, name: name.slice(0, limitName), address, code }
          next = (next + 1) % limitRefusals
        },
        recent: () => [...ring.slice(next), ...ring.slice(0, next)].toReversed()
      })
    })
  )
}
