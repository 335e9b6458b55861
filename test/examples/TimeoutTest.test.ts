import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { sessionTimeout } from "../../scratchpad/TimeoutTest.ts"
import * as Running from "./Running.ts"

describe("scratchpad/TimeoutTest.ts", () => {
  it.effect("a silent session ends after 30 seconds", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* sessionTimeout, 30_000)
    })
  )

  it.live("runs by itself, and says what it has shown and how long it took", () =>
    Effect.gen(function* () {
      const { code, errors, lines } = yield* Running.run("TimeoutTest")
      assert.deepStrictEqual([code, errors, lines.length], [0, "", 2])
      assert.strictEqual(lines[0], "A silent session ended after 30 s, and its name was free.")
      assert.match(lines[1]!, /^That took 110 s of virtual time and \d+ ms of real time\.$/)
    })
  )
})
