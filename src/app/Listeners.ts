/** Which protocols are served, and where: one line a protocol. */
import { Effect, type Scope } from "effect"
import * as ChatMasterProtocol from "../protocols/chatmaster/ChatMasterProtocol.ts"
import * as SocketsProtocol from "../protocols/sockets/SocketsProtocol.ts"
import type { ByteProtocol, Protocol } from "../protocols/Protocol.ts"
import type { SocketIoPacket } from "../protocols/SocketIoPacket.ts"
import { Census } from "../services/Census.ts"
import type { Connections } from "../transports/Connections.ts"
import * as HttpListener from "../transports/HttpListener.ts"
import type { ListenFailed } from "../transports/ListenFailed.ts"
import * as SocketIoListener from "../transports/SocketIoListener.ts"
import * as TcpListener from "../transports/TcpListener.ts"
import { routes } from "./Http.ts"
import { Settings } from "./Settings.ts"

/** An open port. */
export interface Address {
  readonly protocol: string
  readonly url: string
}

type Listener = Effect.Effect<Address, ListenFailed, Scope.Scope | Connections | Census | Settings>

const tcp = (protocol: ByteProtocol, port: number): Listener =>
  Effect.gen(function* () {
    const { host } = yield* Settings
    const address = yield* TcpListener.listen(protocol, { host, port })
    return { protocol: protocol.name, url: `tcp://${address}` }
  })

const socketIo = (protocol: Protocol<SocketIoPacket, SocketIoPacket>, port: number): Listener =>
  Effect.gen(function* () {
    const { host, httpOrigins, packageLimitBytes } = yield* Settings
    const pages = routes(yield* Census)
    const { url } = yield* HttpListener.listen(protocol.name, { host, port }, pages, (server) =>
      SocketIoListener.attach({ protocol, server, origins: httpOrigins, packetLimitBytes: packageLimitBytes })
    )
    return { protocol: protocol.name, url }
  })

/** Opens the ports that the settings name. */
export const listen = Effect.gen(function* () {
  const settings = yield* Settings
  const open = (port: number | undefined, listener: (port: number) => Listener) =>
    port === undefined ? [] : [listener(port)]
  return yield* Effect.all([
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
