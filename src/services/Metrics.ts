/**
 * Counts of what the server does, kept as plain numbers because they are touched for every delivery.
 *
 * `Metrics` is written by the floors that count and read as a snapshot: by the health page, by tests, by embedders.
 */
import { Context, Effect, Layer } from "effect"

/** All counts are since the start, but for `connections` and `sessions`, which are now. */
export interface Counts {
  connections: number
  sessions: number
  connectionsOpened: number
  connectionsRefused: number
  logins: number
  messages: number
  /** Events handed to an outlet. */
  deliveries: number
  rejections: number
  /** Datagrams that were of no session, or no packets. */
  packetsDropped: number
  /** Datagrams for which there was no room when they came, or which came while too much was being waited for. */
  datagramsLost: number
  /** Connections that the server ended, by reason. */
  readonly hangups: Record<string, number>
}

/** What is counted: connections, messages, refusals, and so on. */
export class Metrics extends Context.Service<
  Metrics,
  {
    /** The counts themselves, to be counted up in place. */
    readonly counts: Counts
    /** Counts a connection that the server ended. */
    readonly hungUp: (reason: string) => void
    readonly snapshot: Effect.Effect<Readonly<Counts>>
  }
>()("parlance/services/Metrics") {
  static readonly layer = Layer.sync(Metrics, () => {
    const counts: Counts = {
      connections: 0,
      sessions: 0,
      connectionsOpened: 0,
      connectionsRefused: 0,
      logins: 0,
      messages: 0,
      deliveries: 0,
      rejections: 0,
      packetsDropped: 0,
      datagramsLost: 0,
      hangups: {}
    }
    return Metrics.of({
      counts,
      hungUp: (reason) => {
        counts.hangups[reason] = (counts.hangups[reason] ?? 0) + 1
      },
      snapshot: Effect.sync(() => ({ ...counts, hangups: { ...counts.hangups } }))
    })
  })
}
