/**
 * The right to be the one server of a PostgreSQL database, or of one of its schemas.
 *
 * - It is an advisory lock of one connection, which PostgreSQL frees with it, however the process ends.
 * - If that connection is lost, the lock is taken again as soon as the database answers. Meanwhile another server may
 *   take it; then this one says so, and goes on to ask. Both may write meanwhile: nothing of theirs collides, for every
 *   number is of a block that one of them has reserved, and whoever has been replaced can reserve no more of messages.
 */
import { Effect, Exit, Scope } from "effect"
import type { SqlClient, SqlConnection, SqlError } from "effect/sql"

const checkGap = "5 seconds"

const lock = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  waitMillis: number
): Effect.fn.Return<SqlConnection.Connection, SqlError.SqlError, Scope.Scope> {
  const connection = yield* sql.reserve
  const run = (statement: string) => connection.executeUnprepared(statement, [], undefined)
  yield* run(`set lock_timeout = ${waitMillis}`)
  const key = "hashtext('parlance'), hashtext(coalesce(current_schema(), ''))"
  yield* Effect.acquireRelease(run(`select pg_advisory_lock(${key})`), () =>
    Effect.ignore(run(`select pg_advisory_unlock(${key})`))
  )
  return connection
})

/** Takes the lock until the scope closes. Fails with a `LockTimeoutError` if another server has it that long. */
export const acquire = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  waitMillis: number
): Effect.fn.Return<void, SqlError.SqlError, Scope.Scope> {
  const scope = yield* Effect.scope
  let inner = yield* Scope.fork(scope)
  let connection: SqlConnection.Connection | undefined = yield* Scope.provide(lock(sql, waitMillis), inner)

  const take = Effect.gen(function* () {
    inner = yield* Scope.fork(scope)
    connection = yield* Scope.provide(lock(sql, waitMillis), inner)
    yield* Effect.logInfo("This is the database's one server again")
  })

  const check = Effect.suspend(() =>
    connection === undefined ? take : connection.executeUnprepared("select 1", [], undefined)
  )

  const lose = Effect.fnUntraced(function* (error: SqlError.SqlError) {
    yield* Scope.close(inner, Exit.void)
    if (connection !== undefined) yield* Effect.logError("Another server may take the database", error)
    connection = undefined
  })

  yield* Effect.sleep(checkGap).pipe(Effect.andThen(Effect.catch(check, lose)), Effect.forever, Effect.forkIn(scope))
})
