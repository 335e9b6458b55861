/** What thousands of connections leave behind: nothing. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { existsSync, readdirSync } from "node:fs"
import { connect, type Socket } from "node:net"
import * as ChatMasterProtocol from "../../src/protocols/chatmaster/ChatMasterProtocol.ts"
import { Attachments } from "../../src/services/Attachments.ts"
import { Metrics } from "../../src/services/Metrics.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import { Hangup } from "../../src/domain/Hangup.ts"
import { Peer } from "../../src/testing/mod.ts"
import { Connections } from "../../src/transports/Connections.ts"
import * as TcpListener from "../../src/transports/TcpListener.ts"
import * as Fibers from "./Fibers.ts"
import { turn } from "./Turn.ts"

const count = 2000
const atOnce = 50

const resources = () => ({
  files: existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : 0,
  resources: process.getActiveResourcesInfo().filter((name) => name !== "Immediate" && name !== "Timeout").length
})

const login = (username: string) =>
  JSON.stringify({ type: "command", data: { command: "login", parameters: { username, stream: true } } })

/** What a client does, and how its connection ends. */
const ends: ReadonlyArray<(socket: Socket, name: string) => void> = [
  (socket) => void socket.end(),
  (socket) => void socket.resetAndDestroy(),
  (socket) => void socket.write("no JSON"),
  (socket, name) => void socket.write(login(name), () => socket.end()),
  (socket, name) => void socket.write(login(name), () => socket.resetAndDestroy()),
  // Hung up on when it has logged in.
  (socket, name) => void socket.write(login(name))
]

const comeAndGo = (port: number, index: number, sessions: Sessions["Service"]) =>
  Effect.callback<void>((resume) => {
    const socket = connect({ host: "127.0.0.1", port })
    const name = `user ${index}`
    const end = ends[index % ends.length]!
    socket.on("error", () => {})
    socket.on("close", () => resume(Effect.void))
    socket.once("data", () => {
      end(socket, name)
      socket.on("data", () => sessions.find(name)?.outlet.hangUp(new Hangup({ reason: "killed" })))
    })
    socket.on("end", () => socket.end())
  })

describe("Connections.accept()", () => {
  it.live(`leaves no fiber and no socket of ${count} connections behind, however they end`, () => {
    const fibers = Fibers.count()
    return Effect.gen(function* () {
      const connections = yield* Connections
      const sessions = yield* Sessions
      const { counts } = yield* Metrics
      const service = yield* connections.serve(ChatMasterProtocol.make({ gapMillis: 0 }))
      const address = yield* TcpListener.listen(service, { host: "127.0.0.1", port: 0 })
      const port = Number(address.slice(address.lastIndexOf(":") + 1))
      const quiet = Effect.gen(function* () {
        yield* Effect.repeat(turn, { until: () => counts.connections === 0 })
        for (let turns = 0; turns < 20; turns++) yield* turn
      })
      // The first ones pay what is made once.
      yield* Effect.forEach(ends, (_, index) => comeAndGo(port, index, sessions))
      yield* quiet
      const before = { ...resources(), fibers: fibers.running() }
      const indexes = Array.from({ length: count }, (_, index) => index)
      yield* Effect.forEach(indexes, (index) => comeAndGo(port, index, sessions), {
        concurrency: atOnce,
        discard: true
      })
      yield* quiet
      assert.strictEqual(counts.connectionsOpened, count + ends.length)
      assert.strictEqual(sessions.count(), 0)
      assert.deepStrictEqual({ ...resources(), fibers: fibers.running() }, before)
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.merge(Peer.layer(), Attachments.layerMemory)),
      Effect.provide([fibers.layer, Logger.layer([])])
    )
  })
})
