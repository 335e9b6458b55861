import { assert, describe, it } from "@effect/vitest"
import { NameTaken, type Rejection, ServerFull } from "../../../src/domain/Rejection.ts"
import * as PacketExchange from "../../../src/protocols/packet/PacketExchange.ts"
import type { Request } from "../../../src/protocols/packet/PacketRequest.ts"
import { ask, bench, codes, settings, udp } from "./Links.ts"
import { bytes } from "./Wire.ts"

const request = (name: string): Request => ({ _tag: "SessionRequest", name })
const preserve = (session: bigint): Request => ({ _tag: "SessionPreserve", session })
const confirm = (message: bigint): Request => ({ _tag: "IncomingMessageResponse", message })

describe("PacketExchange keeps a session request in a datagram pending", () => {
  it("with a cookie, and a greeting of the server that has a number of its own", () => {
    const desk = bench({ random: () => 0xfedc_ba98_7654_3210n })
    const link = udp(1)
    desk.bring(link, request("ada"))
    assert.deepStrictEqual(link.frames(), [
      bytes("0002 0000000000000001 fedcba9876543210"),
      bytes("000d 0000000000000000 fedcba9876543210 0005 48656c6c6f")
    ])
    assert.deepStrictEqual([desk.logins(), desk.faults()], [[], 0])
  })

  it("with the same ones for each time it comes from there, and others from elsewhere and for another name", () => {
    const desk = bench()
    const link = udp(1)
    const first = ask(desk, link)
    assert.deepStrictEqual([ask(desk, link), ask(desk, link)], [first, first])
    const others = [ask(desk, udp(2)), ask(desk, udp(1, "192.0.2.1")), ask(desk, link, "bob")]
    const all = [first, ...others].flatMap(({ greeting, session }) => [greeting, session])
    assert.strictEqual(new Set(all).size, 8)
    assert.strictEqual(new Set([first, ...others].map(({ user }) => user)).size, 4)
    assert.deepStrictEqual(desk.logins(), [])
  })

  it("unless its name is taken now or invalid, which is said at once", () => {
    let rejection: Rejection | undefined
    const desk = bench({ doorman: () => rejection })
    const link = udp(1)
    const { greeting, session } = ask(desk, link)
    rejection = new NameTaken()
    desk.bring(link, request("ada"))
    assert.deepStrictEqual(codes(link.sent()), [3])
    // What was answered by an error is not there any more.
    rejection = undefined
    desk.bring(link, preserve(session), confirm(greeting))
    assert.deepStrictEqual([link.sent(), desk.logins(), desk.faults()], [[], [], 1])
  })

  it("for 30 seconds after it has come last", () => {
    for (const [isAsked, millis] of [
      [false, 30_000],
      [true, 59_999]
    ] as const) {
      const desk = bench()
      const link = udp(1)
      const { greeting, session } = ask(desk, link)
      desk.pass(29_999)
      if (isAsked) ask(desk, link)
      desk.pass(millis - 29_999)
      desk.bring(link, confirm(greeting), preserve(session))
      assert.deepStrictEqual([desk.logins(), link.sent()], [[], []])
      const again = ask(desk, link)
      assert.notStrictEqual(again.session, session)
    }
    const desk = bench()
    const { greeting } = ask(desk, udp(1))
    desk.pass(29_999)
    desk.bring(udp(1), confirm(greeting))
    assert.deepStrictEqual(desk.logins(), ["ada"])
  })
})

describe("PacketExchange forgets the oldest of the session requests", () => {
  it("that are pending for one address and port, beyond 16", () => {
    const desk = bench()
    const link = udp(1)
    const first = Array.from({ length: 16 }, (_, index) => ask(desk, link, `user ${index}`))
    // Asked for again, it is not the oldest any more.
    assert.deepStrictEqual(ask(desk, link, "user 0"), first[0])
    ask(desk, udp(2), "another")
    ask(desk, link, "user 16")
    desk.bring(link, confirm(first[1]!.greeting), preserve(first[1]!.session))
    assert.deepStrictEqual(desk.logins(), [])
    for (const index of [0, 2, 15]) desk.bring(link, confirm(first[index]!.greeting))
    assert.deepStrictEqual(desk.logins(), ["user 0", "user 2", "user 15"])
  })

  it("that are pending in all, beyond 10,000, and has no session of any", () => {
    const desk = bench()
    const links = Array.from({ length: 10_001 }, (_, index) => udp(index % 60_000, `192.0.2.${index % 250}`))
    const first = links.slice(0, 10_000).map((link, index) => ask(desk, link, `user ${index}`))
    ask(desk, links[0]!, "user 0")
    ask(desk, links[10_000]!, "user 10000")
    for (const index of [1, 0, 2, 9999]) desk.bring(links[index]!, confirm(first[index]!.greeting))
    assert.deepStrictEqual(desk.logins(), ["user 0", "user 2", "user 9999"])
  })

  it("however many come, and all when their time is over", () => {
    let random = 0n
    let nowMillis = 0
    const exchange = PacketExchange.make({ ...settings, nowMillis: () => nowMillis, random: () => ++random })
    let most = 0
    for (let index = 0; index < 50_000; index++) {
      nowMillis += 1
      for (const step of exchange.receive(udp(index % 3000), request(`user ${index}`), 20)) {
        if (step._tag === "Reserve") step.reserved(index)
      }
      most = Math.max(most, exchange.pendingCount())
    }
    assert.deepStrictEqual([most, exchange.count()], [10_000, 0])
    nowMillis += 25_000
    exchange.sweep()
    assert.strictEqual(exchange.pendingCount(), 5000)
    nowMillis += 5000
    assert.deepStrictEqual(exchange.sweep(), [])
    assert.strictEqual(exchange.pendingCount(), 0)
  })
})

it("PacketExchange says ServerFull to a datagram as the chat does", () => {
  const desk = bench({ doorman: () => new ServerFull() })
  const link = udp(1)
  desk.bring(link, request("a name that is long enough"))
  assert.deepStrictEqual(codes(link.sent()), [11])
})
