/**
 * The package that others install, made of what the build has left in `dist`: `npm pack` in its folder packs it.
 *
 * - It has the modules and declarations that its doors reach, the bundled program, the pages and the documents. Each is
 *   where it is in the project, so that paths relative to it hold, those in README.md too.
 * - Its manifest is made of the project's: the versions are written there alone, and what is imported is what it asks for.
 * - Modules import `effect/Effect` where their sources import `Effect` of `effect`, which is the same object, and loads a
 *   third less: the index of `effect` loads all of it.
 */
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { builtinModules } from "node:module"
import { dirname, join, posix } from "node:path"
import { fileURLToPath } from "node:url"

/** What of the project's manifest that of the package is made of. */
export interface Project {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly license: string
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>>
  readonly dependencies: Readonly<Record<string, string>>
}

/** Of these the one who installs the package has one for all; without those that may be absent some doors cannot be opened. */
const peers: Readonly<Record<string, "required" | "optional">> = {
  effect: "required",
  "@effect/platform-node": "optional"
}

/** What the program and the modules were made for; `src/main.ts` asks for it as well. */
const engines = { node: ">=24" }

/** The manifest of a package whose modules import these packages. Throws if the project does not depend on one of them. */
export const manifest = (project: Project, imported: Iterable<string>): Readonly<Record<string, unknown>> => {
  const { dependencies, description, exports: doors, license, name, version } = project
  const rangeOf = (wanted: string): string => {
    const exact = dependencies[wanted]
    if (exact === undefined) throw new Error(`${wanted} is imported, and is no dependency of the project`)
    return `^${exact}`
  }
  const ranges = (names: ReadonlyArray<string>) => Object.fromEntries(names.map((one) => [one, rangeOf(one)]))
  const peerNames = Object.keys(peers)
  const optional = peerNames.filter((one) => peers[one] === "optional")
  return {
    name,
    version,
    description,
    license,
    type: "module",
    engines,
    sideEffects: false,
    bin: { [name]: "dist/main.js" },
    exports: {
      ...Object.fromEntries(
        Object.entries(doors).map(([door, { default: module, types }]) => [door, { types, default: module }])
      ),
      "./package.json": "./package.json"
    },
    files: ["dist", "scratchpad", "src"],
    dependencies: ranges([...imported].filter((one) => peers[one] === undefined).sort()),
    peerDependencies: ranges(peerNames),
    peerDependenciesMeta: Object.fromEntries(optional.map((one) => [one, { optional: true }]))
  }
}

const importLines = [
  /^(?:import|export)\b[^"']*?\sfrom\s+"([^"]+)"/gm,
  /^import\s+"([^"]+)"/gm,
  /\bimport\("([^"]+)"\)/g
]

/** The modules that the text of a module, or of a declaration, imports. */
export const specifiers = (text: string): ReadonlyArray<string> =>
  importLines.flatMap((line) => Array.from(text.matchAll(line), ([, specifier = ""]) => specifier))

/** The package of a specifier, if it is of one: neither a file nor a module of Node.js. */
export const packageOf = (specifier: string): string | undefined => {
  if (specifier.startsWith(".") || specifier.startsWith("node:") || builtinModules.includes(specifier)) return undefined
  const parts = specifier.split("/")
  return parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/")
}

const namespaces = /^import \{ ([^}]*) \} from "(effect(?:\/[\w-]+)?)";/gm

/** The text of a module that imports what `isModule` says is a module of its own as that module. */
export const direct = (text: string, isModule: (specifier: string) => boolean): string =>
  text.replaceAll(namespaces, (_, names: string, index: string) =>
    names
      .split(", ")
      .map((entry) => {
        const [name = "", local = name] = entry.split(" as ")
        const module = `${index}/${name}`
        return isModule(module) ? `import * as ${local} from "${module}";` : `import { ${entry} } from "${index}";`
      })
      .join("\n")
  )

const root = fileURLToPath(new URL("../../", import.meta.url))
const textOf = (file: string): string => readFileSync(join(root, file), "utf8")

/** The files that these reach, and the packages. */
const reach = (entries: ReadonlyArray<string>, fileOf: (path: string) => string) => {
  const files = new Set<string>()
  const packages = new Set<string>()
  const visit = (file: string): void => {
    if (files.has(file)) return
    files.add(file)
    for (const specifier of specifiers(textOf(file))) {
      const found = packageOf(specifier)
      if (found !== undefined) packages.add(found)
      if (specifier.startsWith(".")) visit(fileOf(posix.join(posix.dirname(file), specifier)))
    }
  }
  for (const entry of entries) visit(posix.normalize(entry))
  return { files, packages }
}

/** Whether an index of Effect gives all of this module under its name. */
const isModuleOfEffect = (specifier: string): boolean => {
  const index = posix.dirname(specifier)
  const name = posix.basename(specifier)
  return readFileSync(new URL(import.meta.resolve(index)), "utf8").includes(`export * as ${name} from "./${name}.js"`)
}

// What README.md leads to.
const others = ["src/protocols/*/PROTOCOL.md", "src/protocols/Protocol.ts", "scratchpad/*.{ts,md}"]

/** Writes the package into a folder, which is emptied. */
export const write = (folder: string): void => {
  const project: Project = JSON.parse(textOf("package.json"))
  const doors = Object.values(project.exports)
  const modules = reach(
    doors.map((door) => door.default),
    (path) => path
  )
  const declarations = reach(
    doors.map((door) => door.types),
    (path) => path.replace(/\.[jt]s$/, ".d.ts")
  )
  rmSync(folder, { recursive: true, force: true })
  const put = (file: string, text: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  // Its map is not there.
  const putModule = (file: string, text: string): void => put(file, text.replace(/^\/\/# sourceMappingURL=.*\n?/gm, ""))
  for (const file of modules.files) putModule(file, direct(textOf(file), isModuleOfEffect))
  for (const file of declarations.files) put(file, textOf(file))
  for (const file of globSync(["dist/main.js", "dist/app/Program*.js"], { cwd: root })) putModule(file, textOf(file))
  for (const file of ["README.md", "LICENSE", ...globSync(others, { cwd: root })]) {
    put(file, textOf(file))
  }
  cpSync(join(root, "dist/web"), join(folder, "dist/web"), { recursive: true })
  const imported = new Set([...modules.packages, ...declarations.packages])
  put("package.json", `${JSON.stringify(manifest(project, imported), undefined, 2)}\n`)
}

if (import.meta.main) write(join(root, "dist/package"))
