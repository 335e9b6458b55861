/**
 * Which protocols are served, and where: each listener is a layer, and the server is their merge.
 *
 * A listener whose port is not set opens none.
 */
import { Effect, Exit, Layer, Scope } from "effect"
import { HttpRouter } from "effect/http"
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
import { Addresses } from "./Addresses.ts"
import * as HttpRoutes from "./HttpRoutes.ts"
import * as Protocols from "./Protocols.ts"
import { publicUrl } from "./PublicUrl.ts"
import { Settings } from "./Settings.ts"

/** The settings that are ports. */
export type Port = "tossPort" | "tsockmPort" | "chatmasterPort" | "packetPort" | "httpPort"
type Options = { readonly host: string; readonly port: number }

// A layer that opens a port of the settings, and takes note of its addresses.
const listener = <E, R>(name: Port, open: (options: Options) => Effect.Effect<ReadonlyArray<Address>, E, R>) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const addresses = yield* Addresses
      const settings = yield* Settings
      const announce = addresses.reserve()
      const port = settings[name]
      if (port !== undefined) announce(yield* open({ host: settings.host, port }))
    })
  )

const serve = <In, Packet, Frame, Key extends object, E, R>(
  make: Effect.Effect<Protocol<In, Packet, Frame, Key>, E, R>
) => Effect.flatMap(make, (protocol) => Effect.flatMap(Connections, (connections) => connections.serve(protocol)))

/** Serves a protocol over TCP. */
export const tcp = <Packet, Frame extends ByteFrame, Key extends object, E, R>(
  name: Port,
  make: Effect.Effect<ByteProtocol<Packet, Frame, Key>, E, R>
) =>
  listener(name, (options) =>
    Effect.gen(function* () {
      const service = yield* serve(make)
      const address = yield* TcpListener.listen(service, options)
      return [{ protocol: service.context.protocol.name, url: `tcp://${address}` }]
    })
  )

/** Serves a protocol over UDP and TCP, with the same port number. */
export const tcpAndUdp = <Packet, Key extends object, E, R>(
  name: Port,
  make: Effect.Effect<ByteProtocol<Packet, Uint8Array, Key>, E, R>
) =>
  listener(name, ({ host, port }) => {
    const open = Effect.gen(function* () {
      const service = yield* serve(make)
      const protocol = service.context.protocol.name
      const overTcp = yield* TcpListener.listen(service, { host, port })
      const bound = Number(overTcp.slice(overTcp.lastIndexOf(":") + 1))
      const overUdp = yield* UdpListener.listen(service, { host, port: bound })
      return [
        { protocol, url: `tcp://${overTcp}` },
        { protocol, url: `udp://${overUdp}` }
      ]
    })
    const attempt = Effect.gen(function* () {
      const scope = yield* Scope.fork(yield* Effect.scope)
      return yield* open.pipe(
        Scope.provide(scope),
        Effect.onError(() => Scope.close(scope, Exit.void))
      )
    })
    // The number that is free over TCP may not be over UDP.
    return port === 0 ? Effect.retry(attempt, { times: 9 }) : attempt
  })

/** Serves a protocol of Socket.IO, and the pages and the API, over HTTP. */
export const socketIo = <Packet, Key extends object, E, R>(
  name: Port,
  make: Effect.Effect<Protocol<SocketIoPacket, Packet, SocketIoPacket, Key>, E, R>
) =>
  listener(name, (options) =>
    Effect.gen(function* () {
      const settings = yield* Settings
      const { httpOrigins, packageLimitBytes: packetLimitBytes } = settings
      const service = yield* serve(make)
      const protocol = service.context.protocol.name
      const pages = HttpRoutes.layer.pipe(
        Layer.provide(Layer.succeedContext(yield* Effect.context<HttpRoutes.Services>()))
      )
      const origins = [...httpOrigins, ...(settings.publicUrl === "" ? [] : [new URL(settings.publicUrl).origin])]
      const http: HttpListener.HttpOptions = {
        ...options,
        admission: yield* HttpAdmission.make,
        isServed: servedHosts(origins),
        isUpgrade: SocketIoListener.isUpgrade
      }
      const { url } = yield* HttpListener.listen(protocol, http, pages, (server) =>
        SocketIoListener.attach({ service, server, origins, packetLimitBytes })
      ).pipe(Effect.provideService(HttpRouter.RouterConfig, HttpRoutes.routerConfig))
      const links = yield* Links
      links.serveAt(publicUrl(settings.publicUrl, url))
      return [{ protocol, url }]
    })
  )

export const toss = tcp("tossPort", Protocols.toss)
export const tsockm = tcp("tsockmPort", Protocols.tsockm)
export const chatmaster = tcp("chatmasterPort", Protocols.chatmaster)
export const packet = tcpAndUdp("packetPort", Protocols.packet)
export const sockets = socketIo("httpPort", Protocols.sockets)

/** All listeners. */
export const layer = Layer.mergeAll(toss, tsockm, chatmaster, packet, sockets).pipe(Layer.provideMerge(Addresses.layer))
