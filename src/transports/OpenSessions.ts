import type { SharedEvent } from "../domain/Event.ts"
import type { Exchange } from "../protocols/Exchange.ts"
import type { Session } from "../services/Session.ts"
import type { Own } from "./Own.ts"

/** A session, and what gives back the place that its address takes. */
export interface Open {
  readonly session: Session
  readonly release: () => void
}

/** The sessions of one protocol, by the keys of its exchange or by the connections whose own they are. */
export class OpenSessions<Frame, Key extends object> extends Map<Key | Own<Frame>, Open> {
  readonly #exchange: Exchange<Frame, Key> | undefined

  constructor(exchange: Exchange<Frame, Key> | undefined) {
    super()
    this.#exchange = exchange
  }

  /** Tells an event to all of them. */
  tellAll(event: SharedEvent): void {
    for (const { session } of this.values()) session.outlet.deliver(event, "witness")
  }

  /** Those that are told things by a connection: its own, or those of the exchange that are on it. */
  by(own: Own<Frame>): ReadonlyArray<Session> {
    const isBy = (key: Key | Own<Frame>): boolean => key === own || this.#exchange?.linkOf?.(key as Key).id === own.id
    return [...this].flatMap(([key, { session }]) => (isBy(key) ? [session] : []))
  }
}
