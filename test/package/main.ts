/**
 * Installs the package as strangers do, in folders of their own, and uses it: `npm run package`.
 *
 * - It type-checks by this TypeScript and the last one of version 5, runs, and has no side effects when it is imported.
 * - The programs of README.md compile, with declarations.
 * - Without `@effect/platform-node` there are the chat, the protocols and the client.
 * - The program `parlance` runs and stops.
 */
import assert from "node:assert/strict"
import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import * as Doors from "./Doors.ts"
import { programs } from "./ReadmePrograms.ts"

const here = import.meta.dirname
const root = fileURLToPath(new URL("../../", import.meta.url))
const manifest: { readonly version: string } & Record<"dependencies" | "devDependencies", Record<string, string>> =
  JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
const versions = { ...manifest.dependencies, ...manifest.devDependencies }
const pinned = (...names: ReadonlyArray<string>) => names.map((name) => `${name}@${versions[name]}`)

// npm and its scripts are to have the Node.js that runs this.
const environment = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|PARLANCE_)/i.test(name))),
  PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter)
}

/** Runs a command in a folder, and gives its output; what it says when it fails is shown. */
const run = async (folder: string, command: string, ...argv: ReadonlyArray<string>): Promise<string> => {
  try {
    const { stdout } = await promisify(execFile)(command, argv, { cwd: folder, env: environment, timeout: 240_000 })
    return stdout
  } catch (error) {
    if (error instanceof Error && "stdout" in error) process.stderr.write(`${String(error.stdout)}`)
    throw error
  }
}
const node = (folder: string, ...argv: ReadonlyArray<string>) => run(folder, process.execPath, ...argv)
const npm = (folder: string, ...argv: ReadonlyArray<string>) => run(folder, "npm", ...argv)

/** Does something, and says what it was and how long it took. */
const step = async <A>(title: string, act: () => Promise<A>): Promise<A> => {
  const startedMillis = performance.now()
  const result = await act()
  console.log(`${title}: ${((performance.now() - startedMillis) / 1000).toFixed(1)} s`)
  return result
}

const compilerOptions = {
  target: "ES2024",
  // Effect's declarations name types of the DOM, and ours those of Node.js.
  lib: ["ES2024", "ESNext.Disposable", "DOM"],
  types: ["node"],
  module: "NodeNext",
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  rewriteRelativeImportExtensions: true,
  declaration: true,
  outDir: "out"
}

const temporary = mkdtempSync(join(tmpdir(), "parlance-package-"))

/** Makes a project of these files that has installed these packages. */
const project = async (name: string, files: Record<string, string>, packages: ReadonlyArray<string>) => {
  const folder = join(temporary, name)
  mkdirSync(folder)
  const all = {
    "package.json": JSON.stringify({ name, private: true, type: "module" }),
    "tsconfig.json": JSON.stringify({ compilerOptions, include: ["*.ts"] }),
    ...files
  }
  for (const [file, text] of Object.entries(all)) writeFileSync(join(folder, file), text)
  await npm(folder, "install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error", ...packages)
  return folder
}

/** Starts the program, reads where it listens, and stops it. */
const serve = async (folder: string): Promise<string> => {
  const ports = ["toss", "tsockm", "chatmaster", "packet", "http"].map((protocol) => `--${protocol}-port=0`)
  const argv = [...ports, "--data-dir", join(folder, "data")]
  const child = spawn(join(folder, "node_modules", ".bin", "parlance"), argv, {
    cwd: folder,
    env: environment,
    stdio: ["ignore", "pipe", "inherit"]
  })
  try {
    const ended = once(child, "exit")
    for await (const line of createInterface(child.stdout)) {
      if (!line.startsWith("Parlance is listening")) continue
      const url = /sockets (http:\S+)/.exec(line)?.[1] ?? ""
      const page = await (await fetch(`${url}/`)).text()
      assert.match(page, /<script type="module"/, "the page is not there")
      child.kill("SIGTERM")
      assert.deepEqual(await ended, [0, null])
      return line
    }
    return assert.fail("the program did not listen")
  } finally {
    child.kill("SIGKILL")
  }
}

const consumer = (name: string): string => readFileSync(join(here, "consumer", name), "utf8")

const main = async (): Promise<void> => {
  const built = join(root, "dist", "package")
  const [packed] = JSON.parse(await npm(built, "pack", "--json", "--pack-destination", temporary))
  const tarball = join(temporary, packed.filename)
  console.log(`${packed.filename}: ${statSync(tarball).size} bytes, ${packed.entryCount} files`)

  const [whole, core] = await step("installed, with @effect/platform-node and without", () =>
    Promise.all([
      project("whole", { "Core.ts": consumer("Core.ts"), "Doors.ts": consumer("Doors.ts"), ...programs() }, [
        tarball,
        ...pinned("effect", "@effect/platform-node", "typescript", "@types/node", "@effect/vitest", "vitest"),
        "typescript5@npm:typescript@5.9.3"
      ]),
      project("core", { "Core.ts": consumer("Core.ts") }, [tarball, ...pinned("effect", "@types/node")])
    ])
  )
  const compilerOf = (name: string): string => join(whole, "node_modules", name, "bin", "tsc")
  const check = (folder: string, name: string): Promise<string> => node(folder, compilerOf(name))
  cpSync(join(here, "PublicNames.mjs"), join(whole, "PublicNames.mjs"))
  await step("type-checks by TypeScript 5 and 7, every name in a signature is given, and it runs", () =>
    Promise.all([
      check(whole, "typescript5"),
      (async () => {
        await check(whole, "typescript")
        await check(core, "typescript")
        await node(whole, "PublicNames.mjs", "typescript5")
        await node(whole, "Core.ts")
        await node(whole, "Doors.ts")
        await node(core, "Core.ts")
      })()
    ])
  )
  await step("no door has side effects", () => Doors.check(whole, core, node))
  const version = await npm(whole, "exec", "--no", "--", "parlance", "--version")
  assert.equal(version, `parlance v${manifest.version}\n`)
  console.log(await step("the program runs", () => serve(core)))
}

try {
  await main()
} finally {
  rmSync(temporary, { recursive: true, force: true })
}
