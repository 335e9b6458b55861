/** Which protocols are served, and where: one line a protocol. */
import { Clock, Effect, Layer, type Scope } from "effect"
import * as ChatMasterProtocol from "../protocols/chatmaster/ChatMasterProtocol.ts"
import * as SocketsProtocol from "../protocols/sockets/SocketsProtocol.ts"
import * as TossProtocol from "../protocols/toss/TossProtocol.ts"
import type { ByteFrame, ByteProtocol, Protocol } from "../protocols/Protocol.ts"
import type { SocketIoPacket } from "../protocols/SocketIoPacket.ts"
import { Attachments } from "../services/Attachments.ts"
import { Census } from "../services/Census.ts"
import { Links } from "../services/Links.ts"
import type { Connections } from "../transports/Connections.ts"
import * as HttpListener from "../transports/HttpListener.ts"
import type { ListenFailed } from "../transports/ListenFailed.ts"
import * as SocketIoListener from "../transports/SocketIoListener.ts"
import * as TcpListener from "../transports/TcpListener.ts"
import * as FileRoutes from "./FileRoutes.ts"
import { routes } from "./Http.ts"
import { publicUrl } from "./PublicUrl.ts"
import { Settings } from "./Settings.ts"

/** An open port. */
export interface Address {
  readonly protocol: string
  readonly url: string
}

type Services = Attachments | Census | Connections | Links | Settings
type Listener = Effect.Effect<Address, ListenFailed, Scope.Scope | Services>

const tcp = <Frame extends ByteFrame>(protocol: ByteProtocol<Frame>, port: number): Listener =>
  Effect.gen(function* () {
    const { host } = yield* Settings
    const address = yield* TcpListener.listen(protocol, { host, port })
    return { protocol: protocol.name, url: `tcp://${address}` }
  })

const socketIo = (protocol: Protocol<SocketIoPacket, SocketIoPacket>, port: number): Listener =>
  Effect.gen(function* () {
    const settings = yield* Settings
    const { host, httpOrigins, packageLimitBytes } = settings
    const pages = Layer.merge(routes(yield* Census), FileRoutes.routes(yield* Attachments))
    const { url } = yield* HttpListener.listen(protocol.name, { host, port }, pages, (server) =>
      SocketIoListener.attach({ protocol, server, origins: httpOrigins, packetLimitBytes: packageLimitBytes })
    )
    const links = yield* Links
    links.serveAt(publicUrl(settings.publicUrl, url))
    return { protocol: protocol.name, url }
  })

/** Opens the ports that the settings name. */
export const listen = Effect.gen(function* () {
  const settings = yield* Settings
  const clock = yield* Clock.Clock
  const open = (port: number | undefined, listener: (port: number) => Listener) =>
    port === undefined ? [] : [listener(port)]
  return yield* Effect.all([
    ...open(settings.tossPort, (port) =>
      tcp(
        TossProtocol.make({
          nowMillis: () => clock.currentTimeMillisUnsafe(),
          gapMillis: settings.pacing ? settings.tossGapMillis : 0,
          limits: { depthLimit: settings.jsonDepthLimit, fileLimitBytes: settings.fileLimitBytes }
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
    ...open(settings.httpPort, (port) => socketIo(SocketsProtocol.make(), port))
  ])
})
