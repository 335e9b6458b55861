import { assert, describe, it } from "@effect/vitest"
import { ask, authorOf, bench, bodies, kinds, left, request, said } from "./Links.ts"

describe("TsockmExchange ends a peer", () => {
  const ends = {
    7: { RES: "RES::COMM_END::200::server::server::client::OK", REQ: "REQ::COMM_END::200::server::server::client::OK" },
    8: {
      RES: "RES::COMM_END::200::SERVER::::127.0.0.1:6969::127.0.0.1:40000::OK",
      REQ: "REQ::COMM_END::200::SERVER::::127.0.0.1:6969::127.0.0.1:40000::OK"
    }
  }
  for (const [generation, isKilled, order] of [
    [7, false, ["RES", "REQ"]],
    [8, false, ["RES", "REQ"]],
    [7, true, ["RES", "REQ"]],
    [8, true, ["REQ", "RES"]]
  ] as const) {
    it(`with ${generation} fields that ${isKilled ? "is killed" : "leaves"}: ${order.join(", ")}, and closes`, () => {
      const given = bench()
      const alice = given.enter(generation, "alice")
      if (isKilled) given.hangUp(alice)
      else assert.deepStrictEqual(given.once(request.of(generation, "COMM_END", alice.secret)).sent(), [])
      assert.strictEqual(given.ended().length, 1)
      assert.deepStrictEqual(alice.link.sent(), [ends[generation][order[0]]])
      given.pass(99)
      assert.deepStrictEqual(alice.link.sent(), [])
      given.pass(1)
      assert.deepStrictEqual(alice.link.sent(), [ends[generation][order[1]]])
      assert.isFalse(alice.link.isEnded())
      given.pass(100)
      assert.isTrue(alice.link.isEnded())
      given.once(request.of(generation, "COMM_END", alice.secret))
      given.once(request.of(generation, "MSG", alice.secret, "still here?"))
      given.deliver(alice, said("still there?"))
      given.hangUp(alice)
      given.close(alice.link)
      given.pass(1000)
      assert.deepStrictEqual([alice.link.sent(), given.ended(), given.asked()], [[], [], []])
    })
  }

  it("that leaves on its communication socket, as `client`", () => {
    const given = bench()
    const alice = given.enter(7, "alice")
    given.bring(alice.link, request.of(7, "COMM_END", "client"))
    assert.deepStrictEqual([given.ended(), alice.link.sent()], [["it said goodbye"], [ends[7].RES]])
  })

  it("when what it waits for was answered, or 400 ms have passed", () => {
    for (const isAsking of [true, false]) {
      const given = bench()
      const alice = given.enter(7, "alice")
      given.deliver(alice, said("one"))
      given.deliver(alice, said("two"))
      const [message = ""] = alice.link.sent()
      given.hangUp(alice)
      given.pass(300)
      assert.deepStrictEqual(alice.link.sent(), [])
      if (isAsking) {
        ask(given, alice, authorOf(message))
        assert.match(bodies(alice.link.sent()).join(), /^eve#SIG\d+$/)
      }
      given.pass(100)
      assert.deepStrictEqual(alice.link.sent(), [ends[7].RES])
      given.pass(100)
      assert.deepStrictEqual(alice.link.sent(), [ends[7].REQ])
      given.pass(100)
      assert.isTrue(alice.link.isEnded())
    }
  })

  it("whose connection is closed in between no more", () => {
    const given = bench()
    const alice = given.enter(7, "alice")
    given.hangUp(alice)
    alice.link.sent()
    given.close(alice.link)
    given.pass(1000)
    assert.deepStrictEqual([alice.link.sent(), alice.link.isEnded()], [[], false])
  })

  it("when the server stops without more news, but with the answer that it waits for", () => {
    for (const isWaiting of [true, false]) {
      const given = bench()
      const alice = given.enter(7, "alice")
      if (isWaiting) given.deliver(alice, said("one"))
      given.deliver(alice, said("two"))
      if (!isWaiting) ask(given, alice, alice.secret)
      alice.link.sent()
      given.deliver(alice, { _tag: "ServerStopping" })
      given.deliver(alice, left("eve", 99))
      given.pass(1000)
      assert.deepStrictEqual(alice.link.sent(), [])
      given.close(alice.link)
      const words = given
        .conversationOf(alice.link)
        .farewell("stopping")
        .map((frame) => Buffer.from(frame).toString())
      assert.deepStrictEqual(words, [ends[7].RES, ends[7].REQ])
    }
    const given = bench()
    const alice = given.enter(7, "alice")
    given.deliver(alice, said("one"))
    given.deliver(alice, { _tag: "ServerStopping" })
    given.close(alice.link)
    const [answer = "", ...others] = given.conversationOf(alice.link).farewell("stopping")
    assert.match(Buffer.from(answer).toString(), /^RES::GET_PEER::200::.*::eve#SIG\d+$/)
    assert.strictEqual(others.length, 2)
  })

  it("with its last words on a connection that the server ends, but not on others", () => {
    const given = bench()
    const alice = given.enter(8, "alice")
    const conversation = given.conversationOf(alice.link)
    given.close(alice.link)
    assert.deepStrictEqual(
      conversation.farewell("stopping").map((frame) => Buffer.from(frame).toString()),
      [ends[8].REQ, ends[8].RES]
    )
    assert.deepStrictEqual(conversation.farewell("done"), [])
    // Nor on one that was not admitted, which is no link.
    assert.deepStrictEqual(given.protocol.converse().farewell("too-many"), [])
    const stranger = given.conversationOf(given.connect())
    assert.deepStrictEqual(stranger.closed?.(), [])
    assert.deepStrictEqual(stranger.farewell("stopping"), [])
  })
})

describe("TsockmExchange checks", () => {
  const check7 = "REQ::COMM::200::server::server::127.0.0.1:40000::check?"
  const check8 = "REQ::COMM::200::SERVER::::127.0.0.1:6969::127.0.0.1:40001::check?"

  it("whom it is told to, and nobody by itself", () => {
    const given = bench()
    const [alice, bob] = [given.enter(7, "alice"), given.enter(8, "bob")]
    given.pass(60_000)
    assert.deepStrictEqual([alice.link.sent(), bob.link.sent()], [[], []])
    given.check(alice)
    given.check(bob)
    assert.deepStrictEqual([alice.link.sent(), bob.link.sent()], [[check7], [check8]])
  })

  it("all peers at its interval, if there is one", () => {
    const given = bench({ checkMillis: 5000 })
    const [alice, bob] = [given.enter(7, "alice"), given.enter(8, "bob")]
    for (let round = 0; round < 3; round++) {
      given.pass(4900)
      assert.deepStrictEqual([alice.link.sent(), bob.link.sent()], [[], []])
      given.pass(100)
      assert.deepStrictEqual([alice.link.sent(), bob.link.sent()], [[check7], [check8]])
    }
    given.hangUp(bob)
    given.pass(5000)
    assert.notInclude(bob.link.sent(), check8)
  })

  it("nobody who waits for an answer, which a check would be taken for", () => {
    const given = bench()
    const alice = given.enter(7, "alice")
    given.deliver(alice, said("one"))
    const [message = ""] = alice.link.sent()
    given.check(alice)
    given.deliver(alice, said("two"))
    assert.deepStrictEqual(alice.link.sent(), [])
    ask(given, alice, authorOf(message))
    assert.deepStrictEqual(kinds(alice.link.sent()), ["RES GET_PEER", "REQ COMM", "RES MSG"])
  })
})
