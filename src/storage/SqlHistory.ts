/**
 * What was said, in a database.
 *
 * - Messages are written in groups (see GroupCommit). The chat does not wait for the database. Only those wait who want to
 *   know whether a message is stored. One that could not be stored is not tried again.
 * - A room's state is written before the messages that came after it, and is tried again until it is written.
 * - Failures are reported to StorageHealth. When the database works again, so does this.
 */
import { Clock, Effect, Layer, Scope } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { Message } from "../domain/Message.ts"
import { StorageFailed } from "../domain/Rejection.ts"
import { type Appended, failed, History, stored } from "../services/History.ts"
import { Limits } from "../services/Limits.ts"
import { StorageHealth } from "../services/StorageHealth.ts"
import { DatabaseUnavailable } from "./DatabaseUnavailable.ts"
import * as Deadline from "./Deadline.ts"
import * as GroupCommit from "./GroupCommit.ts"
import * as MessageNumbers from "./MessageNumbers.ts"
import * as MessageRow from "./MessageRow.ts"
import * as MessageTable from "./MessageTable.ts"
import * as Retention from "./Retention.ts"
import * as RoomStates from "./RoomStates.ts"

const sweepGap = "1 minute"

// As large as a long message, because a full disk may still have room for a short one. No message has number 0.
const probeRow: MessageRow.MessageRow = {
  number: 0,
  room_key: "",
  room_name: "",
  recipient: null,
  sender: "",
  protocol: "",
  body: "x".repeat(16_384),
  at_millis: 0,
  file_name: null,
  file_size_bytes: null,
  file_url: null,
  file_number: null,
  sender_id: null,
  recipient_id: null
}

interface Item {
  readonly roomKey: string | undefined
  readonly message: Message
  readonly sharesFile: boolean
}

const begin = (sql: SqlClient.SqlClient) =>
  sql.withTransaction(
    Effect.gen(function* () {
      const numbers = yield* MessageNumbers.begin(sql)
      const rooms = yield* RoomStates.begin(sql, numbers.greatest)
      return { numbers, rooms, sharedFiles: yield* MessageTable.sharedFiles(sql) }
    })
  )

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const clock = yield* Clock.Clock
  const limits = yield* Limits
  const health = yield* StorageHealth
  const scope = yield* Effect.acquireRelease(Scope.make(), (it, exit) => Scope.close(it, exit))
  const { numbers, rooms, sharedFiles } = yield* Deadline.outlast(begin(sql))
  const lastNumber = numbers.greatest
  // The rooms that got messages since the last sweep.
  let grown = new Set<string>()

  yield* Effect.addFinalizer(() =>
    Effect.catchCause(Deadline.within(scope, numbers.end()), (cause) =>
      Effect.logWarning("Cannot give back numbers of messages", cause)
    )
  )

  const insert = MessageTable.makeInsert(sql)

  const sharesOf = (items: ReadonlyArray<Item>): ReadonlyArray<MessageTable.Share> => {
    const shares: Array<MessageTable.Share> = []
    for (const { message, roomKey, sharesFile } of items) {
      const file = message.attachment?.file
      if (!sharesFile || file === undefined || roomKey === undefined) continue
      // What was forgotten while this waited must not come back.
      if (message.number > rooms.get(roomKey).readableAfter) shares.push({ roomKey, file, message: message.number })
    }
    return shares
  }

  const commit = Effect.fnUntraced(function* (
    items: ReadonlyArray<Item>,
    alsoDo: Effect.Effect<void, SqlError.SqlError>
  ) {
    const written = yield* sql.withTransaction(
      Effect.gen(function* () {
        const reserved = yield* numbers.reserve()
        const states = yield* rooms.write(sql)
        const rows = items.map(({ message, roomKey }) => MessageRow.fromMessage(roomKey, message))
        yield* insert(rows)
        yield* MessageTable.share(sql, sharesOf(items))
        yield* alsoDo
        return { reserved, states }
      })
    )
    numbers.confirm(written.reserved)
    rooms.confirm(written.states)
  })

  const probe = Effect.andThen(insert([probeRow]), sql`delete from messages where number = 0`)

  const queue = yield* GroupCommit.make({
    // Nobody looks at spans of these, which would cost as much as the statements.
    commit: (items: ReadonlyArray<Item>) => Effect.withTracerEnabled(commit(items, Effect.void), false),
    probe: commit([], Effect.asVoid(probe))
  })

  const append = (roomKey: string | undefined, message: Message, sharesFile = false): Appended => {
    const isNew = message.number > numbers.greatest
    if (!isNew || !MessageRow.isStorable(roomKey, message)) return { stored: failed() }
    numbers.greatest = message.number
    if (limits.historyLimit === 0) {
      if (numbers.isLow()) queue.touch()
      return stored
    }
    if (roomKey !== undefined) grown.add(roomKey)
    return { stored: queue.append({ roomKey, message, sharesFile }, message.text.length) }
  }

  // The next write finds out whether the database works again.
  const refuse = (error: unknown) => Effect.andThen(health.failed("history", error), Effect.sync(queue.touch))

  const read: History["Service"]["read"] = (roomKey, page) => {
    const limit = Math.min(Math.floor(page.limit), limits.historyLimit)
    const rows = Effect.suspend(() =>
      MessageTable.page(sql, roomKey, { ...page, limit }, rooms.get(roomKey).readableAfter)
    )
    return Deadline.within(scope, Effect.andThen(queue.settled, rows)).pipe(
      // What was forgotten meanwhile is not shown.
      Effect.map((messages) => messages.filter((it) => it.number > rooms.get(roomKey).readableAfter)),
      Effect.catch((error) => Effect.andThen(refuse(error), Effect.fail(new StorageFailed())))
    )
  }

  const sweepOnce = Retention.make(sql, limits, rooms)
  let isFirst = true
  const sweep = Effect.gen(function* () {
    const greatest = numbers.greatest
    const keys = grown
    grown = new Set()
    yield* queue.settled
    const roomKeys = isFirst ? undefined : keys
    yield* Deadline.outlast(sweepOnce({ atMillis: clock.currentTimeMillisUnsafe(), greatest, roomKeys })).pipe(
      Effect.onError(() =>
        Effect.sync(() => {
          for (const key of keys) grown.add(key)
        })
      )
    )
    isFirst = false
  })
  yield* sweep.pipe(
    Effect.catchCause((cause) => Effect.logWarning("Cannot delete old messages", cause)),
    Effect.andThen(Effect.sleep(sweepGap)),
    Effect.forever,
    Effect.forkScoped
  )

  return History.of({
    append,
    read,
    setPrivate: (roomKey, isPrivate) => {
      rooms.setPrivate(roomKey, isPrivate)
      queue.touch()
    },
    forget: (roomKey) => {
      rooms.forget(roomKey, numbers.greatest)
      queue.touch()
    },
    lastNumber,
    sharedFiles
  })
}).pipe(
  Effect.catchTag("SqlError", (error) =>
    Effect.fail(new DatabaseUnavailable({ database: "behind the history", reason: error.message }))
  )
)

/** History in the database. What waits when its scope closes is stored first. */
export const layer: Layer.Layer<History, DatabaseUnavailable, SqlClient.SqlClient | StorageHealth> = Layer.effect(
  History,
  make
)
