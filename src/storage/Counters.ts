/**
 * Numbers that never repeat, whatever becomes of the process: they are taken from a counter in the database before they
 * are given to anything.
 */
import { Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"

/** What is counted. */
export type Counter = "messages" | "files"

/**
 * Takes a block of `count` numbers and gives the first of it. Nobody else gets one of them, also if none is ever used. In
 * a transaction they are taken when that is committed.
 */
export const reserve = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  counter: Counter,
  count: number
): Effect.fn.Return<number, SqlError.SqlError> {
  const rows = yield* sql<{ last_number: number }>`insert into counters ${sql.insert({
    name: counter,
    last_number: count
  })} on conflict (name) do update set last_number = counters.last_number + excluded.last_number
    returning last_number`
  return rows[0]!.last_number - count + 1
})
