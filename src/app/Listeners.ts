/** Which protocols are served, and where: one line a protocol. */
import Sqids from "sqids"
import { Clock, Duration, Effect, Exit, Layer, Scope } from "effect"
import { SecureRandom } from "effect/crypto"
import { HttpRouter } from "effect/http"
import * as ChatMasterProtocol from "../protocols/chatmaster/ChatMasterProtocol.ts"
import * as SocketsProtocol from "../protocols/sockets/SocketsProtocol.ts"
import type { Exchange } from "../protocols/Exchange.ts"
import * as PacketProtocol from "../protocols/packet/PacketProtocol.ts"
import * as TossProtocol from "../protocols/toss/TossProtocol.ts"
import * as TsockmId from "../protocols/tsockm/TsockmId.ts"
import * as TsockmProtocol from "../protocols/tsockm/TsockmProtocol.ts"
import type { ByteFrame, ByteProtocol, Protocol } from "../protocols/Protocol.ts"
import type { SocketIoPacket } from "../protocols/SocketIoPacket.ts"
import { Attachments } from "../services/Attachments.ts"
import { Census } from "../services/Census.ts"
import type { Chat } from "../services/Chat.ts"
import { Links } from "../services/Links.ts"
import type { Quota } from "../services/Quota.ts"
import { StorageHealth } from "../services/StorageHealth.ts"
import type { Connections } from "../transports/Connections.ts"
import * as ExchangePort from "../transports/ExchangePort.ts"
import * as HttpListener from "../transports/HttpListener.ts"
import type { ListenFailed } from "../transports/ListenFailed.ts"
import * as SocketIoListener from "../transports/SocketIoListener.ts"
import * as TcpListener from "../transports/TcpListener.ts"
import * as UdpListener from "../transports/UdpListener.ts"
import type { Address } from "./Address.ts"
import * as HttpRoutes from "./HttpRoutes.ts"
import { publicUrl } from "./PublicUrl.ts"
import { Settings } from "./Settings.ts"

type Services =
  | HttpRoutes.Services
  | Attachments
  | Census
  | Chat
  | Connections
  | Links
  | Quota
  | Settings
  | StorageHealth
type Listener = Effect.Effect<ReadonlyArray<Address>, ListenFailed, Scope.Scope | Services>

const tcp = <Frame extends ByteFrame>(protocol: ByteProtocol<Frame>, port: number): Listener =>
  Effect.gen(function* () {
    const { host } = yield* Settings
    const address = yield* TcpListener.listen(protocol, { host, port })
    return [{ protocol: protocol.name, url: `tcp://${address}` }]
  })

const tcpExchange = (exchange: Exchange<Uint8Array>, port: number): Listener =>
  Effect.gen(function* () {
    const { host } = yield* Settings
    const address = yield* TcpListener.listenExchange(yield* ExchangePort.make(exchange), { host, port })
    return [{ protocol: exchange.name, url: `tcp://${address}` }]
  })

/** Over UDP and TCP, with the same port number. */
const tcpAndUdp = (exchange: Exchange<Uint8Array>, port: number): Listener => {
  const open = Effect.gen(function* () {
    const { host } = yield* Settings
    const exchangePort = yield* ExchangePort.make(exchange)
    const overTcp = yield* TcpListener.listenExchange(exchangePort, { host, port })
    const bound = Number(overTcp.slice(overTcp.lastIndexOf(":") + 1))
    const overUdp = yield* UdpListener.listen(exchangePort, { host, port: bound })
    return [
      { protocol: exchange.name, url: `tcp://${overTcp}` },
      { protocol: exchange.name, url: `udp://${overUdp}` }
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
}

const socketIo = (protocol: Protocol<SocketIoPacket, SocketIoPacket>, port: number): Listener =>
  Effect.gen(function* () {
    const settings = yield* Settings
    const { host, httpOrigins, packageLimitBytes } = settings
    const services = yield* Effect.context<HttpRoutes.Services>()
    const pages = HttpRoutes.layer.pipe(Layer.provide(Layer.succeedContext(services)))
    const { url } = yield* HttpListener.listen(protocol.name, { host, port }, pages, (server) =>
      SocketIoListener.attach({ protocol, server, origins: httpOrigins, packetLimitBytes: packageLimitBytes })
    ).pipe(Effect.provideService(HttpRouter.RouterConfig, HttpRoutes.routerConfig))
    const links = yield* Links
    links.serveAt(publicUrl(settings.publicUrl, url))
    return [{ protocol: protocol.name, url }]
  })

/** 64 random bits that nobody can guess. */
const random = (): bigint => new DataView(SecureRandom.randomBytesUnsafe(8).buffer).getBigUint64(0)

/** Opens the ports that the settings name. */
export const listen = Effect.gen(function* () {
  const settings = yield* Settings
  const clock = yield* Clock.Clock
  const open = (port: number | undefined, listener: (port: number) => Listener) =>
    port === undefined ? [] : [listener(port)]
  const nowMillis = () => clock.currentTimeMillisUnsafe()
  const listening = yield* Effect.all([
    ...open(settings.tossPort, (port) =>
      tcp(
        TossProtocol.make({
          nowMillis,
          gapMillis: settings.pacing ? settings.tossGapMillis : 0,
          limits: { depthLimit: settings.jsonDepthLimit, fileLimitBytes: settings.fileLimitBytes }
        }),
        port
      )
    ),
    ...open(settings.tsockmPort, (port) =>
      tcpExchange(
        TsockmProtocol.make({
          nowMillis,
          randomBytes: SecureRandom.randomBytesUnsafe,
          encoder: new Sqids(TsockmId.options),
          gapMillis: settings.pacing ? settings.tsockmGapMillis : 0,
          queueLimitBytes: settings.outboxLimitBytes,
          checkMillis: settings.tsockmCheckSeconds * 1000
        }),
        port
      )
    ),
    ...open(settings.chatmasterPort, (port) =>
      tcp(
        ChatMasterProtocol.make({
          gapMillis: settings.pacing ? 50 : 0,
          packageLimitBytes: settings.packageLimitBytes,
          inflatedLimitBytes: settings.packageLimitBytes,
          depthLimit: settings.jsonDepthLimit
        }),
        port
      )
    ),
    ...open(settings.packetPort, (port) =>
      tcpAndUdp(
        PacketProtocol.make({
          nowMillis,
          random,
          sessionTimeoutMillis: Duration.toMillis(settings.sessionTimeout),
          transferTimeoutMillis: Duration.toMillis(settings.uploadTimeout),
          queueLimitBytes: settings.outboxLimitBytes
        }),
        port
      )
    ),
    ...open(settings.httpPort, (port) => socketIo(SocketsProtocol.make(), port))
  ])
  return listening.flat()
})
