/**
 * What is to be known of rooms besides their messages: which are private, and how far they are closed to readers.
 *
 * - A change holds in memory at once, and is written with the next transaction that succeeds.
 * - After a start nobody can be let into a room that was private. Its messages are shown to nobody any more, and it has no
 *   files. The messages are deleted no sooner than others, for the operator may want to read them.
 */
import { Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import * as MessageRow from "./MessageRow.ts"
import * as Portions from "./Portions.ts"

export interface RoomState {
  readonly isPrivate: boolean
  /** Only messages with greater numbers are shown. */
  readonly readableAfter: number
  /** Messages with numbers up to this are to be deleted. */
  readonly forgottenUntil: number
}

type States = ReadonlyMap<string, RoomState>

const nothing: RoomState = { isPrivate: false, readableAfter: 0, forgottenUntil: 0 }

export class RoomStates {
  readonly #states: Map<string, RoomState>
  // What is not written yet.
  readonly #changed = new Map<string, RoomState>()

  constructor(states: Iterable<readonly [string, RoomState]>) {
    this.#states = new Map(states)
  }

  #set(key: string, state: RoomState): void {
    this.#states.set(key, state)
    this.#changed.set(key, state)
  }

  setPrivate(key: string, isPrivate: boolean): void {
    this.#set(key, { ...this.get(key), isPrivate })
  }

  /** Forgets what a room has up to a number, and that it is private. */
  forget(key: string, until: number): void {
    this.#set(key, { isPrivate: false, readableAfter: until, forgottenUntil: until })
  }

  get(key: string): RoomState {
    return this.#states.get(key) ?? nothing
  }

  /** The rooms of which everything is written. */
  written(): ReadonlyArray<readonly [string, RoomState]> {
    return Array.from(this.#states).filter(([key]) => !this.#changed.has(key))
  }

  /** Writes what has changed, and gives what it wrote. */
  write(sql: SqlClient.SqlClient): Effect.Effect<States, SqlError.SqlError> {
    return Effect.suspend(() => (this.#changed.size === 0 ? Effect.succeed(this.#changed) : this.#write(sql)))
  }

  readonly #write = Effect.fnUntraced(function* (
    this: RoomStates,
    sql: SqlClient.SqlClient
  ): Effect.fn.Return<States, SqlError.SqlError> {
    const changed = new Map(this.#changed)
    for (const portion of Portions.split(Array.from(changed))) {
      const rows = portion.map(([key, state]) => ({
        key: MessageRow.storableText(key),
        is_private: state.isPrivate ? 1 : 0,
        readable_after: state.readableAfter,
        forgotten_until: state.forgottenUntil
      }))
      yield* sql`insert into rooms ${sql.insert(rows as [(typeof rows)[0]])} on conflict (key) do update set
        is_private = excluded.is_private,
        readable_after = excluded.readable_after,
        forgotten_until = excluded.forgotten_until`
      yield* sql`delete from file_shares where room_key in ${sql.in(rows.map((row) => row.key))} and message_number <=
        (select readable_after from rooms where key = room_key)`
    }
    return changed
  })

  /** Takes note that what `write` gave is committed. */
  confirm(written: States): void {
    for (const [key, state] of written) if (this.#changed.get(key) === state) this.#changed.delete(key)
  }

  /** Removes a room, unless there is something new to say of it. */
  remove(sql: SqlClient.SqlClient, key: string, state: RoomState): Effect.Effect<void, SqlError.SqlError> {
    const deleted = sql`delete from rooms where key = ${MessageRow.storableText(key)} and is_private = 0
      and readable_after = ${state.readableAfter} and forgotten_until = ${state.forgottenUntil}`
    return Effect.map(deleted, () => {
      if (this.#states.get(key) === state) this.#states.delete(key)
    })
  }
}

/** Closes what was private to all readers, up to the last number that there is, and goes on with the rest. */
export const begin = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  lastNumber: number
): Effect.fn.Return<RoomStates, SqlError.SqlError> {
  yield* sql`delete from file_shares where room_key in (select key from rooms where is_private = 1)`
  yield* sql`update rooms set is_private = 0, readable_after = ${lastNumber} where is_private = 1`
  const rows = yield* sql<{ key: string; readable_after: number; forgotten_until: number }>`select * from rooms`
  return new RoomStates(
    rows.map((row) => [
      row.key,
      { isPrivate: false, readableAfter: row.readable_after, forgottenUntil: row.forgotten_until }
    ])
  )
})
