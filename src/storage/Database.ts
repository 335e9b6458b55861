/**
 * The database behind history and files: SQLite or PostgreSQL, with the tables of today.
 *
 * One server has an SQLite database: it is locked until the layer's scope closes or the process ends, however it ends.
 */
import { Effect, Layer, Redacted, type Scope } from "effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import { type Migrator, SqlClient, type SqlError } from "effect/sql"
import { DatabaseUnavailable } from "./DatabaseUnavailable.ts"
import * as Migrations from "./Migrations.ts"
import * as PostgresClient from "./PostgresClient.ts"
import * as SqliteClient from "./sqlite/SqliteClient.ts"

export type Options =
  | {
      readonly kind: "sqlite"
      /** Made if it is not there. `:memory:` is a database that goes with the layer. */
      readonly file: string
      /** NORMAL if not given. */
      readonly synchronous?: SqliteClient.Synchronous | undefined
    }
  | { readonly kind: "postgres"; readonly url: Redacted.Redacted }

type Failure = SqlError.SqlError | Migrator.MigrationError | Migrations.DatabaseNewer

// How long a server that begins waits for one that ends. Nothing else runs meanwhile.
const busyMillis = 250

/** What a URL says besides secrets: passwords may be in its parameters too. */
const withoutSecrets = (url: string): string => {
  if (!URL.canParse(url)) return "of a malformed URL"
  const { host, pathname, protocol, username } = new URL(url)
  return `${protocol}//${username}${username === "" ? "" : "@"}${host}${pathname}`
}

const nameOf = (options: Options): string =>
  options.kind === "sqlite" ? options.file : withoutSecrets(Redacted.value(options.url))

/** The words of the first cause, which knows best; an error that only collects others has none of its own. */
const wordsOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const inner = error.cause ?? (error instanceof AggregateError ? error.errors[0] : undefined)
  return (inner instanceof Error ? wordsOf(inner) : "") || error.message || error.name
}

const reasonOf = (error: Failure): string => {
  switch (error._tag) {
    case "DatabaseNewer":
      return `it has migration ${error.migration} of a newer program, this one knows ${error.newestKnown}`
    case "SqlError":
      return error.reason._tag === "LockTimeoutError" ? "another server has it" : wordsOf(error)
    case "MigrationError":
      return wordsOf(error)
  }
}

const open = (
  options: Options
): Effect.Effect<SqlClient.SqlClient, SqlError.SqlError, Scope.Scope | Reactivity.Reactivity> => {
  if (options.kind === "postgres") return PostgresClient.make(options)
  const { file, synchronous = "NORMAL" } = options
  return SqliteClient.make({ file, synchronous, isExclusive: true, busyMillis })
}

const make = (options: Options) =>
  open(options).pipe(
    Effect.tap((sql) => Effect.provideService(Migrations.migrate, SqlClient.SqlClient, sql)),
    Effect.mapError(
      (error) =>
        new DatabaseUnavailable({ database: nameOf(options), reason: reasonOf(error).replaceAll(/\s*\n\s*/g, " ") })
    )
  )

/** Opens a database and brings it up to date; closes it with the scope. */
export const layer = (options: Options): Layer.Layer<SqlClient.SqlClient, DatabaseUnavailable> =>
  Layer.effect(SqlClient.SqlClient, make(options)).pipe(Layer.provide(Reactivity.layer))
