import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { sessionTimeout } from "../../scratchpad/TimeoutTest.ts"

describe("scratchpad/TimeoutTest.ts", () => {
  it.effect("a silent session ends after 30 seconds", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* sessionTimeout, 30_000)
    })
  )
})
