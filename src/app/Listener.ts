/**
 * Listeners as layers, for any protocol. When one is over its peers have been told so.
 *
 * Each needs `Connections.layer` over `Chat.layer`, or a whole `Server.layer` beside which it is, and gives the service `self`,
 * which has the addresses that were bound.
 */
import { Context, Effect, Exit, Layer, Scope } from "effect"
import { HttpRouter } from "effect/http"
import { NetAddress } from "effect/net"
import type * as http from "node:http"
import type { ByteFrame, ByteProtocol, Protocol } from "../protocols/Protocol.ts"
import type { SocketIoPacket } from "../protocols/SocketIoPacket.ts"
import { Links } from "../services/Links.ts"
import { Connections } from "../transports/Connections.ts"
import * as HttpAdmission from "../transports/HttpAdmission.ts"
import * as HttpListener from "../transports/HttpListener.ts"
import { servedHosts } from "../transports/HttpSite.ts"
import * as SocketIoListener from "../transports/SocketIoListener.ts"
import * as TcpListener from "../transports/TcpListener.ts"
import * as UdpListener from "../transports/UdpListener.ts"
import type { Address } from "./Address.ts"
import * as HttpRoutes from "./HttpRoutes.ts"
import { publicUrl as publicUrlOf } from "./PublicUrl.ts"

/** Where a listener listens. */
export interface Endpoint {
  /** The address of this machine; 127.0.0.1 if nothing is said. */
  readonly host?: string | undefined
  /** 0 takes any free one. */
  readonly port: number
}

/** A listener that is open. */
export interface Bound {
  readonly addresses: ReadonlyArray<Address>
}

const endpointOf = ({ host = "127.0.0.1", port }: Endpoint) => ({ host, port })

const serve = <In, Packet, Frame, Key extends object>(protocol: Protocol<In, Packet, Frame, Key>) =>
  Effect.flatMap(Connections, (connections) => connections.serve(protocol))

/** Serves a protocol over TCP. */
export const tcp = <I, Packet, Frame extends ByteFrame, Key extends object>(
  self: Context.Key<I, Bound>,
  protocol: ByteProtocol<Packet, Frame, Key>,
  endpoint: Endpoint
) =>
  Layer.effect(
    self,
    Effect.gen(function* () {
      const service = yield* serve(protocol)
      const address = yield* TcpListener.listen(service, endpointOf(endpoint))
      // The last one registered is the first to run: peers are told before the port is closed under them.
      yield* Effect.addFinalizer(() => service.stop)
      return { addresses: [{ protocol: protocol.name, url: `tcp://${address}` }] }
    })
  )

/** Serves a protocol over UDP and TCP, with the same port number. */
export const tcpAndUdp = <I, Packet, Key extends object>(
  self: Context.Key<I, Bound>,
  protocol: ByteProtocol<Packet, Uint8Array, Key>,
  endpoint: Endpoint
) => {
  const { host, port } = endpointOf(endpoint)
  const { name } = protocol
  const open = Effect.gen(function* () {
    const service = yield* serve(protocol)
    const overTcp = yield* TcpListener.listen(service, { host, port })
    const bound = Number(overTcp.slice(overTcp.lastIndexOf(":") + 1))
    const overUdp = yield* UdpListener.listen(service, { host, port: bound })
    yield* Effect.addFinalizer(() => service.stop)
    return {
      addresses: [
        { protocol: name, url: `tcp://${overTcp}` },
        { protocol: name, url: `udp://${overUdp}` }
      ]
    }
  })
  const attempt = Effect.gen(function* () {
    const scope = yield* Scope.fork(yield* Effect.scope)
    return yield* open.pipe(
      Scope.provide(scope),
      Effect.onError(() => Scope.close(scope, Exit.void))
    )
  })
  // The number that is free over TCP may not be over UDP.
  return Layer.effect(self, port === 0 ? Effect.retry(attempt, { times: 9 }) : attempt)
}

/** What may be set of Socket.IO on an HTTP server. */
export interface SocketIoOptions {
  /** Origins of other sites whose pages may connect, `*` for all. */
  readonly origins?: ReadonlyArray<string> | undefined
  /** The address under which others reach the server, without a path: links to files have it. */
  readonly publicUrl?: string | undefined
  /** The largest packet of a peer. */
  readonly packetLimitBytes?: number | undefined
}

const originsOf = ({ origins = [], publicUrl = "" }: SocketIoOptions): ReadonlyArray<string> => [
  ...origins,
  ...(publicUrl === "" ? [] : [new URL(publicUrl).origin])
]

/** Serves a protocol of Socket.IO, and routes, on an HTTP port of its own. */
export const socketIo = <I, Packet, Key extends object, R>(
  self: Context.Key<I, Bound>,
  protocol: Protocol<SocketIoPacket, Packet, SocketIoPacket, Key>,
  options: Endpoint & SocketIoOptions & { readonly routes: Layer.Layer<never, never, HttpRouter.HttpRouter | R> }
) =>
  Layer.effect(
    self,
    Effect.gen(function* () {
      const service = yield* serve(protocol)
      const origins = originsOf(options)
      const { packetLimitBytes = SocketIoListener.packetLimitBytes, publicUrl = "" } = options
      const routes = Layer.provide(options.routes, Layer.succeedContext(yield* Effect.context<R>()))
      const http: HttpListener.HttpOptions = {
        ...endpointOf(options),
        admission: yield* HttpAdmission.make,
        isServed: servedHosts(origins),
        isUpgrade: SocketIoListener.isUpgrade
      }
      const { url } = yield* HttpListener.listen(protocol.name, http, routes, (server) =>
        SocketIoListener.attach({ service, server, origins, packetLimitBytes, isInTurn: true })
      ).pipe(Effect.provideService(HttpRouter.RouterConfig, HttpRoutes.routerConfig))
      const links = yield* Links
      links.serveAt(publicUrlOf(publicUrl, url))
      yield* Effect.addFinalizer(() => service.stop)
      return { addresses: [{ protocol: protocol.name, url }] }
    })
  )

const listeningUrl = (server: http.Server): string | undefined => {
  const bound = server.address()
  if (bound === null || typeof bound === "string") return undefined
  return `http://${NetAddress.formatUrlHostString(bound.address)}:${bound.port}`
}

/**
 * Serves a protocol of Socket.IO at `/socket.io/` of an HTTP server that somebody else makes, opens and closes. It does not
 * matter who listens to that first. Links to files have `publicUrl`, or else the address that the server listens on.
 */
export const socketIoOn = <I, Packet, Key extends object>(
  self: Context.Key<I, Bound>,
  protocol: Protocol<SocketIoPacket, Packet, SocketIoPacket, Key>,
  server: http.Server,
  options: SocketIoOptions = {}
) =>
  Layer.effect(
    self,
    Effect.gen(function* () {
      const service = yield* serve(protocol)
      const links = yield* Links
      const { packetLimitBytes = SocketIoListener.packetLimitBytes, publicUrl = "" } = options
      const reachedAt = () => (publicUrl === "" ? listeningUrl(server) : publicUrl)
      const announce = (): void => {
        const url = reachedAt()
        if (url !== undefined) links.serveAt(publicUrlOf(publicUrl, url))
      }
      yield* SocketIoListener.attach({ service, server, origins: originsOf(options), packetLimitBytes })
      yield* Effect.acquireRelease(
        Effect.sync(() => server.on("listening", announce)),
        () => Effect.sync(() => server.off("listening", announce))
      )
      announce()
      yield* Effect.addFinalizer(() => service.stop)
      return {
        get addresses() {
          const url = reachedAt()
          return url === undefined ? [] : [{ protocol: protocol.name, url }]
        }
      }
    })
  )
