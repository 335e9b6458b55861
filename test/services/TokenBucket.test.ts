import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { TokenBucket } from "../../src/services/TokenBucket.ts"

describe("TokenBucket", () => {
  it("take() gives the burst at once, then one per gap", () => {
    const bucket = new TokenBucket(2, 5)
    assert.deepStrictEqual(
      Array.from({ length: 7 }, () => bucket.take(1000)),
      [0, 0, 0, 0, 0, 500, 500]
    )
    assert.strictEqual(bucket.take(1499), 1)
    assert.strictEqual(bucket.take(1500), 0)
    assert.strictEqual(bucket.take(1500), 500)
    assert.deepStrictEqual(
      Array.from({ length: 6 }, () => bucket.take(60_000)),
      [0, 0, 0, 0, 0, 500]
    )
  })

  it("never waits longer than a gap, and is not fooled by a clock that goes back", () => {
    const bucket = new TokenBucket(0.3, 0)
    assert.strictEqual(bucket.take(10_000), 0)
    assert.strictEqual(bucket.take(10_000), 3334)
    assert.isAtMost(bucket.take(13_333), 1)
    assert.strictEqual(bucket.take(13_334), 0)
    assert.isAbove(bucket.take(0), 0)
  })

  it.prop(
    "gives at most the burst and one per gap, in whatever order it is asked",
    [Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2000 })))],
    ([pauses]) => {
      const bucket = new TokenBucket(2, 5)
      let nowMillis = 0
      let given = 0
      for (const pauseMillis of pauses) {
        nowMillis += pauseMillis
        const waitMillis = bucket.take(nowMillis)
        assert.isAtMost(waitMillis, 500)
        if (waitMillis === 0) given++
        else assert.strictEqual(bucket.take(nowMillis + waitMillis - 1) > 0, true)
        assert.isAtMost(given, 5 + nowMillis / 500)
      }
    }
  )

  it("of 0 per second gives whatever is asked", () => {
    const bucket = new TokenBucket(0, 1)
    for (let count = 0; count < 1000; count++) assert.strictEqual(bucket.take(0), 0)
  })

  it("waitMillis() takes nothing, and spend() takes what is not there yet", () => {
    const bucket = new TokenBucket(2, 2)
    assert.deepStrictEqual([bucket.waitMillis(0), bucket.waitMillis(0), bucket.waitMillis(0)], [0, 0, 0])
    for (let count = 0; count < 4; count++) bucket.spend(0)
    assert.deepStrictEqual(
      [bucket.waitMillis(0), bucket.take(0), bucket.take(1499), bucket.take(1500)],
      [1500, 1500, 1, 0]
    )
  })

  it("isFull() is true until something is taken, and when it would be there again", () => {
    const bucket = new TokenBucket(2, 5)
    assert.isTrue(bucket.isFull(0))
    bucket.take(0)
    bucket.take(0)
    assert.deepStrictEqual([bucket.isFull(0), bucket.isFull(999), bucket.isFull(1000)], [false, false, true])
  })
})
