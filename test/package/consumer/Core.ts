/** What a program without sockets of its own does with the package: the chat, the protocols as values, and the client. */
import assert from "node:assert/strict"
import { Effect, Layer, Stream } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { Chat, explain, History, NameTaken, type Rejection, type StorageFailed, Visitor } from "parlance/chat"
import { ChatMasterProtocol, ChatMasterReader } from "parlance/chatmaster"
import { Client } from "parlance/client"
import { PacketProtocol, PacketReader } from "parlance/packet"
import { Reader as SocketIoReader, SocketsProtocol, SocketsReader } from "parlance/sockets"
import { SlipLimits, TossProtocol, TossReader } from "parlance/toss"
import { TsockmProtocol, TsockmReader } from "parlance/tsockm"

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

// What is exported here has no annotations: the compiler must find every name that it writes into the declarations.

/** Two who talk, in a chat in memory. */
export const talk = Effect.gen(function* () {
  const alice = yield* Visitor.make("alice")
  const bob = yield* Visitor.make("bob")
  yield* bob.run({ _tag: "Say", text: "hello" })
  const said = Stream.filter(alice.heard, ({ event }) => event._tag === "Said")
  return yield* Stream.runHead(said)
}).pipe(Effect.scoped)

/** What somebody is told whose name is another's. */
export const refused = Effect.gen(function* () {
  yield* Visitor.make("alice")
  return yield* Effect.flip(Visitor.make("ALICE"))
}).pipe(Effect.scoped)

export const chat = Chat.layer
export const find = Chat.use((service) => Effect.succeed(service))
export const history = History.use(({ read }) => read("general", { limit: 1 }))
export const inWords = (rejection: Rejection) => explain(rejection)
export const isOurs = (rejection: Rejection | StorageFailed) => rejection instanceof NameTaken

export const chatmaster = ChatMasterProtocol.make()
export const toss = TossProtocol.make({ nowMillis: () => 0 })
export const packet = PacketProtocol.make({ nowMillis: () => 0, random: () => 1n })
export const sockets = SocketsProtocol.make()
export const tsockm = TsockmProtocol.make({
  nowMillis: () => 0,
  randomBytes: (count) => new Uint8Array(count),
  encoder: { encode: (numbers) => numbers.join("") }
})

const packetsOf = SocketIoReader.packets
export const chatmasterPackets = packetsOf(ChatMasterReader.make())(
  Stream.make(utf8(`{"type":"message","data":{"mess`), utf8(`age":"hello"}}`))
)
export const tossPackets = packetsOf(TossReader.make(SlipLimits.defaultLimits))(
  Stream.make(utf8(`{"action":"log-in","data":{"username":"carol"}}`))
)
export const packetPackets = packetsOf(PacketReader.make())(Stream.make(Uint8Array.of(0, 1, 0, 1, 0x61)))
export const tsockmPackets = packetsOf(TsockmReader.make())(
  Stream.make(utf8("REQ::MSG::200::client::client::127.0.0.1:6969::hello"))
)
export const socketsPackets = packetsOf(SocketsReader.make())(
  Stream.make({ _tag: "Event", name: "register", args: ["bob"] } as const)
)

/** The public rooms of a server. */
export const rooms = Effect.flatMap(Client.make({ baseUrl: "http://127.0.0.1:1" }), (client) => client.rooms.list())
export const say = (client: Client.Client, text: string) =>
  client.rooms.post({ params: { room: "general" }, payload: { text } })
export const events = (client: Client.Client) => client.rooms.events({ params: { room: "general" }, headers: {} })
export const operate = (client: Client.Client) => client.operator.peers()

const server = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request) =>
    Effect.succeed(HttpClientResponse.fromWeb(request, Response.json([{ name: "general", memberCount: 2 }])))
  )
)

export const main = Effect.gen(function* () {
  const heard = yield* talk.pipe(Effect.provide(Chat.layer))
  assert.match(JSON.stringify(heard), /"text":"hello"/)
  const rejection = yield* refused.pipe(Effect.provide(Chat.layer))
  assert.ok(isOurs(rejection))
  assert.equal(inWords(rejection), "Username is already taken.")
  assert.deepEqual(
    [toss, tsockm, chatmaster, packet, sockets].map(({ name }) => name),
    ["toss", "tsockm", "chatmaster", "packet", "sockets"]
  )
  const tags = Effect.fnUntraced(function* <A extends { readonly _tag: string }>(packets: Stream.Stream<A>) {
    return (yield* Stream.runCollect(packets)).map(({ _tag }) => _tag)
  })
  assert.deepEqual(yield* tags(chatmasterPackets), ["Message"])
  assert.deepEqual(yield* tags(tossPackets), ["Request"])
  assert.deepEqual(yield* tags(packetPackets), ["SessionRequest"])
  assert.equal((yield* tags(tsockmPackets)).length, 1)
  assert.deepEqual(yield* tags(socketsPackets), ["Event"])
  assert.deepEqual(yield* Effect.provide(rooms, server), [{ name: "general", memberCount: 2 }])
})

if (import.meta.main) await Effect.runPromise(main)
