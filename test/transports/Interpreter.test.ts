import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { Event } from "../../src/domain/Event.ts"
import type { Hangup } from "../../src/domain/Hangup.ts"
import { ProtocolName } from "../../src/domain/Message.ts"
import { crowdLimit } from "../../src/domain/Room.ts"
import * as PacketCodec from "../../src/protocols/packet/PacketCodec.ts"
import * as PacketProtocol from "../../src/protocols/packet/PacketProtocol.ts"
import type { Request } from "../../src/protocols/packet/PacketRequest.ts"
import { Attachments } from "../../src/services/Attachments.ts"
import { Metrics } from "../../src/services/Metrics.ts"
import { Chat } from "../../src/services/Chat.ts"
import { History } from "../../src/services/History.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { Turn } from "../../src/services/Turn.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import * as Visitor from "../../src/services/Visitor.ts"
import { Connections } from "../../src/transports/Connections.ts"
import type { Own } from "../../src/transports/Own.ts"
import { codes, type RecordingLink, tags, tcp, texts, udp } from "../protocols/packet/Links.ts"
import { utf8 } from "../protocols/packet/Wire.ts"
import * as HeldHistory from "../services/HeldHistory.ts"
import { turn } from "./Turn.ts"

const layer = (limits?: Partial<Limits>, history = History.layerMemory) =>
  Connections.layer.pipe(
    Layer.provideMerge(Chat.layerNoStorage),
    Layer.provide([history, Attachments.layerMemory]),
    Layer.provide(Layer.succeed(Limits, { ...defaults, floodRate: 0, ...limits }))
  )

const make = Effect.fnUntraced(function* (options?: Partial<PacketProtocol.Options>) {
  const clock = yield* Clock.Clock
  let last = 0n
  const connections = yield* Connections
  const protocol = PacketProtocol.make({
    nowMillis: () => clock.currentTimeMillisUnsafe(),
    random: () => (last += 2n),
    ...options
  })
  const { context, interpreter } = yield* connections.serve(protocol)
  const { read, receive } = protocol.datagrams!
  const bringBytes = (link: RecordingLink, bytes: Uint8Array) =>
    Effect.suspend(() => interpreter.perform(receive(link, read(bytes), bytes.length))).pipe(
      Effect.provideService(Turn, context.turn),
      Effect.andThen(turn),
      Effect.orDie
    )
  const bring = (link: RecordingLink, ...requests: ReadonlyArray<Request>): Effect.Effect<void> =>
    Effect.forEach(requests, (request) => bringBytes(link, PacketCodec.writeRequest(request)), { discard: true })
  const enter = Effect.fnUntraced(function* (link: RecordingLink, name: string) {
    yield* bring(link, { _tag: "SessionRequest", name })
    const session = sessionOf(link)
    yield* bring(link, { _tag: "SessionPreserve", session })
    link.frames()
    return session
  })
  /** Logs in by a connection whose fibers are counted. */
  const connect = Effect.fnUntraced(function* (name: string) {
    const forks: Array<Fiber.Fiber<void, Hangup>> = []
    const answers: Array<string> = []
    const own: Own<Uint8Array> = {
      id: name,
      address: "127.0.0.1",
      isReliable: true,
      hasBeenIn: false,
      send: () => {},
      release: () => {},
      fault: () => undefined,
      fork: (effect) =>
        Effect.map(Effect.forkChild(effect, { startImmediately: true }), (fiber) => void forks.push(fiber)),
      deliver: () => {},
      hangUp: () => {},
      queuedBytes: () => 0
    }
    const answer = (text: string) => {
      answers.push(text)
      return []
    }
    yield* interpreter.perform([{ _tag: "Login", name, refused: () => [] }], own)
    const say = (text: string) =>
      interpreter.perform(
        [
          {
            _tag: "Run",
            command: { _tag: "Say", text },
            whenStored: true,
            replied: () => answer(text),
            refused: ({ _tag }) => answer(_tag)
          }
        ],
        own
      )
    return { answers, forks, say }
  })
  return { interpreter, bring, bringBytes, connect, enter }
})

const say = (session: bigint, message: bigint, text: string): Request => ({
  _tag: "BroadcastRequest",
  session,
  message,
  blob: utf8(text)
})

/** The number in the cookie that has been sent. */
const sessionOf = (link: RecordingLink): bigint => {
  const cookie = link.sent().find((it) => it._tag === "SessionCookie")
  return cookie?.session ?? 0n
}

/** Who came and went before `bell` was heard. */
const moves = (visitor: Visitor.Visitor, bell: Visitor.Visitor) =>
  Effect.gen(function* () {
    yield* bell.run({ _tag: "Say", text: "the end" })
    const heard = yield* visitor.heard.pipe(
      Stream.takeUntil(({ event }) => event._tag === "Said" && event.message.text === "the end"),
      Stream.runCollect
    )
    return heard.flatMap(({ event }) =>
      event._tag === "UserJoined" || event._tag === "UserLeft" ? [`${event._tag} ${event.user.name}`] : []
    )
  })

describe("Interpreter.perform()", () => {
  it.effect("logs in, and carries what is said between its sessions and others", () =>
    Effect.gen(function* () {
      const { bring, enter } = yield* make()
      const visitor = yield* Visitor.make("Visitor")
      const [here, there] = [udp(1), tcp(1)]
      const ada = yield* enter(here, "ada")
      const bob = yield* enter(there, "bob")
      const { counts } = yield* Metrics
      assert.strictEqual(counts.sessions, 3)
      yield* bring(here, say(ada, 1n, "from ada"))
      assert.deepStrictEqual(tags(here.sent()), ["BroadcastResponse"])
      assert.deepStrictEqual(texts(there.sent()), ["from ada"])
      yield* bring(there, say(bob, 1n, "from bob"))
      assert.deepStrictEqual(tags(there.sent()), ["BroadcastResponse"])
      assert.deepStrictEqual(texts(here.sent()), ["from bob"])
      yield* visitor.run({ _tag: "Say", text: "from a visitor" })
      assert.deepStrictEqual(texts(here.sent()), ["from a visitor"])
      assert.deepStrictEqual(texts(there.sent()), ["from a visitor"])
      const heard = yield* visitor.heard.pipe(
        Stream.filter(({ event, as }) => event._tag === "Said" && as === "witness"),
        Stream.map(({ event }) => (event._tag === "Said" ? `${event.message.from}: ${event.message.text}` : "")),
        Stream.take(2),
        Stream.runCollect
      )
      assert.deepStrictEqual(heard, ["ada: from ada", "bob: from bob"])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("refuses a name in use, and frees it when the session ends", () =>
    Effect.gen(function* () {
      const { bring, enter } = yield* make()
      const [here, there] = [udp(1), udp(2)]
      yield* enter(here, "ada")
      for (const name of ["ada", "ADA", "Server", "\n"]) yield* bring(there, { _tag: "SessionRequest", name })
      assert.deepStrictEqual(codes(there.sent()), [3, 3, 4, 4])
      yield* TestClock.adjust("29999 millis")
      yield* bring(there, { _tag: "SessionRequest", name: "ada" })
      assert.deepStrictEqual(codes(there.sent()), [3])
      yield* TestClock.adjust("101 millis")
      yield* bring(there, { _tag: "SessionRequest", name: "ada" })
      assert.deepStrictEqual(tags(there.sent()), ["SessionCookie", "IncomingMessage"])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("tells a crowd in a moment who comes", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { enter } = yield* make()
      const heard: Array<string> = []
      const embedded = (name: string, deliver: (event: Event) => void) =>
        chat.login({
          name,
          protocol: ProtocolName.make("embedded"),
          address: "",
          outlet: { deliver, hangUp: () => {}, queuedBytes: () => 0 }
        })
      yield* embedded("first", (event) => {
        if (event._tag === "UserJoined") heard.push(event.user.name)
      })
      for (let count = 0; count < crowdLimit; count++) yield* embedded(`user${count}`, () => {})
      const before = heard.length
      for (const [index, name] of ["ada", "bob"].entries()) yield* enter(tcp(index), name)
      assert.strictEqual(heard.length, before)
      yield* TestClock.adjust("30 millis")
      assert.deepStrictEqual(heard.slice(before), ["ada", "bob"])
    }).pipe(Effect.provide(layer({ sessionLimit: 1000 })))
  )

  it.effect("counts what is of no session", () =>
    Effect.gen(function* () {
      const { bring, bringBytes } = yield* make()
      const { counts } = yield* Metrics
      const link = udp(1)
      yield* bring(link, { _tag: "SessionPreserve", session: 99n }, say(99n, 1n, "hi"))
      yield* bringBytes(link, new Uint8Array([1, 2, 3]))
      assert.strictEqual(counts.packetsDropped, 3)
      assert.deepStrictEqual(link.sent(), [])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("takes a file from one session and gives it to another", () =>
    Effect.gen(function* () {
      const { bring, enter } = yield* make()
      const [here, there] = [udp(1), tcp(1)]
      const ada = yield* enter(here, "ada")
      const bob = yield* enter(there, "bob")
      yield* bring(here, { _tag: "UploadRequest", session: ada, sizeBytes: 258, name: "a.bin" })
      const [begun] = here.sent()
      const [file, transaction] = begun?._tag === "TransferResponse" ? [begun.file, begun.transaction] : [0n, 0n]
      yield* bring(here, { _tag: "UploadChunkRequest", transaction, chunk: 1, blob: utf8("xy") })
      yield* bring(there, { _tag: "FilesRequest", session: bob })
      assert.deepStrictEqual(there.sent(), [{ _tag: "FilesResponse", files: [] }])
      yield* bring(here, { _tag: "UploadChunkRequest", transaction, chunk: 0, blob: new Uint8Array(256) })
      assert.deepStrictEqual(tags(here.sent()), ["UploadChunkResponse", "UploadChunkResponse"])
      const [told] = texts(there.sent())
      assert.include(told, `[file ${file}]`)
      yield* bring(
        there,
        { _tag: "FilesRequest", session: bob },
        { _tag: "FileDataRequest", session: bob, file },
        { _tag: "DownloadRequest", session: bob, file }
      )
      const [list, data, download] = there.sent()
      assert.deepStrictEqual(list, { _tag: "FilesResponse", files: [file] })
      assert.deepStrictEqual(data, { _tag: "FileDataResponse", file, sizeBytes: 258, name: "a.bin" })
      const fetched = download?._tag === "TransferResponse" ? download.transaction : 0n
      yield* bring(there, { _tag: "DownloadChunkRequest", transaction: fetched, chunk: 1 })
      const [chunk] = there.sent()
      assert.strictEqual(chunk?._tag === "DownloadChunkResponse" && Buffer.from(chunk.blob).toString(), "xy")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("admits as many sessions over datagrams as an address may have connections", () =>
    Effect.gen(function* () {
      const { bring } = yield* make()
      const { counts } = yield* Metrics
      const links = [1, 2, 3].map((port) => udp(port, "192.0.2.1"))
      const enter = Effect.fnUntraced(function* (link: RecordingLink, name: string) {
        yield* bring(link, { _tag: "SessionRequest", name })
        yield* bring(link, { _tag: "SessionPreserve", session: sessionOf(link) })
      })
      for (const [index, link] of links.entries()) yield* enter(link, `user ${index}`)
      assert.deepStrictEqual(
        links.map((link) => tags(link.sent())[0]),
        ["SessionCookie", "SessionCookie", "Error"]
      )
      assert.strictEqual(counts.connectionsRefused, 1)
      // Whoever has a connection has been admitted by it.
      const connection = tcp(1, "192.0.2.1")
      yield* bring(connection, { _tag: "SessionRequest", name: "eve" })
      assert.deepStrictEqual(tags(connection.sent()), ["SessionCookie"])
      const elsewhere = udp(1, "192.0.2.2")
      yield* enter(elsewhere, "bob")
      assert.deepStrictEqual(tags(elsewhere.sent()), ["SessionCookie"])
      yield* TestClock.adjust("30100 millis")
      yield* enter(links[2]!, "user 2")
      assert.deepStrictEqual(tags(links[2]!.sent()), ["SessionCookie"])
    }).pipe(Effect.provide(layer({ connectionsPerAddress: 2 })))
  )

  it.effect("gives back the place of a login that was refused", () =>
    Effect.gen(function* () {
      const { bring, enter } = yield* make()
      yield* enter(udp(1), "ada")
      const link = udp(1, "192.0.2.1")
      for (let count = 0; count < 3; count++) yield* bring(link, { _tag: "SessionRequest", name: "ada" })
      assert.deepStrictEqual(codes(link.sent()), [3, 3, 3])
      // The name that is asked for is there, and then it is not.
      yield* bring(link, { _tag: "SessionRequest", name: "bob" })
      const session = sessionOf(link)
      yield* enter(udp(2), "bob")
      yield* bring(link, { _tag: "SessionPreserve", session })
      assert.deepStrictEqual(codes(link.sent()), [3])
      yield* bring(link, { _tag: "SessionRequest", name: "eve" })
      yield* bring(link, { _tag: "SessionPreserve", session: sessionOf(link) })
      assert.deepStrictEqual(tags(link.sent()), ["SessionCookie"])
    }).pipe(Effect.provide(layer({ connectionsPerAddress: 1 })))
  )
})

describe("Interpreter tells the others", () => {
  it.effect("once that a session has ended, also when it ends in several ways", () =>
    Effect.gen(function* () {
      const { enter, interpreter } = yield* make()
      const visitor = yield* Visitor.make("Visitor")
      const bell = yield* Visitor.make("Bell")
      const { counts } = yield* Metrics
      yield* enter(udp(1), "ada")
      yield* TestClock.adjust("30100 millis")
      assert.strictEqual(counts.sessions, 2)
      yield* TestClock.adjust("1 minute")
      yield* interpreter.close
      assert.deepStrictEqual(yield* moves(visitor, bell), [
        "UserJoined Visitor",
        "UserJoined Bell",
        "UserJoined ada",
        "UserLeft ada"
      ])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("what happens, in order, although one of them is ended by it", () =>
    Effect.gen(function* () {
      const { bring, enter } = yield* make({ queueLimitBytes: 100 })
      const [slow, quick] = [udp(1), tcp(1)]
      // Whoever came later is told later.
      yield* enter(slow, "slow")
      const visitor = yield* Visitor.make("Visitor")
      const bell = yield* Visitor.make("Bell")
      yield* enter(quick, "quick")
      yield* bell.run({ _tag: "Say", text: "x".repeat(60) })
      yield* bell.run({ _tag: "Say", text: "y".repeat(60) })
      assert.deepStrictEqual(texts(quick.sent()), ["x".repeat(60), "y".repeat(60)])
      const packets = slow.sent()
      assert.deepStrictEqual(texts(packets), ["x".repeat(60)])
      assert.deepStrictEqual(codes(packets), [13])
      yield* Effect.yieldNow
      const heard = yield* visitor.heard.pipe(
        Stream.map(({ event }) => event._tag),
        Stream.filter((tag) => tag === "Said" || tag === "UserLeft"),
        Stream.take(3),
        Stream.runCollect
      )
      assert.deepStrictEqual(heard, ["Said", "Said", "UserLeft"])
      yield* bring(quick, { _tag: "SessionRequest", name: "slow" })
      assert.deepStrictEqual(tags(quick.sent()), ["SessionCookie"])
    }).pipe(Effect.provide(layer()))
  )
})

describe("Interpreter.perform()", () => {
  it.effect("answers what is stored together by one fiber, in order, and what is stored later by another", () => {
    const history = HeldHistory.make({ isTogether: true })
    return Effect.gen(function* () {
      const { connect } = yield* make()
      const { answers, forks, say } = yield* connect("ada")
      for (const text of ["1", "2", "3"]) yield* say(text)
      assert.deepStrictEqual([answers.length, forks.length], [0, 1])
      history.store()
      yield* turn
      assert.deepStrictEqual(answers, ["1", "2", "3"])
      yield* say("4")
      yield* say("5")
      assert.strictEqual(forks.length, 2)
      history.loseFirst()
      yield* turn
      assert.deepStrictEqual(answers, ["1", "2", "3", "StorageFailed", "StorageFailed"])
      yield* say("6")
      yield* Fiber.interrupt(forks[2]!)
      yield* say("7")
      assert.strictEqual(forks.length, 4)
      history.store()
      yield* turn
      assert.deepStrictEqual(answers.slice(5), ["7"])
    }).pipe(Effect.provide(layer({}, history.layer)))
  })
})

describe("Connections.serve()", () => {
  it.effect("lets time pass for the exchange every 100 ms", () =>
    Effect.gen(function* () {
      const { enter } = yield* make()
      const visitor = yield* Visitor.make("Visitor")
      const link = udp(1)
      yield* enter(link, "ada")
      yield* visitor.run({ _tag: "Say", text: "hi" })
      link.frames()
      yield* TestClock.adjust("499 millis")
      assert.deepStrictEqual(link.sent(), [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(texts(link.sent()), ["hi"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(texts(link.sent()), ["hi"])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("ends all sessions when it closes", () =>
    Effect.gen(function* () {
      const { bring, enter, interpreter } = yield* make()
      const sessions = yield* Sessions
      for (let count = 1; count <= 5; count++) yield* enter(udp(count), `user ${count}`)
      const connection = tcp(1)
      const session = yield* enter(connection, "ada")
      yield* interpreter.close
      assert.strictEqual(sessions.count(), 0)
      yield* bring(connection, say(session, 1n, "too late"))
      assert.deepStrictEqual(codes(connection.sent()), [2])
      yield* interpreter.close
    }).pipe(Effect.provide(layer()))
  )
})
