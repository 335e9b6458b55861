import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { statSync } from "node:fs"
import { join } from "node:path"
import * as SqliteLock from "../../src/storage/sqlite/SqliteLock.ts"
import { directory } from "./Databases.ts"

describe("SqliteLock", () => {
  it.effect("acquire() keeps everybody else off, also within a process, until its scope closes", () =>
    Effect.gen(function* () {
      const file = join(yield* directory, "chat.db.lock")
      const acquire = SqliteLock.acquire(file, 0)
      const refused = Effect.map(Effect.flip(Effect.scoped(acquire)), (error) =>
        assert.strictEqual(error.reason._tag, "LockTimeoutError")
      )
      for (let times = 0; times < 2; times++) {
        yield* Effect.scoped(Effect.andThen(acquire, Effect.andThen(refused, refused)))
      }
      yield* acquire
      yield* refused
      assert.strictEqual(statSync(file).size, 0)
      if (process.platform !== "win32") assert.strictEqual(statSync(file).mode & 0o777, 0o600)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
  )
})
