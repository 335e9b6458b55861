import { assert, describe, it } from "@effect/vitest"
import type { Event, SharedEvent } from "../../../src/domain/Event.ts"
import { ProtocolName } from "../../../src/domain/Message.ts"
import type { RoomName, UserName } from "../../../src/domain/Names.ts"
import { authorOf, bench, bodies, left, request, said } from "./Links.ts"

describe("TsockmExchange tells", () => {
  const nameOf = (given: ReturnType<typeof bench>, asker: ReturnType<typeof given.enter>, id: string) => {
    asker.link.sent()
    given.once(request.of(asker.generation, "GET_PEER", asker.secret, id))
    // The answer overtakes what is held.
    return bodies(asker.link.sent().slice(0, 1))[0]
  }

  it("users of every protocol, the server, and the names that they have now", () => {
    const given = bench()
    const alice = given.enter(8, "alice")
    given.deliver(alice, said("hi", "eve", 50))
    given.deliver(alice, { _tag: "Announced", text: "Back soon." })
    given.pass(1000)
    const [eves, servers] = alice.link.sent().map(authorOf)
    assert.match(nameOf(given, alice, eves!)!, /^eve#/)
    assert.match(nameOf(given, alice, servers!)!, /^Server#/)
    const user = { number: 50, name: "eva" as UserName, protocol: ProtocolName.make("sockets") } as const
    given.deliver(alice, { _tag: "UserRenamed", oldName: "eve" as UserName, user })
    assert.match(nameOf(given, alice, eves!)!, /^eva#/)
    given.deliver(alice, said("again", "eva", 50))
    assert.strictEqual(authorOf(alice.link.sent().at(-1)!), eves)
    // Whoever has no number is nobody who can be asked for, and does not take the server's name.
    given.pass(1000)
    const { user: _, ...anonymous } = said("who am I?", "nobody") as { _tag: "Said" } & ReturnType<typeof said>
    given.deliver(alice, anonymous as ReturnType<typeof said>)
    assert.deepStrictEqual(bodies(alice.link.sent()), ["nobody: who am I?"])
    assert.match(nameOf(given, alice, servers!)!, /^Server#/)
  })

  for (const isPeer of [true, false]) {
    it(`who has gone, for 13 s: ${isPeer ? "a peer" : "a user of another protocol"}`, () => {
      const given = bench()
      const [alice, bob] = [given.enter(8, "alice"), given.enter(7, "bob")]
      const number = isPeer ? bob.number : 50
      given.deliver(alice, said("hi", "bob", number))
      const shown = authorOf(alice.link.sent().at(-1)!)
      if (isPeer) given.once(request.of(7, "COMM_END", bob.secret))
      given.deliver(alice, left("bob", number))
      assert.match(nameOf(given, alice, shown)!, /^bob#/)
      given.pass(12_900)
      assert.match(nameOf(given, alice, shown)!, /^bob#/)
      given.pass(200)
      assert.strictEqual(nameOf(given, alice, shown), "peer not found")
    })
  }

  it("who comes, goes and moves, each in one packet", () => {
    const given = bench()
    const alice = given.enter(7, "alice")
    const user = { number: 50, name: "eve" as UserName, protocol: ProtocolName.make("sockets") } as const
    const room = "python" as RoomName
    const joined = { _tag: "UserJoined", room, user, members: [user.name] } as const
    const told = (event: Parameters<typeof given.deliver>[1], as?: "actor" | "witness") => {
      given.deliver(alice, event, as)
      given.pass(500)
      return alice.link.sent().map((packet) => `${packet.slice(0, 8)} ${bodies([packet])[0]}`)
    }
    assert.deepStrictEqual(told({ ...joined, cause: "login" }), ["RES::MSG eve has joined the chat"])
    assert.deepStrictEqual(told({ ...joined, cause: "login" }, "actor"), [])
    assert.deepStrictEqual(told({ ...joined, cause: "join" }), ["RES::MSG eve has joined python"])
    assert.deepStrictEqual(told({ ...joined, cause: "join" }, "actor"), ["RES::MSG You are in python with: eve"])
    assert.deepStrictEqual(told(left("eve", 50, "leave")), ["RES::MSG eve left general"])
    assert.deepStrictEqual(told(said("hi", "eve", 50), "actor"), [])
    assert.deepStrictEqual(told(said("psst", "eve", 50, { to: "alice" as UserName })), ["RES::MSG (private) psst"])
    const attachment = { name: "a.txt", sizeBytes: 3, url: "http://x/a.txt" }
    assert.deepStrictEqual(told(said("look", "eve", 50, { attachment })), [
      "RES::MSG look\na.txt (3 bytes): http://x/a.txt"
    ])
    given.deliver(alice, left("eve", 50))
    const [notice = ""] = alice.link.sent()
    assert.match(notice, /^REQ::NTFY_KILL::200::server::server::client::ID\d+$/)
    assert.match(nameOf(given, alice, bodies([notice])[0]!)!, /^eve#/)
    assert.deepStrictEqual(told({ _tag: "ServerStopping" }), [])
    assert.deepStrictEqual(told(said("too late")), [])
  })
})

describe("TsockmExchange tells whom", () => {
  const text = "std::vector, 語, http://[::1]/"
  const whole = "std:\u200b:vector, ?, http://[0:0:0:0:0:0:0:1]/"

  for (const generation of [7, 8] as const) {
    it(`may be an original what that shows, and others the text as it is, with ${generation} fields`, () => {
      const given = bench()
      const alice = given.enter(generation, "alice")
      const told = (event: Event) => {
        given.deliver(alice, event)
        given.pass(400)
        return bodies(alice.link.sent())
      }
      assert.deepStrictEqual(told(said(text)), [whole])
      assert.deepStrictEqual(told(said(text, "eve", 99, { to: "alice" as UserName })), [`(private) ${whole}`])
      assert.deepStrictEqual(told({ _tag: "Noticed", text }), [whole])
      // It has left three questions unasked.
      assert.deepStrictEqual(told(said(text)), [text])
      assert.deepStrictEqual(told({ _tag: "Announced", text }), [text])
      given.once(request.of(generation, "GET_PEER", alice.secret, alice.secret))
      alice.link.sent()
      assert.deepStrictEqual(told(said(text)), [whole])
      const other = bench({ gapMillis: 0 })
      const bob = other.enter(generation, "bob")
      other.deliver(bob, said(text))
      assert.deepStrictEqual(bodies(bob.link.sent()), [text])
    })

    it(`may be an original the link of a file by itself, with ${generation} fields`, () => {
      const given = bench()
      const alice = given.enter(generation, "alice")
      const attachment = { name: "語.txt", sizeBytes: 3, url: "http://[::1]/files/x/a.txt" }
      const told = (event: Event) => {
        given.deliver(alice, event)
        given.pass(800)
        return bodies(alice.link.sent())
      }
      const link = "http://[0:0:0:0:0:0:0:1]/files/x/a.txt"
      assert.deepStrictEqual(told(said("look", "eve", 99, { attachment })), ["look\n?.txt (3 bytes)", link])
      const elsewhere = { ...attachment, url: "" }
      assert.deepStrictEqual(told(said("", "eve", 99, { attachment: elsewhere })), ["?.txt (3 bytes)"])
      assert.deepStrictEqual(told(said("look", "eve", 99, { attachment })), [
        "look\n語.txt (3 bytes): http://[::1]/files/x/a.txt"
      ])
    })
  }
})

describe("TsockmExchange.deliverAll()", () => {
  it("sends what deliver() would, the same array to all of a generation", () => {
    const given = bench({ gapMillis: 0 })
    const events = [said("one"), left("eve", 99), said("two", "bob", 7)] as ReadonlyArray<SharedEvent>
    const peers = ([7, 7, 8] as const).map((generation, index) => given.enter(generation, `peer ${index}`))
    const frames: Array<ReadonlyArray<Uint8Array>> = []
    for (const { key, link } of peers) {
      link.sent()
      assert.isTrue(given.exchange.deliverAll!(key, events, undefined, (_, all) => void frames.push(all)))
    }
    assert.strictEqual(frames[0], frames[1])
    peers.forEach((peer, index) => {
      for (const event of events) given.deliver(peer, event)
      const texts = frames[index]!.map((frame) => Buffer.from(frame).toString())
      assert.deepStrictEqual(texts, peer.link.sent())
    })
    const [first] = peers
    given.exchange.deliverAll!(
      first!.key,
      events,
      (index) => index === 0,
      (_, all) => void frames.push(all)
    )
    assert.deepStrictEqual(frames[3], frames[0]!.slice(1))
  })

  it("holds what deliver() would, where an original may ask who has said something", () => {
    const events = [said("one"), left("eve", 99), said("two", "bob", 7)] as ReadonlyArray<SharedEvent>
    for (const isActor of [undefined, (index: number) => index === 0]) {
      const [given, other] = [bench(), bench()]
      const [alice, twin] = [given.enter(8, "alice"), other.enter(8, "alice")]
      const frames: Array<string> = []
      const send = (_: unknown, all: ReadonlyArray<Uint8Array>) => {
        for (const frame of all) frames.push(Buffer.from(frame).toString())
      }
      assert.isTrue(given.exchange.deliverAll!(alice.key, events, isActor, send))
      events.forEach((event, index) => other.deliver(twin, event, isActor?.(index) === true ? "actor" : "witness"))
      assert.strictEqual(frames.length, 1)
      for (let round = 0; round < 3; round++) {
        given.pass(400)
        other.pass(400)
      }
      assert.deepStrictEqual([...frames, ...alice.link.sent()], twin.link.sent())
    }
  })
})
