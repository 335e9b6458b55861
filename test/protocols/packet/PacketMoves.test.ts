import { assert, describe, it } from "@effect/vitest"
import type { Request } from "../../../src/protocols/packet/PacketRequest.ts"
import { accepted, bench, said, tags, tcp, texts, udp } from "./Links.ts"
import { utf8 } from "./Wire.ts"

const preserve = (session: bigint): Request => ({ _tag: "SessionPreserve", session })

describe("PacketExchange takes a session with it", () => {
  it("when its connection closes, at once and once, and no other's", () => {
    const desk = bench()
    const [first, second] = [tcp(1), tcp(2)]
    desk.enter(first, "ada")
    desk.enter(first, "bob")
    const { session } = desk.enter(second, "eve")
    desk.close(first)
    assert.strictEqual(desk.ended().length, 2)
    desk.close(first)
    desk.pass(1000)
    assert.deepStrictEqual(desk.ended(), [])
    desk.bring(second, preserve(session))
    assert.deepStrictEqual(tags(second.sent()), ["SessionCookie"])
  })

  it("when the connection closes on which it was opened, wherever it is", () => {
    const desk = bench()
    const [connection, datagrams] = [tcp(1), udp(1)]
    const { session } = desk.enter(connection, "ada")
    desk.bring(datagrams, preserve(session))
    assert.deepStrictEqual(tags(datagrams.sent()), ["SessionCookie"])
    desk.close(connection)
    assert.strictEqual(desk.ended().length, 1)
  })

  it("from address to address, with what waits", () => {
    const desk = bench()
    const [here, there] = [udp(1), udp(2)]
    const { key, session } = desk.enter(here, "ada")
    desk.bring(here, preserve(session))
    here.frames()
    desk.bring(there, preserve(session))
    assert.deepStrictEqual(tags(there.sent()), ["SessionCookie"])
    desk.deliver(key, said(1, "hi"))
    assert.deepStrictEqual(texts(there.sent()), ["hi"])
    assert.deepStrictEqual(here.sent(), [])
    desk.enter(here, "ada")
    assert.deepStrictEqual(desk.logins(), ["ada", "ada"])
  })

  it("from datagrams to a connection and back, and survives that connection", () => {
    const desk = bench()
    const [datagrams, connection] = [udp(1), tcp(1)]
    const { key, session } = desk.enter(datagrams, "ada")
    desk.bring(datagrams, preserve(session))
    desk.deliver(key, said(1, "one"))
    desk.deliver(key, said(2, "two"))
    assert.deepStrictEqual(texts(datagrams.sent()), ["one"])
    desk.bring(connection, preserve(session))
    // What was not confirmed comes again, with the same number, and what waited behind it.
    const [one, two] = connection.sent()
    assert.deepStrictEqual(
      [one, two].map((it) => it?._tag === "IncomingMessage" && it.message),
      [2n, 4n]
    )
    assert.strictEqual(desk.exchange.queuedBytes(key), 0)
    desk.bring(datagrams, preserve(session))
    desk.close(connection)
    assert.deepStrictEqual(desk.ended(), [])
    desk.deliver(key, said(3, "three"))
    assert.deepStrictEqual(texts(datagrams.sent()), ["three"])
  })

  it("and answers where the request came from, over a connection", () => {
    const desk = bench()
    const [first, second] = [tcp(1), tcp(2)]
    const { session } = desk.enter(first, "ada")
    desk.bring(second, { _tag: "BroadcastRequest", session, message: 5n, blob: utf8("hi") })
    desk.bring(first, preserve(session))
    desk.asked()[0]!.reply(accepted)
    assert.deepStrictEqual(tags(second.sent()), ["BroadcastResponse"])
    assert.deepStrictEqual(tags(first.sent()), ["SessionCookie"])
  })
})
