import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Coverage, limitRanges } from "../../src/services/Coverage.ts"

describe("Coverage", () => {
  it("isWhole() is true of an empty file, and of no other of which nothing came", () => {
    assert.isTrue(new Coverage().isWhole(0))
    assert.isFalse(new Coverage().isWhole(1))
  })

  it("add() keeps one range of what comes in order", () => {
    const coverage = new Coverage()
    for (let index = 0; index < 1000; index++) coverage.add(index * 10, 10)
    assert.strictEqual(coverage.rangeCount, 1)
    assert.isTrue(coverage.isWhole(10_000))
    assert.isFalse(coverage.isWhole(10_001))
  })

  it("add() refuses what is too scattered, and still takes what joins", () => {
    const coverage = new Coverage()
    for (let index = 0; index < limitRanges; index++) assert.isTrue(coverage.add(index * 2, 1))
    assert.isFalse(coverage.add(limitRanges * 2, 1))
    assert.strictEqual(coverage.rangeCount, limitRanges)
    assert.isTrue(coverage.add(1, 1))
    assert.isTrue(coverage.add(limitRanges * 2, 1))
    assert.isTrue(coverage.add(0, limitRanges * 2))
    assert.strictEqual(coverage.rangeCount, 1)
  })

  const Written = Schema.Struct({
    atByte: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 })),
    sizeBytes: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 15 }))
  })
  it.effect.prop("knows what a bitmap knows", [Schema.Array(Written)], ([all]) =>
    Effect.sync(() => {
      const coverage = new Coverage()
      const bitmap = new Uint8Array(60)
      for (const { atByte, sizeBytes } of all) {
        coverage.add(atByte, sizeBytes)
        bitmap.fill(1, atByte, atByte + sizeBytes)
        const hole = bitmap.indexOf(0)
        for (let size = 0; size < 60; size++) assert.strictEqual(coverage.isWhole(size), size <= hole)
        const ranges = bitmap.filter((bit, index) => bit === 1 && bitmap[index - 1] !== 1).length
        assert.strictEqual(coverage.rangeCount, ranges)
        const painted = new Uint8Array(60)
        coverage.forEachRange((start, end) => painted.fill(1, start, end))
        assert.deepStrictEqual(painted, bitmap)
      }
    })
  )
})
