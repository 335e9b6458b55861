import { Data, Effect } from "effect"
import type { Rejection } from "../domain/Rejection.ts"
import type { NothingCame } from "./Deadline.ts"
import type { PeerGone } from "./Peer.ts"

/** A protocol does not do what it must. `message` says what that is, and what its peers were sent last. */
export class ConformanceFailure extends Data.TaggedError("ConformanceFailure")<{ readonly message: string }> {}

/** How a test of the suite can fail. */
export type Failure = ConformanceFailure | NothingCame | PeerGone | Rejection

/** Fails unless `condition` holds. */
export const check = (condition: boolean, message: () => string): Effect.Effect<void, ConformanceFailure> =>
  condition ? Effect.void : Effect.fail(new ConformanceFailure({ message: message() }))

/** Fails unless both are the same as JSON. */
export const equal = (actual: unknown, expected: unknown): Effect.Effect<void, ConformanceFailure> =>
  check(
    JSON.stringify(actual) === JSON.stringify(expected),
    () => `got ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`
  )

/** A failure in words. */
export const wordsOf = (failure: Failure): string => (failure.message === "" ? failure._tag : failure.message)
