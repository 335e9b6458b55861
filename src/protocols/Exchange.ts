/**
 * A wire protocol whose sessions outlive, or do without, what carries them: each packet says which session it is of.
 *
 * - As pure and synchronous as any protocol: packets, events and the time that passes become {@link ExchangeStep}s.
 * - One exchange serves all links and knows all sessions; a session is an object of its own making, its key.
 */
import type { Command, Reply } from "../domain/Command.ts"
import type { Event, IsActor, Perspective, SharedEvent } from "../domain/Event.ts"
import type { HangupReason } from "../domain/Hangup.ts"
import type { ProtocolName } from "../domain/Message.ts"
import type { Rejection } from "../domain/Rejection.ts"
import type { UserSummary } from "../domain/Room.ts"
import type { Conversation } from "./Protocol.ts"

/** What carries packets to a peer and from it: a connection, or an address to which datagrams go. */
export interface Link<Frame> {
  /** The same for the same peer, and for no other. */
  readonly id: string
  /** The peer's IP address. */
  readonly address: string
  /** The peer's port, and the address at which it has reached the server, where they are known. */
  readonly port?: number | undefined
  readonly local?: { readonly address: string; readonly port: number } | undefined
  /** Whether what is sent arrives, once and in order. */
  readonly isReliable: boolean
  readonly send: (frame: Frame) => void
  /** Sends a frame that many are sent; cheaper than `send`, where there is something to be saved. */
  share?(frame: Frame): void
  /** The same for several. */
  shareAll?(frames: ReadonlyArray<Frame>): void
  /** Ends a connection when what was sent has gone out. An address has no end. */
  readonly end?: () => void
}

/** What an exchange wants done; steps are carried out in order. `key` is the exchange's object for a session. */
export type ExchangeStep<Frame> =
  | { readonly _tag: "Send"; readonly link: Link<Frame>; readonly frame: Frame }
  /** Take a name for a session. From then on its events go to `deliver`, until it is logged out. */
  | {
      readonly _tag: "Login"
      readonly key: object
      readonly link: Link<Frame>
      readonly name: string
      readonly accepted: (user: UserSummary) => ReadonlyArray<ExchangeStep<Frame>>
      readonly refused: (rejection: Rejection) => ReadonlyArray<ExchangeStep<Frame>>
    }
  /** Have the chat run a command of a session. `whenStored` as in a conversation. */
  | {
      readonly _tag: "Run"
      readonly key: object
      readonly command: Command
      readonly whenStored?: boolean
      readonly replied: (reply: Reply) => ReadonlyArray<ExchangeStep<Frame>>
      readonly refused: (rejection: Rejection) => ReadonlyArray<ExchangeStep<Frame>>
    }
  /** There is nothing more to be said on a link. */
  | { readonly _tag: "End"; readonly link: Link<Frame> }
  /** The session is over. */
  | { readonly _tag: "Logout"; readonly key: object; readonly why: string }
  /** Something came that is of no session, or is no packet. */
  | { readonly _tag: "Fault" }

type Steps<Frame> = ReadonlyArray<ExchangeStep<Frame>>

/** Sends frames by a link. */
export type SendAll<Frame> = (link: Link<Frame>, frames: ReadonlyArray<Frame>) => void

/** Sends a frame by a link. */
export type Send<Frame> = (link: Link<Frame>, frame: Frame) => void

/** A protocol of packets that name their session. */
export interface Exchange<Frame> {
  readonly name: ProtocolName
  /** Takes a datagram, which is one packet; where the protocol has none, it is a fault. */
  readonly datagram: (link: Link<Frame>, bytes: Uint8Array) => Steps<Frame>
  /** Begins a conversation over a stream of packets. */
  readonly converse: (link: Link<Frame>) => Conversation<Uint8Array, Frame>
  /**
   * Tells an event to a session. What is to be sent goes to `send`, which may be called at any time during this; what else
   * is to be done is returned: no `Login` and no `Run`.
   */
  readonly deliver: (key: object, event: Event, as: Perspective, send: Send<Frame>) => Steps<Frame>
  /**
   * Tells several events to a session, if all there is to be done for them is to send their frames; else it does nothing and
   * gives false. Most sessions are given the same array, and then their frames are the same one.
   */
  readonly deliverAll?: (
    key: object,
    events: ReadonlyArray<SharedEvent>,
    isActor: IsActor,
    send: SendAll<Frame>
  ) => boolean
  /** Ends a session: no `Login` and no `Run`. */
  readonly hangUp: (key: object, reason: HangupReason) => Steps<Frame>
  /** Bytes that wait for the peer of a session to confirm them. */
  readonly queuedBytes: (key: object) => number
  /** Asks the peer of a session for a sign of life, where the protocol knows one: no `Login` and no `Run`. */
  readonly check?: (key: object) => Steps<Frame>
  /** What is to be done by now: no `Login` and no `Run`. Meant to be asked every {@link sweepMillis}. */
  readonly sweep: () => Steps<Frame>
  readonly sizeBytes: (frame: Frame) => number
  /** The least time between two frames to a peer whose conversation is paced; 0 if nothing is said. */
  readonly gapMillis?: number
  /**
   * Whether clients make a connection for each request. If so an address is counted for its sessions, and its connections
   * are limited by how fast they come.
   */
  readonly areConnectionsBrief?: boolean
}

/** How often time passes for an exchange. */
export const sweepMillis = 100
