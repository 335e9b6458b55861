/** What happens when a door of the installed package is imported: nothing that others could notice. */
import assert from "node:assert/strict"
import { readFileSync, realpathSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

type Node = (folder: string, ...argv: ReadonlyArray<string>) => Promise<string>

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
}

/** The doors of the package that is installed in a folder, by what is imported. */
export const doorsOf = (folder: string): ReadonlyArray<string> => {
  const { exports }: Manifest = JSON.parse(
    readFileSync(join(folder, "node_modules", "parlance", "package.json"), "utf8")
  )
  return Object.keys(exports)
    .filter((door) => door !== "./package.json")
    .map((door) => `parlance${door.slice(1)}`)
}

/** Prints what an import has changed in the process, and every module that it has loaded. */
const probe = (door: string): string => `
  import { registerHooks } from "node:module"
  const loaded = new Set()
  registerHooks({ load: (url, context, next) => { loaded.add(url); return next(url, context) },
    resolve: (specifier, context, next) => { const found = next(specifier, context); loaded.add(found.url); return found } })
  const emitters = [process, process.stdin, process.stdout, process.stderr]
  const state = () => ({
    resources: process.getActiveResourcesInfo().sort(),
    // But for the one that undici has, which comes with @effect/platform-node.
    globals: Reflect.ownKeys(globalThis).map(String).filter((name) => !name.startsWith("Symbol(undici.")).sort(),
    prototypes: [Object, Array, Function, Map, Set, Promise, String, Uint8Array]
      .map(({ prototype }) => Reflect.ownKeys(prototype).length),
    listeners: emitters.map((one) => one.eventNames().map((name) => [String(name), one.listenerCount(name)])),
    environment: JSON.stringify(process.env),
    exitCode: process.exitCode ?? null
  })
  const before = state()
  await import(${JSON.stringify(door)})
  await new Promise((go) => setImmediate(go))
  const after = state()
  console.log(JSON.stringify({ before, after, loaded: [...loaded] }))
`

/** The modules of Node.js that the chat may load. */
const nodeOfChat = new Set(["node:crypto"])

/**
 * Imports each door in a process of its own. `whole` is a folder with the package and all its peers, `core` one without
 * those that may be missing.
 */
export const check = async (whole: string, core: string, node: Node): Promise<void> => {
  const look = async (folder: string, door: string): Promise<ReadonlyArray<string>> => {
    const printed = await node(folder, "--input-type=module", "--eval", probe(door))
    assert.equal(printed.trimEnd().split("\n").length, 1, `${door} prints something`)
    const { after, before, loaded } = JSON.parse(printed)
    assert.deepEqual(after, before, door)
    return loaded
  }
  let modulesOfAll = 0
  for (const door of doorsOf(whole)) {
    const folder = door === "parlance" ? whole : core
    const loaded = await look(folder, door)
    // Not from a folder above it, where something else may be installed.
    const home = pathToFileURL(realpathSync(folder)).href
    const outside = loaded.filter((url) => url.startsWith("file:") && !url.startsWith(home))
    assert.deepEqual(outside, [], `${door} needs what is not installed`)
    if (door === "parlance") modulesOfAll = loaded.length
    if (door !== "parlance/chat") continue
    assert.ok(loaded.length * 2 < modulesOfAll, `parlance/chat loads ${loaded.length} modules of ${modulesOfAll}`)
    const own = pathToFileURL(join(core, "node_modules", "parlance")).href
    assert.ok(loaded.some((url) => url.startsWith(own)))
    const foreign = loaded.filter(
      (url) => !/\/node_modules\/(effect|parlance)\//.test(url) && !nodeOfChat.has(url) && url.includes(":")
    )
    assert.deepEqual(
      foreign.map((url) => (url.startsWith("file:") ? fileURLToPath(url) : url)),
      [],
      "parlance/chat loads more than Effect"
    )
  }
}
