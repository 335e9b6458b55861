import { assert, describe, it } from "@effect/vitest"
import { comparisonOf, type Figure, verdictOf } from "./Comparison.ts"

interface Round {
  readonly nanos: number | undefined
  readonly perSecond: number
}

const figure: Figure<Round> = {
  name: "ns",
  digits: 0,
  of: ({ nanos }) => nanos,
  rate: ({ perSecond }) => perSecond
}

const roundsOf = (...all: ReadonlyArray<number | undefined>): ReadonlyArray<Round> =>
  all.map((nanos) => ({ nanos, perSecond: nanos === undefined ? NaN : 1000 / nanos }))

const compared = (old: ReadonlyArray<Round>, now: ReadonlyArray<Round>) =>
  comparisonOf("line", figure, { name: "row", old, now })

describe("comparisonOf()", () => {
  it("gives medians, and ratios over 1 where this build is better", () => {
    const { bestRatio, now, old, oldRange, rateRatio, ratio, verdict } = compared(
      roundsOf(100, 80, 125),
      roundsOf(40, 50, 60)
    )
    assert.deepStrictEqual([old, now, ratio, bestRatio, rateRatio], [100, 50, 2, 2, 2])
    assert.deepStrictEqual(oldRange, [0.8, 1.25])
    assert.strictEqual(verdict, "ok")
  })

  it("gives the ratio of the best rounds, too", () => {
    const { bestRatio, ratio } = compared(roundsOf(10, 30, 30), roundsOf(30, 20, 30))
    assert.deepStrictEqual([ratio, bestRatio], [1, 0.5])
  })

  it("takes the mean of the two in the middle of an even number of rounds", () => {
    const { now, old } = compared(roundsOf(10, 20), roundsOf(4, 1, 3, 2))
    assert.deepStrictEqual([old, now], [15, 2.5])
  })

  it("is low where this build never came to an end and the old one did", () => {
    const { ratio, verdict } = compared(roundsOf(10, 10, 10), roundsOf(10, Infinity, Infinity))
    assert.deepStrictEqual([ratio, verdict], [0, "LOW"])
  })

  it("knows nothing where a round of either build was not measured", () => {
    assert.strictEqual(compared(roundsOf(10, undefined), roundsOf(10, 10)).verdict, "?")
    assert.strictEqual(compared(roundsOf(10, 10), roundsOf(undefined, 10)).verdict, "?")
  })
})

describe("verdictOf()", () => {
  it("is low under 0.97 outside the old build's range, and under 0.93 within it", () => {
    assert.strictEqual(verdictOf(0.96, 0.98), "LOW")
    assert.strictEqual(verdictOf(0.96, 0.95), "ok")
    assert.strictEqual(verdictOf(0.97, 0.99), "ok")
    assert.strictEqual(verdictOf(0.93, 0.5), "ok")
    assert.strictEqual(verdictOf(0.92, 0.5), "LOW")
  })
})
