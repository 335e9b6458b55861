import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { ByteFrame } from "../../../src/protocols/Protocol.ts"
import * as TossProtocol from "../../../src/protocols/toss/TossProtocol.ts"
import * as Visitor from "../../../src/services/Visitor.ts"
import { Deadline, Peer } from "../../../src/testing/mod.ts"
import { turn } from "../../transports/Turn.ts"
import * as Client from "./Client.ts"
import { bytes, glue } from "./Wire.ts"

const protocol = TossProtocol.make({ nowMillis: () => 0 })

/** Sends a request as the original does: announced, and said when that is acknowledged. */
const request = Effect.fnUntraced(function* (peer: Peer.Peer<Uint8Array, ByteFrame>, request: Uint8Array) {
  yield* peer.send(Client.announce(request))
  const acknowledged = peer.takeUntil(
    (frame) => frame instanceof Uint8Array && Buffer.from(frame).toString() === Client.acknowledgement
  )
  yield* Deadline.within(acknowledged, () => "the acknowledgement")
  yield* peer.send(request)
})

const enter = Effect.fnUntraced(function* (name: string) {
  const peer = yield* Peer.connect(protocol)
  yield* request(peer, Client.logIn(name))
  yield* turn
  yield* TestClock.adjust("1 second")
  return peer
})

/** What was written, each write as the sizes of its frames; a file counts as what it is. */
const shapes = (peer: Peer.Peer<Uint8Array, ByteFrame>, from: number): ReadonlyArray<ReadonlyArray<number | string>> =>
  peer.writes.slice(from).map((frames) => frames.map((it) => (it instanceof Uint8Array ? it.length : it._tag)))

describe("TossProtocol paces the original", () => {
  it.effect("one write for what fits into a segment, two for what does not, 60 ms apart", () =>
    Effect.gen(function* () {
      const visitor = yield* Visitor.make("Visitor")
      const alice = yield* enter("alice")
      const before = alice.writes.length
      yield* visitor.run({ _tag: "Say", text: "x".repeat(10) })
      yield* visitor.run({ _tag: "Say", text: "x".repeat(2000) })
      yield* turn
      const written = () => alice.writes.length - before
      assert.strictEqual(written(), 1)
      yield* TestClock.adjust("59 millis")
      assert.strictEqual(written(), 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(written(), 2)
      yield* TestClock.adjust("60 millis")
      assert.strictEqual(written(), 3)
      const [pair, announcement, body] = shapes(alice, before)
      assert.isBelow(pair![0] as number, 1400)
      assert.isBelow(announcement![0] as number, 100)
      assert.isAbove(body![0] as number, 2000)
      assert.deepStrictEqual(
        alice.writes.map((frames) => frames.length),
        alice.writes.map(() => 1)
      )
    }).pipe(Effect.provide(Peer.layer({ chat: { floodRate: 0 } })))
  )

  it.effect("waits longer behind a large file, as measured", () =>
    Effect.gen(function* () {
      const visitor = yield* Visitor.make("Visitor")
      const alice = yield* enter("alice")
      const before = alice.writes.length
      const sizeBytes = 2_000_000
      yield* visitor.run({ _tag: "BeginUpload", key: 1, sizeBytes })
      yield* visitor.run({ _tag: "WriteUpload", key: 1, atByte: 0, bytes: new Uint8Array(sizeBytes) })
      yield* visitor.run({ _tag: "Say", text: "", upload: { key: 1, name: "a.bin" } })
      yield* visitor.run({ _tag: "Say", text: "after" })
      yield* turn
      yield* TestClock.adjust("60 millis")
      assert.deepStrictEqual(shapes(alice, before).slice(1), [["FileFrame"]])
      // 60 + 2 * 250 + 4 * 8
      yield* TestClock.adjust("591 millis")
      assert.strictEqual(alice.writes.length - before, 2)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(alice.writes.length - before, 3)
    }).pipe(Effect.provide(Peer.layer({ chat: { floodRate: 0 } })))
  )

  it.effect("nothing behind an acknowledgement until the body comes, or for 2 seconds", () =>
    Effect.gen(function* () {
      const visitor = yield* Visitor.make("Visitor")
      const alice = yield* enter("alice")
      const before = alice.writes.length
      const hello = Client.message("hello")
      yield* alice.send(Client.announce(hello))
      yield* visitor.run({ _tag: "Say", text: "meanwhile" })
      yield* turn
      yield* TestClock.adjust("1999 millis")
      assert.deepStrictEqual(shapes(alice, before), [[Client.acknowledgement.length]])
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(alice.writes.length - before, 2)
      yield* alice.send(hello)
      yield* TestClock.adjust("1 second")
      yield* alice.send(Client.announce(hello))
      yield* visitor.run({ _tag: "Say", text: "again" })
      yield* turn
      const acknowledged = alice.writes.length
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(alice.writes.length, acknowledged)
      yield* alice.send(hello.subarray(0, 1))
      yield* turn
      assert.strictEqual(alice.writes.length, acknowledged + 1)
    }).pipe(Effect.provide(Peer.layer({ chat: { floodRate: 0 } })))
  )

  it.effect("not a peer that says something without an announcement", () =>
    Effect.gen(function* () {
      const visitor = yield* Visitor.make("Visitor")
      const bob = yield* Peer.connect(protocol)
      yield* bob.send(Client.logIn("bob"))
      yield* turn
      const before = bob.writes.length
      for (let count = 0; count < 3; count++) yield* visitor.run({ _tag: "Say", text: "hello" })
      yield* turn
      assert.strictEqual(bob.writes.length - before, 1)
      assert.strictEqual(bob.writes.at(-1)?.length, 3)
    }).pipe(Effect.provide(Peer.layer({ chat: { floodRate: 0 } })))
  )
})

describe("TossProtocol ends what has only begun", () => {
  it.effect("after 200 ms, before what comes next", () =>
    Effect.gen(function* () {
      const peer = yield* Peer.connect(TossProtocol.make({ nowMillis: () => 0, gapMillis: 0 }))
      yield* peer.send(bytes("action|l6|log-in;"))
      yield* TestClock.adjust("199 millis")
      assert.strictEqual(peer.writes.length, 0)
      yield* TestClock.adjust("1 millis")
      yield* turn
      assert.include(
        JSON.stringify(Client.reader().push(glue(...(peer.writes.flat() as Array<Uint8Array>)))),
        "required"
      )
      yield* peer.send(bytes("action|l6|log"))
      yield* TestClock.adjust("100 millis")
      yield* peer.send(bytes("-in;data|s18|username|l5|alice;;"))
      yield* turn
      assert.include(Buffer.from(peer.writes.at(-1)![0] as Uint8Array).toString(), "log-in;status|n3|100")
      const before = peer.writes.length
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(peer.writes.length, before)
    }).pipe(Effect.provide(Peer.layer()))
  )
})
