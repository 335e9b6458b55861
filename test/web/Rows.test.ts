import { assert, describe, it } from "@effect/vitest"
import { pauseMillis, rows, summary } from "../../src/web/state/Rows.ts"
import { dayName } from "../../src/web/components/Moment.tsx"
import { moved, noon, said } from "./Said.ts"

describe("Rows", () => {
  it("rows() sets days apart", () => {
    const tomorrow = { ...said(2), key: "tomorrow", atMillis: noon(2) }
    assert.deepStrictEqual(
      rows([said(1), tomorrow]).map(({ kind }) => kind),
      ["day", "said", "day", "said"]
    )
  })

  it("rows() names a speaker once in a row, and again after others, news or a pause", () => {
    const late = { ...said(9), atMillis: said(8).atMillis + pauseMillis + 1 }
    const timeline = [said(1), said(2), said(3, "bob"), said(4), moved("joined", "carol", 5), said(6), said(8), late]
    const firsts = rows(timeline).flatMap((row) => (row.kind === "said" ? [row.isFirst] : []))
    assert.deepStrictEqual(firsts, [true, false, true, true, true, false, true])
  })

  it("rows() names a speaker again who comes by another protocol", () => {
    const firsts = rows([said(1), { ...said(2), protocol: "packet" }]).flatMap((row) =>
      row.kind === "said" ? [row.isFirst] : []
    )
    assert.deepStrictEqual(firsts, [true, true])
  })

  it("rows() puts comings and goings that follow each other into one", () => {
    const found = rows([moved("joined", "a", 1), moved("left", "b", 2), said(3), moved("joined", "c", 4)])
    assert.deepStrictEqual(
      found.map((row) => (row.kind === "moved" ? row.entries.length : row.kind)),
      ["day", 2, "said", 1]
    )
  })

  it("rows() marks where the unread messages begin", () => {
    const found = rows([said(1), said(2), said(3)], said(2).key)
    assert.deepStrictEqual(
      found.map(({ kind }) => kind),
      ["day", "said", "unread", "said", "said"]
    )
    assert.isTrue(found[3]?.kind === "said" && found[3].isFirst)
  })

  it("rows() has a key of its own for each row", () => {
    const timeline = [moved("joined", "a", 1), said(1), moved("left", "a", 2), said(2), said(3)]
    const keys = rows(timeline, said(2).key).map(({ key }) => key)
    assert.strictEqual(new Set(keys).size, keys.length)
  })

  const sentences: ReadonlyArray<readonly [string, ReadonlyArray<ReturnType<typeof moved>>]> = [
    ["a joined", [moved("joined", "a")]],
    ["a and b joined", [moved("joined", "a"), moved("joined", "b")]],
    ["a, b, c and d joined", ["a", "b", "c", "d"].map((name) => moved("joined", name))],
    ["a, b, c and 2 others joined", ["a", "b", "c", "d", "e"].map((name) => moved("joined", name))],
    ["a joined · b left", [moved("joined", "a"), moved("left", "b")]],
    ["a came and went", [moved("joined", "a"), moved("left", "a")]],
    ["a left and came back", [moved("left", "a"), moved("joined", "a")]],
    ["a left", [moved("left", "a"), moved("joined", "a"), moved("left", "a")]],
    ["b joined · a is now b", [moved("joined", "b"), moved("renamed", "b", 1, "a")]]
  ]
  for (const [sentence, moves] of sentences) {
    it(`summary() says ${sentence}`, () => assert.strictEqual(summary(moves), sentence))
  }

  it("dayName() knows today and yesterday", () => {
    assert.strictEqual(dayName(noon(3), noon(3) + 3_600_000), "Today")
    assert.strictEqual(dayName(noon(2), noon(3)), "Yesterday")
    assert.include(dayName(noon(1), noon(3)), "1")
    assert.include(dayName(new Date(2024, 0, 5).getTime(), noon(3)), "2024")
  })
})
