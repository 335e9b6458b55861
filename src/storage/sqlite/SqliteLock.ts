import { Effect, type Scope } from "effect"
import type { SqlError } from "effect/sql"
import type { DatabaseSync } from "node:sqlite"
import { attempt } from "./SqliteError.ts"
import { makeFile, openFile } from "./SqliteFile.ts"

/** What its errors call it. */
export const operation = "lock"

const open = (file: string, busyMillis: number): DatabaseSync => {
  makeFile(file)
  return openFile(file, { timeout: busyMillis }, ["BEGIN EXCLUSIVE"])
}

/**
 * Locks a file, which is made if it is not there and stays, until the scope closes or the process ends, however it ends:
 * it is an empty database with a transaction that has it, so the lock is one of the operating system. Fails with a
 * `LockTimeoutError` if another process has it, or this one.
 */
export const acquire = (file: string, busyMillis: number): Effect.Effect<void, SqlError.SqlError, Scope.Scope> =>
  Effect.asVoid(
    Effect.acquireRelease(
      attempt(operation, file, () => open(file, busyMillis)),
      (it) => Effect.sync(() => it.close())
    )
  )
