/** What a program does with the package that serves clients, and tests what it serves. */
import assert from "node:assert/strict"
import { Config, Context, Effect, Layer, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { createServer } from "node:http"
import {
  Chat,
  ChatMaster,
  ChatMasterProtocol,
  Connections,
  Listener,
  Listeners,
  Policy,
  Routes,
  Server,
  Storage,
  Visitor
} from "parlance"
import { Client } from "parlance/client"
import { Peer } from "parlance/testing"

/** A server in memory, on ports that are free, with a policy in front of it. */
export const server = Server.layer({
  storage: "memory",
  tossPort: 0,
  tsockmPort: "off",
  chatmasterPort: Config.Port("MY_PORT").pipe(Config.withDefault(0)),
  packetPort: 0,
  httpPort: 0,
  rooms: ["python"],
  uploadTimeout: "5 seconds"
}).pipe(
  Layer.provide(
    Policy.layer({
      message: ({ text }) => (text === "spam" ? Policy.refuse({ code: "spam", reason: "No." }) : Effect.void)
    })
  )
)

/** The parts of a server, one by one. */
export const parts = Layer.mergeAll(
  Listeners.toss({ port: 0 }),
  Listeners.packet({ port: 0, sessionTimeoutMillis: 1000 }),
  Listeners.sockets({ port: 0, routes: Layer.mergeAll(Routes.health, Routes.files) }),
  Listeners.socketsOn(createServer())
).pipe(Layer.provideMerge(Connections.layer), Layer.provideMerge(Chat.layer), Layer.provideMerge(Storage.layerMemory))

class Telegraph extends Context.Service<Telegraph, Listener.Bound>()(
  "parlance/test/package/consumer/Doors/Telegraph"
) {}
/** A protocol beside a whole server. */
export const telegraph = Listener.tcp(Telegraph, ChatMasterProtocol.make(), { port: 0 }).pipe(
  Layer.provideMerge(server)
)

/** What goes over each connection. */
export const packets = Stream.unwrap(Effect.map(Connections, ({ opened }) => opened)).pipe(
  Stream.flatMap((it) => ("packets" in it ? it.packets : Stream.empty), { concurrency: "unbounded" })
)
export const bytes = ChatMaster.encodeRequest({ type: "message", data: { message: "hello" } })
export const requests = ChatMaster.requests(Stream.make(bytes))
export const bot = Effect.flatMap(Visitor.make("Bot"), (bot) => bot.say("hello"))

/** Its public rooms, asked over HTTP. */
export const rooms = Effect.gen(function* () {
  const { addresses } = yield* Server
  const baseUrl = addresses.find(({ protocol }) => protocol === "sockets")?.url ?? ""
  const client = yield* Client.make({ baseUrl })
  return yield* client.rooms.list()
})

/** What a peer in memory hears that logs in. */
export const login = Effect.gen(function* () {
  const peer = yield* Peer.connect(ChatMasterProtocol.make({ gapMillis: 0 }))
  const wish = { type: "command", data: { command: "login", parameters: { username: "alice" } } }
  yield* peer.send(new TextEncoder().encode(JSON.stringify(wish)))
  yield* peer.take
  return new TextDecoder().decode(yield* peer.take)
})

export const main = Effect.gen(function* () {
  const found = yield* rooms.pipe(Effect.provide([server, FetchHttpClient.layer]))
  assert.deepEqual(
    found.map(({ name }) => name),
    ["general", "python"]
  )
  assert.match(yield* login.pipe(Effect.scoped, Effect.provide(Peer.layer())), /"status":true/)
})

if (import.meta.main) await Effect.runPromise(main)
