/** What node:sqlite throws, as effect/sql knows it. */
import { Data, Effect } from "effect"
import { SqlError } from "effect/sql"

// SQLite tells a primary key (1555) and a row id (2579) from other unique constraints (2067); effect/sql does not.
const uniqueCodes: ReadonlySet<unknown> = new Set([1555, 2067, 2579])

// SQLITE_CORRUPT and SQLITE_NOTADB, of which others are variants with more bits.
const damageCodes: ReadonlySet<number> = new Set([11, 26])

/** A file has what no database has in it. */
export class DatabaseDamaged extends Data.TaggedError("DatabaseDamaged")<{
  readonly file: string
  /** What SQLite says of it. */
  readonly reason: string
}> {
  /** What there is to do. */
  get advice(): string {
    const { file } = this
    return `Stop the server and put a backup in its place, without ${file}-wal and ${file}-shm, or rescue what can be read by sqlite3 ${file} .recover`
  }
  override get message(): string {
    return `The database ${this.file} is damaged (${this.reason}). ${this.advice}`
  }
}

const damageOf = (error: unknown, file: string): DatabaseDamaged | undefined => {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return undefined
  return damageCodes.has(error.errcode & 0xff) ? new DatabaseDamaged({ file, reason: error.message }) : undefined
}

const failure = (thrown: unknown, operation: string, file: string): SqlError.SqlError => {
  const cause = damageOf(thrown, file) ?? thrown
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

/** Runs what may throw an error of node:sqlite about a file. */
export const attempt = <A>(operation: string, file: string, evaluate: () => A): Effect.Effect<A, SqlError.SqlError> =>
  Effect.try({ try: evaluate, catch: (cause) => failure(cause, operation, file) })
