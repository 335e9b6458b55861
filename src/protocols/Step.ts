/** What a protocol wants done, as values: steps are carried out in order, by whoever serves it. */
import type { Redacted } from "effect"
import type { Command, Reply } from "../domain/Command.ts"
import type { HangupReason } from "../domain/Hangup.ts"
import type { Rejection } from "../domain/Rejection.ts"
import type { UserSummary } from "../domain/Room.ts"
import type { Link } from "./Link.ts"

/**
 * One thing to be done.
 *
 * It is about the session of its `key`, or of the connection on which the packet came; and it goes by its `link`, or by that
 * connection. A protocol whose sessions are its connections' own names neither. A step is carried out whole or not at all.
 */
export type Step<Frame, Key extends object = never> =
  /** Send a frame. If the peer is paced nothing goes out behind it for `holdMillis`, or until a `Release`. */
  | { readonly _tag: "Send"; readonly frame: Frame; readonly link?: Link<Frame>; readonly holdMillis?: number }
  /** The peer has gone on: what was held back may go out. */
  | { readonly _tag: "Release" }
  /**
   * Ask whether a name could be had, and have a public number kept for its login: `reserved` is asked with that. Nobody has
   * the name by it.
   */
  | {
      readonly _tag: "Reserve"
      readonly link?: Link<Frame>
      readonly name: string
      readonly reserved: (number: number) => Steps<Frame, Key>
      readonly refused: (rejection: Rejection) => Steps<Frame, Key>
    }
  /**
   * Take a name, and the public `number` that was kept for it, or a new one. On success the session gets its `LoggedIn`
   * event before anything else, and `accepted` is asked; a refusal goes to `refused`. Their steps are carried out at once.
   * The `credential` is what the peer gives as proof that it may have the name.
   */
  | {
      readonly _tag: "Login"
      readonly key?: Key
      readonly link?: Link<Frame>
      readonly name: string
      readonly number?: number
      readonly credential?: Redacted.Redacted | undefined
      readonly accepted?: (user: UserSummary) => Steps<Frame, Key>
      readonly refused: (rejection: Rejection) => Steps<Frame, Key>
    }
  /**
   * Have the chat run a command. Without a login it is refused as `NotLoggedIn`. With `whenStored` what the command says is
   * durable before `replied` is asked; the steps that come next do not wait for that.
   */
  | {
      readonly _tag: "Run"
      readonly key?: Key
      readonly command: Command
      readonly whenStored?: boolean
      readonly replied: (reply: Reply) => Steps<Frame, Key>
      readonly refused: (rejection: Rejection) => Steps<Frame, Key>
    }
  /** The session of a key is over. */
  | { readonly _tag: "Logout"; readonly key: Key; readonly why: string }
  /** What came is no packet, or is of no session. Too many of them end a connection. */
  | { readonly _tag: "Fault" }
  /**
   * End a connection when what was sent before has gone out: that on which the packet came at once, so that nothing of the
   * same read is carried out any more; that of a `link` in the next turn.
   */
  | { readonly _tag: "Hangup"; readonly link?: Link<Frame>; readonly reason: HangupReason; readonly detail?: string }

/** Steps, which are carried out in order. */
export type Steps<Frame, Key extends object = never> = ReadonlyArray<Step<Frame, Key>>

/** The steps that need no waiting. */
export type ImmediateStep<Frame, Key extends object> = Exclude<
  Step<Frame, Key>,
  { readonly _tag: "Reserve" | "Login" | "Run" | "Release" }
>

/** The session of its own key that steps are about; they may have to wait, and what comes of it later waits for them. */
export const keyOf = <Frame, Key extends object>(steps: Steps<Frame, Key>): Key | undefined => {
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index]!
    if (step._tag === "Run" || step._tag === "Login") return step.key
  }
  return undefined
}
