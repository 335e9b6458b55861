import { assert, describe, it } from "@effect/vitest"
import type { Event, SharedEvent } from "../../../src/domain/Event.ts"
import { ProtocolName } from "../../../src/domain/Message.ts"
import type { RoomName, UserName } from "../../../src/domain/Names.ts"
import type { Member } from "../../../src/protocols/packet/PacketMember.ts"
import type { Request } from "../../../src/protocols/packet/PacketRequest.ts"
import type { Response } from "../../../src/protocols/packet/PacketResponse.ts"
import { bench, type Bench, codes, type RecordingLink, said, tcp, texts, udp } from "./Links.ts"

const preserve = (session: bigint): Request => ({ _tag: "SessionPreserve", session })
const confirm = (message: bigint): Request => ({ _tag: "IncomingMessageResponse", message })

const enter = (desk: Bench, link: RecordingLink, name = "ada") => {
  const entered = desk.enter(link, name)
  desk.bring(link, preserve(entered.session))
  link.frames()
  return entered
}

/** What came in, as sender, number and text. */
const incoming = (packets: ReadonlyArray<Response>) =>
  packets.flatMap((it) =>
    it._tag === "IncomingMessage" ? [[it.user, it.message, Buffer.from(it.blob).toString()] as const] : []
  )

describe("PacketExchange.deliver() over datagrams", () => {
  it("sends a message again after 0.5, 1, 2, 4 and then every 8 seconds", () => {
    const desk = bench()
    const link = udp(1)
    const { key, session } = enter(desk, link)
    desk.deliver(key, said(1, "hi"))
    const sentMillis: Array<number> = []
    for (let millis = 0; millis <= 40_000; millis += 100) {
      if (millis % 10_000 === 9000) desk.bring(link, preserve(session))
      if (millis > 0) desk.pass(100)
      sentMillis.push(...incoming(link.sent()).map(() => millis))
    }
    assert.deepStrictEqual(sentMillis, [0, 500, 1500, 3500, 7500, 15_500, 23_500, 31_500, 39_500])
  })

  it("the same bytes each time", () => {
    const desk = bench()
    const link = udp(1)
    const { key } = enter(desk, link)
    desk.deliver(key, said(1, "hi"))
    const [first] = link.frames()
    desk.pass(500)
    const [second] = link.frames()
    assert.deepStrictEqual(first, second)
  })

  it("until it is confirmed, once or more often", () => {
    const desk = bench()
    const link = udp(1)
    const { key } = enter(desk, link)
    desk.deliver(key, said(1, "hi"))
    desk.pass(500)
    assert.strictEqual(link.sent().length, 2)
    assert.isAbove(desk.exchange.queuedBytes(key), 0)
    desk.bring(link, confirm(2n), confirm(2n))
    assert.strictEqual(desk.exchange.queuedBytes(key), 0)
    for (let second = 0; second < 20; second++) desk.pass(1000)
    assert.deepStrictEqual(link.sent(), [])
    assert.deepStrictEqual(desk.ended(), [])
  })

  it("not for a confirmation of another message", () => {
    const desk = bench()
    const link = udp(1)
    const { key } = enter(desk, link)
    desk.deliver(key, said(1, "one"))
    desk.deliver(key, said(2, "two"))
    // The second has not been sent, so nobody can have it.
    desk.bring(link, confirm(4n), confirm(3n), confirm(0n))
    desk.pass(500)
    assert.deepStrictEqual(texts(link.sent()), ["one", "one"])
  })

  it("keeps the order of each sender, and lets nobody wait for another one's", () => {
    const desk = bench()
    const link = udp(1)
    const { key } = enter(desk, link)
    desk.deliver(key, said(1, "eve 1", 7))
    desk.deliver(key, said(2, "eve 2", 7))
    desk.deliver(key, said(3, "bob 1", 8))
    desk.deliver(key, said(4, "bob 2", 8))
    desk.deliver(key, { _tag: "Noticed", text: "server 1" })
    assert.deepStrictEqual(texts(link.sent()), ["eve 1", "bob 1", "server 1"])
    desk.bring(link, confirm(6n))
    assert.deepStrictEqual(texts(link.sent()), ["bob 2"])
    desk.pass(500)
    assert.deepStrictEqual((texts(link.sent()) as Array<string>).toSorted(), ["bob 2", "eve 1", "server 1"])
    desk.bring(link, confirm(2n))
    assert.deepStrictEqual(texts(link.sent()), ["eve 2"])
  })

  it("gives up when the session ends", () => {
    const desk = bench()
    const link = udp(1)
    const { key } = enter(desk, link)
    desk.deliver(key, said(1, "hi"))
    link.frames()
    desk.wait(30_000)
    desk.pass(0)
    assert.strictEqual(desk.ended().length, 1)
    desk.pass(60_000)
    assert.deepStrictEqual(link.sent(), [])
    assert.strictEqual(desk.exchange.queuedBytes(key), 0)
  })

  it("ends a session for which more waits than may", () => {
    const desk = bench({ queueLimitBytes: 1000 })
    const [link, other] = [udp(1), udp(2)]
    const { key } = enter(desk, link)
    const bob = enter(desk, other, "bob")
    for (let number = 1; number <= 5; number++) {
      desk.deliver(key, said(number, "x".repeat(180)))
      desk.deliver(bob.key, said(number, "x".repeat(180)))
      desk.bring(other, confirm(BigInt(number * 2)))
    }
    assert.deepStrictEqual(desk.ended(), [])
    assert.strictEqual(desk.exchange.queuedBytes(key), 1000)
    desk.deliver(key, said(6, ""))
    assert.strictEqual(desk.ended().length, 1)
    assert.deepStrictEqual(codes(link.sent()), [13])
    desk.deliver(bob.key, said(6, "on"))
    assert.include(texts(other.sent()), "on")
    assert.deepStrictEqual(desk.ended(), [])
  })

  it("confirms for the session on that address to which it was sent", () => {
    const desk = bench()
    const [here, there] = [udp(1), udp(2)]
    const [ada, bob] = [enter(desk, here), enter(desk, there, "bob")]
    desk.deliver(ada.key, said(1, "hi"))
    desk.deliver(bob.key, said(1, "hi"))
    desk.bring(there, confirm(2n))
    assert.isAbove(desk.exchange.queuedBytes(ada.key), 0)
    assert.strictEqual(desk.exchange.queuedBytes(bob.key), 0)
  })

  it("takes one confirmation for each of two sessions on one address", () => {
    const desk = bench()
    const link = udp(1)
    const [ada, bob] = [enter(desk, link), enter(desk, link, "bob")]
    desk.deliver(ada.key, said(1, "hi"))
    desk.deliver(bob.key, said(1, "hi"))
    assert.strictEqual(link.sent().length, 2)
    desk.bring(link, confirm(2n))
    desk.bring(link, confirm(2n))
    assert.strictEqual(desk.exchange.queuedBytes(ada.key) + desk.exchange.queuedBytes(bob.key), 0)
  })
})

describe("PacketExchange.deliver() over a connection", () => {
  it("sends everything at once, in order and once", () => {
    const desk = bench()
    const link = tcp(1)
    const { key, session } = enter(desk, link)
    for (let number = 1; number <= 5; number++) desk.deliver(key, said(number, `hi ${number}`))
    assert.deepStrictEqual(texts(link.sent()), ["hi 1", "hi 2", "hi 3", "hi 4", "hi 5"])
    assert.strictEqual(desk.exchange.queuedBytes(key), 0)
    for (let second = 0; second < 20; second++) {
      desk.pass(1000)
      desk.bring(link, preserve(session))
    }
    assert.deepStrictEqual(texts(link.sent()), [])
  })
})

describe("PacketExchange.deliver() tells", () => {
  const tell = (event: Event, as: "actor" | "witness" = "witness") => {
    const desk = bench()
    const link = tcp(1)
    desk.deliver(enter(desk, link).key, event, as)
    return link.sent()
  }
  const general = "general" as RoomName
  const user = { number: 7, name: "bob" as UserName, protocol: ProtocolName.make("sockets") } as const

  it("what others say, with their number and one of the message's own", () => {
    assert.deepStrictEqual(incoming(tell(said(5, "hällo", 7))), [[7n, 10n, "hällo"]])
  })

  it("what was said to it alone", () => {
    const { room: _room, ...message } = (said(5, "psst") as Event & { _tag: "Said" }).message
    const event: Event = { _tag: "Said", user: 7, message: { ...message, to: "ada" as UserName } }
    assert.deepStrictEqual(incoming(tell(event)), [[7n, 10n, "psst"]])
  })

  it("what somebody without a number said as the server's", () => {
    const { message } = said(5, "hi") as Event & { _tag: "Said" }
    assert.deepStrictEqual(incoming(tell({ _tag: "Said", message })), [[0n, 10n, "hi"]])
  })

  it("nothing of what it says itself", () => {
    assert.deepStrictEqual(tell(said(5, "hi"), "actor"), [])
  })

  it("of a file, with its number on the wire", () => {
    const file = (number: number | undefined, text: string) => {
      const attachment = { name: "a.txt", sizeBytes: 3, url: "/files/x/a.txt" }
      const event = said(5, text, 7, {
        attachment: number === undefined ? attachment : { ...attachment, file: number }
      })
      return texts(tell(event))[0]!
    }
    assert.match(file(5, ""), /a\.txt.* \[file 5\]$/s)
    assert.match(file(0x1_0002, "look"), /^look\n.*a\.txt.* \[file 4294967298\]$/s)
    assert.notInclude(file(undefined, ""), "[file")
  })

  it("what the server says, each with a number that no message has", () => {
    const desk = bench()
    const link = tcp(1)
    const { key } = enter(desk, link)
    const events: ReadonlyArray<Event> = [
      { _tag: "Noticed", text: "one\ntwo" },
      { _tag: "Announced", text: "three" },
      { _tag: "Invited", room: general, by: "bob" as UserName },
      { _tag: "RoomLeft", left: "python" as RoomName, current: general, rooms: [] },
      { _tag: "RoomChanged", room: general, isPrivate: true }
    ]
    for (const event of events) desk.deliver(key, event)
    desk.deliver(key, { _tag: "UserJoined", room: general, user, members: [user.name], cause: "join" }, "actor")
    const told = incoming(link.sent())
    assert.strictEqual(told.length, 6)
    assert.isTrue(told.every(([sender, message]) => sender === 0n && message % 2n === 1n))
    assert.strictEqual(new Set(told.map(([, message]) => message)).size, 6)
    assert.deepStrictEqual(
      told.slice(0, 2).map(([, , text]) => text),
      ["one\ntwo", "three"]
    )
  })

  it("nothing of who comes and goes, for which there is no packet", () => {
    const events: ReadonlyArray<Event> = [
      { _tag: "UserJoined", room: general, user, members: [user.name], cause: "login" },
      { _tag: "UserLeft", room: general, user, members: [], cause: "logout" },
      { _tag: "UserRenamed", oldName: "eve" as UserName, user },
      { _tag: "LoggedIn", user, rooms: [] }
    ]
    for (const event of events) assert.deepStrictEqual(tell(event), [])
  })

  it("that the server stops, as an error that answers nothing", () => {
    const [stopping] = tell({ _tag: "ServerStopping" })
    assert.strictEqual(stopping?._tag === "Error" && stopping.requestType, 0)
    assert.deepStrictEqual(codes([stopping!]), [12])
  })
})

describe("PacketExchange.deliverAll()", () => {
  it("sends what deliver() would, the same array to all, and leaves alone what is not the same for all", () => {
    const desk = bench()
    const [one, two, far] = [tcp(1), tcp(2), udp(3)]
    const [ada, bob, eve] = [desk.enter(one, "ada"), desk.enter(two, "bob"), desk.enter(far, "eve")]
    const events = [said(1, "hi"), said(2, "there")] as ReadonlyArray<SharedEvent>
    const sent: Array<ReadonlyArray<Uint8Array>> = []
    const send = (_: unknown, frames: ReadonlyArray<Uint8Array>) => void sent.push(frames)
    const deliverAll = (key: Member, group: ReadonlyArray<SharedEvent>, isActor?: (index: number) => boolean) =>
      desk.exchange.deliverAll!(key, group, isActor, send)
    one.frames()
    for (const event of events) desk.deliver(ada.key, event)
    assert.isTrue(deliverAll(ada.key, events))
    assert.deepStrictEqual(sent[0], one.frames())
    assert.isTrue(deliverAll(bob.key, events))
    assert.strictEqual(sent[1], sent[0])
    assert.isFalse(deliverAll(eve.key, events))
    assert.isFalse(deliverAll(bob.key, [{ _tag: "Announced", text: "numbered for each" }]))
    assert.strictEqual(sent.length, 2)
    assert.isTrue(deliverAll(bob.key, events, (index) => index === 0))
    assert.deepStrictEqual(sent[2], sent[0]!.slice(1))
  })
})
