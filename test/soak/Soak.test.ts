import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Oracle } from "./Oracle.ts"
import { run } from "./Soak.ts"

const seconds = process.env["CI"] === undefined ? 10 : 60

describe("a server in bad weather", () => {
  it.live(
    "loses, repeats and reorders nothing, and leaves nothing behind",
    () =>
      Effect.gen(function* () {
        const { heard, problems, said, stays, strangers } = yield* run(seconds, 1)
        assert.deepStrictEqual(problems, [])
        assert.isAbove(said, seconds)
        assert.isAbove(heard, said)
        assert.isAtLeast(stays, 12)
        assert.isAbove(strangers, seconds)
      }),
    (seconds + 150) * 1000
  )
})

describe("Oracle", () => {
  it("tells what is missing, comes twice, or in another order", () => {
    const oracle = new Oracle()
    const [ada, bob] = [oracle.begin("ada"), oracle.begin("bob")]
    const [first, second, third] = [ada.next(), ada.next(), ada.next()]
    bob.hear(second)
    assert.deepStrictEqual(oracle.problems, [])
    bob.hear(first)
    bob.hear(second)
    bob.hear(second)
    assert.deepStrictEqual(oracle.problems, [
      "bob heard number 1 of ada behind 2",
      "bob heard number 2 of ada behind 2"
    ])
    assert.deepStrictEqual(oracle.missing, ["bob heard 2 of 3 of ada"])
    bob.hear(third)
    assert.deepStrictEqual(oracle.missing, [])
    const joe = oracle.begin("joe")
    for (const text of [ada.next(), "2 messages and 1 notice of who came or went were left out here"]) joe.hear(text)
    const [, , lastHeard] = [ada.next(), ada.next(), ada.next()]
    joe.hear(lastHeard)
    assert.lengthOf(oracle.problems, 2)
    const [, afterGap] = [ada.next(), ada.next()]
    joe.hear(afterGap)
    assert.deepStrictEqual(oracle.problems.slice(2), ["joe heard number 9 of ada behind 7"])
    joe.end()
    bob.end()
    const eve = oracle.begin("eve")
    assert.deepStrictEqual(oracle.missing, [])
    bob.hear(ada.next())
    assert.deepStrictEqual(oracle.missing, ["eve heard 0 of 10 of ada"])
    eve.end()
    assert.deepStrictEqual([oracle.missing, oracle.said, oracle.heard], [[], 10, 9])
  })
})
