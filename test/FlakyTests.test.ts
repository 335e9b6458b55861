/** What a run under CI says of a test that failed at first, with the configuration of these tests. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, describe, it } from "@effect/vitest"

const configuration = fileURLToPath(new URL("vitest.config.ts", import.meta.url))
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url))
const folder = mkdtempSync(join(tmpdir(), "parlance-"))
const file = join(folder, "flaky")

writeFileSync(
  join(folder, "vitest.config.mts"),
  `import configuration from ${JSON.stringify(configuration)}
  const test = { ...configuration.test, root: ${JSON.stringify(folder)}, globalSetup: [], setupFiles: [], globals: true }
  export default { ...configuration, cacheDir: "cache", test }`
)

/** Runs tests by themselves. */
const run = (...tests: ReadonlyArray<string>) => {
  rmSync(file, { force: true })
  writeFileSync(join(folder, "Some.test.ts"), tests.join("\n"))
  const { status, stdout } = spawnSync(
    process.execPath,
    [vitest, "run", "--config", join(folder, "vitest.config.mts")],
    {
      cwd: folder,
      env: { ...process.env, CI: "true", NO_COLOR: "1", FLAKY_TESTS_FILE: file },
      encoding: "utf8",
      timeout: 25_000
    }
  )
  return { status, stdout }
}

const passing = `test("passes at once", () => {})`
const flaky = `let tries = 0
  describe("Socket", () => {
    test("opens", () => {
      if (++tries === 1) throw new Error("Too slow.\\nReally.")
      if (tries === 3) throw new Error("That was one try too many.")
    })
  })`
const failing = `test("never passes", () => { throw new Error("Wrong.") })`

const report = "Passed only at the second try (1):\nSome.test.ts > Socket > opens: Too slow.\n"

afterAll(() => rmSync(folder, { recursive: true }))

describe("FlakyTests", () => {
  it("says what passed only at its second try, how it failed, and fails nothing", () => {
    const { status, stdout } = run(passing, flaky)
    assert.strictEqual(status, 0)
    assert.include(stdout, report)
    assert.notInclude(stdout.slice(stdout.indexOf(report)), "passes at once")
    assert.strictEqual(readFileSync(file, "utf8"), report)
  })

  it("is silent about what passed at once and what failed twice", () => {
    const { status, stdout } = run(passing, failing)
    assert.strictEqual(status, 1)
    assert.notInclude(stdout, "second try")
    assert.throws(() => readFileSync(file), /ENOENT/)
  })
})
