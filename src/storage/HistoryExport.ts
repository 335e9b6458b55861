import { Effect, Option, Stream } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import type { Message } from "../domain/Message.ts"
import { lookAlikeKey } from "../domain/Names.ts"
import type { MessageRow } from "./MessageRow.ts"
import * as MessageTable from "./MessageTable.ts"

const pageRows = 500

/**
 * Everything in the database that was said in a room, or anywhere if none is named: by ascending number, also what nobody
 * in the chat can read any more. Whatever is stored or deleted meanwhile may be in it or not.
 */
export const messages = (sql: SqlClient.SqlClient, room?: string): Stream.Stream<Message, SqlError.SqlError> => {
  const isOfRoom = room === undefined ? sql.literal("1 = 1") : sql`room_key = ${lookAlikeKey(room)}`
  return Stream.paginate(0, (after) =>
    Effect.gen(function* () {
      const rows = yield* sql<MessageRow>`select * from messages where ${isOfRoom} and number > ${after}
        order by number limit ${pageRows}`
      const last = rows.at(-1)
      const next = last === undefined || rows.length < pageRows ? Option.none() : Option.some(last.number)
      return [yield* MessageTable.decode(rows), next] as const
    })
  )
}
