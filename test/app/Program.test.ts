/** The program as its operators meet it: real processes, their lines, signals and exit codes. */
import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import { type AddressInfo, createServer } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import type { Readable, Writable } from "node:stream"
import { fileURLToPath } from "node:url"
import { afterAll, afterEach, assert, describe, it } from "@effect/vitest"
import { descriptions } from "../../src/app/Settings.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))
const main = join(root, "src", "main.ts")
const dataDir = mkdtempSync(join(tmpdir(), "parlance-"))
const free = ["toss", "tsockm", "chatmaster", "packet", "http"].flatMap((name) => [`--${name}-port`, "0"])
const freePorts = [...free, "--data-dir", dataDir]

interface Running {
  readonly process: ChildProcessByStdio<Writable, Readable, Readable>
  /** The next line of standard output that matches. */
  readonly line: (pattern: RegExp) => Promise<string>
  /** How it ended: its exit code or signal, and all it has said. */
  readonly end: Promise<{ readonly code: number | string; readonly stdout: string; readonly stderr: string }>
}

const running = new Set<Running>()

const start = (file: string, argv: ReadonlyArray<string>, environment: Record<string, string> = {}): Running => {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("PARLANCE_"))
  const child = spawn(file, argv, {
    cwd: root,
    env: { ...Object.fromEntries(inherited), ...environment },
    stdio: ["pipe", "pipe", "pipe"]
  })
  let stdout = ""
  let stderr = ""
  let read = 0
  child.stdin.on("error", () => {})
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text))
  const end = new Promise<Awaited<Running["end"]>>((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code, signal) => resolve({ code: code ?? signal ?? "", stdout, stderr }))
  })
  const line = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        for (let next = stdout.indexOf("\n", read); next !== -1; next = stdout.indexOf("\n", read)) {
          const text = stdout.slice(read, next)
          read = next + 1
          if (!pattern.test(text)) continue
          child.stdout.off("data", look)
          return resolve(text)
        }
      }
      child.stdout.on("data", look)
      child.once("close", () => reject(new Error(`ended without ${pattern}: ${stdout}${stderr}`)))
      look()
    })
  const started = { process: child, line, end }
  running.add(started)
  return started
}

const parlance = (argv: ReadonlyArray<string>, environment?: Record<string, string>) =>
  start(process.execPath, [main, ...argv], environment)

const folders: Array<string> = []

afterAll(() => rmSync(dataDir, { recursive: true, force: true }))
afterEach(async () => {
  for (const { process, end } of running) {
    process.kill("SIGKILL")
    await end
  }
  running.clear()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

describe("Program", () => {
  it("--help shows every setting as flag, variable and default", async () => {
    const { code, stderr, stdout } = await parlance(["--help"]).end
    assert.deepStrictEqual([code, stderr], [0, ""])
    for (const { environment, flag, initial } of descriptions) {
      assert.include(stdout, `--${flag} <`)
      assert.include(stdout, `(${environment}, default ${initial === "" ? "none" : initial})`)
    }
    for (const words of ["--silent, -s", "--tiny, -t", "SUBCOMMANDS\n  console "]) assert.include(stdout, words)
  })

  it("--version shows the version of the package", async () => {
    const { version }: { version: string } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
    assert.deepStrictEqual(await parlance(["--version"]).end, { code: 0, stdout: `parlance v${version}\n`, stderr: "" })
  })

  const port = `expected a port from 0 to 65535 or "off"`
  const refused: ReadonlyArray<
    [what: string, argv: ReadonlyArray<string>, environment: Record<string, string>, line: string]
  > = [
    [
      "a wrong variable",
      [],
      { PARLANCE_HTTP_PORT: "abc" },
      `Cannot start: PARLANCE_HTTP_PORT (--http-port) is "abc", ${port}`
    ],
    ["a wrong flag", ["--http-port=99999"], {}, `Cannot start: PARLANCE_HTTP_PORT (--http-port) is "99999", ${port}`],
    ["an unknown flag", ["--bogus"], {}, "Cannot start: unknown flag --bogus (--help shows all flags)"],
    [
      "a misspelt flag",
      ["--http-prot", "80"],
      {},
      "Cannot start: unknown flag --http-prot, did you mean --http-port? (--help shows all flags)"
    ],
    [
      "a flag without its value",
      ["--host"],
      {},
      "Cannot start: Missing value for flag --host. Expected: <address> (--help shows all flags)"
    ],
    ["an argument", ["extra"], {}, `Cannot start: Unknown subcommand "extra" for "parlance" (--help shows all flags)`],
    [
      "an unknown flag of the console",
      ["console", "--host", "::1"],
      {},
      "Cannot start: unknown flag --host (--help shows all flags)"
    ]
  ]
  for (const [what, argv, environment, line] of refused) {
    it(`${what} ends with one line and exit code 1`, async () => {
      assert.deepStrictEqual(await parlance(argv, environment).end, { code: 1, stdout: "", stderr: `${line}\n` })
    })
  }

  it("a port in use ends with one line and exit code 1", async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve))
    const { port } = other.address() as AddressInfo
    const { code, stderr, stdout } = await parlance(freePorts.toSpliced(5, 1, String(port))).end
    other.close()
    assert.deepStrictEqual([code, stdout], [1, ""])
    assert.strictEqual(stderr, `Cannot listen on 127.0.0.1:${port} (chatmaster): address already in use\n`)
  })

  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    it(`listens, says where, and ends with exit code 0 on ${signal}`, async () => {
      const server = parlance(freePorts)
      const banner = await server.line(/^Parlance is listening/)
      assert.match(
        banner,
        /^Parlance is listening: toss tcp:\/\/127\.0\.0\.1:\d+, tsockm tcp:\/\/127\.0\.0\.1:\d+, chatmaster tcp:\/\/127\.0\.0\.1:\d+, packet tcp:\/\/127\.0\.0\.1:\d+, packet udp:\/\/127\.0\.0\.1:\d+, sockets http:\/\/127\.0\.0\.1:\d+$/
      )
      await server.line(/^Only this machine can connect; start with --host 0\.0\.0\.0 to open it to the network$/)
      const page = await server.line(/^The operator page is http:\/\/127\.0\.0\.1:\d+\/admin, its token is in /)
      assert.isTrue(page.endsWith(join(dataDir, "admin-token")), page)
      server.process.kill(signal)
      const { code, stdout } = await server.end
      assert.strictEqual(code, 0)
      const others = stdout.split("\n").filter((line) => !line.startsWith("It is new, and not shown again: "))
      assert.lengthOf(others.join("\n").trimEnd().split("\n"), 3)
    })
  }

  it("says nothing of opening up when it is open, and nothing of protocols that are off", async () => {
    const off = {
      PARLANCE_TOSS_PORT: "off",
      PARLANCE_TSOCKM_PORT: "off",
      PARLANCE_CHATMASTER_PORT: "off",
      PARLANCE_PACKET_PORT: "off"
    }
    const server = parlance(["--host", "0.0.0.0", "--http-port", "0", "--data-dir", dataDir], off)
    assert.match(await server.line(/./), /^Parlance is listening: sockets http:\/\/[\d.]+:\d+$/)
    assert.match(await server.line(/./), /^The operator page is /)
    server.process.kill("SIGTERM")
    assert.strictEqual((await server.end).code, 0)
  })

  it("shows the operator's token when it has made it, and never again", async () => {
    const folder = mkdtempSync(join(tmpdir(), "parlance-"))
    folders.push(folder)
    const begin = () => parlance([...free, "--data-dir", folder])
    const first = begin()
    const shown = /^It is new, and not shown again: (\S{32})$/.exec(await first.line(/^It is new/))?.[1]
    assert.strictEqual(readFileSync(join(folder, "admin-token"), "utf8"), `${shown}\n`)
    assert.strictEqual(statSync(join(folder, "admin-token")).mode & 0o777, 0o600)
    first.process.kill("SIGTERM")
    await first.end
    const second = begin()
    await second.line(/^The operator page is /)
    second.process.kill("SIGTERM")
    assert.notInclude((await second.end).stdout, shown!)
  })

  it("has no operator page, and makes no token, without an HTTP port", async () => {
    const folder = mkdtempSync(join(tmpdir(), "parlance-"))
    folders.push(folder)
    const server = parlance([...free.slice(0, 8), "--http-port", "off", "--data-dir", folder])
    await server.line(/^Only this machine can connect/)
    server.process.kill("SIGTERM")
    assert.notInclude((await server.end).stdout, "operator")
    assert.isFalse(existsSync(join(folder, "admin-token")))
  })

  const script = (body: string) =>
    start(process.execPath, [
      "--input-type=module",
      "--eval",
      `import { Console, Effect } from "effect"; import { runMain } from "./src/app/Program.ts"; ${body}`
    ])

  it("runMain() takes one Ctrl-C that comes twice for one", async () => {
    const program = script(
      `runMain(Console.log("up").pipe(Effect.andThen(Effect.never), Effect.onInterrupt(() => Effect.sleep("50 millis"))),
         { teardown: (exit, end) => end(42) })`
    )
    await program.line(/^up$/)
    program.process.kill("SIGINT")
    program.process.kill("SIGINT")
    assert.strictEqual((await program.end).code, 42)
  })

  it("runMain() ends at once on another Ctrl-C while it stops", async () => {
    const program = script(
      `runMain(Console.log("up").pipe(Effect.andThen(Effect.never),
         Effect.onInterrupt(() => Effect.andThen(Console.log("stopping"), Effect.never))))`
    )
    await program.line(/^up$/)
    program.process.kill("SIGINT")
    await program.line(/^stopping$/)
    const key = setInterval(() => program.process.kill("SIGINT"), 100)
    const { code } = await program.end
    clearInterval(key)
    assert.strictEqual(code, 130)
  })
})

/** A program folder with `main.js` as it is built, and another program behind it. */
const installation = (program: string, inside = ""): { readonly folder: string; readonly script: string } => {
  const folder = mkdtempSync(join(tmpdir(), "parlance-"))
  folders.push(folder)
  const dist = join(folder, inside, "dist")
  mkdirSync(join(dist, "app"), { recursive: true })
  const built = stripTypeScriptTypes(readFileSync(main, "utf8")).replace("./app/Program.ts", "./app/Program.js")
  writeFileSync(join(folder, inside, "package.json"), `{ "type": "module" }`)
  writeFileSync(join(dist, "main.js"), built)
  writeFileSync(join(dist, "app", "Program.js"), program)
  return { folder, script: join(dist, "main.js") }
}

const installNode = (folder: string, wrapper?: string) => {
  const bin = join(folder, "node_modules", ".bin")
  mkdirSync(bin, { recursive: true })
  if (wrapper === undefined) symlinkSync(process.execPath, join(bin, "node"))
  else writeFileSync(join(bin, "node"), `#!/bin/sh\n${wrapper}\nexec "${process.execPath}" "$@"\n`, { mode: 0o755 })
}

describe("main", () => {
  it("gives up with exit code 0 when a signal comes before the program is loaded", async () => {
    const { script } = installation(`console.log("loading"); await new Promise((go) => setTimeout(go, 60_000))`)
    const starting = start(process.execPath, [script])
    await starting.line(/^loading$/)
    starting.process.kill("SIGTERM")
    assert.strictEqual((await starting.end).code, 0)
  })
})

const isOld = (file: string): boolean => {
  if (!existsSync(file)) return false
  const major = Number.parseInt(execFileSync(file, ["--version"], { encoding: "utf8" }).slice(1), 10)
  return major >= 20 && major < 24
}

const oldNode = (process.env["PATH"] ?? "")
  .split(delimiter)
  .filter((folder) => !folder.includes("node_modules"))
  .map((folder) => join(folder, "node"))
  .find(isOld)

// The hand-over is from an old Node.js, of which there must be one on the PATH.
describe.skipIf(oldNode === undefined)("main on an old Node.js", () => {
  const old = oldNode ?? ""
  const waiting = `export const run = (argv) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => process.exit(9))
    setInterval(() => {}, 1000)
    console.log(JSON.stringify({ argv, major: parseInt(process.versions.node),
      marker: process.env.PARLANCE_HANDED_OVER ?? null, options: process.execArgv }))
  }`

  it("says what is missing when no other Node.js is installed", async () => {
    const { folder, script } = installation(waiting)
    const missing = `Node.js >= 24 is required, this is ${execFileSync(old, ["--version"], { encoding: "utf8" }).trim()}`
    assert.deepStrictEqual(await start(old, [script]).end, { code: 1, stdout: "", stderr: `${missing}\n` })
    // Where the project is, and not its package alone.
    writeFileSync(join(folder, "package-lock.json"), "{}")
    const stderr = `${missing}; run "npm ci" to install one here\n`
    assert.deepStrictEqual(await start(old, [script]).end, { code: 1, stdout: "", stderr })
  })

  it("says so when the installed Node.js is too old as well", async () => {
    const { folder, script } = installation(waiting)
    mkdirSync(join(folder, "node_modules", ".bin"), { recursive: true })
    symlinkSync(old, join(folder, "node_modules", ".bin", "node"))
    const { code, stderr } = await start(old, [script]).end
    assert.strictEqual(code, 1)
    assert.match(stderr, /^Node\.js >= 24 is required, this is v.*\n$/)
  })

  it("hands arguments and options over, and signals and the exit code back", async () => {
    const { folder, script } = installation(waiting)
    installNode(folder)
    const program = start(old, ["--no-deprecation", script, "--host", "a b"])
    const { argv, major, marker, options } = JSON.parse(await program.line(/^\{/))
    assert.deepStrictEqual([argv, marker, options], [["--host", "a b"], null, ["--no-deprecation"]])
    assert.isAtLeast(major, 24)
    program.process.kill("SIGINT")
    assert.strictEqual((await program.end).code, 9)
  })

  it("finds the Node.js of the package that depends on this one", async () => {
    const { folder, script } = installation(waiting, "node_modules/parlance")
    installNode(folder)
    const program = start(old, [script])
    await program.line(/^\{/)
    program.process.kill("SIGTERM")
    assert.strictEqual((await program.end).code, 9)
  })

  it("keeps a signal that comes before the child is there", async () => {
    const { folder, script } = installation(waiting)
    installNode(folder, "echo booting; read go")
    const program = start(old, [script])
    await program.line(/^booting$/)
    program.process.kill("SIGTERM")
    program.process.stdin.write("go\n")
    const { code, stdout } = await program.end
    // The program had not begun, or had just begun, to listen for signals.
    assert.include([0, 9], code, stdout)
  })

  it("stops the child when the parent is killed", async () => {
    const { folder, script } = installation(waiting)
    installNode(folder)
    const program = start(old, [script])
    await program.line(/^\{/)
    program.process.kill("SIGKILL")
    // Standard output closes when the last process that holds it is gone.
    assert.strictEqual((await program.end).code, "SIGKILL")
  })

  it("ends with 128 and the signal's number when a signal ends the child", async () => {
    const { folder, script } = installation(`export const run = () => process.kill(process.pid, "SIGKILL")`)
    installNode(folder)
    assert.strictEqual((await start(old, [script]).end).code, 137)
  })
})
