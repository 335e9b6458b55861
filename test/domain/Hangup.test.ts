import { assert, describe, it } from "@effect/vitest"
import { explain, Hangup, type HangupReason } from "../../src/domain/Hangup.ts"

const reasons: Record<HangupReason, boolean> = {
  malformed: false,
  "login-timeout": true,
  "login-limit": false,
  "too-large": false,
  faulty: false,
  flooding: false,
  slow: true,
  killed: false,
  "too-many": false,
  banned: false,
  refused: false,
  stopping: true,
  done: false
}

describe("Hangup", () => {
  for (const [reason, retry] of Object.entries(reasons) as ReadonlyArray<[HangupReason, boolean]>) {
    it(`retry is ${retry} for ${reason}, and explain() says so in a sentence`, () => {
      assert.strictEqual(new Hangup({ reason }).retry, retry)
      assert.match(explain(reason), /^The .+\.$/)
    })
  }
})
