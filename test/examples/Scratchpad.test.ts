/** The programs of `scratchpad`, each run as a process. */
import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const folder = fileURLToPath(new URL("../../scratchpad/", import.meta.url))

/** Runs a program to its end, from the sources; gives what it has printed. Fails unless it ends in good order. */
const run = async (name: string): Promise<string> => {
  const args = ["--conditions=parlance-source", join(folder, `${name}.ts`)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 })
  return stdout
}

/** What each prints, among other things. */
const programs: Readonly<Record<string, ReadonlyArray<string>>> = {
  EchoBot: ["Echo says: hello", "Echo tells ada: psst"],
  Bridge: ["carl hears of tina: hello from TsockM", "tina hears of carl: hello from ChatMaster"]
}

describe("scratchpad", () => {
  it("has a test of each program", () => {
    const names = readdirSync(folder).filter((file) => file.endsWith(".ts"))
    assert.sameMembers(
      names,
      Object.keys(programs).map((name) => `${name}.ts`)
    )
  })

  for (const [name, lines] of Object.entries(programs)) {
    it(`${name}.ts shows what it is an example of, and ends`, { timeout: 90_000 }, async () => {
      const printed = await run(name)
      for (const line of lines) assert.include(printed, line)
    })
  }
})
