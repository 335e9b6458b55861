/**
 * Deletes messages that are no longer kept: of forgotten rooms, too old ones, and those beyond the limits of a room, of all,
 * and of their text.
 *
 * - It deletes a few at a time and lets others run in between, so nobody waits for it.
 * - Between two sweeps there may be more messages than the limits allow.
 * - How much text there is is counted once, and then kept up to date: of each message the text is counted by the sweep after
 *   it came, and taken off when it goes. After a sweep that failed it is counted anew, for nobody knows what was done.
 */
import { Effect } from "effect"
import type { SqlClient, SqlError, Statement } from "effect/sql"
import type { Limits } from "../services/Limits.ts"
import { storableText } from "./MessageRow.ts"
import type { RoomStates } from "./RoomStates.ts"

/** The most messages that are deleted at a time. */
export const portionLimit = 500

/** The most messages whose text is counted at a time. */
export const countedAtOnce = 2000

/** What there is when a sweep begins. */
export interface Present {
  readonly atMillis: number
  /** The greatest number of all messages; all up to it are written. */
  readonly greatest: number
  /** The rooms that may have too many messages; undefined is all. */
  readonly roomKeys: Iterable<string> | undefined
}

/** What is asked of a message: its number, and the size of its text. */
interface Text {
  readonly number: number
  readonly bytes: number
}

type Deletion = Effect.Effect<void, SqlError.SqlError>

/** Makes what sweeps once. */
export const make = (
  sql: SqlClient.SqlClient,
  { historyLimit, historyLimitBytes, historyMillis, historyTotalLimit }: Limits,
  rooms: RoomStates
): ((present: Present) => Deletion) => {
  const portion = sql.literal(`${portionLimit}`)
  // The text of all messages up to that one.
  let textBytes = 0
  let countedUntil = 0

  const deleteAll = Effect.fnUntraced(function* (
    numbers: Statement.Fragment
  ): Effect.fn.Return<void, SqlError.SqlError> {
    while (true) {
      const deleted = yield* sql<Text>`delete from messages where number in (${numbers})
        returning number, octet_length(body) as bytes`
      for (const { bytes, number } of deleted) if (number <= countedUntil) textBytes -= bytes
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

  const countText = Effect.fnUntraced(function* (greatest: number) {
    while (countedUntil < greatest) {
      const [counted] = yield* sql<{
        last: number | null
        bytes: number
      }>`select max(number) as last, sum(bytes) as bytes
        from (select number, octet_length(body) as bytes from messages
          where number > ${countedUntil} and number <= ${greatest} order by number limit ${sql.literal(`${countedAtOnce}`)})
        as uncounted`
      const last = counted?.last ?? undefined
      if (last !== undefined) textBytes += counted!.bytes
      countedUntil = last ?? greatest
      yield* Effect.yieldNow
    }
  })

  const sweepText = Effect.fnUntraced(function* () {
    for (;;) {
      let beyondBytes = textBytes - historyLimitBytes
      if (beyondBytes <= 0) return
      const oldest = yield* sql<Text>`select number, octet_length(body) as bytes from messages
        order by number limit ${portion}`
      const until = oldest.find(({ bytes }) => (beyondBytes -= bytes) <= 0) ?? oldest.at(-1)
      if (until === undefined) return
      yield* deleteAll(
        sql`select number from messages where number <= ${until.number} order by number limit ${portion}`
      )
    }
  })

  const sweep = Effect.fnUntraced(function* ({ atMillis, greatest, roomKeys }: Present) {
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
    yield* countText(greatest)
    yield* sweepText()
  })

  return (present) =>
    Effect.onError(sweep(present), () =>
      Effect.sync(() => {
        textBytes = 0
        countedUntil = 0
      })
    )
}
