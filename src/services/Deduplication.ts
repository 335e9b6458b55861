/**
 * Which messages have been said already, by the ids that their authors gave them.
 *
 * - An author whose connection broke before the answer came sends the message again, with the same id. It is given the
 *   first answer, and nobody is told the message twice. The author has another session by then, so its name counts.
 * - The newest messages are remembered, bounded by number and by the length of their texts, until the server ends.
 */
import type { Reply } from "../domain/Command.ts"
import { lookAlikeKey, type UserName } from "../domain/Names.ts"

/** What came of a message. */
export type Accepted = Reply & { readonly _tag: "Accepted" }

export interface Deduplication {
  /** What came of the message the first time, if this is a repetition. */
  readonly find: (author: UserName, id: string) => Accepted | undefined
  readonly remember: (author: UserName, id: string, accepted: Accepted) => void
}

/** How many messages are remembered. */
export const limitMessages = 10_000
/** How long the remembered texts may be together, in UTF-16 units. */
export const limitUnits = 4 * 1024 * 1024

/** Makes a memory of messages. */
export const make = (): Deduplication => {
  const known = new Map<string, Accepted>()
  let units = 0

  const keyOf = (author: UserName, id: string): string => `${lookAlikeKey(author)}\n${id}`

  return {
    find: (author, id) => known.get(keyOf(author, id)),
    remember: (author, id, accepted) => {
      known.set(keyOf(author, id), accepted)
      units += accepted.message.text.length
      for (const [oldest, { message }] of known) {
        if (known.size <= limitMessages && units <= limitUnits) break
        known.delete(oldest)
        units -= message.text.length
      }
    }
  }
}
