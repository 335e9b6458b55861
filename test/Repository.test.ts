/** What the repository promises to those who open it. */
import { readdirSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { descriptions } from "../src/app/Settings.ts"

const root = new URL("../", import.meta.url)
const textOf = (file: string) => readFileSync(new URL(file, root), "utf8")

describe("Repository", () => {
  it("the visible top level is what it should be", () => {
    const besides = new Set(["LICENSE", "package-lock.json", "node_modules", "dist", "data"])
    const visible = readdirSync(root).filter((name) => !name.startsWith(".") && !besides.has(name))
    assert.sameMembers(visible, ["package.json", "tsconfig.json", "src", "test", "scratchpad", "README.md"])
  })

  it("package.json names exact versions", () => {
    const manifest: Record<string, Record<string, string>> = JSON.parse(textOf("package.json"))
    const groups = ["dependencies", "devDependencies", "optionalDependencies"]
    const versions = groups.flatMap((group) => Object.entries(manifest[group] ?? {}))
    assert.isNotEmpty(versions)
    assert.deepStrictEqual(
      versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)),
      []
    )
  })

  // npm leaves out of the file what the registry of whoever writes it does not have, and then `npm ci` refuses the file.
  it("package-lock.json has the package of every platform", () => {
    const { packages }: { packages: Record<string, { optionalDependencies?: Record<string, string> }> } = JSON.parse(
      textOf("package-lock.json")
    )
    const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
    assert.include(wanted, "@effect/tsgo-darwin-arm64")
    assert.deepStrictEqual(
      wanted.filter((name) => packages[`node_modules/${name}`] === undefined),
      []
    )
  })

  it("README.md names every setting", () => {
    const readme = textOf("README.md")
    const missing = descriptions.filter(
      ({ environment, flag }) => !new RegExp(`\\b${environment}\\b|--${flag}(?![\\w-])`).test(readme)
    )
    assert.deepStrictEqual(
      missing.map(({ environment }) => environment),
      []
    )
  })
})
