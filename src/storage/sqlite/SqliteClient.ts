/**
 * A SqlClient over node:sqlite, because no build of @effect/sql-sqlite-node works with Effect 4.1: when there is one,
 * this file goes.
 *
 * - One connection, which one fiber has at a time: a transaction has it from its BEGIN to its end. Statements run at once
 *   and on this thread, so interruption comes between them; inside a transaction it rolls back.
 * - Integers are read as numbers, and as bigints beyond 2^53 (see SqlInteger). Bytes are read as Uint8Array. Rows have no
 *   prototype.
 * - What cannot be prepared is not remembered; what can be is, as long as it is used.
 * - An exclusive database is locked from opening to closing, by locks of the operating system: no other process reads or
 *   writes it meanwhile, and a process that is killed leaves no lock behind.
 */
import { Effect, Option, type Scope, Semaphore, Stream } from "effect"
import type { Reactivity } from "effect/reactivity/Reactivity"
import { SqlClient, type SqlConnection, SqlError, Statement } from "effect/sql"
import { accessSync, closeSync, constants, mkdirSync, openSync } from "node:fs"
import { dirname } from "node:path"
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from "node:sqlite"
import { fromBigInt } from "../SqlInteger.ts"

/** Whether a commit is safe from a power cut (FULL) or only from a crash of the program (NORMAL). */
export type Synchronous = "NORMAL" | "FULL"

export interface Options {
  /** Made if it is not there, with its directory, for this user alone. `:memory:` is a database without a file. */
  readonly file: string
  readonly synchronous: Synchronous
  readonly isExclusive: boolean
  /** How long a statement waits for a lock of another process. Nothing else runs on this thread meanwhile. */
  readonly busyMillis?: number | undefined
}

type Row = Record<string, SQLOutputValue>
type Transform = Parameters<SqlConnection.Connection["execute"]>[2]

const statementsLimit = 128
const chunkRows = 128

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

const attempt = <A>(operation: string, evaluate: () => A): Effect.Effect<A, SqlError.SqlError> =>
  Effect.try({ try: evaluate, catch: (cause) => failure(cause, operation) })

/**
 * Makes an empty file if there is none, else sees whether it and its log can be written: SQLite says only later, and less
 * clearly. One that is there is not opened here, for closing it would take the locks of this process from it.
 */
const makeFile = (file: string): void => {
  mkdirSync(dirname(file), { recursive: true })
  try {
    closeSync(openSync(file, "wx", 0o600))
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error
    for (const path of [file, dirname(file)]) accessSync(path, constants.W_OK)
  }
}

const open = ({ busyMillis = 1000, file, isExclusive, synchronous }: Options): DatabaseSync => {
  if (file !== ":memory:") makeFile(file)
  const database = new DatabaseSync(file, { timeout: busyMillis, enableForeignKeyConstraints: true, readBigInts: true })
  try {
    // In this order: a log that is opened under an exclusive lock needs no memory that processes share.
    if (isExclusive) database.exec("PRAGMA locking_mode = EXCLUSIVE")
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`)
    if (isExclusive) database.exec("BEGIN EXCLUSIVE; COMMIT")
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

const narrow = <R extends Row | Array<SQLOutputValue>>(row: R): R => {
  const cells = row as Record<string, unknown>
  for (const key in cells) {
    const cell = cells[key]
    if (typeof cell === "bigint") cells[key] = fromBigInt(cell)
  }
  return row
}

class Connection implements SqlConnection.Connection {
  readonly #database: DatabaseSync
  // By last use, the oldest first.
  readonly #statements = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  get isTransaction(): boolean {
    return this.#database.isOpen && this.#database.isTransaction
  }

  #prepared(sql: string): StatementSync {
    const statement = this.#statements.get(sql) ?? this.#database.prepare(sql)
    this.#statements.delete(sql)
    this.#statements.set(sql, statement)
    if (this.#statements.size > statementsLimit) {
      for (const oldest of this.#statements.keys()) {
        this.#statements.delete(oldest)
        break
      }
    }
    return statement
  }

  #rows(statement: StatementSync, params: ReadonlyArray<unknown>, transform: Transform): ReadonlyArray<Row> {
    statement.setReturnArrays(false)
    const rows = statement.all(...(params as ReadonlyArray<SQLInputValue>))
    for (const row of rows) narrow(row)
    return transform === undefined ? rows : transform(rows)
  }

  #values(statement: StatementSync, params: ReadonlyArray<unknown>): ReadonlyArray<ReadonlyArray<unknown>> {
    statement.setReturnArrays(true)
    const rows = statement.all(...(params as ReadonlyArray<SQLInputValue>)) as unknown as Array<Array<SQLOutputValue>>
    return rows.map(narrow)
  }

  execute(sql: string, params: ReadonlyArray<unknown>, transform: Transform) {
    return attempt("execute", () => this.#rows(this.#prepared(sql), params, transform))
  }

  executeUnprepared(sql: string, params: ReadonlyArray<unknown>, transform: Transform) {
    return attempt("execute", () => this.#rows(this.#database.prepare(sql), params, transform))
  }

  executeValues(sql: string, params: ReadonlyArray<unknown>) {
    return attempt("execute", () => this.#values(this.#prepared(sql), params))
  }

  executeValuesUnprepared(sql: string, params: ReadonlyArray<unknown>) {
    return attempt("execute", () => this.#values(this.#database.prepare(sql), params))
  }

  /** The rows of a statement that has any, else how many it `changes` and its `lastInsertRowid`. */
  executeRaw(sql: string, params: ReadonlyArray<unknown>) {
    return attempt("execute", () => {
      const statement = this.#prepared(sql)
      if (statement.columns().length > 0) return this.#rows(statement, params, undefined)
      const { changes, lastInsertRowid } = statement.run(...(params as ReadonlyArray<SQLInputValue>))
      return { changes: Number(changes), lastInsertRowid: fromBigInt(BigInt(lastInsertRowid)) }
    })
  }

  executeStream(sql: string, params: ReadonlyArray<unknown>, transform: Transform) {
    // Its own statement, for the same text may run again while rows are still to come.
    const begin = attempt("stream", () =>
      this.#database.prepare(sql).iterate(...(params as ReadonlyArray<SQLInputValue>))
    )
    const end = (rows: NodeJS.Iterator<Row>) => Effect.sync(() => rows.return?.())
    const next = (rows: NodeJS.Iterator<Row>) =>
      attempt("stream", () => {
        const chunk: Array<Row> = []
        while (chunk.length < chunkRows) {
          const row = rows.next()
          if (row.done === true) break
          chunk.push(narrow(row.value))
        }
        const isLast = chunk.length < chunkRows
        const page = transform === undefined ? chunk : transform(chunk)
        return [page, isLast ? Option.none() : Option.some(rows)] as const
      })
    return Stream.unwrap(Effect.map(Effect.acquireRelease(begin, end), (rows) => Stream.paginate(rows, next)))
  }
}

/** Opens a database until the scope closes. Fails with a `LockTimeoutError` if another process has it. */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<SqlClient.SqlClient, SqlError.SqlError, Scope.Scope | Reactivity> {
  const database = yield* Effect.acquireRelease(
    attempt("connect", () => open(options)),
    (it) => Effect.sync(() => it.close())
  )
  const connection = new Connection(database)
  const acquirers = SqlClient.makeSqliteAcquirers({
    connection: Effect.succeed(connection),
    semaphore: yield* Semaphore.make(1),
    isTransaction: (it) => it.isTransaction
  })
  return yield* SqlClient.make({
    ...acquirers,
    compiler: Statement.makeCompilerSqlite(),
    driver: "sqlite-node",
    // The lock to write comes with the first statement; asked for later it could be refused half-way.
    beginTransaction: "BEGIN IMMEDIATE",
    prepareTransactionControls: true,
    releaseSavepoint: (name) => `RELEASE SAVEPOINT ${name}`,
    spanAttributes: [["db.system.name", "sqlite"]]
  })
})
