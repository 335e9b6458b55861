/** The whole server as one layer. */
import { Context, Duration, Effect, Layer, type Redacted } from "effect"
import type { Attachments } from "../services/Attachments.ts"
import { Metrics } from "../services/Metrics.ts"
import { Chat } from "../services/Chat.ts"
import { Links } from "../services/Links.ts"
import * as ChatLimits from "../services/Limits.ts"
import { Operator } from "../services/Operator.ts"
import type { Quota } from "../services/Quota.ts"
import type { StorageHealth } from "../services/StorageHealth.ts"
import { Connections } from "../transports/Connections.ts"
import type { ListenFailed } from "../transports/ListenFailed.ts"
import * as TransportLimits from "../transports/TransportLimits.ts"
import type { Address } from "./Address.ts"
import { Addresses } from "./Addresses.ts"
import type { ConsoleGateway } from "./ConsoleGateway.ts"
import * as HttpRoutes from "./HttpRoutes.ts"
import * as Listeners from "./Listeners.ts"
import { OperatorToken } from "./OperatorToken.ts"
import { Settings } from "./Settings.ts"
import * as Storage from "./Storage.ts"

const dayMillis = 86_400_000

const layerChatLimits = Layer.effect(
  ChatLimits.Limits,
  Effect.map(Settings, (settings) => ({
    ...ChatLimits.defaults,
    defaultRooms: settings.rooms,
    textLimitBytes: settings.textLimitBytes,
    roomLimit: settings.roomLimit,
    sessionLimit: settings.sessionLimit,
    floodRate: settings.floodRate,
    floodBurst: settings.floodBurst,
    fileLimitBytes: settings.fileLimitBytes,
    filesLimitBytes: settings.filesLimitBytes,
    uploadLimit: settings.uploadLimit,
    transferTimeoutMillis: Duration.toMillis(settings.uploadTimeout),
    connectionsPerAddress: settings.connectionsPerAddress,
    newConnectionsPerAddress: settings.newConnectionsPerAddress,
    newConnectionsWindowMillis: Duration.toMillis(settings.newConnectionsWindow),
    historyLimit: settings.historyLimit,
    historyTotalLimit: settings.historyTotalLimit,
    historyLimitBytes: settings.historyLimitBytes,
    historyMillis: settings.historyDays * dayMillis,
    fileMillis: settings.fileDays * dayMillis
  }))
)

const layerTransportLimits = Layer.effect(
  TransportLimits.TransportLimits,
  Effect.map(Settings, (settings) => ({
    loginTimeoutMillis: Duration.toMillis(settings.loginTimeout),
    loginLimitBytes: settings.loginLimitBytes,
    loginInflatedLimitBytes: Math.max(settings.loginLimitBytes, TransportLimits.defaults.loginInflatedLimitBytes),
    loginLimitPackets: settings.loginLimitPackets,
    outboxLimitBytes: settings.outboxLimitBytes,
    outboxLimitBeforeLoginBytes: settings.outboxLimitBeforeLoginBytes,
    writeTimeoutMillis: Duration.toMillis(settings.writeTimeout),
    drainTimeoutMillis: Duration.toMillis(settings.drainTimeout)
  }))
)

/** Where the operator's page is, and the file that has its token; the token itself if this start has made it. */
export interface OperatorPage {
  readonly url: string
  readonly file: string
  readonly newToken: Redacted.Redacted | undefined
}

/** A running server. */
export class Server extends Context.Service<
  Server,
  {
    /** The ports that are open. */
    readonly addresses: ReadonlyArray<Address>
    /** Where the operator's page is, unless there is no HTTP port. */
    readonly operatorPage: OperatorPage | undefined
  }
>()("parlance/app/Server") {
  static readonly layerNoDeps = Layer.effect(
    Server,
    Effect.gen(function* () {
      const connections = yield* Connections
      const { httpPort } = yield* Settings
      const { baseUrl } = yield* Links
      const { file, isNew, token } = yield* OperatorToken
      const addresses = (yield* Addresses).all()
      // The last one registered is the first to run: peers are told before the ports are closed under them.
      yield* Effect.addFinalizer(() => connections.stop)
      const url = `${baseUrl()}/admin`
      const operatorPage = httpPort === undefined ? undefined : { url, file, newToken: isNew ? token : undefined }
      return Server.of({ addresses, operatorPage })
    })
  )

  /**
   * Opens all ports of the settings, with the chat behind them. When its scope closes every peer is told, what waits is
   * sent (for at most `drainTimeout`), and the ports are closed.
   */
  static readonly layer: Layer.Layer<
    Server | Operator | ConsoleGateway | Chat | Attachments | Metrics | Quota | StorageHealth,
    ListenFailed | Storage.Failure,
    Settings
  > = this.layerNoDeps.pipe(
    Layer.provide(Listeners.layer),
    Layer.provideMerge(Layer.mergeAll(Operator.layer, HttpRoutes.layerServices)),
    Layer.provideMerge(Connections.layer),
    Layer.provideMerge(Chat.layerNoStorage),
    Layer.provideMerge(Storage.layer),
    Layer.provide([layerChatLimits, layerTransportLimits])
  )
}
