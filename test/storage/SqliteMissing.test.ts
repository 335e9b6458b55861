/** A Node.js without SQLite: only who wants to keep something in it is refused. */
import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"

const folder = mkdtempSync(join(tmpdir(), "parlance-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const sourceOf = (path: string): string => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href)

/** Runs a module where there is no `node:sqlite`. */
const runWithout = (code: string) => {
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    ["--no-experimental-sqlite", "--input-type=module", "--eval", code],
    { encoding: "utf8", timeout: 20_000, env: { ...process.env, DATA_DIR: folder } }
  )
  return { status, stderr, stdout }
}

const program = (storage: string): string => `
  // Some packages resolve others from the script that is run.
  process.argv[1] = ${JSON.stringify(new URL("../../src/main.ts", import.meta.url).pathname)}
  const { Effect } = await import("effect")
  const { Chat, Server } = await import(${sourceOf("mod.ts")})
  const ports = { tossPort: undefined, tsockmPort: undefined, chatmasterPort: undefined, packetPort: undefined, httpPort: undefined }
  const settings = { ...ports, storage: "${storage}", dataDir: process.env.DATA_DIR }
  await Chat.use(() => Effect.sync(() => console.log("a chat"))).pipe(
    Effect.provide(Server.layer(settings)),
    Effect.catch(({ message }) => Effect.sync(() => console.log(message))),
    Effect.runPromise
  )
`

describe("SqliteMissing", () => {
  it("says what is missing, in one line", () => {
    const { status, stderr, stdout } = runWithout(program("sqlite"))
    assert.strictEqual(status, 0, stderr)
    assert.strictEqual(
      stdout,
      `Cannot use the database ${join(folder, "parlance.db")}: Node.js ${process.version} has no node:sqlite here. Take one that has, PostgreSQL, or storage in memory\n`
    )
  })

  it("lets everything else be used", () => {
    const { status, stderr, stdout } = runWithout(program("memory"))
    assert.strictEqual(status, 0, stderr)
    assert.strictEqual(stdout, "a chat\n")
  })
})
