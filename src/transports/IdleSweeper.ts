/** The one fiber that looks after peers who do nothing: no login in time, or no progress in reading. */
import { type Clock, Effect, type Scope } from "effect"
import { Hangup } from "../domain/Hangup.ts"
import { everyMillis, monotonicMillis } from "../domain/MonotonicTime.ts"
import type { TransportLimits } from "./TransportLimits.ts"

/** What the sweeper needs to know of a connection. */
export interface Sweepable {
  readonly openedMillis: number
  /** Whether it may stay without a login. */
  readonly isExempt: boolean
  readonly outbox: { readonly stuckSinceMillis: (nowMillis: number) => number | undefined }
  readonly hangUp: (hangup: Hangup) => void
}

const periodMillis = 1000

/** Sweeps all connections once a second until the scope ends. A connection may get a second more than its time. */
export const fork = (
  connections: Iterable<Sweepable>,
  limits: TransportLimits,
  clock: Clock.Clock
): Effect.Effect<unknown, never, Scope.Scope> =>
  everyMillis(
    periodMillis,
    Effect.sync(() => {
      const nowMillis = monotonicMillis(clock)
      for (const connection of connections) {
        const stuckSinceMillis = connection.outbox.stuckSinceMillis(nowMillis)
        if (stuckSinceMillis !== undefined && nowMillis - stuckSinceMillis >= limits.writeTimeoutMillis) {
          connection.hangUp(new Hangup({ reason: "slow" }))
        } else if (!connection.isExempt && nowMillis - connection.openedMillis >= limits.loginTimeoutMillis) {
          connection.hangUp(new Hangup({ reason: "login-timeout" }))
        }
      }
    })
  ).pipe(Effect.forkScoped)
