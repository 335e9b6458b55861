/**
 * Sessions that outlive, or do without, what carries them: each packet says which session it is of.
 *
 * - As pure and synchronous as any protocol: events and the time that passes become {@link Step}s.
 * - One exchange knows all sessions of its protocol; each is an object of its own making, its key.
 */
import type { Event, IsActor, Perspective, SharedEvent } from "../domain/Event.ts"
import type { HangupReason } from "../domain/Hangup.ts"
import type { Link } from "./Link.ts"
import type { ImmediateStep } from "./Step.ts"

/** Sends frames by a link. */
export type SendAll<Frame> = (link: Link<Frame>, frames: ReadonlyArray<Frame>) => void

/** Sends a frame by a link. */
export type Send<Frame> = (link: Link<Frame>, frame: Frame) => void

type Steps<Frame, Key extends object> = ReadonlyArray<ImmediateStep<Frame, Key>>

/** The sessions of a protocol whose packets name them. */
export interface Exchange<Frame, Key extends object> {
  /**
   * Tells an event to a session. What is to be sent goes to `send`, which may be called at any time during this; what else
   * is to be done is returned.
   */
  readonly deliver: (key: Key, event: Event, as: Perspective, send: Send<Frame>) => Steps<Frame, Key>
  /**
   * Tells several events to a session, if all there is to be done for them is to send their frames; else it does nothing and
   * gives false. Most sessions are given the same array, and then their frames are the same one.
   */
  readonly deliverAll?: (
    key: Key,
    events: ReadonlyArray<SharedEvent>,
    isActor: IsActor,
    send: SendAll<Frame>
  ) => boolean
  /** Ends a session. */
  readonly hangUp: (key: Key, reason: HangupReason) => Steps<Frame, Key>
  /** The link by which a session is told things; for those who observe connections. */
  readonly linkOf?: (key: Key) => Link<Frame>
  /** Bytes that wait for the peer of a session to confirm them. */
  readonly queuedBytes: (key: Key) => number
  /** Asks the peer of a session for a sign of life, where the protocol knows one. */
  readonly check?: (key: Key) => Steps<Frame, Key>
  /** What is to be done by now. Meant to be asked every {@link sweepMillis}. */
  readonly sweep: () => Steps<Frame, Key>
  /**
   * Whether clients make a connection for each request. If so an address is counted for its sessions, and its connections
   * are limited by how fast they come.
   */
  readonly areConnectionsBrief?: boolean
}

/** How often time passes for an exchange. */
export const sweepMillis = 100
