/**
 * A SqlClient over node:sqlite, because no build of @effect/sql-sqlite-node works with Effect 4.1: when there is one,
 * this file goes.
 *
 * - One connection, which one fiber has at a time: a transaction has it from its BEGIN to its end. Statements run at once
 *   and on this thread, so interruption comes between them; inside a transaction it rolls back.
 * - Integers are read as numbers, and as bigints beyond 2^53 (see SqlInteger). Bytes are read as Uint8Array. Rows have no
 *   prototype.
 * - The statements that were used last stay prepared.
 * - A commit, or a statement outside of a transaction, fails if the file or its log has been deleted, moved or replaced: what
 *   it wrote is lost. That is one look at each of them.
 * - Other processes may read the database at any time, and write it between transactions. That only one server does is a
 *   matter of SqliteLock.
 */
import { Effect, Option, type Scope, Semaphore, Stream } from "effect"
import type { Reactivity } from "effect/reactivity/Reactivity"
import { SqlClient, type SqlConnection, type SqlError, Statement } from "effect/sql"
import { accessSync, constants } from "node:fs"
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite"
import { fromBigInt } from "../SqlInteger.ts"
import { attempt } from "./SqliteError.ts"
import { makeFile, makeWatch, openFile } from "./SqliteFile.ts"

/** Whether a commit is safe from a power cut (FULL) or only from a crash of the program (NORMAL). */
export type Synchronous = "NORMAL" | "FULL"

export interface Options {
  /**
   * Made if it is not there, with its directory, for this user alone, unless it is only read. `:memory:` is a database
   * without a file.
   */
  readonly file: string
  readonly synchronous: Synchronous
  /** Whether every statement that would change something fails. */
  readonly isReadOnly?: boolean | undefined
  /**
   * How long a statement waits for a lock of another process, 0 if not given. Nothing else runs on this thread meanwhile,
   * so a server is to try again instead (see Deadline).
   */
  readonly busyMillis?: number | undefined
}

type Row = Record<string, SQLOutputValue>
type Transform = Parameters<SqlConnection.Connection["execute"]>[2]

const statementsLimit = 128
// A checkpoint waits for the disk, and this thread waits with it. So there is one for 16 MiB of log, not for every 4.
const checkpointPages = 4096
const chunkRows = 128

const open = ({ busyMillis = 0, file, isReadOnly = false, synchronous }: Options): DatabaseSync => {
  // A reader of a database in WAL mode writes to the memory that processes share, and removes it if it is the last.
  if (isReadOnly) accessSync(file, constants.R_OK | constants.W_OK)
  else if (file !== ":memory:") makeFile(file)
  const options = { timeout: busyMillis, enableForeignKeyConstraints: true, readBigInts: true }
  if (isReadOnly) return openFile(file, options, ["PRAGMA query_only = 1"])
  return openFile(file, options, [
    "PRAGMA journal_mode = WAL",
    `PRAGMA synchronous = ${synchronous}`,
    `PRAGMA wal_autocheckpoint = ${checkpointPages}`
  ])
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
  readonly #file: string
  readonly #watch: () => void
  // By last use, the oldest first.
  readonly #statements = new Map<string, StatementSync>()

  constructor(database: DatabaseSync, { file, isReadOnly = false }: Options) {
    this.#database = database
    this.#file = file
    this.#watch = isReadOnly || file === ":memory:" ? () => {} : makeWatch([file, `${file}-wal`])
    this.#watch()
  }

  get isTransaction(): boolean {
    return this.#database.isOpen && this.#database.isTransaction
  }

  /** Runs a statement. What it leaves outside of a transaction must be in the file that is there. */
  #attempt<A>(sql: string, run: () => A): Effect.Effect<A, SqlError.SqlError> {
    return attempt("execute", this.#file, () => {
      const result = run()
      if (!this.#database.isTransaction && sql !== "ROLLBACK") this.#watch()
      return result
    })
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
    return this.#attempt(sql, () => this.#rows(this.#prepared(sql), params, transform))
  }

  executeUnprepared(sql: string, params: ReadonlyArray<unknown>, transform: Transform) {
    return this.#attempt(sql, () => this.#rows(this.#database.prepare(sql), params, transform))
  }

  executeValues(sql: string, params: ReadonlyArray<unknown>) {
    return this.#attempt(sql, () => this.#values(this.#prepared(sql), params))
  }

  executeValuesUnprepared(sql: string, params: ReadonlyArray<unknown>) {
    return this.#attempt(sql, () => this.#values(this.#database.prepare(sql), params))
  }

  /** The rows of a statement that has any, else how many it `changes` and its `lastInsertRowid`. */
  executeRaw(sql: string, params: ReadonlyArray<unknown>) {
    return this.#attempt(sql, () => {
      const statement = this.#prepared(sql)
      if (statement.columns().length > 0) return this.#rows(statement, params, undefined)
      const { changes, lastInsertRowid } = statement.run(...(params as ReadonlyArray<SQLInputValue>))
      return { changes: Number(changes), lastInsertRowid: fromBigInt(BigInt(lastInsertRowid)) }
    })
  }

  executeStream(sql: string, params: ReadonlyArray<unknown>, transform: Transform) {
    // Its own statement, for the same text may run again while rows are still to come.
    const begin = attempt("stream", this.#file, () =>
      this.#database.prepare(sql).iterate(...(params as ReadonlyArray<SQLInputValue>))
    )
    const end = (rows: NodeJS.Iterator<Row>) => Effect.sync(() => rows.return?.())
    const next = (rows: NodeJS.Iterator<Row>) =>
      attempt("stream", this.#file, () => {
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

/** Opens a database until the scope closes. */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<SqlClient.SqlClient, SqlError.SqlError, Scope.Scope | Reactivity> {
  const database = yield* Effect.acquireRelease(
    attempt("connect", options.file, () => open(options)),
    (it) => Effect.sync(() => it.close())
  )
  const connection = new Connection(database, options)
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
    beginTransaction: options.isReadOnly === true ? "BEGIN" : "BEGIN IMMEDIATE",
    prepareTransactionControls: true,
    releaseSavepoint: (name) => `RELEASE SAVEPOINT ${name}`,
    spanAttributes: [["db.system.name", "sqlite"]]
  })
})
