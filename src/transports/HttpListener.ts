/** The HTTP port: one `http.Server` for the pages and for whatever attaches itself to it, such as Socket.IO. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Effect, Scope } from "effect"
import { NetAddress } from "effect/net"
import { HttpRouter } from "effect/http"
import type { Layer } from "effect"
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http"
import type { Duplex } from "node:stream"
import type { HttpAdmission } from "./HttpAdmission.ts"
import * as HttpPipeline from "./HttpPipeline.ts"
import { ListenFailed } from "./ListenFailed.ts"

/** An open HTTP port. */
export interface HttpListener {
  readonly server: Server
  /** Without a slash at its end. */
  readonly url: string
}

export interface HttpOptions {
  readonly host: string
  readonly port: number
  /** Which connections are taken; all are without it. */
  readonly admission?: HttpAdmission
  /** Whether a request for this `Host` is answered. One for `/healthz` always is; any other is without it. */
  readonly isServed?: (host: string | undefined) => boolean
  /** Which requests to upgrade are passed on to what is attached. Any other is answered as if it had not asked for that. */
  readonly isUpgrade?: (request: IncomingMessage) => boolean
}

/**
 * How long a connection may be idle between two requests: longer than proxies keep theirs (nginx 60 s, Caddy 2 minutes),
 * which else send a request on one that is being closed.
 */
const keepAliveMillis = 150_000

const misdirected = "This server is not known by that name. If it is its name, start it with --public-url.\n"

const isHealth = ({ url = "" }: IncomingMessage): boolean => /^\/healthz(?:\?|$)/.test(url)

const listenOn = (
  server: Server,
  protocol: string,
  { admission, host, port }: HttpOptions
): Effect.Effect<void, ListenFailed> =>
  Effect.callback<void, ListenFailed>((resume) => {
    // It stays when the port is open: a peer that cannot be accepted, for want of files, is no reason to stop.
    server.on("error", (cause) => {
      if (server.listening) admission?.ranOut()
      else resume(Effect.fail(new ListenFailed({ protocol, host, port, cause })))
    })
    server.listen({ host, port }, () => resume(Effect.void))
  }).pipe(Effect.catchDefect((cause) => Effect.fail(new ListenFailed({ protocol, host, port, cause }))))

const close = (server: Server): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    server.close(() => resume(Effect.void))
    // A peer that keeps its connection alive, or does not read, would keep the server open.
    server.closeAllConnections()
  })

// It has an event of its own, and ends the connection in Node if nobody listens to that.
const refuseConnect = (_: IncomingMessage, socket: Duplex): void => {
  socket.on("error", () => {})
  socket.end(
    "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD, POST\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
  )
}

// Whoever asks under another name is told so; all else goes to `inner`, in its turn.
const guard = (inner: Server, isServed: (request: IncomingMessage) => boolean): RequestListener =>
  HttpPipeline.inTurn((request, response) => {
    if (isServed(request) || isHealth(request)) return void inner.emit("request", request, response)
    const headers = {
      "content-type": "text/plain; charset=utf-8",
      "content-length": misdirected.length,
      "cache-control": "no-store"
    }
    response.writeHead(421, headers).end(misdirected)
  })

/**
 * Serves routes on a port until the scope ends; port 0 is any free one.
 *
 * `attach` is called before the port is open, so that nobody meets a server that is half there. What it gets is no port: it has
 * the requests and upgrades that are let in, each of a connection in its turn.
 */
export const listen = Effect.fn("HttpListener.listen")(function* <E, R>(
  protocol: string,
  options: HttpOptions,
  routes: Layer.Layer<never, never, HttpRouter.HttpRouter>,
  attach: (server: Server) => Effect.Effect<void, E, R>
): Effect.fn.Return<HttpListener, E | ListenFailed, R | Scope.Scope> {
  const { admission, isServed = () => true, isUpgrade = () => false } = options
  const isServedRequest = ({ headers }: IncomingMessage) => isServed(headers.host)
  const scope = yield* Effect.scope
  const server = yield* Effect.acquireRelease(
    Effect.sync(() =>
      createServer({
        requestTimeout: 30_000,
        headersTimeout: 15_000,
        connectionsCheckingInterval: 5_000,
        keepAliveTimeout: keepAliveMillis,
        shouldUpgradeCallback: (request) => isUpgrade(request) && isServedRequest(request)
      })
    ),
    (server) => (server.listening ? close(server) : Effect.void)
  )
  if (admission !== undefined) server.prependListener("connection", (socket) => void admission.admit(socket))
  const app = yield* HttpRouter.toHttpEffect(routes)
  // It never listens: what is let in goes there, for the routes and what is attached.
  const inner = createServer()
  inner.on("request", yield* NodeHttpServer.makeHandler(app, { scope }))
  yield* attach(inner)
  server.on("connect", refuseConnect)
  server.on("request", guard(inner, isServedRequest))
  server.on("upgrade", (...upgrade: ReadonlyArray<unknown>) => void inner.emit("upgrade", ...upgrade))
  yield* listenOn(server, protocol, options)
  const bound = server.address()
  const port = typeof bound === "object" && bound !== null ? bound.port : options.port
  return { server, url: `http://${NetAddress.formatUrlHostString(options.host)}:${port}` }
})
