import { assert, describe, it } from "@effect/vitest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Array as Arr, Effect, Logger } from "effect"
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as DataDirectory from "../../src/storage/DataDirectory.ts"
import { operatorClient } from "../api/Asking.ts"
import * as TestServer from "../e2e/TestServer.ts"
import { content, store } from "../services/AttachmentsSuite.ts"
import { directory } from "./Databases.ts"

const recorded = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const lines: Array<string> = []
    const logger = Logger.make(
      ({ logLevel, message }) => void lines.push(`${logLevel} ${Arr.ensure(message).join(" ")}`)
    )
    return Effect.as(Effect.provide(effect, Logger.layer([logger])), lines)
  })

const noUmask = Effect.acquireRelease(
  Effect.sync(() => process.umask(0)),
  (before) => Effect.sync(() => process.umask(before))
)

describe.skipIf(process.platform === "win32")("DataDirectory", () => {
  it.effect("inspect() warns of what any user can replace", () =>
    Effect.gen(function* () {
      const folder = yield* directory
      const inner = join(folder, "inner")
      const warnings = recorded(DataDirectory.inspect(inner))
      const warning = (path: string) => [
        `Warn Any user can replace what is in the data directory, for ${path} is writable for all: chmod o-w ${path}`
      ]
      assert.deepStrictEqual(yield* warnings, [])
      chmodSync(folder, 0o777)
      assert.deepStrictEqual(yield* warnings, warning(folder))
      DataDirectory.make(inner)
      assert.deepStrictEqual(yield* warnings, warning(folder))
      chmodSync(folder, 0o1777)
      assert.deepStrictEqual(yield* warnings, [])
      for (const mode of [0o755, 0o775, 0o1777]) {
        chmodSync(inner, mode)
        assert.deepStrictEqual(yield* warnings, [])
      }
      chmodSync(inner, 0o777)
      assert.deepStrictEqual(yield* warnings, warning(inner))
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
  )

  it.live("a server makes its files for its owner alone, whatever others may do with files by default", () =>
    Effect.gen(function* () {
      yield* noUmask
      const outer = yield* directory
      const dataDir = join(outer, "deep", "data")
      const use = Effect.gen(function* () {
        yield* store(content(1000))
        const { bots } = yield* operatorClient
        yield* bots.make({ payload: { name: "Weather" } })
        const made = readdirSync(dataDir, { recursive: true, withFileTypes: true })
        const modes = made.map((it) => {
          const path = join(it.parentPath, it.name)
          return [path, (statSync(path).mode & 0o777).toString(8), it.isDirectory() ? "700" : "600"]
        })
        assert.includeMembers(
          made.map((it) => it.name),
          [
            "parlance.db",
            "parlance.db-wal",
            "parlance.db-shm",
            "parlance.db.lock",
            "admin-token",
            "bots.json",
            "uploads"
          ]
        )
        assert.lengthOf(
          made.filter((it) => /^[0-9a-f]{64}$/.test(it.name)),
          1
        )
        for (const [path, mode, expected] of modes) assert.strictEqual(mode, expected, path)
        for (const path of [dataDir, join(outer, "deep")]) assert.strictEqual(statSync(path).mode & 0o777, 0o700)
      })
      yield* Effect.provide(use, TestServer.layer({ dataDir, storage: "sqlite" }))
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
  )

  it.live("a server warns at its start, and makes no bots in a file that somebody else has put there", () =>
    Effect.gen(function* () {
      const outer = yield* directory
      const dataDir = join(outer, "data")
      mkdirSync(dataDir)
      chmodSync(dataDir, 0o777)
      writeFileSync(join(dataDir, "bots.json.new"), "", { mode: 0o644 })
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(Arr.ensure(message).join(" ")))
      const use = Effect.gen(function* () {
        const { bots } = yield* operatorClient
        yield* bots.make({ payload: { name: "Weather" } })
        assert.strictEqual(statSync(join(dataDir, "bots.json")).mode & 0o777, 0o600)
      })
      yield* Effect.provide(use, TestServer.layer({ dataDir, storage: "memory" }, [logger]))
      assert.lengthOf(
        lines.filter((it) => it.includes(`${dataDir} is writable for all`)),
        1
      )
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
  )
})
