/** The program as `npm run build` makes it, in a folder where nothing else is that it could load by mistake. */
import { spawn, spawnSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { write } from "../../src/app/ProgramBundle.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))
const folder = mkdtempSync(join(tmpdir(), "parlance-"))
const script = join(folder, "dist", "main.js")
const dataDir = join(folder, "data")
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PARLANCE_")))

const runNode = (...argv: ReadonlyArray<string>) => {
  const { status, stderr, stdout } = spawnSync(process.execPath, argv, {
    env: environment,
    encoding: "utf8",
    timeout: 20_000
  })
  return { status, stderr, stdout }
}
const run = (...argv: ReadonlyArray<string>) => runNode(script, ...argv)

/** Counts the decoders that are made, by whether they are interpreted or compiled. */
const probe = `
  const made = { InterpretedEntry: 0, CompilerEntry: 0 }
  const { set } = WeakMap.prototype
  WeakMap.prototype.set = function (key, value) {
    const name = value?.constructor?.name
    if (Object.hasOwn(made, name)) made[name]++
    return set.call(this, key, value)
  }
  process.once("exit", () => process.stderr.write(JSON.stringify(made)))
`

beforeAll(async () => {
  const app = join(folder, "dist", "app")
  const web = join(folder, "dist", "web")
  for (const inner of [app, web, join(folder, "node_modules")]) mkdirSync(inner, { recursive: true })
  writeFileSync(join(folder, "package.json"), `{ "type": "module", "version": "9.8.7" }`)
  writeFileSync(join(web, "index.html"), "<p>chat</p>")
  const main = stripTypeScriptTypes(readFileSync(join(root, "src", "main.ts"), "utf8"))
  writeFileSync(script, main.replace("./app/Program.ts", "./app/Program.js"))
  // Of Socket.IO only what it serves, and what tells where it is.
  const socketIo = join(root, "node_modules", "socket.io")
  const beside = join(folder, "node_modules", "socket.io")
  for (const part of ["package.json", "client-dist", join("dist", "index.js")]) {
    cpSync(join(socketIo, part), join(beside, part), { recursive: true })
  }
  await write(app)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe("ProgramBundle", () => {
  it("knows the version of its package", () => {
    assert.deepStrictEqual(run("--version"), { status: 0, stdout: "parlance v9.8.7\n", stderr: "" })
  })

  it("makes no decoder before decoders are compiled", () => {
    const { stderr } = runNode("--import", `data:text/javascript,${encodeURIComponent(probe)}`, script, "--version")
    const made = JSON.parse(stderr)
    assert.strictEqual(made.InterpretedEntry, 0)
    assert.isAbove(made.CompilerEntry, 0)
  })

  it("evaluates what has decoders compiled before all modules of the program", () => {
    const code = readFileSync(join(folder, "dist", "app", "Program.js"), "utf8")
    assert.notMatch(code, /^import\b.*"\.\//m)
    const enabled = code.indexOf("\n// node_modules/effect/dist/schema/SchemaJITCompiler/enable.js\n")
    assert.isAbove(enabled, 0)
    assert.isAbove(code.search(/^\/\/ src\//m), enabled)
  })

  it("loads the client for PostgreSQL when it is needed", () => {
    const { status, stderr } = run("export", "--database-url", "postgres://nobody@127.0.0.1:1/nowhere")
    assert.strictEqual(status, 1)
    assert.match(stderr, /^.*postgres:\/\/nobody@127\.0\.0\.1:1\/nowhere.*ECONNREFUSED.*\n$/)
  })

  it("tells an operator's mistake in one line", () => {
    const { status, stderr } = run("--flood-rate", "many")
    assert.strictEqual(status, 1)
    assert.match(stderr, /^.*many.*\n$/)
  })

  it("serves its pages, Socket.IO's client and the documentation of the API, and leaves what an export reads", async () => {
    const ports = ["toss", "tsockm", "chatmaster", "packet", "http"].map((name) => `--${name}-port=0`)
    const child = spawn(process.execPath, [script, ...ports, `--data-dir=${dataDir}`], {
      env: environment,
      stdio: ["pipe", "pipe", "inherit"]
    })
    const ended = new Promise((resolve) => child.once("exit", resolve))
    try {
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
      const { value: line } = await lines.next()
      const url = /sockets (http:\S+)/.exec(String(line))?.[1] ?? ""
      const textOf = async (path: string) => (await fetch(`${url}${path}`)).text()
      assert.strictEqual(await textOf("/"), "<p>chat</p>")
      assert.match(await textOf("/socket.io/socket.io.js"), /Socket\.IO v4/)
      assert.match(await textOf("/socket.io/?EIO=4&transport=polling"), /^0\{"sid"/)
      assert.match(await textOf("/api/v1/docs"), /swagger/i)
      child.kill("SIGTERM")
      assert.strictEqual(await ended, 0)
      assert.deepStrictEqual(run("export", `--data-dir=${dataDir}`), { status: 0, stdout: "", stderr: "" })
    } finally {
      child.kill("SIGKILL")
    }
  })

  it("shows sources in stacks to those who ask for them", () => {
    const { sources } = JSON.parse(readFileSync(join(folder, "dist", "app", "Program.js.map"), "utf8"))
    assert.isTrue(sources.some((source: string) => source.endsWith("src/app/Program.ts")))
  })
})
