import { assert, describe, it } from "@effect/vitest"
import Sqids from "sqids"
import { Clock, Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Connections, ProtocolName, WireLog } from "../../src/mod.ts"
import * as ChatMasterProtocol from "../../src/protocols/chatmaster/ChatMasterProtocol.ts"
import * as PacketCodec from "../../src/protocols/packet/PacketCodec.ts"
import * as PacketProtocol from "../../src/protocols/packet/PacketProtocol.ts"
import * as SocketsProtocol from "../../src/protocols/sockets/SocketsProtocol.ts"
import * as TossProtocol from "../../src/protocols/toss/TossProtocol.ts"
import * as TsockmId from "../../src/protocols/tsockm/TsockmId.ts"
import * as TsockmProtocol from "../../src/protocols/tsockm/TsockmProtocol.ts"
import { Peer } from "../../src/testing/mod.ts"
import type { OpenConnection, TappedPacket } from "../../src/transports/OpenConnections.ts"
import { PacketTaps } from "../../src/transports/PacketTaps.ts"

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
const login = bytes(`{"type":"command","data":{"command":"login","parameters":{"username":"ada"}}}`)
const say = (text: string) => bytes(`{"type":"message","data":{"message":"${text}"}}`)
const chatmaster = ChatMasterProtocol.make({ gapMillis: 0 })

const isConnection = (it: { readonly _tag: string }): it is OpenConnection => it._tag === "Connection"

/** So many of the connections that are opened from now on, as a fiber. */
const opening = Effect.fnUntraced(function* (count: number) {
  const { opened } = yield* Connections
  const fiber = yield* opened.pipe(
    Stream.filter(isConnection),
    Stream.take(count),
    Stream.runCollect,
    Effect.forkScoped({ startImmediately: true })
  )
  yield* Effect.yieldNow
  return fiber
})

const wordOf = (packet: unknown): string =>
  packet instanceof Uint8Array
    ? Buffer.from(packet).toString("latin1")
    : JSON.stringify(packet, (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value))

const words = (items: ReadonlyArray<{ readonly _tag: string }>): ReadonlyArray<string> =>
  items.map((item) => {
    const { direction, packet } = item as TappedPacket
    return `${direction} ${wordOf(packet)}`
  })

const isTapped = (it: { readonly _tag: string }): it is TappedPacket => it._tag === "Packet"

describe("Connections.opened", () => {
  it.effect("gives those that are open, and then each that is opened, with who is logged in on it", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("5 seconds")
      const ada = yield* Peer.connect(chatmaster, { address: "192.0.2.1" })
      yield* ada.send(login)
      yield* TestClock.adjust("1 second")
      const two = yield* opening(2)
      yield* Peer.connect(chatmaster, { address: "192.0.2.2" })
      const [first, second] = yield* Fiber.join(two)
      assert.deepStrictEqual(
        [first!.number, first!.protocol, first!.address, first!.openedAtMillis],
        [1, ProtocolName.make("chatmaster"), "192.0.2.1", 5000]
      )
      assert.deepStrictEqual([second!.number, second!.address, second!.openedAtMillis], [2, "192.0.2.2", 6000])
      assert.deepStrictEqual(
        (yield* first!.users).map(({ name }) => String(name)),
        ["ada"]
      )
      assert.deepStrictEqual(yield* second!.users, [])
      yield* ada.leave
      yield* ada.over
      assert.deepStrictEqual(yield* first!.users, [])
    }).pipe(Effect.scoped, Effect.provide(Peer.layer()))
  )

  it.effect("packets has what comes and goes from the beginning on, and ends with the connection", () =>
    Effect.gen(function* () {
      const one = yield* opening(1)
      const ada = yield* Peer.connect(chatmaster)
      yield* ada.send(login, say("hello"))
      const [connection] = yield* Fiber.join(one)
      yield* ada.leave
      yield* ada.over
      const seen = words(yield* Stream.runCollect(connection!.packets))
      assert.include(seen[0], `"request":"login"`)
      assert.deepStrictEqual(
        seen.filter((line) => line.startsWith("in")).map((line) => /"_tag":"(\w+)"/.exec(line)?.[1]),
        ["Command", "Message"]
      )
      assert.isAtLeast(seen.filter((line) => line.startsWith("out")).length, 2)
      assert.deepStrictEqual(yield* Stream.runCollect(connection!.packets), [])
    }).pipe(Effect.scoped, Effect.provide(Peer.layer()))
  )

  it.effect("packets begins when it is run, if that is more than a second later", () =>
    Effect.gen(function* () {
      const one = yield* opening(1)
      const ada = yield* Peer.connect(chatmaster)
      const [connection] = yield* Fiber.join(one)
      yield* ada.send(login)
      yield* TestClock.adjust("1 second")
      const seen = yield* connection!.packets.pipe(
        Stream.take(1),
        Stream.runCollect,
        Effect.forkScoped({ startImmediately: true })
      )
      yield* ada.send(say("later"))
      assert.include(words(yield* Fiber.join(seen))[0], "later")
    }).pipe(Effect.scoped, Effect.provide(Peer.layer()))
  )

  it.effect("a slow reader of packets is told how many it misses, and the connection goes on", () =>
    Effect.gen(function* () {
      const one = yield* opening(1)
      const ada = yield* Peer.connect(chatmaster)
      const [connection] = yield* Fiber.join(one)
      yield* TestClock.adjust("1 second")
      const pull = yield* Stream.toPull(connection!.packets)
      const first = yield* Effect.forkScoped(pull, { startImmediately: true })
      yield* ada.send(login)
      yield* Fiber.join(first)
      for (let count = 1; count <= 3000; count++) yield* ada.send(say(`${count}`))
      const [missed, ...rest] = yield* pull
      assert.strictEqual(missed._tag, "Missed")
      assert.lengthOf(rest, 1024)
    }).pipe(Effect.scoped, Effect.provide(Peer.layer({ chat: { floodRate: 0 } })))
  )

  it.effect("an observer that is too slow is told how many connections it misses", () =>
    Effect.gen(function* () {
      const { opened } = yield* Connections
      const pull = yield* Stream.toPull(opened)
      const first = yield* Effect.forkScoped(pull, { startImmediately: true })
      yield* Peer.connect(chatmaster)
      yield* Fiber.join(first)
      for (let count = 0; count < 1030; count++) yield* Effect.scoped(Peer.connect(chatmaster))
      assert.deepStrictEqual((yield* pull)[0], { _tag: "Missed", count: 6 })
    }).pipe(
      Effect.scoped,
      Effect.provide(Peer.layer({ chat: { connectionsPerAddress: 2000, newConnectionsPerAddress: 5000 } }))
    )
  )
})

describe("PacketTaps", () => {
  it("record is undefined as long as nobody wants to see a packet", () => {
    const taps = new PacketTaps({ record: undefined })
    const [ada, bob] = [{ who: "ada" }, { who: "bob" }]
    const seen: Array<unknown> = []
    const isRecorded = () => taps.record !== undefined
    assert.isFalse(isRecorded())
    const stop = taps.add(ada, (direction, packet) => seen.push([direction, packet]))
    taps.record?.("in", ada, 1)
    taps.record?.("in", bob, 2)
    assert.isTrue(isRecorded())
    stop()
    stop()
    assert.isFalse(isRecorded())
    assert.deepStrictEqual(seen, [["in", 1]])
  })

  it("masks once for all who are shown a packet, and not for others", () => {
    const recorded: Array<unknown> = []
    let masked = 0
    const masks = { packet: () => ++masked, frame: () => "frame" }
    const taps = new PacketTaps({ record: (...it) => void recorded.push(it) }, masks)
    const ada = { who: "ada" }
    const seen: Array<unknown> = []
    taps.add(ada, (_, packet) => seen.push(packet))
    taps.record?.("in", ada, "secret")
    taps.record?.("out", ada, "secret")
    assert.deepStrictEqual(seen, [1, "frame"])
    assert.deepStrictEqual(recorded, [
      ["in", "ada", 1],
      ["out", "ada", "frame"]
    ])
    const silent = new PacketTaps({ record: undefined }, masks)
    silent.add(ada, () => {})
    silent.record?.("in", { who: "bob" }, "secret")
    assert.strictEqual(masked, 1)
  })
})

describe("masks", () => {
  const recorded: Array<string> = []
  const record: WireLog["record"] = (direction, _, packet) => void recorded.push(`${direction} ${wordOf(packet)}`)
  const layer = Layer.provide(Peer.layer(), Layer.succeed(WireLog, { record }))

  it.effect("packet: neither the log nor a tap has the number of a session", () =>
    Effect.gen(function* () {
      recorded.length = 0
      const clock = yield* Clock.Clock
      const session = 0x1122_3344_5566_7788n
      const protocol = PacketProtocol.make({ nowMillis: () => clock.currentTimeMillisUnsafe(), random: () => session })
      const one = yield* opening(1)
      const ada = yield* Peer.connect(protocol)
      const [connection] = yield* Fiber.join(one)
      const seen = yield* connection!.packets.pipe(
        Stream.filter(isTapped),
        Stream.take(3),
        Stream.runCollect,
        Effect.forkScoped({ startImmediately: true })
      )
      yield* ada.send(PacketCodec.writeRequest({ _tag: "SessionRequest", name: "ada" }))
      const cookie = yield* ada.take
      assert.include(Buffer.from(cookie).toString("hex"), session.toString(16))
      yield* ada.send(PacketCodec.writeRequest({ _tag: "UsersRequest", session }))
      const shown = words(yield* Fiber.join(seen))
      assert.deepStrictEqual(shown, recorded.slice(0, 3))
      assert.strictEqual(shown[2], `in {"_tag":"UsersRequest","session":"0"}`)
      assert.lengthOf(shown[1]!, "out ".length + cookie.length)
      assert.notInclude(Buffer.from(recorded.join(), "latin1").toString("hex"), session.toString(16))
      assert.deepStrictEqual(
        (yield* connection!.users).map(({ name }) => String(name)),
        ["ada"]
      )
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("tsockm: neither the log nor a tap has the id that lets a peer speak", () =>
    Effect.gen(function* () {
      recorded.length = 0
      const clock = yield* Clock.Clock
      const protocol = TsockmProtocol.make({
        nowMillis: () => clock.currentTimeMillisUnsafe(),
        randomBytes: (count) => new Uint8Array(count).fill(7),
        encoder: new Sqids(TsockmId.options)
      })
      const one = yield* opening(1)
      const ada = yield* Peer.connect(protocol)
      const [connection] = yield* Fiber.join(one)
      const request = Effect.fnUntraced(function* (text: string) {
        yield* ada.send(bytes(text))
        yield* TestClock.adjust("1 second")
      })
      yield* request("REQ::COMM::200::client::client::server::ada")
      const welcome = Buffer.from(yield* ada.take).toString()
      const id = /::(\w+)\|ada#/.exec(welcome)![1]!
      yield* request(`REQ::MSG::200::${id}::client::server::hello`)
      yield* request(`REQ::GET_PEER::200::${id}::client::server::${id}`)
      assert.include(recorded.join(), "***|ada#")
      assert.include(recorded.join(), `"text":"hello"`)
      assert.notInclude(recorded.join(), id)
      assert.strictEqual((yield* connection!.users)[0]?.name, "ada")
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it("sockets: neither the log nor a tap has the place to which a file may be sent", () => {
    const { frame } = SocketsProtocol.make().masks!
    const args = [{ ok: true, url: "/api/v1/uploads/secret" }]
    const shown = [frame({ _tag: "Ack", id: 1, args }), frame({ _tag: "Event", name: "upload", args })]
    assert.deepStrictEqual(shown, [
      { _tag: "Ack", id: 1, args: [{ ok: true, url: "***" }] },
      { _tag: "Event", name: "upload", args: [{ ok: true, url: "***" }] }
    ])
    const file = { _tag: "Event", name: "file", args } as const
    assert.strictEqual(frame(file), file)
  })

  it("toss: what is shown of a file is a copy", () => {
    const { packet } = TossProtocol.make({ nowMillis: () => 0 }).masks!
    const bytes = Uint8Array.of(1, 2)
    const shown = packet({ _tag: "FilePiece", ordinal: 1, bytes })
    bytes.fill(0)
    assert.deepStrictEqual(shown, { _tag: "FilePiece", ordinal: 1, bytes: Uint8Array.of(1, 2) })
  })
})
