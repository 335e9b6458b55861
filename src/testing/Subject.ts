import type { Effect, Scope } from "effect"
import type { Protocol } from "../protocols/Protocol.ts"
import type * as Peer from "./Peer.ts"

/** Connects a client for as long as the scope lasts. */
export type Connect<In, Packet, Frame, Key extends object> = (
  protocol: Protocol<In, Packet, Frame, Key>
) => Effect.Effect<Peer.Peer<In, Frame>, never, Peer.Provided | Scope.Scope>

/** A protocol, and how a client of it speaks. */
export interface Subject<In, Packet, Frame, Key extends object = never> {
  readonly make: () => Protocol<In, Packet, Frame, Key>
  /** Connects a client that does more by itself than to write reads and take frames. */
  readonly connect?: Connect<In, Packet, Frame, Key>
  /** The reads by which a client logs in. */
  readonly login: (name: string) => ReadonlyArray<In>
  /** The read by which it says something to its room; without a `welcome` it is not logged in, or needs none. */
  readonly say: (text: string, welcome?: Frame) => In
  /** Whether a client can say nothing before it has its welcome, because it says it by something in that. */
  readonly saysByWelcome?: boolean
  /**
   * Null if whoever says something before a login is not refused, but not heard or hung up on; without it a refusal must
   * come.
   */
  readonly stranger?: null
  /** Whether a client can say a text as one message; every text if nothing is said. One without line ends must be. */
  readonly carries?: (text: string) => boolean
  /** The text that a client is sent of what others say; the same if nothing is said. */
  readonly heardAs?: (text: string) => string
  /** What a frame tells of a message: who said what. Undefined if it is another frame. */
  readonly heard: (frame: Frame) => { readonly from: string; readonly text: string } | undefined
  /** Whether a frame says that the login succeeded. */
  readonly isWelcome: (frame: Frame) => boolean
  /** Whether a frame refuses something. */
  readonly isRefusal: (frame: Frame) => boolean
  /** Whether whoever says something is sent it too, which is how the protocol confirms it. */
  readonly confirms?: boolean
  /** Junk that a peer might send, to which a refusal must come; none if the protocol takes whatever comes. */
  readonly junk: ReadonlyArray<In>
  /** A frame as a failed test shows it; as text, hexadecimal digits or JSON if nothing is said. */
  readonly describe?: (frame: Frame) => string
}

/** A subject of a protocol's type. */
export type SubjectOf<P> =
  P extends Protocol<infer In, infer Packet, infer Frame, infer Key extends object>
    ? Subject<In, Packet, Frame, Key>
    : never
