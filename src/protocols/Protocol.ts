/**
 * What a wire protocol is to the rest of the program.
 *
 * - A protocol never sees a socket, a session or a service. It turns what comes into {@link Step}s, and events into
 *   frames.
 * - Everything here is pure and synchronous. `receive` never throws: what is malformed is a step.
 * - `In` is one read of the carrier (bytes of TCP, an event of Socket.IO), `Frame` is one packet to it.
 */
import type { Command, Reply } from "../domain/Command.ts"
import type { Perspective, PersonalEvent, SharedEvent } from "../domain/Event.ts"
import type { HangupReason } from "../domain/Hangup.ts"
import type { ProtocolName } from "../domain/Message.ts"
import type { Rejection } from "../domain/Rejection.ts"
import type { ExchangeStep, Link } from "./Exchange.ts"

/** What a conversation wants done; steps are carried out in order. */
export type Step<Frame> =
  /** Send one frame. As the answer to a packet it says that the packet was at fault: too many of them end a connection. */
  | { readonly _tag: "Send"; readonly frame: Frame }
  /**
   * Send a frame that lets the peer go on. If it is paced, nothing else goes out behind it until a `Release`, or until
   * `holdMillis` have passed.
   */
  | { readonly _tag: "Acknowledge"; readonly frame: Frame; readonly holdMillis: number }
  /** The peer has gone on: what was held back may go out. */
  | { readonly _tag: "Release" }
  /** Have an exchange's steps carried out, for sessions that are not this connection's alone. */
  | { readonly _tag: "Exchange"; readonly steps: ReadonlyArray<ExchangeStep<Frame>> }
  /**
   * Take a name. On success the session gets its `LoggedIn` event before anything else; a refusal goes to `refused`,
   * whose steps are carried out at once.
   */
  | {
      readonly _tag: "Login"
      readonly name: string
      readonly refused: (rejection: Rejection) => ReadonlyArray<Step<Frame>>
    }
  /**
   * Have the chat run a command. Without a login it is refused as `NotLoggedIn`. With `whenStored` what the command says is
   * durable before `replied` is asked; the steps that come next do not wait for that.
   */
  | {
      readonly _tag: "Run"
      readonly command: Command
      readonly whenStored?: boolean
      readonly replied: (reply: Reply) => ReadonlyArray<Step<Frame>>
      readonly refused: (rejection: Rejection) => ReadonlyArray<Step<Frame>>
    }
  /** End the connection when what was sent before has gone out. */
  | { readonly _tag: "Hangup"; readonly reason: HangupReason; readonly detail?: string }

/** The state of one peer's side of the wire. */
export interface Conversation<In, Frame> {
  /** What the server says first. */
  readonly open: () => ReadonlyArray<Step<Frame>>
  /**
   * Takes one read. Bytes are the conversation's until its steps have been carried out; what it needs longer it copies. The
   * steps must not depend on what earlier steps of the same read will do; what does belongs into
   * `replied` and `refused`.
   */
  readonly receive: (input: In) => ReadonlyArray<Step<Frame>>
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
  /** What is said before the server closes the connection. */
  readonly farewell: (reason: HangupReason) => ReadonlyArray<Frame>
  /** How long a packet that has only begun may wait for its rest, undefined if there is none. Asked for after each read. */
  readonly patienceMillis?: number | undefined
  /** Ends a packet whose rest has not come within `patienceMillis`. */
  readonly lapse?: () => ReadonlyArray<Step<Frame>>
  /** Takes the end of what the peer says, after which it says nothing more. */
  readonly ended?: () => ReadonlyArray<Step<Frame>>
  /** How many bytes may come before a login, if not as many as of any protocol. */
  readonly loginLimitBytes?: number
  /** What the end of the connection means for sessions of an exchange: nothing but `Logout`. Called once. */
  readonly closed?: () => ReadonlyArray<ExchangeStep<Frame>>
}

/** A wire protocol. */
export interface Protocol<In, Frame> {
  readonly name: ProtocolName
  /** How many renderings of one event there are. */
  readonly variants: number
  /** The least time between a frame and the next one to a peer that `isPaced`. */
  readonly gapMillis: (frame: Frame) => number
  /** Begins a conversation with a peer that has just connected, by this link. */
  readonly converse: (link?: Link<Frame>) => Conversation<In, Frame>
  /** The frames of an event that several recipients share: at most once per event, perspective and variant. */
  readonly render: (event: SharedEvent, as: Perspective, variant: number) => ReadonlyArray<Frame>
  /** How many bytes of memory a frame counts for in an outbox. */
  readonly sizeBytes: (frame: Frame) => number
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
export type ByteProtocol<Frame extends ByteFrame = Uint8Array> = Protocol<Uint8Array, Frame>
