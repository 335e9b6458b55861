/**
 * The numbers of messages, which the chat gives in memory.
 *
 * - The counter in the database is always ahead of them, by half a block or more, and the next start goes on behind it.
 *   So no number repeats, also if the process is killed before a message was stored that somebody has seen. A server that
 *   ends as it should puts the counter back to the last number.
 * - If the database does not answer for so long that a block is used up, and the process is killed before it answers
 *   again, the numbers beyond the block come again. None of their messages was stored.
 * - A server which finds that another has begun since then does not raise the counter: the numbers ahead are the other's.
 */
import { Data, Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"

/** Numbers are reserved in blocks of so many. */
export const block = 10_000

/** Another server has begun with the database. */
export class DatabaseTaken extends Data.TaggedError("DatabaseTaken")<{}> {
  override readonly message = "Another server has taken the database"
}

export class MessageNumbers {
  readonly #sql: SqlClient.SqlClient
  readonly #starts: number
  #reserved: number
  /** The greatest number that was ever given. */
  greatest: number

  constructor(sql: SqlClient.SqlClient, starts: number, last: number) {
    this.#sql = sql
    this.#starts = starts
    this.#reserved = last + block
    this.greatest = last
  }

  #set(last: number): Effect.Effect<boolean, SqlError.SqlError> {
    const sql = this.#sql
    const rows = sql`update counters set last_number = ${last}
      where name = 'messages' and starts = ${this.#starts} returning name`
    return Effect.map(rows, ({ length }) => length > 0)
  }

  /** Whether few numbers are left. */
  isLow(): boolean {
    return this.greatest > this.#reserved - block / 2
  }

  /** Reserves numbers if few are left, and gives the last of them, which holds when the transaction is committed. */
  reserve(): Effect.Effect<number, SqlError.SqlError | DatabaseTaken> {
    return Effect.suspend(() => {
      if (!this.isLow()) return Effect.succeed(this.#reserved)
      const last = this.greatest + block
      return Effect.flatMap(this.#set(last), (isSet) =>
        isSet ? Effect.succeed(last) : Effect.fail(new DatabaseTaken())
      )
    })
  }

  /** Takes note of the last number that is reserved for sure. */
  confirm(last: number): void {
    this.#reserved = last
  }

  /** Gives back what was reserved and is not used. */
  end(): Effect.Effect<void, SqlError.SqlError> {
    return Effect.suspend(() => Effect.asVoid(this.#set(this.greatest)))
  }
}

/** Goes on behind every number that was given before. */
export const begin = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient
): Effect.fn.Return<MessageNumbers, SqlError.SqlError> {
  // The greatest of all messages too, for somebody may have put some there.
  const [row] = yield* sql<{ last_number: number; starts: number }>`update counters set
    last_number = case when last_number < (select coalesce(max(number), 0) from messages)
      then (select max(number) from messages) else last_number end + ${block},
    starts = starts + 1
    where name = 'messages' returning last_number, starts`
  return new MessageNumbers(sql, row!.starts, row!.last_number - block)
})
