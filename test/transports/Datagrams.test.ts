import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Latch, Layer, Logger } from "effect"
import type { Message } from "../../src/domain/Message.ts"
import * as ChatMasterProtocol from "../../src/protocols/chatmaster/ChatMasterProtocol.ts"
import * as PacketCodec from "../../src/protocols/packet/PacketCodec.ts"
import * as PacketProtocol from "../../src/protocols/packet/PacketProtocol.ts"
import type { Request } from "../../src/protocols/packet/PacketRequest.ts"
import { Attachments } from "../../src/services/Attachments.ts"
import { Chat } from "../../src/services/Chat.ts"
import { History } from "../../src/services/History.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { Metrics } from "../../src/services/Metrics.ts"
import { Turn } from "../../src/services/Turn.ts"
import { Connections } from "../../src/transports/Connections.ts"
import * as Datagrams from "../../src/transports/Datagrams.ts"
import { type RecordingLink, tags, udp } from "../protocols/packet/Links.ts"
import { utf8 } from "../protocols/packet/Wire.ts"
import { slowWrites } from "../services/ChangedAttachments.ts"
import * as HeldHistory from "../services/HeldHistory.ts"
import { turn } from "./Turn.ts"

const serverOf = (history: Layer.Layer<History>, attachments: Layer.Layer<Attachments> = Attachments.layerMemory) =>
  Connections.layer.pipe(
    Layer.provideMerge(Chat.layerNoStorage),
    Layer.provide([history, attachments]),
    Layer.provide(Layer.succeed(Limits, { ...defaults, floodRate: 0 }))
  )

/** A server whose messages are stored when the latch is open, and what was to be stored. */
const stalled = (latch: Latch.Latch, attachments: Layer.Layer<Attachments> = Attachments.layerMemory) => {
  const begun: Array<string> = []
  const append = (_: string | undefined, { text }: Message) =>
    Effect.andThen(
      Effect.sync(() => begun.push(text)),
      latch.await
    )
  const history = Effect.map(History, (memory) => History.of({ ...memory, append }))
  return { begun, layer: serverOf(Layer.provide(Layer.effect(History, history), History.layerMemory), attachments) }
}

/** The number of a message that the protocol has a defect for. */
const breaking = 0
const broken = new Error("broken")

const serve = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  let last = 0n
  const connections = yield* Connections
  const protocol = PacketProtocol.make({
    nowMillis: () => clock.currentTimeMillisUnsafe(),
    random: () => (last += 2n)
  })
  const { read, receive: take } = protocol.datagrams!
  const service = yield* connections.serve({
    ...protocol,
    datagrams: {
      read,
      receive: (link, packet, sizeBytes) => {
        if (packet._tag === "BroadcastRequest" && packet.message === BigInt(breaking)) throw broken
        return take(link, packet, sizeBytes)
      }
    }
  })
  const receive = yield* Datagrams.make(service)
  const bring = (link: RecordingLink, ...requests: ReadonlyArray<Request>) =>
    receive(requests.map((request) => ({ link, bytes: PacketCodec.writeRequest(request) }))).pipe(
      Effect.provideService(Turn, service.context.turn),
      Effect.andThen(turn)
    )
  const enter = Effect.fnUntraced(function* (link: RecordingLink, name: string) {
    yield* bring(link, { _tag: "SessionRequest", name })
    const [cookie] = link.sent()
    const session = cookie?._tag === "SessionCookie" ? cookie.session : 0n
    yield* bring(link, { _tag: "SessionPreserve", session })
    link.frames()
    return session
  })
  return { bring, enter, interpreter: service.interpreter }
})

const say = (session: bigint, message: number): Request => ({
  _tag: "BroadcastRequest",
  session,
  message: BigInt(message),
  blob: utf8(`message ${message}`)
})

describe("Datagrams", () => {
  it.effect("are lost and counted while too much is being waited for, and taken when they come again", () => {
    const latch = Latch.makeUnsafe()
    const { begun, layer } = stalled(latch)
    return Effect.gen(function* () {
      const { bring, enter, interpreter } = yield* serve
      const { counts } = yield* Metrics
      const [here, there] = [udp(1), udp(2)]
      const ada = yield* enter(here, "ada")
      const eve = yield* enter(there, "eve")
      yield* bring(here, { _tag: "UploadRequest", session: ada, sizeBytes: 258, name: "a.bin" })
      const [upload] = here.sent()
      const transaction = upload?._tag === "TransferResponse" ? upload.transaction : 0n
      const chunk = (chunk: number, blob: Uint8Array): Request => ({
        _tag: "UploadChunkRequest",
        transaction,
        chunk,
        blob
      })

      for (let message = 1; message <= Datagrams.pendingLimit; message++) yield* bring(there, say(eve, message))
      assert.lengthOf(begun, Datagrams.pendingLimit)
      assert.strictEqual(interpreter.pendingCount, Datagrams.pendingLimit)
      assert.strictEqual(counts.datagramsLost, 0)

      here.frames()
      yield* bring(here, say(ada, 1), chunk(1, utf8("xy")))
      assert.strictEqual(counts.datagramsLost, 2)
      assert.lengthOf(begun, Datagrams.pendingLimit)
      assert.deepStrictEqual(here.sent(), [])

      yield* latch.open
      yield* turn
      assert.strictEqual(interpreter.pendingCount, 0)
      yield* bring(here, say(ada, 1), chunk(1, utf8("xy")))
      assert.deepStrictEqual(tags(here.sent()), ["BroadcastResponse", "UploadChunkResponse"])
      yield* bring(here, chunk(0, new Uint8Array(256)))
      yield* Effect.repeat(turn, { until: () => interpreter.pendingCount === 0 })
      assert.deepStrictEqual(tags(here.sent()), ["UploadChunkResponse"])
      assert.deepStrictEqual(begun.slice(Datagrams.pendingLimit), ["message 1", ""])
      assert.strictEqual(counts.datagramsLost, 2)
    }).pipe(Effect.provide(layer))
  })

  it.effect("of one session are dealt with in order, and others do not wait for them", () => {
    const latch = Latch.makeUnsafe()
    const { begun, layer } = stalled(Latch.makeUnsafe(true), slowWrites(Effect.void, latch.await))
    return Effect.gen(function* () {
      const { bring, enter, interpreter } = yield* serve
      const [here, there] = [udp(1), udp(2)]
      const ada = yield* enter(here, "ada")
      const eve = yield* enter(there, "eve")
      yield* bring(here, { _tag: "UploadRequest", session: ada, sizeBytes: 2, name: "a.bin" }, say(ada, 1), say(ada, 2))
      yield* bring(there, say(eve, 3))
      assert.deepStrictEqual(begun, ["message 3"])
      assert.deepStrictEqual(tags(here.sent()), ["IncomingMessage"])
      yield* latch.open
      yield* Effect.repeat(turn, { until: () => interpreter.pendingCount === 0 })
      assert.deepStrictEqual(begun, ["message 3", "message 1", "message 2"])
      assert.deepStrictEqual(tags(here.sent()), ["TransferResponse", "BroadcastResponse", "BroadcastResponse"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("end by a defect one by one, and the others of the same turn are dealt with", () => {
    const lines: Array<unknown> = []
    const logger = Logger.make(({ message }) => void lines.push(message))
    const { begun, layer } = stalled(Latch.makeUnsafe(true))
    return Effect.gen(function* () {
      const { bring, enter, interpreter } = yield* serve
      const here = udp(1)
      const ada = yield* enter(here, "ada")
      lines.length = 0
      yield* bring(here, say(ada, 1), say(ada, breaking), say(ada, breaking), say(ada, 2))
      assert.deepStrictEqual(begun, ["message 1", "message 2"])
      assert.deepStrictEqual(tags(here.sent()), ["BroadcastResponse", "BroadcastResponse"])
      const line = ["Steps ended by a defect", broken]
      assert.deepStrictEqual(lines, [line, line])
      assert.strictEqual(interpreter.pendingCount, 0)
    }).pipe(Effect.provide(Layer.provideMerge(layer, Logger.layer([logger]))))
  })

  it.effect("are answered in order when what they say is stored together, each of them counts as waiting", () => {
    const history = HeldHistory.make({ isTogether: true })
    return Effect.gen(function* () {
      const { bring, enter, interpreter } = yield* serve
      const [here, there] = [udp(1), udp(2)]
      const ada = yield* enter(here, "ada")
      const eve = yield* enter(there, "eve")
      yield* bring(here, say(ada, 1), say(ada, 2))
      yield* bring(there, say(eve, 3))
      yield* bring(here, say(ada, 4))
      assert.strictEqual(interpreter.pendingCount, 4)
      const answers = (link: RecordingLink) =>
        link
          .sent()
          .filter((it) => it._tag !== "IncomingMessage")
          .map((it) => (it._tag === "BroadcastResponse" ? Number(it.message) : it._tag))
      assert.deepStrictEqual([...answers(here), ...answers(there)], [])
      history.store()
      yield* turn
      assert.deepStrictEqual([answers(here), answers(there)], [[1, 2, 4], [3]])
      assert.strictEqual(interpreter.pendingCount, 0)
      yield* bring(here, say(ada, 5), say(ada, 6))
      history.loseFirst()
      yield* turn
      assert.deepStrictEqual(answers(here), ["Error", "Error"])
      assert.strictEqual(interpreter.pendingCount, 0)
    }).pipe(Effect.provide(serverOf(history.layer)))
  })

  it.effect("of a protocol that is not spoken by them are a defect", () =>
    Effect.gen(function* () {
      const connections = yield* Connections
      const service = yield* connections.serve(ChatMasterProtocol.make(ChatMasterProtocol.defaults))
      const exit = yield* Effect.exit(Datagrams.make(service as never))
      assert.include(String(exit), "chatmaster")
      assert.strictEqual(exit._tag, "Failure")
    }).pipe(Effect.provide(stalled(Latch.makeUnsafe()).layer))
  )
})
