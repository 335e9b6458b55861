/**
 * How long it takes to import each door of the package that `npm run build` has made, in milliseconds: the best of some
 * processes. `node test/package/ImportTimes.ts [rounds] [folder of a package]`
 */
import { execFileSync } from "node:child_process"
import { readFileSync, realpathSync } from "node:fs"
import { join, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const [rounds = "7", folder = fileURLToPath(new URL("../../dist/package", import.meta.url))] = process.argv.slice(2)
const home = realpathSync(resolve(folder))
const { exports }: { readonly exports: Readonly<Record<string, { readonly default?: string }>> } = JSON.parse(
  readFileSync(join(home, "package.json"), "utf8")
)

const measure = (file: string): number => {
  const url = JSON.stringify(pathToFileURL(join(home, file)).href)
  const code = `const from = performance.now(); await import(${url}); console.log(performance.now() - from)`
  return Number(execFileSync(process.execPath, ["--input-type=module", "--eval", code], { encoding: "utf8" }))
}

for (const [door, { default: file }] of Object.entries(exports)) {
  if (file === undefined) continue
  const times = Array.from({ length: Number(rounds) }, () => measure(file))
  console.log(`parlance${door.slice(1)}: ${Math.min(...times).toFixed(0)} ms`)
}
