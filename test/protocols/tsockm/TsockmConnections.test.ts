import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import Sqids from "sqids"
import * as TsockmId from "../../../src/protocols/tsockm/TsockmId.ts"
import * as TsockmProtocol from "../../../src/protocols/tsockm/TsockmProtocol.ts"
import { Metrics } from "../../../src/services/Metrics.ts"
import * as Visitor from "../../../src/services/Visitor.ts"
import { Peer } from "../../../src/testing/mod.ts"
import { turn } from "../../transports/Turn.ts"
import { authorOf, bodies, request } from "./Links.ts"
import { bytes, seeded } from "./Wire.ts"

type Client = Peer.Peer<Uint8Array, Uint8Array>

/** The protocol by the clock of the test. */
const make = Effect.fnUntraced(function* (options?: Partial<TsockmProtocol.Options>) {
  const random = seeded(3)
  const clock = yield* TestClock.testClockWith(Effect.succeed)
  return TsockmProtocol.make({
    nowMillis: () => clock.currentTimeMillisUnsafe(),
    randomBytes: (count) => Uint8Array.from({ length: count }, () => random(256)),
    encoder: new Sqids(TsockmId.options),
    ...options
  })
})

type Protocol = Effect.Success<ReturnType<typeof make>>

/** The packets of all writes from this one on; each must be a write of its own. */
const packets = (peer: Client, from = 0): ReadonlyArray<string> => {
  const writes = peer.writes.slice(from)
  assert.isTrue(writes.every((frames) => frames.length === 1))
  return writes.flat().map((frame) => Buffer.from(frame).toString())
}

const enter = Effect.fnUntraced(function* (protocol: Protocol, name: string, generation: 7 | 8 = 7, address?: string) {
  const peer = yield* Peer.connect(protocol, address === undefined ? {} : { address })
  yield* peer.send(bytes(request.connect(generation, name)))
  yield* TestClock.adjust("40 millis")
  const [, secret = ""] = /::([^:|]+)\|/.exec(packets(peer).join()) ?? []
  assert.notStrictEqual(secret, "")
  return { ...peer, secret, generation }
})

/** Writes one packet on a connection of its own, as reads like these, and ends it. */
const once = Effect.fnUntraced(function* (protocol: Protocol, ...reads: ReadonlyArray<string>) {
  const peer = yield* Peer.connect(protocol)
  yield* peer.send(...reads.map(bytes))
  yield* peer.leave
  yield* peer.over
  return peer
})

const calm = Peer.layer({ chat: { floodRate: 0 } })

describe("TsockmProtocol", () => {
  it.effect("takes a packet in pieces, ended by 40 ms of silence, and not before", () =>
    Effect.gen(function* () {
      const peer = yield* Peer.connect(yield* make())
      const packet = request.connect(7, "alice")
      for (const piece of [packet.slice(0, 5), packet.slice(5, -3), packet.slice(-3)]) {
        yield* peer.send(bytes(piece))
        yield* TestClock.adjust("39 millis")
        assert.deepStrictEqual(packets(peer), [])
      }
      yield* TestClock.adjust("1 millis")
      assert.match(packets(peer).join(), /^RES::COMM::200::.*\|alice#\w+$/)
    }).pipe(Effect.provide(calm))
  )

  it.effect("waits longer for the rest of a header, and takes what there is after a second", () =>
    Effect.gen(function* () {
      const protocol = yield* make()
      const peer = yield* Peer.connect(protocol)
      yield* peer.send(bytes("REQ::COMM::200::cli"))
      yield* TestClock.adjust("999 millis")
      yield* peer.send(bytes("ent::client::client::alice"))
      yield* TestClock.adjust("40 millis")
      assert.match(packets(peer).join(), /^RES::COMM::200::.*\|alice#\w+$/)
      const other = yield* Peer.connect(protocol)
      yield* other.send(bytes("REQ::DANCE"))
      yield* TestClock.adjust("999 millis")
      assert.deepStrictEqual(packets(other), [])
      yield* TestClock.adjust("1 millis")
      assert.match(packets(other).join(), /^ERR::NONE::400::.*BAD_REQUEST$/)
    }).pipe(Effect.provide(calm))
  )

  it.effect("takes a packet that the end of the stream ends, at once and wherever it is cut", () =>
    Effect.gen(function* () {
      const protocol = yield* make()
      const alice = yield* enter(protocol, "alice")
      const bob = yield* enter(protocol, "bob")
      const packet = request.of(7, "MSG", alice.secret, "hello")
      for (let at = 0; at < packet.length; at++) {
        yield* TestClock.adjust("500 millis")
        const before = bob.writes.length
        yield* once(protocol, ...[packet.slice(0, at), packet.slice(at)].filter((read) => read !== ""))
        yield* turn
        assert.deepStrictEqual(bodies(packets(bob, before)), ["hello"])
      }
      assert.deepStrictEqual((yield* Metrics).counts.hangups, {})
    }).pipe(Effect.provide(calm))
  )

  it.effect("does not mind that a one-shot has gone away before its answer", () =>
    Effect.gen(function* () {
      const protocol = yield* make()
      const { counts } = yield* Metrics
      const alice = yield* enter(protocol, "alice", 8)
      const peer = yield* once(protocol, request.of(8, "MSG", alice.secret, "hello"))
      assert.match(packets(peer).join(), /^RES::MSG::200::SERVER::.*::OK$/)
      const stalled = yield* Peer.connect(protocol)
      stalled.stall()
      yield* stalled.send(bytes(request.of(8, "MSG", alice.secret, "hello")))
      yield* stalled.leave
      yield* Effect.all([stalled.over, TestClock.adjust("5 seconds")], { concurrency: "unbounded" })
      assert.deepStrictEqual([counts.sessions, counts.connections, counts.hangups], [1, 1, {}])
      assert.strictEqual(alice.writes.length, 1)
    }).pipe(Effect.provide(calm))
  )

  it.effect("leaves 30 ms between packets, each a write of its own, and holds behind a message", () =>
    Effect.gen(function* () {
      const protocol = yield* make()
      const visitor = yield* Visitor.make("Visitor")
      const alice = yield* enter(protocol, "alice")
      yield* TestClock.adjust("1 second")
      const before = alice.writes.length
      for (const text of ["one", "two"]) yield* visitor.run({ _tag: "Say", text })
      yield* turn
      const [one = ""] = packets(alice, before)
      assert.deepStrictEqual(bodies(packets(alice, before)), ["one"])
      yield* once(protocol, request.of(7, "GET_PEER", alice.secret, authorOf(one)))
      yield* turn
      yield* TestClock.adjust("29 millis")
      assert.strictEqual(alice.writes.length - before, 1)
      yield* TestClock.adjust("1 millis")
      assert.match(packets(alice, before).at(-1)!, /^RES::GET_PEER::200::.*::Visitor#\w+$/)
      yield* TestClock.adjust("29 millis")
      assert.strictEqual(alice.writes.length - before, 2)
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(bodies(packets(alice, before).slice(2)), ["two"])
      yield* visitor.run({ _tag: "Say", text: "three" })
      yield* TestClock.adjust("339 millis")
      assert.strictEqual(alice.writes.length - before, 3)
      yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(bodies(packets(alice, before).slice(3)), ["three"])
    }).pipe(Effect.provide(calm))
  )

  it.effect("sends everything at once if nothing is paced", () =>
    Effect.gen(function* () {
      const protocol = yield* make({ gapMillis: 0 })
      const visitor = yield* Visitor.make("Visitor")
      const alice = yield* enter(protocol, "alice")
      const before = alice.writes.length
      for (const text of ["one", "two", "three"]) yield* visitor.run({ _tag: "Say", text })
      yield* turn
      const written = alice.writes
        .slice(before)
        .flat()
        .map((frame) => Buffer.from(frame).toString())
      assert.deepStrictEqual(bodies(written), ["one", "two", "three"])
    }).pipe(Effect.provide(calm))
  )

  it.effect("may have as much wait as whoever has logged in, although it never writes again", () =>
    Effect.gen(function* () {
      const protocol = yield* make({ gapMillis: 0 })
      const { counts } = yield* Metrics
      const visitor = yield* Visitor.make("Visitor")
      const alice = yield* enter(protocol, "alice")
      alice.stall()
      const say = Effect.andThen(visitor.run({ _tag: "Say", text: "x".repeat(16_000) }), turn)
      for (let sizeBytes = 0; sizeBytes < 900_000; sizeBytes += 16_000) yield* say
      assert.deepStrictEqual(counts.hangups, {})
      for (let sizeBytes = 0; sizeBytes < 160_000; sizeBytes += 16_000) yield* say
      yield* alice.over
      assert.deepStrictEqual(counts.hangups, { slow: 1 })
    }).pipe(Effect.provide(calm))
  )

  for (const spelling of ["at once", "in reads of 1,000 bytes"]) {
    it.effect(`takes a text of 16 KiB on a one-shot, which has no login: ${spelling}`, () =>
      Effect.gen(function* () {
        const protocol = yield* make()
        const visitor = yield* Visitor.make("Visitor")
        const alice = yield* enter(protocol, "alice")
        const text = "0123456789abcdef".repeat(1024)
        const packet = request.of(7, "MSG", `${alice.secret}|alice#12345678`, text)
        const reads = spelling === "at once" ? [packet] : packet.match(/[^]{1,1000}/g)!
        yield* once(protocol, ...reads)
        const reply = yield* visitor.run({ _tag: "ReadHistory", limit: 1 })
        assert.deepStrictEqual(
          reply._tag === "Messages" ? reply.messages.map((message) => message.text === text) : reply,
          [true]
        )
        assert.deepStrictEqual((yield* Metrics).counts.hangups, {})
      }).pipe(Effect.provide(calm))
    )
  }

  it.effect("limits connections of an address by how fast they come, not to 32 in 10 minutes", () =>
    Effect.gen(function* () {
      const protocol = yield* make()
      const { counts } = yield* Metrics
      const address = "192.0.2.1"
      const alice = yield* enter(protocol, "alice", 7, address)
      const visitor = yield* Visitor.make("Visitor")
      const say = Effect.fnUntraced(function* (text: string) {
        const peer = yield* Peer.connect(protocol, { address })
        yield* peer.send(bytes(request.of(7, "MSG", alice.secret, text)))
        yield* peer.leave
        yield* peer.over
      })
      for (let count = 1; count <= 200; count++) {
        yield* say(`message ${count}`)
        yield* TestClock.adjust("100 millis")
      }
      assert.strictEqual(counts.connectionsRefused, 0)
      for (let count = 0; count < 100; count++) yield* say("too fast")
      assert.isAtLeast(counts.connectionsRefused, 30)
      assert.isAtMost(counts.connectionsRefused, 40)
      // Nobody else is, and nothing is for good.
      yield* enter(protocol, "bob", 7, "192.0.2.2")
      yield* TestClock.adjust("1 second")
      const refused = counts.connectionsRefused
      yield* say("slowly")
      assert.strictEqual(counts.connectionsRefused, refused)
      const reply = yield* visitor.run({ _tag: "ReadHistory", limit: 1 })
      assert.strictEqual(reply._tag === "Messages" && reply.messages[0]?.text, "slowly")
      assert.deepStrictEqual(counts.hangups, {})
    }).pipe(Effect.provide(calm))
  )

  it.effect("limits the logins of an address as connections of other protocols", () =>
    Effect.gen(function* () {
      const protocol = yield* make()
      for (let count = 1; count <= 16; count++) {
        yield* enter(protocol, `user ${count}`, 7, "192.0.2.1")
        yield* TestClock.adjust("100 millis")
      }
      const more = yield* Peer.connect(protocol, { address: "192.0.2.1" })
      yield* more.send(bytes(request.connect(7, "one more")))
      yield* Effect.all([more.over, TestClock.adjust("1 second")], { concurrency: "unbounded" })
      assert.match(packets(more).join(), /^ERR::COMM::400::.*takes no more users/)
      yield* enter(protocol, "another", 7, "192.0.2.2")
    }).pipe(Effect.provide(calm))
  )

  it.effect("keeps a communication socket for as long as it lives, and a silent one-shot for 15 s", () =>
    Effect.gen(function* () {
      const protocol = yield* make()
      const { counts } = yield* Metrics
      yield* enter(protocol, "alice")
      const silent = yield* Peer.connect(protocol)
      yield* TestClock.adjust("14 seconds")
      assert.strictEqual(counts.connections, 2)
      yield* Effect.all([silent.over, TestClock.adjust("6 seconds")], { concurrency: "unbounded" })
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual([counts.connections, counts.hangups], [1, { "login-timeout": 1 }])
    }).pipe(Effect.provide(calm))
  )

  it.effect("logs out whoever leaves, and closes its connection", () =>
    Effect.gen(function* () {
      const protocol = yield* make()
      const { counts } = yield* Metrics
      const alice = yield* enter(protocol, "alice")
      const bob = yield* enter(protocol, "bob", 8)
      yield* TestClock.adjust("1 second")
      const [alices, bobs] = [alice.writes.length, bob.writes.length]
      yield* once(protocol, request.of(7, "COMM_END", alice.secret))
      yield* turn
      assert.strictEqual(counts.sessions, 1)
      yield* Effect.all([alice.over, TestClock.adjust("1 second")], { concurrency: "unbounded" })
      assert.deepStrictEqual(
        packets(alice, alices).map((packet) => packet.slice(0, 13)),
        ["RES::COMM_END", "REQ::COMM_END"]
      )
      const [notice = "", ...others] = packets(bob, bobs)
      assert.deepStrictEqual([notice.slice(0, 14), others], ["REQ::NTFY_KILL", []])
      assert.strictEqual(counts.connections, 1)
      yield* bob.leave
      yield* bob.over
      assert.deepStrictEqual([counts.sessions, counts.connections], [0, 0])
    }).pipe(Effect.provide(calm))
  )
})
