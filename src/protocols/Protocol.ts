/**
 * What a wire protocol is to the rest of the program.
 *
 * - A protocol never sees a socket, a session or a service. Its reader makes packets of what comes, its conversations make
 *   {@link Step}s of packets, and events become frames.
 * - Everything here is pure and synchronous. Nothing throws: what is malformed is a packet of its own kind.
 * - `In` is one read of the carrier (bytes of TCP, an event of Socket.IO), `Packet` what it is read as, `Frame` is one packet
 *   to the carrier. `Key` are the objects of an exchange that stand for its sessions.
 */
import type { Perspective, PersonalEvent, SharedEvent } from "../domain/Event.ts"
import type { HangupReason } from "../domain/Hangup.ts"
import type { ProtocolName } from "../domain/Message.ts"
import type { RefusedByPolicy } from "../domain/Rejection.ts"
import type { Exchange } from "./Exchange.ts"
import type { Link } from "./Link.ts"
import type { Reader } from "./Reader.ts"
import type { ImmediateStep, Steps } from "./Step.ts"

/** The state of what is said with one peer. */
export interface Conversation<Packet, Frame, Key extends object = never> {
  /** What the server says first. */
  readonly open: () => Steps<Frame, Key>
  /**
   * Takes one packet. What is a view of a read in it is the conversation's until its steps have been carried out; what it
   * needs longer it copies.
   */
  readonly receive: (packet: Packet) => Steps<Frame, Key>
  /** The frames of an event that is this peer's alone. */
  readonly present: (event: PersonalEvent) => ReadonlyArray<Frame>
  /** Which of the protocol's renderings this peer reads now: 0 to `variants - 1`. */
  readonly variant: number
  /** Whether the peer needs its frames one at a time, with a gap between them. */
  readonly isPaced: boolean
  /** Whether the peer may stay without a login beyond the login time-out. */
  readonly isExempt: boolean
  /** Whether the connection has sessions of an exchange, which is as good as being logged in. */
  readonly hasSessions?: boolean
  /** What is said before the server closes the connection. With the reason `refused` there is what the policy says. */
  readonly farewell: (reason: HangupReason, refusal?: RefusedByPolicy) => ReadonlyArray<Frame>
  /** How many bytes may come before a login, if not as many as of any protocol. */
  readonly loginLimitBytes?: number
  /** What the end of the connection means for sessions of an exchange. Called once. */
  readonly closed?: () => ReadonlyArray<ImmediateStep<Frame, Key>>
}

/** How a protocol is spoken by datagrams, each of which is one packet. */
export interface Datagrams<Packet, Frame, Key extends object> {
  readonly read: (bytes: Uint8Array) => Packet
  /** Takes the packet of a datagram that had `sizeBytes`. */
  readonly receive: (link: Link<Frame>, packet: Packet, sizeBytes: number) => Steps<Frame, Key>
}

/**
 * What observers are shown of a protocol: each packet and each frame without what is secret in it, such as the number by
 * which a session is known, and with copies in place of views of a read.
 */
export interface Masks<Packet, Frame> {
  readonly packet: (packet: Packet) => Packet
  readonly frame: (frame: Frame) => Frame
}

/** A wire protocol. */
export interface Protocol<In, Packet, Frame, Key extends object = never> {
  readonly name: ProtocolName
  /** How many renderings of one event there are. */
  readonly variants: number
  /** The least time between a frame and the next one to a peer that `isPaced`. */
  readonly gapMillis: (frame: Frame) => number
  /** Begins to read what a peer sends. */
  readonly reader: () => Reader<In, Packet>
  /** Begins a conversation with a peer that has just connected, by this link; without one it is for the farewell alone. */
  readonly converse: (link?: Link<Frame>) => Conversation<Packet, Frame, Key>
  /** The frames of an event that several recipients share: at most once per event, perspective and variant. */
  readonly render: (event: SharedEvent, as: Perspective, variant: number) => ReadonlyArray<Frame>
  /**
   * Whether the news of who comes and goes says who is in the room, so that a paced peer must get the last of it; not if
   * nothing is said.
   */
  readonly saysWhoIsThere?: boolean
  /** How many bytes of memory a frame counts for in an outbox. */
  readonly sizeBytes: (frame: Frame) => number
  /** The sessions that are not a connection's own, if the protocol has such. */
  readonly exchange?: Exchange<Frame, Key>
  /** What a log or an observer may see of it; without this that is everything. */
  readonly masks?: Masks<Packet, Frame>
  /** How it is spoken by datagrams, if it is. */
  readonly datagrams?: Datagrams<Packet, Frame, Key>
}

/** The content of a stored file as part of a frame; it is read while it is sent, and never whole in memory. */
export interface FileFrame {
  readonly _tag: "FileFrame"
  /** What goes before the content. */
  readonly head: Uint8Array
  /** The number of the file. */
  readonly file: number
  readonly sizeBytes: number
  readonly encoding: "raw" | "base64"
  /** What goes behind the content. */
  readonly tail: Uint8Array
}

/** What goes out on a stream of bytes. */
export type ByteFrame = Uint8Array | FileFrame

/** A protocol of bytes on a stream. */
export type ByteProtocol<Packet, Frame extends ByteFrame = Uint8Array, Key extends object = never> = Protocol<
  Uint8Array,
  Packet,
  Frame,
  Key
>
