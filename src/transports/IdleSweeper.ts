/** The one fiber that looks after peers who do nothing: no login in time, or no progress in reading. */
import { type Clock, Effect, type Scope } from "effect"
import { Hangup } from "../domain/Hangup.ts"
import type { TransportLimits } from "./TransportLimits.ts"

/** What the sweeper needs to know of a connection. */
export interface Sweepable {
  readonly openedMillis: number
  /** Whether it may stay without a login. */
  readonly isExempt: boolean
  readonly outbox: { readonly stuckSinceMillis: number | undefined }
  readonly hangUp: (hangup: Hangup) => void
}

const periodMillis = 1000

/** Sweeps all connections once a second until the scope ends. */
export const fork = (
  connections: Iterable<Sweepable>,
  limits: TransportLimits,
  clock: Clock.Clock
): Effect.Effect<unknown, never, Scope.Scope> =>
  Effect.sync(() => {
    const nowMillis = clock.currentTimeMillisUnsafe()
    for (const connection of connections) {
      const stuckSinceMillis = connection.outbox.stuckSinceMillis
      if (stuckSinceMillis !== undefined && nowMillis - stuckSinceMillis >= limits.writeTimeoutMillis) {
        connection.hangUp(new Hangup({ reason: "slow" }))
      } else if (!connection.isExempt && nowMillis - connection.openedMillis >= limits.loginTimeoutMillis) {
        connection.hangUp(new Hangup({ reason: "login-timeout" }))
      }
    }
  }).pipe(Effect.delay(periodMillis), Effect.forever, Effect.forkScoped)
