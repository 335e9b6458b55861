import { assert, describe, it } from "@effect/vitest"
import { duration } from "../../src/web/admin/Moments.ts"

describe("Moments", () => {
  it("a duration has two units, the greater first", () => {
    const seconds = [0, 59, 60, 61, 3600, 3661, 86_400, 90_061]
    assert.deepStrictEqual(
      seconds.map((it) => duration(it * 1000)),
      ["0 s", "59 s", "1 min 0 s", "1 min 1 s", "1 h 0 min", "1 h 1 min", "1 d 0 h", "1 d 1 h"]
    )
    assert.strictEqual(duration(-5), "0 s")
  })
})
