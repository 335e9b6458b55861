/**
 * What is answered when messages are stored. Nothing that comes behind a message waits for that.
 *
 * One fiber waits for what is stored together, and then gives all answers in the order in which the messages came.
 */
import { Deferred, Effect, Result } from "effect"
import type { Hangup } from "../domain/Hangup.ts"
import type { StorageFailed } from "../domain/Rejection.ts"
import type { Steps } from "../protocols/Step.ts"
import type { Own } from "./Own.ts"

type Stored = Deferred.Deferred<void, StorageFailed>

/** The steps that answer a message that has been stored, or has not. */
export type Answer<Frame, Key extends object> = (result: Result.Result<void, StorageFailed>) => Steps<Frame, Key>

/** Carries out what `next` gives until that is undefined. */
type PerformAll<Frame, Key extends object> = (
  next: () => Steps<Frame, Key> | undefined,
  own: Own<Frame> | undefined
) => Effect.Effect<void, Hangup>

interface Group<Frame, Key extends object> {
  readonly stored: Stored
  readonly answers: Array<Answer<Frame, Key>>
}

export class StoredAnswers<Frame, Key extends object> {
  readonly #performAll: PerformAll<Frame, Key>
  // The last group of a connection, or of what came without one.
  readonly #last = new Map<Own<Frame> | undefined, Group<Frame, Key>>()
  #pendingCount = 0

  constructor(performAll: PerformAll<Frame, Key>) {
    this.#performAll = performAll
  }

  /** How many answers wait that are of no connection, besides one for each fiber. */
  get pendingCount(): number {
    return this.#pendingCount
  }

  /** Gives what waits until something is stored and then answers; undefined if that is being waited for already. */
  add(
    stored: Stored,
    answer: Answer<Frame, Key>,
    own: Own<Frame> | undefined
  ): Effect.Effect<void, Hangup> | undefined {
    const last = this.#last.get(own)
    if (last !== undefined && last.stored === stored) {
      last.answers.push(answer)
      if (own === undefined) this.#pendingCount++
      return undefined
    }
    const group: Group<Frame, Key> = { stored, answers: [answer] }
    this.#last.set(own, group)
    return this.#answerAll(group, own)
  }

  #answerAll(group: Group<Frame, Key>, own: Own<Frame> | undefined): Effect.Effect<void, Hangup> {
    const { answers, stored } = group
    const forget = Effect.sync(() => {
      if (own === undefined) this.#pendingCount -= answers.length - 1
      if (this.#last.get(own) === group) this.#last.delete(own)
    })
    const answered = Effect.flatMap(Effect.result(Deferred.await(stored)), (result) => {
      let index = 0
      return this.#performAll(() => answers[index++]?.(result), own)
    })
    return Effect.ensuring(answered, forget)
  }
}
