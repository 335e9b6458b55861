/**
 * A SqlClient for PostgreSQL.
 *
 * - It reads integers as the one for SQLite does.
 * - A connection that is lost during a transaction is an error, a `ConnectionError`, as it is elsewhere: that it cannot be
 *   rolled back either is no defect. If it was lost during the commit, nobody knows whether that happened.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as PgTypes from "@effect/sql-pg/PgTypes"
import { Cause, Effect, Redacted, Result, type Scope } from "effect"
import type { Reactivity } from "effect/reactivity/Reactivity"
import { type SqlClient, SqlError } from "effect/sql"
import { fromBigInt } from "./SqlInteger.ts"

export interface Options {
  /** As libpq has it: `postgres://user:password@host:port/database?options=…`. */
  readonly url: Redacted.Redacted
}

const types = PgTypes.makeRegistry()
types.register(
  PgTypes.OID.int8,
  {
    encode: (value: number | bigint) => PgTypes.encode(value, PgTypes.OID.int8),
    decode: (bytes) => Result.succeed(fromBigInt(new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0)))
  },
  { arrayOid: PgTypes.OID.int8Array }
)

/** The loss of a connection that `orDie` made a defect of, unless there is more to it. */
const lossIn = <E>(cause: Cause.Cause<E>): SqlError.SqlError | undefined => {
  if (Cause.hasInterrupts(cause)) return undefined
  const defects = cause.reasons.filter(Cause.isDieReason).map((it) => it.defect)
  const losses = defects.filter(SqlError.isSqlError).filter((it) => it.reason._tag === "ConnectionError")
  return losses.length === defects.length ? losses[0] : undefined
}

/** Opens a pool of connections until the scope closes; the first is made when it is needed. */
export const make = Effect.fnUntraced(function* ({
  url
}: Options): Effect.fn.Return<SqlClient.SqlClient, SqlError.SqlError, Scope.Scope | Reactivity> {
  const client = yield* PgClient.make({ url, types, applicationName: "parlance" })
  const { withTransaction } = client
  return Object.assign(client, {
    withTransaction: <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | SqlError.SqlError, R> =>
      Effect.catchCause(withTransaction(effect), (cause) => {
        const loss = lossIn(cause)
        return loss === undefined ? Effect.failCause(cause) : Effect.fail(loss)
      })
  })
})
