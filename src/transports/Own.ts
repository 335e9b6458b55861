import type { Effect } from "effect"
import type { Hangup } from "../domain/Hangup.ts"
import type { Link } from "../protocols/Link.ts"
import type { Outlet } from "../services/Session.ts"

/** The connection on which a packet came. It is the key of its own session. */
export interface Own<Frame> extends Link<Frame>, Outlet {
  /** Sends a frame; nothing goes out behind it for `holdMillis`. */
  readonly send: (frame: Frame, holdMillis?: number) => void
  /** What was held back may go out. */
  readonly release: () => void
  /** Takes note of a fault of its peer; why it is to end if there have been too many. */
  readonly fault: () => Hangup | undefined
  /** Takes note that its peer has been logged in. */
  hasBeenIn: boolean
  /** Does something besides what the peer says next, as long as the connection is there. */
  readonly fork: (effect: Effect.Effect<void, Hangup>) => Effect.Effect<void>
}
