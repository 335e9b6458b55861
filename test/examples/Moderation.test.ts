import { assert, it } from "@effect/vitest"
import { readFileSync } from "node:fs"

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8")

it("README shows the hooks of the moderation policy", () => {
  const source = read("scratchpad/Moderation.ts")
  const hooks = source.slice(source.indexOf("// What is said"), source.indexOf("/** A server that"))
  assert.include(read("README.md"), hooks.trim())
})
