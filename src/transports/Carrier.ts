/**
 * One peer's side of a transport, as little of it as an outbox needs.
 *
 * A carrier is used by its connection alone; after `destroy` or `closed` every function does nothing.
 */
export interface Carrier<Frame> {
  /** Hands frames over, in order, in one write. */
  readonly write: (frames: ReadonlyArray<Frame>) => void
  /** Bytes that were handed over and have not been taken by the kernel (or the peer) yet. */
  readonly unsentBytes: () => number
  /** At most one listener. */
  readonly listen: (listener: CarrierListener) => void
  /** Closes when what was handed over has been sent. */
  readonly end: () => void
  /** Closes at once and frees what was not sent. */
  readonly destroy: () => void
}

/** Who is told how the sending goes. */
export interface CarrierListener {
  /** Some of what was handed over has been taken, but not all. */
  readonly progressed: () => void
  /** `unsentBytes` has fallen to 0. */
  readonly drained: () => void
  /** The peer has gone; called once. */
  readonly closed: () => void
}
