/** Says at the end of a run which tests passed only at their second try. It fails nothing. */
import { writeFileSync } from "node:fs"
import type { Reporter, TestCase, TestModule } from "vitest/node"

const line = (test: TestCase): string => {
  const error = test.attempts().find(({ state }) => state === "failed")?.errors?.[0]?.message ?? "unknown error"
  return `${test.module.relativeModuleId} > ${test.fullName}: ${error.split("\n", 1)[0]}`
}

/** A line for each test that passed after it had failed: where it is, its name, and how it failed first. */
const flakyTests = (modules: ReadonlyArray<TestModule>): ReadonlyArray<string> =>
  modules.flatMap((module) =>
    Array.from(module.children.allTests("passed"))
      .filter((test) => test.diagnostic()?.flaky === true)
      .map(line)
  )

/** Prints the list, and writes it to the file that `FLAKY_TESTS_FILE` names. */
export class FlakyTests implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>): void {
    const found = flakyTests(modules)
    if (found.length === 0) return
    const report = [`Passed only at the second try (${found.length}):`, ...found, ""].join("\n")
    process.stdout.write(`\n${report}\n`)
    const file = process.env["FLAKY_TESTS_FILE"]
    if (file !== undefined) writeFileSync(file, report)
  }
}
