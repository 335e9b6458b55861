import { Context } from "effect"

/** What a connection may cost. A reference: whoever does not set it gets the defaults. */
export interface TransportLimits {
  /** How long a peer may take to log in. What it sends meanwhile does not extend it. */
  readonly loginTimeoutMillis: number
  /** Bytes that may come before login. */
  readonly loginLimitBytes: number
  /** Packets that may come before login. */
  readonly loginLimitPackets: number
  /** Bytes that may wait for a peer. */
  readonly outboxLimitBytes: number
  readonly outboxLimitBeforeLoginBytes: number
  /** How long a write may make no progress. */
  readonly writeTimeoutMillis: number
  /** How long a connection that is over may take to send what waits. */
  readonly drainTimeoutMillis: number
}

export const defaults: TransportLimits = {
  loginTimeoutMillis: 15_000,
  loginLimitBytes: 4_096,
  loginLimitPackets: 8,
  outboxLimitBytes: 1024 * 1024,
  outboxLimitBeforeLoginBytes: 256 * 1024,
  writeTimeoutMillis: 10_000,
  drainTimeoutMillis: 4_000
}

export const TransportLimits: Context.Reference<TransportLimits> = Context.Reference<TransportLimits>(
  "parlance/transports/TransportLimits",
  { defaultValue: () => defaults }
)
