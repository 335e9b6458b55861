import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Redacted } from "effect"
import type { SqlClient } from "effect/sql"
import { execFileSync, spawn, spawnSync } from "node:child_process"
import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type * as Database from "../../src/storage/Database.ts"
import { directory, run } from "./Databases.ts"

const refusal = (options: Database.Options) =>
  Effect.map(Effect.flip(run(options, () => Effect.void)), (error) => {
    assert.strictEqual(error._tag, "DatabaseUnavailable")
    return error.message
  })

const postgres = (url: string) => refusal({ kind: "postgres", url: Redacted.make(url) })
const sqlite = (file: string): Database.Options => ({ kind: "sqlite", file })

const count = (sql: SqlClient.SqlClient) =>
  Effect.map(sql<{ count: number }>`select count(*) as count from counters`, ([row]) => row?.count)

const isRoot = process.getuid?.() === 0

const temporary = () => mkdtempSync(join(tmpdir(), "parlance-disk-"))
const mount = (path: string) => spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", path]).status === 0
const unmount = (path: string) => spawnSync("umount", [path])

const canMount = (() => {
  const path = temporary()
  const isMounted = isRoot && mount(path)
  if (isMounted) unmount(path)
  rmSync(path, { recursive: true })
  return isMounted
})()
if (!canMount) console.warn("This user may not mount a small disk: the tests that need one are skipped")

/** A disk of two megabytes, or a directory for a user who may not make one. */
const smallDisk = Effect.acquireRelease(
  Effect.sync(() => {
    const path = temporary()
    if (canMount) mount(path)
    return path
  }),
  (path) =>
    Effect.sync(() => {
      if (canMount) unmount(path)
      rmSync(path, { recursive: true })
    })
)

/** A program that has a database, with three committed counters and one that is not. */
const holder = (file: string) => `
  import { Effect } from "effect"
  import { SqlClient } from "effect/sql"
  import * as Database from ${JSON.stringify(new URL("../../src/storage/Database.ts", import.meta.url).href)}
  const hold = Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql\`insert into counters \${sql.insert({ name: "third", last_number: 3 })}\`
    yield* sql.withTransaction(Effect.gen(function* () {
      yield* sql\`insert into counters \${sql.insert({ name: "fourth", last_number: 4 })}\`
      process.stdout.write("held")
      setInterval(() => {}, 1000)
      yield* Effect.never
    }))
  })
  await Effect.runPromise(Effect.provide(hold, Database.layer(${JSON.stringify(sqlite(file))})))
`

describe("DatabaseUnavailable", () => {
  it.effect("another server has it, until that one is killed, which loses only what was not committed", () =>
    Effect.gen(function* () {
      const inner = yield* directory
      const file = join(inner, "chat.db")
      const child = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn(process.execPath, ["--input-type=module", "--eval", holder(file)], {
            cwd: import.meta.dirname,
            stdio: ["ignore", "pipe", "inherit"]
          })
        ),
        (it) => Effect.sync(() => it.kill("SIGKILL"))
      )
      yield* Effect.callback<void>((resume) => void child.stdout.once("data", () => resume(Effect.void)))
      const refused = `Cannot use the database ${file}: another server has it`
      assert.strictEqual(yield* refusal(sqlite(file)), refused)
      assert.strictEqual(yield* refusal(sqlite(file)), refused)
      const gone = Effect.callback<void>((resume) => void child.once("close", () => resume(Effect.void)))
      child.kill("SIGKILL")
      yield* gone
      assert.strictEqual(yield* run(sqlite(file), count), 3)
      assert.deepStrictEqual(readdirSync(inner).sort(), ["chat.db", "chat.db.lock"])
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
  )

  it.effect("a file that is no database stays as it is", () =>
    Effect.gen(function* () {
      const inner = yield* directory
      const file = join(inner, "chat.db")
      const text = "This is no database.".repeat(100)
      writeFileSync(file, text)
      const said = `Cannot use the database ${file}: it is damaged (file is not a database). Stop the server and put `
      assert.isTrue((yield* refusal(sqlite(file))).startsWith(said))
      const fs = yield* FileSystem.FileSystem
      assert.strictEqual(yield* fs.readFileString(file), text)
      assert.deepStrictEqual(readdirSync(inner).sort(), ["chat.db", "chat.db.lock"])
      assert.include(yield* refusal(sqlite(join(file, "chat.db"))), join(file, "chat.db"))
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
  )

  it.effect.skipIf(isRoot && !canMount)("a directory that is read-only, until it is not", () =>
    Effect.gen(function* () {
      const path = yield* smallDisk
      const change = (mode: "ro" | "rw") =>
        Effect.sync(() => {
          if (canMount) execFileSync("mount", ["-o", `remount,${mode}`, path])
          else chmodSync(path, mode === "ro" ? 0o500 : 0o700)
        })
      const file = join(path, "chat.db")
      yield* change("ro")
      assert.match(yield* refusal(sqlite(file)), /: (EROFS|EACCES): [^\n]+$/)
      yield* change("rw")
      assert.strictEqual(yield* run(sqlite(file), count), 2)
      yield* change("ro")
      assert.match(yield* refusal(sqlite(file)), /: (EROFS|EACCES): [^\n]+$/)
      yield* change("rw")
      assert.strictEqual(yield* run(sqlite(file), count), 2)
    }).pipe(Effect.scoped)
  )

  it.effect.skipIf(!canMount)("a full disk refuses to open and to write, and works again when there is room", () =>
    Effect.gen(function* () {
      const path = yield* smallDisk
      const ballast = join(path, "ballast")
      const file = join(path, "chat.db")
      const leave = (bytes: number) => {
        rmSync(ballast, { force: true })
        const { bavail, bsize } = statfsSync(path)
        writeFileSync(ballast, new Uint8Array(Math.max(0, bavail * bsize - bytes)))
      }
      leave(8192)
      assert.strictEqual(yield* refusal(sqlite(file)), `Cannot use the database ${file}: database or disk is full`)
      leave(500_000)
      yield* run(sqlite(file), (sql) =>
        Effect.gen(function* () {
          const insert = (name: string) =>
            sql`insert into counters ${sql.insert({ name: name.padEnd(1000), last_number: 1 })}`
          const batch = (index: number) =>
            sql.withTransaction(Effect.forEach([...Array(10).keys()], (it) => insert(`${index} ${it}`)))
          let batches = 0
          while (true) {
            const error = yield* Effect.match(batch(batches), {
              onFailure: (it) => it.message,
              onSuccess: () => undefined
            })
            if (error !== undefined) {
              assert.strictEqual(error, "database or disk is full")
              break
            }
            batches++
          }
          assert.isAbove(batches, 2)
          assert.strictEqual(yield* count(sql), 2 + batches * 10)
          rmSync(ballast)
          yield* batch(batches)
          assert.strictEqual(yield* count(sql), 12 + batches * 10)
        })
      )
      assert.strictEqual(
        yield* run(sqlite(file), (sql) => sql`pragma integrity_check`.values).pipe(Effect.map(String)),
        "ok"
      )
    }).pipe(Effect.scoped)
  )

  it.effect("PostgreSQL that is not there, and none of its secrets", () =>
    Effect.gen(function* () {
      const server = createServer()
      const port = yield* Effect.callback<number>((resume) => {
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as { port: number }).port)))
      })
      yield* Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
      for (const host of ["127.0.0.1", "localhost"]) {
        const shown = `postgres://ann@${host}:${port}/chat`
        const url = `postgres://ann:hunter2@${host}:${port}/chat?password=hunter2`
        const message = yield* postgres(url)
        assert.match(message, /: connect ECONNREFUSED [^\n]+$/)
        assert.isTrue(message.startsWith(`Cannot use the database ${shown}: `))
      }
      for (const url of [
        "postgres://ann:hunter2@[/chat",
        "hunter2",
        "postgres://a:hunter2%@127.0.0.1/b",
        "mysql://a:hunter2@b/c"
      ]) {
        const message = yield* postgres(url)
        assert.notInclude(message, "hunter2")
        assert.notInclude(message, "\n")
      }
    })
  )
})
