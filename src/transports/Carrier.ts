import type { HangupReason } from "../domain/Hangup.ts"

/**
 * One peer's side of a transport, as little of it as an outbox needs.
 *
 * A carrier is used by its connection alone; after `destroy` or `closed` every function does nothing.
 */
export interface Carrier<Frame> {
  /** Hands frames over, in order, in one write. */
  write(frames: ReadonlyArray<Frame>): void
  /** Bytes that have not been taken by the kernel (or the peer) yet, whoever has written them. */
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
  /** So many bytes are about to be written besides: an answer that the transport gives by itself. */
  answering(bytes: number): void
  /** The peer is to be hung up on, for something that only the transport sees. */
  failed(reason: HangupReason): void
  /** Some of what was handed over has been taken, but not all. */
  progressed(): void
  /** `unsentBytes` has fallen to 0. */
  drained(): void
  /** The peer has gone; called once. */
  closed(): void
}
