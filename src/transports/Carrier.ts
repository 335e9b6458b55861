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
  /** Who is told when `unsentBytes` has fallen to 0, and once when the peer has gone. At most one listener. */
  readonly listen: (listener: { readonly drained: () => void; readonly closed: () => void }) => void
  /** Closes when what was handed over has been sent. */
  readonly end: () => void
  /** Closes at once and frees what was not sent. */
  readonly destroy: () => void
}
