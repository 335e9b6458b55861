import type { Clock, Effect, Fiber } from "effect"
import type { Hangup } from "../domain/Hangup.ts"
import type { Protocol } from "../protocols/Protocol.ts"
import type { Chat } from "../services/Chat.ts"
import type { Connection } from "./Connection.ts"
import type { ExchangePort } from "./ExchangePort.ts"
import type * as Outbox from "./Outbox.ts"
import type { SharedFrames } from "./SharedFrames.ts"
import type { TransportLimits } from "./TransportLimits.ts"
import type { WireLog } from "./WireLog.ts"

/** What the connections have in common that speak one protocol; kept once, for there may be very many of them. */
export interface Door<In, Frame> {
  readonly protocol: Protocol<In, Frame>
  /** The exchange whose steps the conversations give, if the protocol is one of an exchange. */
  readonly exchange: ExchangePort<Frame> | undefined
  /** Takes back what was read when it has been dealt with. */
  readonly release: ((input: In) => void) | undefined
  readonly shared: SharedFrames<Frame>
  readonly outboxes: Outbox.Parts<Frame>
  readonly chat: Chat["Service"]
  readonly limits: TransportLimits
  readonly clock: Clock.Clock
  readonly wire: WireLog
  readonly isBanned: (address: string) => boolean
  /** What is done when a connection ends, for this reason if there is one, before it is closed. */
  readonly end: (connection: Connection<In, Frame>, hangup: Hangup | undefined) => Effect.Effect<void>
  /** Called once, when a connection is over. */
  readonly closed: (connection: Connection<In, Frame>) => void
  readonly run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
}
