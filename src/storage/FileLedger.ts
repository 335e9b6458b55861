/**
 * Which files there are, in the database.
 *
 * - A change is committed when it succeeds. One that fails may be committed all the same, so a file that could not be added
 *   is deleted again by the next change that succeeds.
 * - When the database does not answer in time, or is locked for long, everything fails at once for a few seconds. So those
 *   who wait one behind another do not each wait for a time-out.
 */
import { Clock, Effect, Schema, type Scope, Semaphore } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { fileName } from "../domain/FileName.ts"
import { monotonicMillis } from "../domain/MonotonicTime.ts"
import type { StoredFile } from "../services/Attachments.ts"
import * as Counters from "./Counters.ts"
import * as Deadline from "./Deadline.ts"

// The numbers taken at a time; those that are left when the server ends are given to nobody.
const blockNumbers = 100
const silenceMillis = 5_000
const removedAtOnce = 1000

const Row = Schema.Struct({
  number: Schema.Int,
  id: Schema.String,
  name: Schema.String,
  // It becomes a path.
  sha256: Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/)),
  sizeBytes: Schema.Int,
  atMillis: Schema.Int
})
const decodeRows = Schema.decodeUnknownEffect(Schema.Array(Row))

/** Why something is not in the database, or not known to be. */
export type Failure = SqlError.SqlError | Deadline.DatabaseSilent

/** The table of files. */
export interface FileLedger {
  /** The folder of the contents that the files of this database have. */
  readonly folder: Effect.Effect<string, Failure>
  /** All files, the oldest first. */
  readonly files: Effect.Effect<ReadonlyArray<StoredFile>, Failure>
  /** Whether a file may be there that should not. */
  readonly isInDoubt: () => boolean
  /** Removes files and adds one, all or nothing. Asks the database for an answer if there is nothing to do. */
  readonly replace: (gone: ReadonlyArray<StoredFile>, added?: StoredFile) => Effect.Effect<void, Failure>
  /** A number for a file that may come: it rises, and is given once, also if the process dies. */
  readonly takeNumber: Effect.Effect<number, Failure>
}

export const make: Effect.Effect<FileLedger, never, SqlClient.SqlClient | Scope.Scope> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const clock = yield* Clock.Clock
  const scope = yield* Effect.scope
  const numbersLock = yield* Semaphore.make(1)
  const doubtful = new Set<number>()
  let nextNumber = 1
  let numbersEnd = 1
  let silence: Failure | undefined
  let silenceEndsAtMillis = 0

  const answered = <A>(effect: Effect.Effect<A, Failure>): Effect.Effect<A, Failure> =>
    Effect.suspend(() => {
      if (silence !== undefined && monotonicMillis(clock) < silenceEndsAtMillis) return Effect.fail(silence)
      return Effect.tapError(Deadline.within(scope, effect), (error) =>
        Effect.sync(() => {
          if (error._tag !== "DatabaseSilent" && !Deadline.isLocked(error)) return
          silence = error
          silenceEndsAtMillis = monotonicMillis(clock) + silenceMillis
        })
      )
    })

  const folder = Effect.map(sql<{ name: string }>`select name from file_folder`, (rows) => rows[0]!.name)

  const files = sql`select number, id, name, sha256, size_bytes as "sizeBytes", at_millis as "atMillis"
    from files order by at_millis, number`.pipe(
    Effect.flatMap((rows) => Effect.orDie(decodeRows(rows))),
    // Whoever has written them.
    Effect.map((files) => files.map((file) => ({ ...file, name: fileName(file.name) })))
  )

  const remove = (numbers: ReadonlyArray<number>) =>
    Effect.forEach(
      Array.from({ length: Math.ceil(numbers.length / removedAtOnce) }, (_, index) =>
        numbers.slice(index * removedAtOnce, (index + 1) * removedAtOnce)
      ),
      (some) => sql`delete from files where ${sql.in("number", some)}`,
      { discard: true }
    )

  const add = ({ atMillis, id, name, number, sha256, sizeBytes }: StoredFile) =>
    sql`insert into files ${sql.insert({ number, id, name, sha256, size_bytes: sizeBytes, at_millis: atMillis })}`

  const replace = (gone: ReadonlyArray<StoredFile>, added?: StoredFile): Effect.Effect<void, Failure> =>
    Effect.suspend(() => {
      const doubts = Array.from(doubtful)
      const removed = [...gone.map(({ number }) => number), ...doubts]
      const inserted = added === undefined ? sql`select 1` : add(added)
      const change = removed.length === 0 ? inserted : sql.withTransaction(Effect.andThen(remove(removed), inserted))
      return answered(Effect.asVoid(change)).pipe(
        Effect.tap(() => Effect.sync(() => doubts.forEach((number) => doubtful.delete(number)))),
        Effect.tapError(() => Effect.sync(() => added && doubtful.add(added.number)))
      )
    })

  const takeNumber = Effect.suspend((): Effect.Effect<number, Failure> => {
    if (nextNumber < numbersEnd) return Effect.succeed(nextNumber++)
    return Effect.map(answered(Counters.reserve(sql, "files", blockNumbers)), (first) => {
      nextNumber = first + 1
      numbersEnd = first + blockNumbers
      return first
    })
  }).pipe(numbersLock.withPermit)

  return { folder, files, isInDoubt: () => doubtful.size > 0, replace, takeNumber }
})
