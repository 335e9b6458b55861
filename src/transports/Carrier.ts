/**
 * One peer's side of a transport, as little of it as an outbox needs.
 *
 * A carrier is used by its connection alone; after `destroy` or `closed` every function does nothing.
 */
export interface Carrier<Frame> {
  /** Hands frames over, in order, in one write. */
  write(frames: ReadonlyArray<Frame>): void
  /** Bytes that were handed over and have not been taken by the kernel (or the peer) yet. */
  unsentBytes(): number
  /** At most one listener. */
  listen(listener: CarrierListener): void
  /** Closes when what was handed over has been sent. */
  end(): void
  /** Closes at once and frees what was not sent. */
  destroy(): void
}

/** Who is told how the sending goes. */
export interface CarrierListener {
  /** Some of what was handed over has been taken, but not all. */
  progressed(): void
  /** `unsentBytes` has fallen to 0. */
  drained(): void
  /** The peer has gone; called once. */
  closed(): void
}
