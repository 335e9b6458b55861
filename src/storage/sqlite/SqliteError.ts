/** What node:sqlite throws, as effect/sql knows it. */
import { Effect } from "effect"
import { SqlError } from "effect/sql"

// SQLite tells a primary key (1555) and a row id (2579) from other unique constraints (2067); effect/sql does not.
const uniqueCodes: ReadonlySet<unknown> = new Set([1555, 2067, 2579])

const failure = (cause: unknown, operation: string): SqlError.SqlError => {
  // node:sqlite calls `errcode` what the classifier knows as `errno`.
  if (cause instanceof Error && "errcode" in cause) {
    Object.assign(cause, { errno: uniqueCodes.has(cause.errcode) ? 2067 : cause.errcode })
  }
  const message = cause instanceof Error ? cause.message : undefined
  const reason = SqlError.classifySqliteError(cause, { message, operation })
  const isUnopened = operation === "connect" && reason._tag === "UnknownError"
  return new SqlError.SqlError({
    reason: isUnopened ? new SqlError.ConnectionError({ cause, message, operation }) : reason
  })
}

/** Runs what may throw an error of node:sqlite. */
export const attempt = <A>(operation: string, evaluate: () => A): Effect.Effect<A, SqlError.SqlError> =>
  Effect.try({ try: evaluate, catch: (cause) => failure(cause, operation) })
