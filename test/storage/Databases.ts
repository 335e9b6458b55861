/** Databases to test with: files, and schemas of a PostgreSQL if one answers. */
import * as PgClient from "@effect/sql-pg/PgClient"
import { Effect, FileSystem, type PlatformError, Redacted, type Scope } from "effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import { SqlClient, type SqlError } from "effect/sql"
import { randomBytes } from "node:crypto"
import { join } from "node:path"
import * as Database from "../../src/storage/Database.ts"

const server = "postgres://postgres@127.0.0.1:5432/test"

/** Whether there is a PostgreSQL to test with. */
export const answers = await Effect.runPromise(
  Effect.flatMap(PgClient.make({ url: Redacted.make(server) }), (sql) => sql`select 1`).pipe(
    Effect.scoped,
    Effect.provide(Reactivity.layer),
    Effect.isSuccess
  )
)
if (!answers) console.warn(`No PostgreSQL answers at ${server}: its tests are skipped`)

/** A directory that goes with the scope. */
export const directory = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())

/** A place for a database, which goes with the scope. */
export type Place = Effect.Effect<
  Database.Options,
  SqlError.SqlError | PlatformError.PlatformError,
  Scope.Scope | FileSystem.FileSystem
>

/** A file in a directory that is still to be made. */
export const file: Place = Effect.map(directory, (it) => ({ kind: "sqlite", file: join(it, "data", "chat.db") }))

// A client of its own each time, for a pool of connections does not outlive a minute of a test clock.
const administer = (statement: (sql: PgClient.PgClient) => Effect.Effect<unknown, SqlError.SqlError>) =>
  PgClient.make({ url: Redacted.make(server) }).pipe(
    Effect.flatMap(statement),
    Effect.scoped,
    Effect.provide(Reactivity.layer)
  )

/** A schema of its own. */
export const schema: Place = Effect.gen(function* () {
  const name = `parlance_${randomBytes(8).toString("hex")}`
  yield* Effect.acquireRelease(
    administer((sql) => sql`create schema ${sql(name)}`),
    () => Effect.orDie(administer((sql) => sql`drop schema ${sql(name)} cascade`))
  )
  const url = Redacted.make(`${server}?options=-csearch_path%3D${name}`)
  return { kind: "postgres", url } satisfies Database.Options
})

/** Uses a database as the one server that has it. */
export const run = <A, E, R>(
  options: Database.Options,
  use: (sql: SqlClient.SqlClient) => Effect.Effect<A, E, R | Scope.Scope>
) =>
  Effect.provide(
    Effect.flatMap(SqlClient.SqlClient, (sql) => Effect.scoped(use(sql))),
    Database.layer(options)
  )
