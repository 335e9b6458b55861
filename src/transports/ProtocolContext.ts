import type { Clock, Effect, Fiber } from "effect"
import type { Protocol } from "../protocols/Protocol.ts"
import type { Metrics } from "../services/Metrics.ts"
import type { Chat } from "../services/Chat.ts"
import type { Quota } from "../services/Quota.ts"
import type { Turn } from "../services/Turn.ts"
import type { OutboxContext } from "./Outbox.ts"
import type { PacketTaps } from "./PacketTaps.ts"
import type { SharedFrames } from "./SharedFrames.ts"
import type { TransportLimits } from "./TransportLimits.ts"

/** What all who speak one protocol have in common; kept once, for there may be very many of them. */
export interface ProtocolContext<In, Packet, Frame, Key extends object> {
  readonly protocol: Protocol<In, Packet, Frame, Key>
  /** @internal */
  readonly shared: SharedFrames<Frame>
  /** @internal */
  readonly outboxes: OutboxContext<Frame>
  readonly chat: Chat["Service"]
  readonly quota: Quota["Service"]
  readonly metrics: Metrics["Service"]
  readonly limits: TransportLimits
  readonly clock: Clock.Clock
  /** @internal */
  readonly taps: PacketTaps
  /** The turn of whoever carries out steps. */
  readonly turn: Turn
  /** Runs what belongs to no connection, until the protocol is not served any more. */
  readonly run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
}
