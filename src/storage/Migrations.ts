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

/** An older program made this database, or none did: then its migration is 0. */
export class DatabaseOlder extends Data.TaggedError("DatabaseOlder")<{
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
  // `starts` counts the servers that have begun to use a counter, so that one which was replaced notices.
  yield* sql`create table counters (
    name text not null primary key,
    last_number ${integer} not null,
    starts ${integer} not null default 0
  ) ${strict}`
  yield* sql`insert into counters ${sql.insert([
    { name: "messages", last_number: 0 },
    { name: "files", last_number: 0 }
  ])}`

  // The contents on disk are in a folder of this name, so that no other database deletes them as those of no file.
  const random = sql.literal(
    sql.onDialectOrElse({ sqlite: () => "lower(hex(randomblob(16)))", orElse: () => "md5(gen_random_uuid()::text)" })
  )
  yield* sql`create table file_folder (name text not null primary key) ${strict}`
  yield* sql`insert into file_folder values (${random})`

  yield* sql`create table files (
    number ${integer} not null primary key,
    id text not null unique,
    name text not null,
    sha256 text not null,
    size_bytes ${integer} not null,
    at_millis ${integer} not null
  ) ${strict}`

  // A message is of a room or for one user. It outlives the file that goes with it, so it has what is shown of the file,
  // and `file_number` is no foreign key. The number of a file that is gone finds none, because no other file gets it.
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

  // Which files a room has, and by which message it got each.
  yield* sql`create table file_shares (
    room_key text not null,
    file_number ${integer} not null references files (number) on delete cascade,
    message_number ${integer} not null,
    primary key (room_key, file_number)
  ) ${strict}`
  yield* sql`create index file_shares_by_file on file_shares (file_number)`

  // The rooms whose state is not the usual one. Messages up to `readable_after` are shown to nobody in the chat, those up to
  // `forgotten_until` are to be deleted.
  yield* sql`create table rooms (
    key text not null primary key,
    is_private ${integer} not null,
    readable_after ${integer} not null,
    forgotten_until ${integer} not null
  ) ${strict}`
})

// Who a name meant when something was said. Of what was said before that is not known.
const userIds = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`alter table messages add column sender_id text`
  yield* sql`alter table messages add column recipient_id text`
})

const loader = Migrator.fromRecord({ "1_tables": tables, "2_user_ids": userIds })

const newestKnown = Effect.map(loader, (migrations) => Math.max(...migrations.map(([id]) => id)))

const newestApplied = (sql: SqlClient.SqlClient) =>
  Effect.map(
    sql<{ migration: number | null }>`select max(migration_id) as migration from ${sql(table)}`,
    ([row]) => row?.migration ?? 0
  )

/** Brings the database up to date, in one transaction; does nothing if it is. */
export const migrate = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  // A database of a newer program needs none of ours, so this leaves it as it is.
  yield* Migrator.make({})({ loader, table })
  const migration = yield* newestApplied(sql)
  const known = yield* newestKnown
  if (migration > known) return yield* new DatabaseNewer({ migration, newestKnown: known })
})

const hasTable = (sql: SqlClient.SqlClient) =>
  sql.onDialectOrElse({
    sqlite: () => sql`select 1 from sqlite_master where type = 'table' and name = ${table}`,
    orElse: () => sql`select 1 where to_regclass(${table}) is not null`
  })

/** Fails unless the database is as this program makes it. Changes nothing. */
export const check = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const migration = (yield* hasTable(sql)).length === 0 ? 0 : yield* newestApplied(sql)
  const known = yield* newestKnown
  if (migration > known) return yield* new DatabaseNewer({ migration, newestKnown: known })
  if (migration < known) return yield* new DatabaseOlder({ migration, newestKnown: known })
})
