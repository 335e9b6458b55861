/** The programs that README.md shows, as files. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))
const textOf = (...path: ReadonlyArray<string>): string => readFileSync(join(root, ...path), "utf8")

const folders = ["test/examples", "scratchpad"].filter((folder) => existsSync(join(root, folder)))
const examples = folders.flatMap((folder) => readdirSync(join(root, folder)).map((name) => ({ folder, name })))

/** The blocks of TypeScript that are whole programs: those that import something. By the name of the same example, if one is. */
export const programs = (): Readonly<Record<string, string>> => {
  const blocks = Array.from(textOf("README.md").matchAll(/^```ts\n(.*?)^```$/gms), ([, block = ""]) => block)
  const whole = blocks.filter((block) => /^import /m.test(block))
  if (whole.length === 0) throw new Error("README.md shows no program")
  const sources = examples.filter(({ name }) => name.endsWith(".ts"))
  return Object.fromEntries(
    whole.map((block, index) => {
      const same = sources.find(({ folder, name }) => textOf(folder, name) === block)
      return [same?.name ?? `Readme${index + 1}.ts`, block]
    })
  )
}
