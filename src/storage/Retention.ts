/**
 * Deletes messages that are no longer kept: of forgotten rooms, too old ones, and those beyond the limits of a room and of
 * all.
 *
 * - It deletes a few at a time and lets others run in between, so nobody waits for it.
 * - Between two sweeps there may be more messages than the limits allow.
 */
import { Effect } from "effect"
import type { SqlClient, SqlError, Statement } from "effect/sql"
import type { Limits } from "../services/Limits.ts"
import { storableText } from "./MessageRow.ts"
import type { RoomStates } from "./RoomStates.ts"

/** The most messages that are deleted at a time. */
export const portionLimit = 500

/** What there is when a sweep begins. */
export interface Present {
  readonly atMillis: number
  /** The greatest number of all messages; all up to it are written. */
  readonly greatest: number
  /** The rooms that may have too many messages; undefined is all. */
  readonly roomKeys: Iterable<string> | undefined
}

type Deletion = Effect.Effect<void, SqlError.SqlError>

/** Makes what sweeps once. */
export const make = (
  sql: SqlClient.SqlClient,
  { historyLimit, historyMillis, historyTotalLimit }: Limits,
  rooms: RoomStates
): ((present: Present) => Deletion) => {
  const portion = sql.literal(`${portionLimit}`)

  const deleteAll = Effect.fnUntraced(function* (
    numbers: Statement.Fragment
  ): Effect.fn.Return<void, SqlError.SqlError> {
    while (true) {
      const deleted = yield* sql`delete from messages where number in (${numbers}) returning number`
      yield* Effect.yieldNow
      if (deleted.length < portionLimit) return
    }
  })

  const deleteOfRoom = (key: string, until: number): Deletion =>
    deleteAll(sql`select number from messages where room_key = ${key} and number <= ${until}
      order by number limit ${portion}`)

  const sweepForgotten = Effect.fnUntraced(function* (greatest: number) {
    for (const [key, state] of rooms.written()) {
      if (state.isPrivate || state.readableAfter > greatest) continue
      const roomKey = storableText(key)
      if (state.forgottenUntil > 0) yield* deleteOfRoom(roomKey, state.forgottenUntil)
      const closed = yield* sql`select number from messages
        where room_key = ${roomKey} and number <= ${state.readableAfter} limit 1`
      if (closed.length === 0) yield* rooms.remove(sql, key, state)
      yield* Effect.yieldNow
    }
  })

  const sweepRoom = Effect.fnUntraced(function* (roomKey: string) {
    const [beyond] = yield* sql<{ number: number }>`select number from messages where room_key = ${roomKey}
      order by number desc limit 1 offset ${historyLimit}`
    if (beyond !== undefined) yield* deleteOfRoom(roomKey, beyond.number)
    yield* Effect.yieldNow
  })

  const sweepAllRooms = Effect.fnUntraced(function* () {
    let last = ""
    while (true) {
      const [next] = yield* sql<{ key: string | null }>`select min(room_key) as key from messages
        where room_key > ${last}`
      const key = next?.key ?? undefined
      if (key === undefined) return
      yield* sweepRoom(key)
      last = key
    }
  })

  return Effect.fnUntraced(function* ({ atMillis, greatest, roomKeys }) {
    yield* sweepForgotten(greatest)
    if (historyMillis > 0) {
      // Times rise with numbers; where the clock was set back, what comes behind waits for what is before it.
      yield* deleteAll(sql`select number from (select number, at_millis from messages order by number limit ${portion})
        as oldest where at_millis < ${atMillis - historyMillis}`)
    }
    const kept = historyLimit === 0 ? 0 : historyTotalLimit
    yield* deleteAll(sql`select number from messages where number <= ${greatest - kept}
      order by number limit ${portion}`)
    if (roomKeys === undefined) yield* sweepAllRooms()
    else for (const key of roomKeys) yield* sweepRoom(storableText(key))
  })
}
