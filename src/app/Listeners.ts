/** Which protocols are served: a listener of each, and all of them as the settings want them. */
import { Context, Duration, Effect, Layer, type Scope } from "effect"
import type { HttpRouter } from "effect/http"
import type * as http from "node:http"
import type { Attachments } from "../services/Attachments.ts"
import type { Links } from "../services/Links.ts"
import type { Metrics } from "../services/Metrics.ts"
import type { Quota } from "../services/Quota.ts"
import type { Connections } from "../transports/Connections.ts"
import type { Descriptors } from "../transports/Descriptors.ts"
import type { ListenFailed } from "../transports/ListenFailed.ts"
import type { Address } from "./Address.ts"
import * as HttpRoutes from "./HttpRoutes.ts"
import * as Listener from "./Listener.ts"
import * as Protocols from "./Protocols.ts"
import { Settings } from "./Settings.ts"

type Bound = Listener.Bound
type Endpoint = Listener.Endpoint
type SocketIoOptions = Listener.SocketIoOptions

/** The listener of toss, which is open. */
export class Toss extends Context.Service<Toss, Bound>()("parlance/app/Listeners/Toss") {}
/** The listener of tsockm, which is open. */
export class Tsockm extends Context.Service<Tsockm, Bound>()("parlance/app/Listeners/Tsockm") {}
/** The listener of chatmaster, which is open. */
export class ChatMaster extends Context.Service<ChatMaster, Bound>()("parlance/app/Listeners/ChatMaster") {}
/** The listener of packet, which is open over UDP and TCP. */
export class Packet extends Context.Service<Packet, Bound>()("parlance/app/Listeners/Packet") {}
/** The listener of sockets, which is open. */
export class Sockets extends Context.Service<Sockets, Bound>()("parlance/app/Listeners/Sockets") {}

/** What a listener of bytes needs. */
export type ByteServices = Connections | Attachments | Descriptors

/** Serves toss over TCP. */
export const toss = (options: Endpoint & Protocols.TossOptions): Layer.Layer<Toss, ListenFailed, ByteServices> =>
  Layer.unwrap(Effect.map(Protocols.toss(options), (protocol) => Listener.tcp(Toss, protocol, options)))

/** Serves tsockm over TCP. */
export const tsockm = (options: Endpoint & Protocols.TsockmOptions): Layer.Layer<Tsockm, ListenFailed, ByteServices> =>
  Layer.unwrap(Effect.map(Protocols.tsockm(options), (protocol) => Listener.tcp(Tsockm, protocol, options)))

/** Serves chatmaster over TCP. */
export const chatmaster = (
  options: Endpoint & Protocols.ChatMasterOptions
): Layer.Layer<ChatMaster, ListenFailed, ByteServices> =>
  Layer.unwrap(Effect.map(Protocols.chatmaster(options), (protocol) => Listener.tcp(ChatMaster, protocol, options)))

/** Serves packet over UDP and TCP, with the same port number. */
export const packet = (options: Endpoint & Protocols.PacketOptions): Layer.Layer<Packet, ListenFailed, ByteServices> =>
  Layer.unwrap(Effect.map(Protocols.packet(options), (protocol) => Listener.tcpAndUdp(Packet, protocol, options)))

/** What a listener of Socket.IO needs. */
export type SocketIoServices = Connections | Quota | Links

/** Serves sockets, and routes such as those of `Routes`, on an HTTP port of its own. */
export const sockets = <R = never>(
  options: Endpoint & SocketIoOptions & { readonly routes?: Layer.Layer<never, never, HttpRouter.HttpRouter | R> }
): Layer.Layer<Sockets, ListenFailed, SocketIoServices | Descriptors | Metrics | Exclude<R, Scope.Scope>> =>
  Layer.unwrap(
    Effect.map(Protocols.sockets, (protocol) =>
      Listener.socketIo(Sockets, protocol, { ...options, routes: options.routes ?? Layer.empty })
    )
  )

/**
 * Serves sockets at `/socket.io/` of an HTTP server that somebody else makes, opens and closes; it does not matter who listens
 * to that first. Without `publicUrl` links to files have the address that the server listens on. A server that is
 * closed before this is over waits for its peers, so provide the server's layer to this one.
 */
export const socketsOn = (
  server: http.Server,
  options?: SocketIoOptions
): Layer.Layer<Sockets, never, SocketIoServices> =>
  Layer.unwrap(Effect.map(Protocols.sockets, (protocol) => Listener.socketIoOn(Sockets, protocol, server, options)))

type Values = Settings["Service"]
type Port = "tossPort" | "tsockmPort" | "chatmasterPort" | "packetPort" | "httpPort"

// What has no port is not served.
const configured = <I, E, R>(
  self: Context.Key<I, Bound>,
  name: Port,
  listen: (settings: Values, endpoint: Endpoint) => Layer.Layer<I, E, R>
): Layer.Layer<I, E, R | Settings> =>
  Layer.unwrap(
    Effect.map(Settings, (settings): Layer.Layer<I, E, R> => {
      const port = settings[name]
      return port === undefined
        ? Layer.succeed(self, { addresses: [] })
        : listen(settings, { host: settings.host, port })
    })
  )

const gap = ({ pacing }: Values, gapMillis: number) => ({ gapMillis: pacing ? gapMillis : 0 })

/** All listeners, as the settings want them. */
export const layer = Layer.mergeAll(
  configured(Toss, "tossPort", (settings, endpoint) => {
    const { fileLimitBytes, jsonDepthLimit: depthLimit, tossGapMillis } = settings
    return toss({ ...endpoint, ...gap(settings, tossGapMillis), limits: { depthLimit, fileLimitBytes } })
  }),
  configured(Tsockm, "tsockmPort", (settings, endpoint) => {
    const { outboxLimitBytes: queueLimitBytes, tsockmCheckSeconds, tsockmGapMillis } = settings
    return tsockm({
      ...endpoint,
      ...gap(settings, tsockmGapMillis),
      queueLimitBytes,
      checkMillis: tsockmCheckSeconds * 1000
    })
  }),
  configured(ChatMaster, "chatmasterPort", (settings, endpoint) => {
    const { jsonDepthLimit: depthLimit, packageLimitBytes } = settings
    const limits = { depthLimit, packageLimitBytes, inflatedLimitBytes: packageLimitBytes }
    return chatmaster({ ...endpoint, ...(settings.pacing ? {} : { gapMillis: 0 }), ...limits })
  }),
  configured(Packet, "packetPort", ({ outboxLimitBytes: queueLimitBytes, ...settings }, endpoint) =>
    packet({
      ...endpoint,
      queueLimitBytes,
      sessionTimeoutMillis: Duration.toMillis(settings.sessionTimeout),
      transferTimeoutMillis: Duration.toMillis(settings.uploadTimeout)
    })
  ),
  configured(Sockets, "httpPort", ({ httpOrigins: origins, packageLimitBytes, publicUrl }, endpoint) =>
    sockets({ ...endpoint, origins, publicUrl, packetLimitBytes: packageLimitBytes, routes: HttpRoutes.layer })
  )
)

/** The addresses that all listeners have bound. */
export const addresses: Effect.Effect<
  ReadonlyArray<Address>,
  never,
  Toss | Tsockm | ChatMaster | Packet | Sockets
> = Effect.map(Effect.all([Toss, Tsockm, ChatMaster, Packet, Sockets]), (all) =>
  all.flatMap(({ addresses }) => addresses)
)
