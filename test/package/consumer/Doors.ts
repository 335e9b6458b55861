/** What a program does with the package that serves clients, and tests what it serves. */
import assert from "node:assert/strict"
import { Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import { ChatMasterProtocol, Connections, Listeners, Server, Settings, TcpListener, UdpListener } from "parlance"
import { Client } from "parlance/client"
import { Peer } from "parlance/testing"

/** A server in memory, on ports that are free. */
export const server = Server.layer.pipe(
  Layer.provide(
    Settings.layer({ storage: "memory", tossPort: 0, tsockmPort: 0, chatmasterPort: 0, packetPort: 0, httpPort: 0 })
  )
)
export const listeners = Listeners.layer
export const layers = [Connections.layer, Peer.layer()] as const
export const listen = { tcp: TcpListener.listen, udp: UdpListener.listen }

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
