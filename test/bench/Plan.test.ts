import { assert, describe, it } from "@effect/vitest"
import { type Plan, reportsOf, roundsOf, seriesOf, takeTurns } from "./Plan.ts"
import type { Subject } from "./Subjects.ts"

const program = () => ({ args: [] })
const ours: Subject = { name: "ours", spoken: [], build: "new", program }
const bare: Subject = { name: "bare", spoken: [], program }
const alone: Plan = { rounds: undefined, against: undefined, hasFloors: true, comparisons: [] }
const beside: Plan = { ...alone, against: "old", hasFloors: false }

/** Rows whose rounds say which build was measured and as the how manieth. */
const rowsOf = (turns: Array<string>, ...subjects: ReadonlyArray<Subject>) =>
  subjects.map((subject) => ({
    name: subject.name,
    subject,
    measure: ({ build, name }: Subject) => Promise.resolve(`${turns.push(build ?? name)} ${build ?? name}`)
  }))

describe("takeTurns()", () => {
  it("measures row by row in each round", async () => {
    const turns: Array<string> = []
    const measured = await takeTurns(alone, 2, rowsOf(turns, bare, ours))
    assert.deepStrictEqual(turns, ["bare", "new", "bare", "new"])
    assert.deepStrictEqual(
      seriesOf(measured).map(({ all }) => all),
      [
        ["1 bare", "3 bare"],
        ["2 new", "4 new"]
      ]
    )
  })

  it("has two builds take turns, each of them first in every other round, without the floors", async () => {
    const turns: Array<string> = []
    const measured = await takeTurns(beside, 3, rowsOf(turns, bare, ours))
    assert.deepStrictEqual(turns, ["old", "new", "new", "old", "old", "new"])
    assert.deepStrictEqual(seriesOf(measured), [
      { name: "ours, old", all: ["1 old", "4 old", "5 old"] },
      { name: "ours", all: ["2 new", "3 new", "6 new"] }
    ])
    assert.lengthOf(reportsOf(measured), 6)
  })

  it("measures floors once a round beside two builds, if they are asked for", async () => {
    const turns: Array<string> = []
    await takeTurns({ ...beside, hasFloors: true }, 2, rowsOf(turns, bare, ours))
    assert.deepStrictEqual(turns, ["bare", "old", "new", "bare", "new", "old"])
  })
})

describe("roundsOf()", () => {
  it("is what is asked for, else what is usual, and at least 3 of two builds", () => {
    assert.strictEqual(roundsOf(alone, 1), 1)
    assert.strictEqual(roundsOf(beside, 1), 3)
    assert.strictEqual(roundsOf(beside, 5), 5)
    assert.strictEqual(roundsOf({ ...beside, rounds: 2 }, 5), 2)
  })
})
