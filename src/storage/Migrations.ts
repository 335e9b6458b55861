/**
 * The tables of the database, and how an older one becomes one of today.
 *
 * - Forward only: a migration that was released is never changed. A program leaves a database alone that a newer one made.
 * - One schema for SQLite and PostgreSQL, that differ in how they call 64 bits. SQLite's tables are strict, so that both
 *   refuse what has the wrong type. A text with U+0000 is refused by PostgreSQL alone: keep it out.
 * - Times are milliseconds since 1970.
 */
import { Data, Effect } from "effect"
import { Migrator, SqlClient } from "effect/sql"

/** A newer program made this database. */
export class DatabaseNewer extends Data.TaggedError("DatabaseNewer")<{
  readonly migration: number
  readonly newestKnown: number
}> {}

/** The table in which the applied migrations are. */
export const table = "parlance_migrations"

const tables = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  // SQLite's `integer` has 64 bits, and only as that a primary key is the row's own number.
  const integer = sql.literal(sql.onDialectOrElse({ sqlite: () => "integer", orElse: () => "bigint" }))
  const strict = sql.literal(sql.onDialectOrElse({ sqlite: () => "strict", orElse: () => "" }))

  // The greatest number that was ever given. `max(number)` would give numbers again once the last messages or files are
  // deleted, and does not know the numbers of uploads that came to nothing.
  yield* sql`create table counters (name text not null primary key, last_number ${integer} not null) ${strict}`
  yield* sql`insert into counters ${sql.insert([
    { name: "messages", last_number: 0 },
    { name: "files", last_number: 0 }
  ])}`

  yield* sql`create table contents (
    sha256 text not null primary key,
    size_bytes ${integer} not null,
    stored_at_millis ${integer} not null
  ) ${strict}`

  yield* sql`create table files (
    number ${integer} not null primary key,
    id text not null unique,
    name text not null,
    sha256 text not null references contents (sha256),
    size_bytes ${integer} not null,
    at_millis ${integer} not null,
    owner text not null
  ) ${strict}`
  yield* sql`create index files_by_content on files (sha256)`

  // A message outlives the file that goes with it, so it has what is shown of the file, and `file_number` refers to
  // nothing: a number that finds no file is one of a file that is gone, for no other will have it.
  yield* sql`create table messages (
    number ${integer} not null primary key,
    room_key text,
    room_name text,
    recipient text,
    sender text not null,
    protocol text not null,
    body text not null,
    at_millis ${integer} not null,
    file_name text,
    file_size_bytes ${integer},
    file_url text,
    file_number ${integer},
    check ((room_key is null) <> (recipient is null)),
    check ((room_key is null) = (room_name is null)),
    check ((file_name is null) = (file_size_bytes is null) and (file_name is null) = (file_url is null)),
    check (file_number is null or file_name is not null)
  ) ${strict}`
  yield* sql`create index messages_by_room on messages (room_key, number)`

  yield* sql`create table file_shares (
    file_number ${integer} not null references files (number) on delete cascade,
    room_key text,
    recipient text,
    check ((room_key is null) <> (recipient is null))
  ) ${strict}`
  yield* sql`create index file_shares_by_file on file_shares (file_number)`
  yield* sql`create unique index file_shares_by_room on file_shares (room_key, file_number)
    where room_key is not null`
  yield* sql`create unique index file_shares_by_recipient on file_shares (recipient, file_number)
    where recipient is not null`
})

const loader = Migrator.fromRecord({ "1_tables": tables })

/** Brings the database up to date, in one transaction; does nothing if it is. */
export const migrate = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  // A database of a newer program needs none of ours, so this leaves it as it is.
  yield* Migrator.make({})({ loader, table })
  const [row] = yield* sql<{ migration: number }>`select max(migration_id) as migration from ${sql(table)}`
  const migration = row?.migration ?? 0
  const newestKnown = Math.max(...(yield* loader).map(([id]) => id))
  if (migration > newestKnown) return yield* new DatabaseNewer({ migration, newestKnown })
})
