/**
 * A bridge: what is said on one server, here by a client of TsockM, is said on another one, with which the bridge speaks the
 * protocol of ChatMaster, and the other way round.
 */
import { NodeRuntime, NodeSocket } from "@effect/platform-node"
import { Console, Context, Effect, Layer, Queue, Result, Stream } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Decoded, Server, Visitor } from "parlance"
import { ChatMaster } from "parlance/chatmaster"
import { Tsockm } from "parlance/tsockm"

/** A connection by TCP: the bytes that come, and what sends some. */
const connect = Effect.fnUntraced(function* (url: string) {
  const { hostname: host, port } = new URL(url)
  const socket = yield* NodeSocket.makeNet({ host, port: Number(port) })
  const reader = yield* socket.reader
  const { write } = yield* socket.writer
  const bytes = Stream.fromPull(Effect.succeed(reader.pull)).pipe(
    Stream.map((read) => (typeof read === "string" ? new TextEncoder().encode(read) : read))
  )
  return { bytes, write }
})

const login = (username: string) =>
  ChatMaster.encodeRequest({ type: "command", data: { command: "login", parameters: { username, stream: true } } })
const message = (text: string) => ChatMaster.encodeRequest({ type: "message", data: { message: text } })

/** Joins the chat of this process, as a visitor, with the server of ChatMaster at that address, as a client. */
export const bridge = Effect.fnUntraced(function* (url: string) {
  const visitor = yield* Visitor.make("Bridge")
  const remote = yield* connect(url)
  yield* remote.write(login("Bridge"))
  const outward = Stream.runForEach(visitor.heard, ({ as, event }) =>
    event._tag === "Said" && as === "witness" && event.message.to === undefined
      ? remote.write(message(`${event.message.from}: ${event.message.text}`))
      : Effect.void
  )
  const inward = Stream.runForEach(ChatMaster.responses(remote.bytes), (response) => {
    if (Result.isFailure(response)) return Effect.logWarning(response.failure.detail)
    const { data, type } = response.success
    const isSaid = type === "message" && data.username !== "Server" && data.private !== true
    return isSaid ? Effect.ignore(visitor.say(`${data.username}: ${data.message}`)) : Effect.void
  })
  yield* Effect.all([outward, inward], { concurrency: 2, discard: true })
}, Effect.scoped)

/** A folder for what a server keeps, which goes with the scope. */
const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "parlance-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true }))
)

const ports = { tossPort: 0, tsockmPort: 0, chatmasterPort: 0, packetPort: 0, httpPort: 0 }

/** A server of its own on free ports. */
const serve = Effect.flatMap(folder, (dataDir) => Layer.build(Server.layer({ ...ports, dataDir, storage: "memory" })))

const urlOf = (server: Context.Context<Server>, protocol: string): string =>
  Context.get(server, Server).addresses.find((it) => it.protocol === protocol)?.url ?? ""

/** What comes, one after another; gives what waits for the first one that is of interest. */
const listen = Effect.fnUntraced(function* <A, E>(stream: Stream.Stream<Decoded<A>, E>) {
  const queue = yield* Queue.unbounded<A>()
  const listening = Stream.runForEach(stream, (it) =>
    Result.isSuccess(it) ? Queue.offer(queue, it.success) : Effect.void
  )
  yield* Effect.forkScoped(listening)
  return <B>(pick: (it: A) => B | undefined): Effect.Effect<B | undefined> =>
    Effect.repeat(Effect.map(Queue.take(queue), pick), { until: (it) => it !== undefined })
})

const demonstration = Effect.gen(function* () {
  const [here, there] = [yield* serve, yield* serve]

  const carl = yield* connect(urlOf(there, "chatmaster"))
  const carlHears = yield* listen(ChatMaster.responses(carl.bytes))
  yield* carl.write(login("carl"))
  yield* carlHears((it) => (it.type === "session" ? it : undefined))

  yield* Effect.forkScoped(Effect.provide(bridge(urlOf(there, "chatmaster")), here))
  yield* carlHears((it) =>
    it.type === "notification" && it.data.event_type === "user_joined" && it.data.username === "Bridge" ? it : undefined
  )

  const tina = yield* connect(urlOf(here, "tsockm"))
  const tinaHears = yield* listen(Tsockm.responses(tina.bytes))
  yield* tina.write(Tsockm.encodeRequest({ _tag: "Connect", name: "tina" }))
  const id = yield* tinaHears((it) => (it._tag === "Welcome" ? it.id : undefined))

  const request = yield* connect(urlOf(here, "tsockm"))
  yield* request.write(Tsockm.encodeRequest({ _tag: "Say", peer: id ?? "", text: "hello from TsockM" }))
  const heard = yield* carlHears((it) =>
    it.type === "message" && it.data.username === "Bridge" ? it.data.message : undefined
  )
  yield* Console.log(`carl hears of ${heard}`)

  yield* carl.write(message("hello from ChatMaster"))
  yield* Console.log(
    `tina hears of ${yield* tinaHears((it) => (it._tag === "Said" && it.text.startsWith("carl") ? it.text : undefined))}`
  )
}).pipe(Effect.scoped)

if (import.meta.main) NodeRuntime.runMain(demonstration)
