/** The HTTP port: one `http.Server` for the pages and for whatever attaches itself to it, such as Socket.IO. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Effect, Scope } from "effect"
import { NetAddress } from "effect/net"
import { HttpRouter } from "effect/http"
import type { Layer } from "effect"
import { createServer, type Server } from "node:http"
import { ListenFailed } from "./ListenFailed.ts"

/** An open HTTP port. */
export interface HttpListener {
  readonly server: Server
  /** Without a slash at its end. */
  readonly url: string
}

const open = (server: Server, protocol: string, options: { readonly host: string; readonly port: number }) =>
  Effect.callback<void, ListenFailed>((resume) => {
    server.once("error", (cause) => resume(Effect.fail(new ListenFailed({ protocol, ...options, cause }))))
    server.listen(options, () => resume(Effect.void))
  })

const close = (server: Server): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    server.close(() => resume(Effect.void))
    // A peer that keeps its connection alive, or does not read, would keep the server open.
    server.closeAllConnections()
  })

/**
 * Serves routes on a port until the scope ends; port 0 is any free one.
 *
 * `attach` is called before the port is open, so that nobody meets a server that is half there.
 */
export const listen = Effect.fn("HttpListener.listen")(function* <E, R>(
  protocol: string,
  options: { readonly host: string; readonly port: number },
  routes: Layer.Layer<never, never, HttpRouter.HttpRouter>,
  attach: (server: Server) => Effect.Effect<void, E, R>
): Effect.fn.Return<HttpListener, E | ListenFailed, R | Scope.Scope> {
  const scope = yield* Effect.scope
  const server = yield* Effect.acquireRelease(
    Effect.sync(() => createServer({ requestTimeout: 30_000, headersTimeout: 15_000 })),
    (server) => (server.listening ? close(server) : Effect.void)
  )
  const app = yield* HttpRouter.toHttpEffect(routes)
  server.on("request", yield* NodeHttpServer.makeHandler(app, { scope }))
  yield* attach(server)
  yield* open(server, protocol, options)
  const bound = server.address()
  const port = typeof bound === "object" && bound !== null ? bound.port : options.port
  return { server, url: `http://${NetAddress.formatUrlHostString(options.host)}:${port}` }
})
