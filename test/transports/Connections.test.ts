import { deflateSync, gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Hangup } from "../../src/domain/Hangup.ts"
import { Metrics, Connections, Quota, SharedEvent } from "../../src/mod.ts"
import * as ChatMasterProtocol from "../../src/protocols/chatmaster/ChatMasterProtocol.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import { Peer } from "../../src/testing/mod.ts"
import { Inbound } from "../../src/transports/Inbound.ts"
import { SharedFrames } from "../../src/transports/SharedFrames.ts"
import { turn } from "./Turn.ts"

const text = (frame: Uint8Array): string => new TextDecoder().decode(frame)
const utf8 = new TextEncoder()
const login = (username: string): Uint8Array =>
  utf8.encode(`{"type": "command", "data": {"command": "login", "parameters": {"username": "${username}"}}}`)
const say = (message: string): Uint8Array => utf8.encode(`{"type": "message", "data": {"message": "${message}"}}`)

const enter = Effect.fnUntraced(function* (username: string) {
  const peer = yield* Peer.connect(ChatMasterProtocol.make())
  yield* peer.send(login(username))
  // The first package is sent at once, the second after the gap.
  yield* TestClock.adjust("50 millis")
  yield* peer.takeUntil((frame) => text(frame).includes(`"status":true`))
  yield* TestClock.adjust("50 millis")
  return peer
})

describe("Connections.accept()", () => {
  it.effect("tells a room of more than 200 in a moment who comes and goes, and at once what is said", () =>
    Effect.gen(function* () {
      const protocol = ChatMasterProtocol.make({ gapMillis: 0 })
      const connect = (username: string) =>
        Effect.tap(Peer.connect(protocol), (peer) => Effect.andThen(peer.send(login(username)), turn))
      const alice = yield* connect("alice")
      const others = yield* Effect.forEach(Array.from({ length: 199 }), (_, index) => connect(`user${index}`))
      const heard = () => alice.writes.at(-1)?.map((frame) => /"(?:message|username)":"(\w+)/.exec(text(frame))?.[1])
      assert.deepStrictEqual(heard(), ["user198"])
      const writesBefore = alice.writes.length
      for (const username of ["bob", "carol"]) yield* connect(username)
      assert.strictEqual(alice.writes.length, writesBefore)
      yield* TestClock.adjust("100 millis")
      yield* turn
      assert.deepStrictEqual(heard(), ["bob", "carol"])
      yield* connect("dora")
      yield* others[0]!.send(say("hello"))
      yield* turn
      assert.deepStrictEqual(heard(), ["dora", "hello"])
    }).pipe(Effect.provide(Peer.layer({ chat: { connectionsPerAddress: 1000, newConnectionsPerAddress: 1000 } })))
  )

  it.effect("sends an original client its packages one at a time, 50 ms apart", () =>
    Effect.gen(function* () {
      const alice = yield* enter("alice")
      const bob = yield* enter("bob")
      yield* TestClock.adjust("1 second")
      const before = alice.writes.length
      yield* bob.send(say("one"), say("two"), say("three"))
      yield* alice.takeUntil((frame) => text(frame).includes("one"))
      assert.strictEqual(alice.writes.length, before + 1)
      yield* TestClock.adjust("49 millis")
      assert.strictEqual(alice.writes.length, before + 1)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(alice.writes.length, before + 2)
      yield* TestClock.adjust("50 millis")
      assert.strictEqual(alice.writes.length, before + 3)
      assert.isTrue(alice.writes.every((frames) => frames.length === 1))
    }).pipe(Effect.provide(Peer.layer()))
  )

  it.effect("lets a chatmaster peer that was denied a name stay beyond the time to log in", () =>
    Effect.gen(function* () {
      const { counts } = yield* Metrics
      yield* enter("alice")
      const denied = yield* Peer.connect(ChatMasterProtocol.make())
      yield* denied.send(login("alice"))
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(counts.connections, 2)
      yield* denied.send(login("bob"))
      yield* TestClock.adjust("50 millis")
      yield* denied.takeUntil((frame) => text(frame).includes(`"status":true`))
    }).pipe(Effect.provide(Peer.layer()))
  )

  it.effect("hangs up on whoever sends more than 4 KiB or 8 packets before login", () =>
    Effect.gen(function* () {
      const { counts } = yield* Metrics
      const long = yield* Peer.connect(ChatMasterProtocol.make({ gapMillis: 0 }))
      yield* long.send(utf8.encode(" ".repeat(4096)))
      assert.strictEqual(counts.connections, 1)
      yield* long.send(utf8.encode(" "))
      yield* long.over
      const many = yield* Peer.connect(ChatMasterProtocol.make({ gapMillis: 0 }))
      for (let round = 0; round < 8; round++) yield* many.send(say("hello"))
      assert.strictEqual(counts.connections, 1)
      yield* many.send(say("hello"))
      yield* many.over
      assert.deepStrictEqual(counts.hangups, { "login-limit": 2 })
    }).pipe(Effect.provide(Peer.layer()))
  )

  it.effect(
    "counts before login what compressed packets are inflated to, and inflates no more than 64 KiB at once",
    () =>
      Effect.gen(function* () {
        const { counts } = yield* Metrics
        const connect = Peer.connect(ChatMasterProtocol.make({ gapMillis: 0 }))
        const spaces = (count: number) => deflateSync(" ".repeat(count))
        for (const compress of [deflateSync, gzipSync]) {
          const slow = yield* connect
          yield* slow.send(compress(" ".repeat(2000)), compress(" ".repeat(2000)))
          assert.strictEqual(counts.connections, 1)
          yield* slow.send(compress(" ".repeat(2000)))
          yield* slow.over
        }
        assert.deepStrictEqual(counts.hangups, { "login-limit": 2 })
        const longName = yield* connect
        yield* longName.send(deflateSync(login("x".repeat(50_000))))
        yield* longName.over
        assert.deepStrictEqual(counts.hangups, { "login-limit": 3 })
        const bomb = yield* connect
        yield* bomb.send(spaces(100_000))
        yield* bomb.over
        assert.deepStrictEqual(counts.hangups, { "login-limit": 3, "too-large": 1 })
        const alice = yield* connect
        yield* alice.send(deflateSync(login("alice")), deflateSync(say("x".repeat(10_000))), spaces(100_000))
        assert.strictEqual(counts.connections, 1)
      }).pipe(Effect.provide(Peer.layer()))
  )

  it.effect("hangs up on whoever sends a hundred faulty packets at once", () =>
    Effect.gen(function* () {
      const { counts } = yield* Metrics
      const peer = yield* Peer.connect(ChatMasterProtocol.make({ gapMillis: 0 }))
      yield* peer.send(login("alice"), utf8.encode("{}".repeat(100)))
      assert.strictEqual(counts.connections, 1)
      yield* TestClock.adjust("1 second")
      yield* peer.send(utf8.encode("{}".repeat(10)))
      assert.strictEqual(counts.connections, 1)
      yield* peer.send(utf8.encode("{}"))
      yield* peer.over
      assert.deepStrictEqual(counts.hangups, { faulty: 1 })
    }).pipe(Effect.provide(Peer.layer()))
  )

  it.effect("lets nobody log in whose address was banned after they had connected, nor connect anew", () =>
    Effect.gen(function* () {
      const quota = yield* Quota
      const peer = yield* Peer.connect(ChatMasterProtocol.make({ gapMillis: 0 }), { address: "192.0.2.1" })
      yield* peer.take
      quota.ban("192.0.2.1", Infinity)
      yield* peer.send(login("alice"))
      assert.include(text(yield* peer.take), "This address is banned.")
      const another = yield* Peer.connect(ChatMasterProtocol.make({ gapMillis: 0 }), { address: "192.0.2.1" })
      assert.include(text(yield* another.take), "this address is banned")
      yield* another.over
    }).pipe(Effect.provide(Peer.layer()))
  )

  it.effect("hangs up on a peer that takes nothing for 10 seconds", () =>
    Effect.gen(function* () {
      const { counts } = yield* Metrics
      const stuck = yield* enter("stuck")
      const bob = yield* enter("bob")
      yield* TestClock.adjust("1 second")
      stuck.stall()
      yield* bob.send(say("hello"))
      yield* turn
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(counts.connections, 2)
      yield* TestClock.adjust("2 seconds")
      yield* stuck.over
      assert.deepStrictEqual(counts.hangups, { slow: 1 })
    }).pipe(Effect.provide(Peer.layer()))
  )

  it.effect("refuses the seventeenth connection of an address, and takes one again when one has gone", () =>
    Effect.gen(function* () {
      const { counts } = yield* Metrics
      const address = "192.0.2.1"
      const peers = yield* Effect.all(
        Array.from({ length: 16 }, () => Peer.connect(ChatMasterProtocol.make(), { address }))
      )
      const refused = yield* Peer.connect(ChatMasterProtocol.make(), { address })
      yield* refused.over
      assert.strictEqual(counts.connectionsRefused, 1)
      assert.include(text(refused.writes[0]![0]!), "too many connections")
      const other = yield* Peer.connect(ChatMasterProtocol.make(), { address: "192.0.2.2" })
      yield* other.take
      yield* peers[0]!.leave
      yield* peers[0]!.over
      const next = yield* Peer.connect(ChatMasterProtocol.make(), { address })
      yield* next.take
    }).pipe(Effect.provide(Peer.layer()))
  )

  it.effect("ends what connects while the server stops", () =>
    Effect.gen(function* () {
      const connections = yield* Connections
      yield* connections.stop
      const late = yield* Peer.connect(ChatMasterProtocol.make())
      yield* late.over
    }).pipe(Effect.provide(Peer.layer()))
  )

  it.effect("hangs up in the next turn, for an event may be being told in this one", () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const alice = yield* enter("alice")
      sessions.find("alice")?.outlet.hangUp(new Hangup({ reason: "killed" }))
      assert.isDefined(sessions.find("alice"))
      yield* alice.over
      assert.isUndefined(sessions.find("alice"))
    }).pipe(Effect.provide(Peer.layer()))
  )

  it.effect(
    "closes the connection and frees the name at once when it is interrupted, and so does the end of the layer",
    () =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const services = yield* Layer.buildWithScope(Peer.layer(), scope)
        const { connections, sessions } = yield* Effect.all({ connections: Connections, sessions: Sessions }).pipe(
          Effect.provideContext(services)
        )
        const destroyed: Array<string> = []
        const service = yield* Scope.provide(connections.serve(ChatMasterProtocol.make()), scope)
        const serve = (username: string) => {
          const carrier = {
            write: () => {},
            unsentBytes: () => 0,
            listen: () => {},
            end: () => {},
            destroy: () => void destroyed.push(username)
          }
          const inbound = new Inbound<Uint8Array>({ pause: () => {}, resume: () => {} })
          inbound.push([login(username)])
          return connections.accept(service)({ carrier, inbound, remote: { address: "127.0.0.1" } })
        }
        const fiber = serve("alice")
        const other = serve("bob")
        yield* turn
        assert.isDefined(sessions.find("alice"))
        yield* Fiber.interrupt(fiber)
        assert.isUndefined(sessions.find("alice"))
        assert.deepStrictEqual(destroyed, ["alice"])
        yield* Scope.close(scope, Exit.void)
        assert.isUndefined(sessions.find("bob"))
        assert.deepStrictEqual(destroyed, ["alice", "bob"])
        yield* Fiber.await(other)
      })
  )

  it.effect("a fault of a protocol ends its connection and no other", () =>
    Effect.gen(function* () {
      const { counts } = yield* Metrics
      const bob = yield* enter("bob")
      const sound = ChatMasterProtocol.make()
      const faulty: typeof sound = {
        ...sound,
        reader: () => ({
          read: () => {
            throw new Error("a fault")
          }
        })
      }
      const victim = yield* Peer.connect(faulty)
      yield* victim.send(login("alice"))
      yield* victim.over
      assert.strictEqual(counts.connections, 1)
      yield* bob.send(say("/who"))
      yield* bob.takeUntil((frame) => text(frame).includes("In general"))
    }).pipe(Effect.provide(Peer.layer()))
  )
})

describe("SharedFrames.frames()", () => {
  it("renders an event once for all that read it alike", () => {
    const rendered: Array<string> = []
    const protocol = {
      ...ChatMasterProtocol.make(),
      render: (event: SharedEvent, as: string, variant: number) => {
        rendered.push(`${event._tag} ${as} ${variant}`)
        return []
      }
    }
    const shared = new SharedFrames(protocol)
    const event: SharedEvent = { _tag: "Announced", text: "hello" }
    for (let recipient = 0; recipient < 3; recipient++) {
      shared.frames(event, "witness", 0)
      shared.frames(event, "witness", 1)
      shared.frames(event, "actor", 0)
    }
    assert.deepStrictEqual(rendered, ["Announced witness 0", "Announced witness 1", "Announced actor 0"])
    shared.frames({ ...event }, "witness", 0)
    assert.strictEqual(rendered.length, 4)
  })
})
