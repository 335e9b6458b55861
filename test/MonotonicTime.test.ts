/** Which files read the time of the day, and which read a clock at all. */
import { readdirSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"

const src = new URL("../src/", import.meta.url)
const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  // The kit for tests makes clocks.
  .filter((file) => /\.tsx?$/.test(file) && !file.startsWith("testing/"))
  .sort()

const comments = /\/\*[\s\S]*?\*\/|\/\/.*/g
const countIn = (text: string, pattern: RegExp): number => text.replace(comments, "").match(pattern)?.length ?? 0

/** How often each file says what a pattern finds. */
const uses = (pattern: RegExp): Readonly<Record<string, number>> =>
  Object.fromEntries(
    files
      .map((file) => [file, countIn(readFileSync(new URL(file, src), "utf8"), pattern)] as const)
      .filter(([, count]) => count > 0)
  )

const timeOfDay =
  /\bcurrentTime(?:Millis|Nanos)(?:Unsafe)?\b|\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\)|\bDateTime\.now/g
const monotonicTime = /\bmonotonicTimeNanos(?:Unsafe)?\b|\bperformance\.now\b|\bhrtime\b|\bperformance\.timeOrigin\b/g

describe("MonotonicTime", () => {
  // A moment: when something was said, kept or refused, until when a ban is or a file stays, and what is shown.
  it("nobody reads the time of the day but for a moment that is stored or shown", () => {
    assert.deepStrictEqual(uses(timeOfDay), {
      "app/Protocols.ts": 1,
      "app/api/StatsSampler.ts": 1,
      "services/Attachments.ts": 2,
      "services/Chat.ts": 1,
      "services/Operator.ts": 1,
      "services/Quota.ts": 2,
      "services/Refusals.ts": 1,
      "services/StorageHealth.ts": 1,
      "storage/FileStore.ts": 2,
      "storage/SqlHistory.ts": 1,
      "transports/OpenConnections.ts": 1,
      "web/admin/Moments.ts": 1,
      "web/admin/Peers.tsx": 1,
      "web/components/MessageRow.tsx": 1,
      "web/state/Model.ts": 2
    })
  })

  it("durations are measured in one way; a signal of the process has no clock of the program", () => {
    assert.deepStrictEqual(uses(monotonicTime), { "app/Program.ts": 1, "domain/MonotonicTime.ts": 1 })
  })

  it("every way to read a clock is found, and no prose", () => {
    const text = [
      "clock.currentTimeMillisUnsafe()",
      "yield* Clock.currentTimeMillis",
      "clock.currentTimeNanosUnsafe()",
      "Date.now()",
      "new Date()",
      "DateTime.now",
      "// not Date.now(), which",
      " /** nor new Date() */",
      "new Date(atMillis)"
    ].join("\n")
    assert.strictEqual(countIn(text, timeOfDay), 6)
    assert.strictEqual(countIn("performance.now() + process.hrtime.bigint() // hrtime", monotonicTime), 2)
  })
})
