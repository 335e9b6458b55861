/** Histories in databases to test with. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { describe, it } from "@effect/vitest"
import { Array as Arr, Context, Deferred, Effect, Layer, Logger, type Scope } from "effect"
import { SqlClient, SqlError } from "effect/sql"
import { History } from "../../src/services/History.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { StorageHealth } from "../../src/services/StorageHealth.ts"
import * as SqlHistory from "../../src/storage/SqlHistory.ts"
import { answers, file, type Place, run, schema } from "./Databases.ts"

/** Begins with a database; ends with the scope. One that has not ended when another begins was killed. */
export const begin = (sql: SqlClient.SqlClient, limits: Partial<Limits> = {}) => {
  const layer = SqlHistory.layer.pipe(
    Layer.provide(Layer.succeed(SqlClient.SqlClient, sql)),
    Layer.provide(Layer.succeed(Limits, { ...defaults, ...limits })),
    Layer.fresh
  )
  return Effect.map(Layer.build(layer), Context.get(History))
}

type Needs = Scope.Scope | StorageHealth

/** A test with a database, and what it logs as errors, warnings and news. */
export type Use<E> = (sql: SqlClient.SqlClient, lines: ReadonlyArray<string>) => Effect.Effect<void, E, Needs>

const inPlace = <E>(place: Place, use: Use<E>) =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const logger = Logger.make(({ message }) => void lines.push(String(Arr.ensure(message)[0])))
    const options = yield* place
    yield* Effect.provide(
      run(options, (sql) => use(sql, lines)),
      Logger.layer([logger])
    )
  }).pipe(Effect.scoped, Effect.provide([NodeFileSystem.layer, StorageHealth.layer]))

type Test = <E>(title: string, use: Use<E>) => void

/** Declares tests for each database. */
export const onEach = (name: string, declare: (test: Test) => void): void => {
  const declareIn = (place: Place) => () => declare((title, use) => it.effect(title, () => inPlace(place, use)))
  describe(`${name} in a file`, declareIn(file))
  describe.skipIf(!answers)(`${name} on PostgreSQL`, declareIn(schema))
}

const broken = new SqlError.SqlError({
  reason: new SqlError.ConnectionError({ cause: new Error("It is gone"), message: "It is gone", operation: "execute" })
})

/** A client whose transactions are counted, and fail or wait when told so. */
export const tampered = (inner: SqlClient.SqlClient) => {
  const state = { transactions: 0, isBroken: false, gate: undefined as Deferred.Deferred<void> | undefined }
  const withTransaction = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | SqlError.SqlError, R> =>
    Effect.suspend((): Effect.Effect<A, E | SqlError.SqlError, R> => {
      state.transactions++
      if (state.isBroken) return Effect.fail(broken)
      const done = inner.withTransaction(effect)
      // As a connection on which nothing moves, it does not end when it is interrupted.
      return state.gate === undefined ? done : Effect.andThen(Effect.uninterruptible(Deferred.await(state.gate)), done)
    })
  const sql = new Proxy(inner, {
    get: (target, key) => (key === "withTransaction" ? withTransaction : Reflect.get(target, key))
  })
  return { sql, state }
}

/** Fills the tables of files with some, of which only the numbers matter. */
export const makeFiles = (sql: SqlClient.SqlClient, numbers: ReadonlyArray<number>) =>
  Effect.forEach(
    numbers,
    (number) =>
      sql`insert into files ${sql.insert({ number, id: `${number}`, name: "a", sha256: "00", size_bytes: 1, at_millis: 1 })}`
  )

/** The numbers of all messages in the database. */
export const stored = (sql: SqlClient.SqlClient) =>
  Effect.map(sql<{ number: number }>`select number from messages order by number`, (rows) =>
    rows.map((row) => row.number)
  )

/** The last number that is reserved. */
export const counter = (sql: SqlClient.SqlClient) =>
  Effect.map(
    sql<{ last_number: number }>`select last_number from counters where name = 'messages'`,
    (rows) => rows[0]?.last_number
  )
