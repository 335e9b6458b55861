import { assert, describe, it } from "@effect/vitest"
import type { UserName } from "../../../src/domain/Names.ts"
import { ask, authorOf, bench, bodies, kinds, left, said } from "./Links.ts"
import { shown } from "../../../src/protocols/tsockm/TsockmText.ts"
import { seeded, textOf } from "./Wire.ts"

describe("TsockmExchange holds", () => {
  for (const generation of [7, 8] as const) {
    it(`everything behind a message until its author was asked for, with ${generation} fields`, () => {
      const given = bench()
      const alice = given.enter(generation, "alice")
      given.deliver(alice, said("one"))
      given.deliver(alice, said("two"))
      given.deliver(alice, left("eve", 99))
      const [first = "", ...others] = alice.link.sent()
      assert.deepStrictEqual([bodies([first]), others], [["one"], []])
      given.pass(399)
      assert.deepStrictEqual(alice.link.sent(), [])
      ask(given, alice, authorOf(first))
      const answered = alice.link.sent()
      assert.deepStrictEqual(kinds(answered), ["RES GET_PEER", "RES MSG"])
      assert.match(bodies(answered)[0]!, /^eve#/)
      ask(given, alice, authorOf(first))
      const [, notice = ""] = alice.link.sent()
      assert.strictEqual(kinds([notice])[0], "REQ NTFY_KILL")
      given.deliver(alice, said("three"))
      assert.deepStrictEqual(alice.link.sent(), [])
      ask(given, alice, bodies([notice])[0]!)
      assert.deepStrictEqual(kinds(alice.link.sent()), ["RES GET_PEER", "RES MSG"])
    })
  }

  it("for 400 ms, and no more after three silences in a row, until a question comes again", () => {
    const given = bench()
    const alice = given.enter(7, "alice")
    const texts = ["one", "two", "three", "four", "five", "six"]
    for (const text of texts) given.deliver(alice, said(text))
    assert.deepStrictEqual(bodies(alice.link.sent()), ["one"])
    given.pass(399)
    assert.deepStrictEqual(alice.link.sent(), [])
    given.pass(1)
    assert.deepStrictEqual(bodies(alice.link.sent()), ["two"])
    given.pass(400)
    assert.deepStrictEqual(bodies(alice.link.sent()), ["three"])
    given.pass(400)
    assert.deepStrictEqual(bodies(alice.link.sent()), ["four", "five", "six"])
    given.deliver(alice, said("seven"))
    given.deliver(alice, said("eight"))
    assert.deepStrictEqual(bodies(alice.link.sent()), ["seven", "eight"])
    ask(given, alice, alice.secret)
    given.deliver(alice, said("nine"))
    given.deliver(alice, said("ten"))
    assert.deepStrictEqual(bodies(alice.link.sent()).slice(1), ["nine"])
  })

  it("no more than three silences, unless a question was between them", () => {
    const given = bench()
    const alice = given.enter(7, "alice")
    for (let round = 0; round < 10; round++) {
      given.deliver(alice, said("one"))
      given.deliver(alice, said("two"))
      assert.deepStrictEqual(bodies(alice.link.sent()), ["one"])
      given.pass(400)
      assert.deepStrictEqual(bodies(alice.link.sent()), ["two"])
      ask(given, alice, alice.secret)
      alice.link.sent()
    }
  })

  it("nothing if nothing is paced", () => {
    const given = bench({ gapMillis: 0 })
    const alice = given.enter(7, "alice")
    given.deliver(alice, said("one"))
    given.deliver(alice, said("two"))
    given.deliver(alice, left("eve", 99))
    assert.deepStrictEqual(kinds(alice.link.sent()), ["RES MSG", "RES MSG", "REQ NTFY_KILL"])
    given.hangUp(alice)
    assert.deepStrictEqual(kinds(alice.link.sent()), ["RES COMM_END"])
  })

  it("no answer to a question that a user asks", () => {
    const given = bench()
    const alice = given.enter(7, "alice")
    for (let round = 0; round < 3; round++) ask(given, alice, alice.secret)
    assert.strictEqual(alice.link.sent().length, 3)
  })

  it("one peer, not the others", () => {
    const given = bench()
    const [alice, bob] = [given.enter(7, "alice"), given.enter(8, "bob")]
    const [one, two] = [said("one"), said("two")]
    for (const event of [one, two]) for (const peer of [alice, bob]) given.deliver(peer, event)
    ask(given, bob, authorOf(bob.link.sent()[0]!))
    assert.deepStrictEqual(bodies(bob.link.sent()).slice(1), ["two"])
    assert.deepStrictEqual(bodies(alice.link.sent()), ["one"])
  })

  it("a text that is longer than a packet in rounds, divided between characters", () => {
    const random = seeded(5)
    const given = bench()
    for (const generation of [7, 8] as const) {
      const alice = given.enter(generation, `alice ${generation}`)
      for (const text of ["x".repeat(4000), "なè👩‍👩‍👧".repeat(300), textOf(random, 3000)]) {
        given.deliver(alice, said(text))
        let whole = ""
        for (let round = 0; whole.length < shown(text).length; round++) {
          const [packet = "", ...others] = alice.link.sent().filter((it) => it.startsWith("RES::MSG"))
          assert.isAtMost(Buffer.byteLength(packet), 1000)
          assert.deepStrictEqual(others, [])
          whole += bodies([packet])[0]
          assert.isTrue(shown(text).startsWith(whole), `round ${round}`)
          ask(given, alice, authorOf(packet))
        }
        assert.strictEqual(whole, shown(text))
      }
    }
  })

  it("as much as may wait of what is for a peer alone, and ends one for which more does", () => {
    const given = bench({ queueLimitBytes: 1000 })
    const [alice, bob] = [given.enter(7, "alice"), given.enter(7, "bob")]
    const text = "x".repeat(900)
    let count = 0
    while (given.ended().length === 0) {
      assert.isBelow(count++, 19)
      assert.isAtMost(given.exchange.queuedBytes(alice.key), 16_000)
      given.deliver(alice, said(text, "eve", 99, { to: "alice" as UserName }))
    }
    assert.isAbove(count, 16)
    assert.strictEqual(given.exchange.queuedBytes(alice.key), 0)
    given.deliver(alice, said("nothing more"))
    given.deliver(bob, said("hello"))
    given.pass(1000)
    assert.deepStrictEqual(kinds(alice.link.sent()), ["RES MSG", "RES COMM_END", "REQ COMM_END"])
    assert.isTrue(alice.link.isEnded())
    assert.deepStrictEqual(bodies(bob.link.sent()), ["hello"])
  })
})
