/** The messages in the database, and which files rooms have by them. */
import { Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import type { Message } from "../domain/Message.ts"
import type { Page, SharedFile } from "../services/History.ts"
import * as MessageRow from "./MessageRow.ts"
import * as Portions from "./Portions.ts"

/** A room that got a file by a message. */
export interface Share {
  readonly roomKey: string
  readonly file: number
  readonly message: number
}

/** Reads rows as messages, and says which are none. */
export const decode = Effect.fnUntraced(function* (
  rows: ReadonlyArray<MessageRow.MessageRow>
): Effect.fn.Return<ReadonlyArray<Message>> {
  const messages: Array<Message> = []
  for (const row of rows) {
    const message = MessageRow.toMessage(row)
    if (message === undefined) yield* Effect.logWarning(`Cannot read message ${row.number} of the database`)
    else messages.push(message)
  }
  return messages
})

/** Writes messages. */
export type Insert = (rows: ReadonlyArray<MessageRow.MessageRow>) => Effect.Effect<void, SqlError.SqlError>

/** Makes what writes messages. The text of a statement is made once for each size that a portion can have. */
export const makeInsert = (sql: SqlClient.SqlClient): Insert => {
  const texts = new Map<number, string>()

  const textFor = (portion: Portions.Portion<MessageRow.MessageRow>): string => {
    const known = texts.get(portion.length)
    if (known !== undefined) return known
    const [text] = sql`insert into messages ${sql.insert(portion)}`.compile()
    texts.set(portion.length, text)
    return text
  }

  return Effect.fnUntraced(function* (rows) {
    for (const portion of Portions.split(rows)) {
      yield* sql.unsafe(textFor(portion), portion.flatMap(Object.values<string | number | null>))
    }
  })
}

/** Writes which rooms have got files. What is gone meanwhile is not shared; what a room has already stays. */
export const share = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  shares: ReadonlyArray<Share>
): Effect.fn.Return<void, SqlError.SqlError> {
  // Nobody deletes the file meanwhile. SQLite, which has one writer at a time, needs no word for that.
  const held = sql.literal(sql.onDialectOrElse({ sqlite: () => "", orElse: () => "for key share" }))
  // In one order, so that two who lock the same files do not wait for each other.
  for (const { file, message, roomKey } of shares.toSorted((a, b) => a.file - b.file)) {
    yield* sql`insert into file_shares (room_key, file_number, message_number)
      select cast(${MessageRow.storableText(roomKey)} as text), number, cast(${message} as bigint)
      from files where number = ${file} ${held}
      on conflict do nothing`
  }
})

/** Reads a page of a room, of messages with numbers greater than `readableAfter` only. */
export const page = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  roomKey: string,
  { after, before, limit }: Page,
  readableAfter: number
): Effect.fn.Return<ReadonlyArray<Message>, SqlError.SqlError> {
  const key = MessageRow.storableText(roomKey)
  const above = Math.max(readableAfter, Math.floor(after ?? 0))
  const below = Math.min(Number.MAX_SAFE_INTEGER, Math.ceil(before ?? Infinity))
  if (!(limit >= 1 && above < below)) return []
  const rows =
    after === undefined
      ? yield* sql<MessageRow.MessageRow>`select * from messages
          where room_key = ${key} and number > ${above} and number < ${below} order by number desc limit ${limit}`
      : yield* sql<MessageRow.MessageRow>`select * from messages
          where room_key = ${key} and number > ${above} and number < ${below} order by number limit ${limit}`
  return yield* decode(after === undefined ? rows.toReversed() : rows)
})

/** Which files the rooms have, in the order in which they were shared. */
export const sharedFiles = (sql: SqlClient.SqlClient): Effect.Effect<ReadonlyArray<SharedFile>, SqlError.SqlError> =>
  Effect.map(
    sql<{ room_key: string; file_number: number }>`select room_key, file_number from file_shares
      order by message_number, file_number, room_key`,
    (rows) => rows.map((row) => ({ roomKey: row.room_key, file: row.file_number }))
  )
