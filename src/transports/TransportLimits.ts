import { Context } from "effect"
import { TokenBucket } from "../services/TokenBucket.ts"

/** What a connection may cost. A reference: whoever does not set it gets the defaults. */
export interface TransportLimits {
  /** How long a peer may take to log in. What it sends meanwhile does not extend it. */
  readonly loginTimeoutMillis: number
  /** Bytes that may come before login; what is compressed counts as what it is inflated to, too. */
  readonly loginLimitBytes: number
  /** Bytes to which one read before login may be inflated: about as many as a plain one has. */
  readonly loginInflatedLimitBytes: number
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
  loginInflatedLimitBytes: 65_536,
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

/** What a peer may do wrong, or have refused: a hundred times at once, and ten times a second. */
export const makeAllowance = (): TokenBucket => new TokenBucket(10, 100)
