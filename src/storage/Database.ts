/**
 * The database behind history and files: SQLite or PostgreSQL, with the tables of today.
 *
 * - One server has a database, until the layer's scope closes or the process ends, however it ends. It locks the database:
 *   SQLite by a file beside it (see SqliteLock), PostgreSQL by a lock in it (see PostgresLock).
 * - A backup or an export, which only read, need no lock.
 */
import { Effect, Layer, Redacted, type Scope } from "effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import { type Migrator, SqlClient, type SqlError } from "effect/sql"
import { DatabaseUnavailable } from "./DatabaseUnavailable.ts"
import * as Deadline from "./Deadline.ts"
import * as Migrations from "./Migrations.ts"
import * as PostgresLock from "./PostgresLock.ts"
import { DatabaseDamaged } from "./sqlite/SqliteError.ts"
import * as SqliteClient from "./sqlite/SqliteClient.ts"
import * as SqliteLock from "./sqlite/SqliteLock.ts"

/** Which database it is. */
export type Options =
  | {
      readonly kind: "sqlite"
      /** Made if it is not there. `:memory:` is a database that goes with the layer. */
      readonly file: string
      /** NORMAL if not given. */
      readonly synchronous?: SqliteClient.Synchronous | undefined
    }
  | { readonly kind: "postgres"; readonly url: Redacted.Redacted }

type Failure = SqlError.SqlError | Migrator.MigrationError | Migrations.DatabaseNewer | Migrations.DatabaseOlder

type Opened = Effect.Effect<SqlClient.SqlClient, SqlError.SqlError, Scope.Scope | Reactivity.Reactivity>

// How long a server that begins waits for one that ends. With SQLite nothing else runs meanwhile.
const busyMillis = 250
// How long a reader, which has nothing else to do, waits for a lock of SQLite.
const readerBusyMillis = 5000

/** What a URL says besides secrets: passwords may be in its parameters too. */
const withoutSecrets = (url: string): string => {
  if (!URL.canParse(url)) return "of a malformed URL"
  const { host, pathname, protocol, username } = new URL(url)
  return `${protocol}//${username}${username === "" ? "" : "@"}${host}${pathname}`
}

const nameOf = (options: Options): string =>
  options.kind === "sqlite" ? options.file : withoutSecrets(Redacted.value(options.url))

/** The message of the innermost cause, which says most. An error that only collects others has none of its own. */
const wordsOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const inner = error.cause ?? (error instanceof AggregateError ? error.errors[0] : undefined)
  return (inner instanceof Error ? wordsOf(inner) : "") || error.message || error.name
}

/** A server's lock is beside the database of SQLite, and in that of PostgreSQL. */
const holderOf = ({ reason }: SqlError.SqlError, { kind }: Options): string =>
  kind === "postgres" || reason.operation === SqliteLock.operation
    ? "another server has it"
    : "another program locks it"

const reasonOf = (error: Failure, options: Options): string => {
  switch (error._tag) {
    case "DatabaseNewer":
      return `it has migration ${error.migration} of a newer program, this one knows ${error.newestKnown}`
    case "DatabaseOlder":
      return error.migration === 0
        ? "no server has used it yet"
        : `it has migration ${error.migration} of an older program, this one begins with ${error.newestKnown}: start a server first`
    case "SqlError":
      if (error.reason.cause instanceof DatabaseDamaged) {
        const { advice, reason } = error.reason.cause
        return `it is damaged (${reason}). ${advice}`
      }
      return Deadline.isLocked(error) ? holderOf(error, options) : wordsOf(error)
    case "MigrationError":
      return wordsOf(error)
  }
}

// Loaded only if it is used: without it a server starts a tenth faster.
const loadPostgres = Effect.promise(() => import("./PostgresClient.ts"))

const open = (options: Options, isReadOnly: boolean): Opened => {
  if (options.kind === "postgres") return Effect.flatMap(loadPostgres, ({ make }) => make(options))
  const { file, synchronous = "NORMAL" } = options
  return Deadline.outlast(
    SqliteClient.make({ file, synchronous, isReadOnly, busyMillis: isReadOnly ? readerBusyMillis : 0 })
  )
}

/** Opens a database that nobody else has. */
const openAlone = (options: Options): Opened => {
  const opened = open(options, false)
  if (options.kind === "postgres") return Effect.tap(opened, (sql) => PostgresLock.acquire(sql, busyMillis))
  return options.file === ":memory:"
    ? opened
    : Effect.andThen(SqliteLock.acquire(`${options.file}.lock`, busyMillis), opened)
}

const layerOf = (options: Options, opened: Opened, prepare: Effect.Effect<void, Failure, SqlClient.SqlClient>) =>
  opened.pipe(
    Effect.tap((sql) => Deadline.outlast(Effect.provideService(prepare, SqlClient.SqlClient, sql))),
    Effect.mapError(
      (error) =>
        new DatabaseUnavailable({
          database: nameOf(options),
          reason: reasonOf(error, options).replaceAll(/\s*\n\s*/g, " ")
        })
    ),
    Layer.effect(SqlClient.SqlClient),
    Layer.provide(Reactivity.layer)
  )

/** Opens a database for the one server that has it, and brings it up to date; closes it with the scope. */
export const layer = (options: Options): Layer.Layer<SqlClient.SqlClient, DatabaseUnavailable> =>
  layerOf(options, openAlone(options), Migrations.migrate)

/** Opens a database to read it, also while a server has it. It must be there, and be of this program. */
export const layerReader = (options: Options): Layer.Layer<SqlClient.SqlClient, DatabaseUnavailable> =>
  layerOf(options, open(options, true), Migrations.check)
