import { Data } from "effect"

/** Why a connection ends on the server's initiative. */
export type HangupReason =
  | "malformed" // what came is not of the protocol, and there is no place to go on from
  | "login-timeout" // no login in time
  | "login-limit" // too many bytes or packets before login
  | "too-large" // a packet over the limit
  | "faulty" // too many packets in a short time that are not what the protocol says
  | "flooding" // too many pings and refused requests in a short time
  | "slow" // the peer does not read what it is sent
  | "killed" // an operator's decision
  | "too-many" // too many connections from one address
  | "banned" // an operator has banned the address
  | "refused" // the policy of the server has refused the connection
  | "stopping" // the server stops
  | "done" // what it was there for is done

/**
 * A connection ends. `retry` tells a client whether it makes sense to come back with the same behaviour.
 *
 * Raised anywhere in a connection, caught in one place: a `Connection`.
 */
export class Hangup extends Data.TaggedError("Hangup")<{
  readonly reason: HangupReason
  readonly detail?: string
}> {
  /** Whether coming back, with the same behaviour, may go better. */
  get retry(): boolean {
    return this.reason === "slow" || this.reason === "stopping" || this.reason === "login-timeout"
  }
}

const sentences: Record<HangupReason, string> = {
  malformed: "The connection is closed: what was received is not of this protocol.",
  "login-timeout": "The connection is closed: no login in time.",
  "login-limit": "The connection is closed: too much was sent before login.",
  "too-large": "The connection is closed: a package is over the limit.",
  faulty: "The connection is closed: too many packages are faulty.",
  flooding: "The connection is closed: too many pings or refused requests.",
  slow: "The connection is closed: it is not read.",
  killed: "The connection is closed by an operator.",
  "too-many": "The connection is closed: too many connections from this address.",
  banned: "The connection is closed: this address is banned.",
  refused: "The connection is closed: it is refused by this server.",
  stopping: "The server is stopping.",
  done: "The connection is closed."
}

/** One English sentence for the end of a connection. */
export const explain = (reason: HangupReason): string => sentences[reason]
