/** What the program writes, and those who read it slowly, or no more. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { type ChildProcessByStdio, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import type { Readable, Writable } from "node:stream"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import * as Database from "../../src/storage/Database.ts"
import * as ConsoleProgram from "../e2e/ConsoleProgram.ts"
import { directory } from "../storage/Databases.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))
const main = join(root, "src", "main.ts")

type Program = ChildProcessByStdio<Writable, Readable, Readable>

const start = (argv: ReadonlyArray<string>, file = process.execPath) =>
  Effect.acquireRelease(
    Effect.sync((): Program => spawn(file, argv, { cwd: root, stdio: ["pipe", "pipe", "pipe"] })),
    (it) => Effect.sync(() => it.kill("SIGKILL"))
  )

/** A program that runs an effect by `runMain`. */
const script = (body: string) =>
  start([
    "--input-type=module",
    "--eval",
    `import { Effect } from "effect"; import { runMain } from "./src/app/Program.ts"; ${body}`
  ])

const first = (readable: Readable) => Effect.promise(async () => String((await once(readable, "data"))[0]))
const rest = (readable: Readable) => Effect.promise(() => text(readable))

const exitOf = (program: Program) =>
  Effect.promise(async () => (program.exitCode === null ? (await once(program, "exit"))[0] : program.exitCode))

/** Leaves a program time for an end that should not come. */
const mayEnd = (program: Program) =>
  Effect.promise(() => Promise.race([once(program, "exit"), new Promise((go) => setTimeout(go, 500))]))

// It says on standard error that something was written to standard output.
const telling = `data:text/javascript,${encodeURIComponent(`
  import { writeSync } from "node:fs"
  const { write } = process.stdout
  process.stdout.write = function (...words) { writeSync(2, "written"); return write.apply(this, words) }`)}`

/** What a program writes to a full pipe, which is read from only after the program has had time to end. */
const readLate = Effect.fnUntraced(function* (argv: ReadonlyArray<string>) {
  const piped = `exec 3<&0; { head -c 65536 /dev/zero; "$@"; } | { read go <&3; cat; }`
  const program = yield* start(["-c", piped, "sh", process.execPath, "--import", telling, ...argv], "sh")
  yield* first(program.stderr)
  yield* mayEnd(program)
  program.stdin.write("go\n")
  return (yield* rest(program.stdout)).replaceAll("\0", "")
})

const messages = 50

/** A data directory with messages. */
const folder = Effect.gen(function* () {
  const path = yield* directory
  yield* Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`insert into messages (number, room_key, room_name, sender, protocol, body, at_millis)
      with recursive n(i) as (select 1 union all select i + 1 from n where i < ${messages})
      select i, 'general', 'general', 'ann', 'toss', 'words', 1 from n`
  }).pipe(Effect.provide(Database.layer({ kind: "sqlite", file: join(path, "parlance.db") })))
  return path
}).pipe(Effect.provide(NodeFileSystem.layer))

const exportOf = (folder: string) => [main, "export", "--data-dir", folder]

const size = 1024 * 1024
const write = (output: string, other: string) => `
  process.${output}.write("x".repeat(${size}))
  process.${other}.write("written")`

describe("the output of the program", () => {
  for (const [output, other] of [
    ["stdout", "stderr"],
    ["stderr", "stdout"]
  ] as const) {
    it.live(`${output} is read whole by a slow reader, also when the program fails`, () =>
      Effect.gen(function* () {
        const program = yield* script(
          `runMain(Effect.andThen(Effect.sync(() => {${write(output, other)}}), Effect.fail("no")),
             { disableErrorReporting: true })`
        )
        assert.strictEqual(yield* first(program[other]), "written")
        yield* mayEnd(program)
        assert.isNull(program.exitCode)
        assert.lengthOf(yield* rest(program[output]), size)
        assert.strictEqual(yield* exitOf(program), 1)
      }).pipe(Effect.scoped)
    )
  }

  it.live("does not keep a program that nobody reads any more", () =>
    Effect.gen(function* () {
      const program = yield* script(`runMain(Effect.sync(() => {${write("stdout", "stderr")}}))`)
      yield* first(program.stderr)
      program.stdout.destroy()
      assert.strictEqual(yield* exitOf(program), 0)
    }).pipe(Effect.scoped)
  )

  for (const when of ["before", "after"] as const) {
    it.live(`does not keep a program that gets a signal ${when} its end`, () =>
      Effect.gen(function* () {
        const end = when === "before" ? "Effect.never" : "Effect.void"
        const program = yield* script(
          `runMain(Effect.andThen(Effect.sync(() => {${write("stdout", "stderr")}}), ${end}))`
        )
        yield* first(program.stderr)
        if (when === "after") yield* mayEnd(program)
        program.kill("SIGTERM")
        assert.strictEqual(yield* exitOf(program), when === "before" ? 130 : 0)
      }).pipe(Effect.scoped)
    )
  }

  it.live("--help waits for its reader", () =>
    Effect.gen(function* () {
      const whole = yield* start([main, "--help"])
      const expected = yield* rest(whole.stdout)
      assert.strictEqual(yield* readLate([main, "--help"]), expected)
    }).pipe(Effect.scoped)
  )
})

describe("export", () => {
  it.live("writes all messages to a slow reader", () =>
    Effect.gen(function* () {
      const lines = (yield* readLate(exportOf(yield* folder))).trimEnd().split("\n")
      assert.lengthOf(lines, messages)
      assert.strictEqual(JSON.parse(lines.at(-1)!).number, messages)
    }).pipe(Effect.scoped)
  )

  it.live("ends quietly when its reader has enough", () =>
    Effect.gen(function* () {
      const program = yield* start(exportOf(yield* folder))
      yield* first(program.stdout)
      program.stdout.destroy()
      assert.strictEqual(yield* rest(program.stderr), "")
      assert.strictEqual(yield* exitOf(program), 0)
    }).pipe(Effect.scoped)
  )

  it.live.skipIf(process.platform !== "linux")("says that it could not write all", () =>
    Effect.gen(function* () {
      const argv = ["-c", `exec "$@" > /dev/full`, "sh", process.execPath, ...exportOf(yield* folder)]
      const program = yield* start(argv, "sh")
      assert.strictEqual(yield* rest(program.stderr), "Cannot write all messages: ENOSPC\n")
      assert.strictEqual(yield* exitOf(program), 1)
    }).pipe(Effect.scoped)
  )
})

describe("console", () => {
  it.live("ends quietly when nobody reads its answers any more, though it is still told something", () =>
    Effect.gen(function* () {
      const path = yield* directory
      const server = yield* ConsoleProgram.pipe(ConsoleProgram.server(path))
      yield* server.says(/Only this machine[^\n]*\n/)
      const client = yield* start(ConsoleProgram.client(path))
      client.stdin.on("error", () => {})
      client.stdin.write(":help\n")
      yield* first(client.stdout)
      client.stdout.destroy()
      client.stdin.write(":help\n")
      assert.strictEqual(yield* rest(client.stderr), "")
      assert.strictEqual(yield* exitOf(client), 0)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
  )
})
