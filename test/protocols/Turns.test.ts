import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Turns from "../../src/protocols/Turns.ts"

describe("Turns", () => {
  it("Turns.next() gives the answer of the oldest request as it is", () => {
    const turns = Turns.make<number>()
    for (const steps of [[1], [], [2, 3]]) assert.strictEqual(turns.next()(steps), steps)
    const [one, two] = [turns.next(), turns.next()]
    const steps = [4]
    assert.strictEqual(one(steps), steps)
    assert.strictEqual(two(steps), steps)
  })

  it("Turns.next() gives what waited behind an answer with it, up to the next gap", () => {
    const turns = Turns.make<number>()
    const [one, two, three, four] = [turns.next(), turns.next(), turns.next(), turns.next()] as const
    assert.deepStrictEqual(three([3, 33]), [])
    assert.deepStrictEqual(two([]), [])
    assert.deepStrictEqual(one([1]), [1, 3, 33])
    const five = turns.next()
    assert.deepStrictEqual(five([5]), [])
    assert.deepStrictEqual(four([4]), [4, 5])
    assert.deepStrictEqual(turns.next()([6]), [6])
  })

  it.prop(
    "Turns.next() keeps the order of requests, whatever the order of answers",
    [Schema.Array(Schema.Struct({ isRequest: Schema.Boolean, which: Schema.Int }))],
    ([acts]) => {
      const turns = Turns.make<number>()
      const open: Array<{ readonly number: number; readonly answer: Turns.Answer<number> }> = []
      const out: Array<number> = []
      let requests = 0
      const reply = (which: number) => {
        const [taken] = open.splice(Math.abs(which) % open.length, 1)
        out.push(...taken!.answer([taken!.number]))
        // Nothing that could go out has been kept back.
        const oldest = Math.min(requests, ...open.map(({ number }) => number))
        assert.deepStrictEqual(out, [...Array(oldest).keys()])
      }
      for (const { isRequest, which } of acts) {
        if (isRequest || open.length === 0) open.push({ number: requests++, answer: turns.next() })
        else reply(which)
      }
      while (open.length > 0) reply(requests * 7)
    }
  )
})
