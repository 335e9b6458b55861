import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { ProtocolName } from "../../src/domain/Message.ts"
import { Chat } from "../../src/services/Chat.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { Operator, type Target } from "../../src/services/Operator.ts"
import { Quota } from "../../src/services/Quota.ts"
import type { Outlet } from "../../src/services/Session.ts"
import * as Recorder from "./Recorder.ts"

const layer = Operator.layer.pipe(
  Layer.provideMerge(Layer.merge(Chat.layer, Quota.layer)),
  Layer.provide(Layer.succeed(Limits, { ...defaults, floodRate: 0 }))
)

const all: Target = { _tag: "All" }
const one = (peer: string): Target => ({ _tag: "One", peer })

/** Logs in over a protocol; gives what the outlet is told besides events. */
const peer = Effect.fnUntraced(function* (
  name: string,
  protocol: string,
  address = "192.0.2.1",
  outlet?: Partial<Outlet>
) {
  const chat = yield* Chat
  const hangups: Array<string> = []
  const session = yield* chat.login({
    name,
    protocol: ProtocolName.make(protocol),
    address,
    outlet: {
      deliver: () => {},
      hangUp: ({ reason }) => void hangups.push(reason),
      queuedBytes: () => 0,
      ...outlet
    }
  })
  return { session, hangups }
})

describe("Operator.kill()", () => {
  it.effect("frees the name at once, tells the peer, and the others once, whatever their protocol", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const operator = yield* Operator
      const carol = yield* Recorder.login("carol")
      const alice = yield* peer("alice", "toss")
      const bob = yield* peer("bob", "packet")
      carol.told()
      assert.deepEqual<unknown>(yield* operator.kill(one(String(alice.session.number))), ["alice"])
      assert.deepStrictEqual(alice.hangups, ["killed"])
      assert.deepStrictEqual(carol.told(), ["alice out of general (logout) without carol,bob"])
      // The connection logs out as well when it ends.
      yield* chat.logout(alice.session)
      assert.deepStrictEqual(carol.told(), [])
      yield* peer("alice", "sockets")
      assert.deepStrictEqual(bob.hangups, [])
      assert.deepStrictEqual(
        (yield* operator.peers).map(({ id, name, protocol }) => [id, name, protocol]),
        [
          [1, "carol", "embedded"],
          [3, "bob", "packet"],
          [4, "alice", "sockets"]
        ]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("takes an id before a name, and a look-alike for a name", () =>
    Effect.gen(function* () {
      const operator = yield* Operator
      yield* peer("2", "toss")
      yield* peer("bob", "toss")
      yield* peer("Vincent van Gogh", "toss")
      assert.deepEqual<unknown>(yield* operator.kill(one("2")), ["bob"])
      assert.deepEqual<unknown>(yield* operator.kill(one("2")), ["2"])
      assert.deepEqual<unknown>(yield* operator.kill(one("vincent  VAN gogh")), ["Vincent van Gogh"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("fails for whoever is not there, and gives nobody when nobody is", () =>
    Effect.gen(function* () {
      const operator = yield* Operator
      assert.deepEqual<unknown>(yield* operator.kill(all), [])
      for (const text of ["1", "alice", "99999999999999999999", "-1", "\u001b[2J"]) {
        const { _tag, peer } = yield* Effect.flip(operator.kill(one(text)))
        assert.deepStrictEqual([_tag, peer], ["PeerUnknown", text])
      }
    }).pipe(Effect.provide(layer))
  )

  it.effect("of all ends everybody", () =>
    Effect.gen(function* () {
      const operator = yield* Operator
      const peers = [yield* peer("alice", "toss"), yield* peer("bob", "chatmaster"), yield* peer("carol", "sockets")]
      assert.deepEqual<unknown>(yield* operator.kill(all), ["alice", "bob", "carol"])
      assert.deepStrictEqual(
        peers.map(({ hangups }) => hangups),
        [["killed"], ["killed"], ["killed"]]
      )
      assert.deepEqual<unknown>(yield* operator.peers, [])
    }).pipe(Effect.provide(layer))
  )
})

describe("Operator", () => {
  it.effect("peers have room, time, address and what waits for them", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const operator = yield* Operator
      yield* TestClock.adjust("3 seconds")
      const { session } = yield* peer("alice", "toss", "2001:db8::1", { queuedBytes: () => 17 })
      yield* chat.run(session, Recorder.join("rust", true))
      assert.deepEqual<unknown>(yield* operator.peers, [
        {
          id: 1,
          name: "alice",
          protocol: "toss",
          address: "2001:db8::1",
          room: "rust",
          sinceMillis: 3000,
          queuedBytes: 17
        }
      ])
    }).pipe(Effect.provide(layer))
  )

  it.effect("rooms are all there are, private ones too", () =>
    Effect.gen(function* () {
      const operator = yield* Operator
      const alice = yield* Recorder.login("alice")
      yield* Recorder.login("bob")
      yield* alice.run(Recorder.join("secret"))
      yield* alice.run({ _tag: "SetPrivate", isPrivate: true })
      assert.deepEqual<unknown>(yield* operator.rooms, [
        { name: "general", isPrivate: false, members: ["bob"] },
        { name: "python", isPrivate: false, members: [] },
        { name: "secret", isPrivate: true, members: ["alice"] }
      ])
    }).pipe(Effect.provide(layer))
  )

  it.effect("ping() asks those who can be asked, and counts the others by protocol", () =>
    Effect.gen(function* () {
      const operator = yield* Operator
      const checked: Array<string> = []
      yield* peer("alice", "tsockm", "192.0.2.1", { check: () => void checked.push("alice") })
      yield* peer("bob", "tsockm", "192.0.2.1", { check: () => void checked.push("bob") })
      yield* peer("carol", "toss")
      assert.deepEqual<unknown>(yield* operator.ping(one("bob")), { asked: 1, unable: new Map() })
      assert.deepEqual<unknown>(yield* operator.ping(one("3")), { asked: 0, unable: new Map([["toss", 1]]) })
      assert.deepEqual<unknown>(yield* operator.ping(all), { asked: 2, unable: new Map([["toss", 1]]) })
      assert.deepStrictEqual(checked, ["bob", "alice", "bob"])
      assert.strictEqual((yield* Effect.flip(operator.ping(one("dave")))).peer, "dave")
    }).pipe(Effect.provide(layer))
  )

  it.effect("say() speaks to everybody, info counts them", () =>
    Effect.gen(function* () {
      const operator = yield* Operator
      const alice = yield* Recorder.login("alice")
      yield* peer("bob", "toss", "192.0.2.1", { queuedBytes: () => 17 })
      yield* TestClock.adjust("90 seconds")
      alice.told()
      assert.strictEqual(yield* operator.say("dinner"), 2)
      assert.deepStrictEqual(alice.told(), ["Server: dinner"])
      assert.deepEqual<unknown>(yield* operator.info, {
        uptimeMillis: 90_000,
        peers: new Map<string, number>([
          ["embedded", 1],
          ["toss", 1]
        ]),
        queuedBytes: 17
      })
    }).pipe(Effect.provide(layer))
  )

  it.effect("ban() kills those of the address, and keeps it out for the time", () =>
    Effect.gen(function* () {
      const operator = yield* Operator
      const quota = yield* Quota
      const near = yield* peer("near", "toss", "2001:db8::1")
      const far = yield* peer("far", "packet", "2001:db8:0:1::1")
      yield* Recorder.login("bot")
      const { ban, killed } = yield* operator.ban("2001:db8::2", 5)
      assert.deepEqual<unknown>([ban, killed], [{ address: "2001:db8:0:0::/64", untilMillis: 300_000 }, ["near"]])
      assert.deepStrictEqual([near.hangups, far.hangups], [["killed"], []])
      assert.isUndefined(quota.admit("2001:db8::1"))
      assert.deepEqual<unknown>(yield* operator.bans, [ban])
      yield* TestClock.adjust("5 minutes")
      assert.isDefined(quota.admit("2001:db8::1"))
      assert.deepEqual<unknown>(yield* operator.bans, [])
    }).pipe(Effect.provide(layer))
  )

  it.effect("ban() and unban() refuse what they cannot do", () =>
    Effect.gen(function* () {
      const operator = yield* Operator
      assert.strictEqual((yield* Effect.flip(operator.ban("all")))._tag, "AddressInvalid")
      assert.strictEqual((yield* Effect.flip(operator.unban("192.0.2.1")))._tag, "NotBanned")
      yield* operator.ban("192.0.2.1")
      yield* operator.unban("::ffff:192.0.2.1")
      assert.strictEqual((yield* Effect.flip(operator.unban("192.0.2.1")))._tag, "NotBanned")
    }).pipe(Effect.provide(layer))
  )
})
