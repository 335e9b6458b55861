/** An Effect application with routes of its own, and the chat on the same port. */
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"
import { Chat, Connections, Listeners, Routes, Visitor } from "parlance"
import { io } from "socket.io-client"

const server = createServer()

const http = HttpRouter.serve(
  Layer.mergeAll(HttpRouter.add("GET", "/hello", HttpServerResponse.text("hello from my own route")), Routes.files)
).pipe(Layer.provide(NodeHttpServer.layer(() => server, { port: 0 })))

// Socket.IO is served at /socket.io/ of that server, and over before it; ChatMaster 3000 is on a port beside it.
const sockets = Listeners.socketsOn(server).pipe(Layer.provideMerge(http))

export const app = Layer.merge(sockets, Listeners.chatmaster({ port: 0 })).pipe(
  Layer.provideMerge(Connections.layer),
  Layer.provideMerge(Chat.layer)
)

/** A page's client asks for the route, enters the chat, and is heard by a user whom this program plays. */
export const demonstration = Effect.gen(function* () {
  const sockets = yield* Listeners.Sockets
  const url = sockets.addresses[0]?.url ?? ""
  yield* Console.log(yield* Effect.promise(() => fetch(`${url}/hello`).then((answer) => answer.text())))
  const bot = yield* Visitor.make("Bot")
  const client = yield* Effect.acquireRelease(
    Effect.sync(() => io(url, { transports: ["websocket"], reconnection: false })),
    (client) => Effect.sync(() => client.disconnect())
  )
  const heard = Effect.callback<string>((resume) => {
    client.on("message", ({ from, message }) => from === "Bot" && resume(Effect.succeed(`${from}: ${message}`)))
    client.emit("register", "alice", () => Effect.runFork(bot.run({ _tag: "Say", text: "welcome to my application" })))
  })
  yield* Console.log(`alice hears ${yield* heard}`)
}).pipe(Effect.scoped)

if (import.meta.main) demonstration.pipe(Effect.provide(app), NodeRuntime.runMain)
