/** The whole server as one layer. */
import { type Config, Context, Duration, Effect, Layer, type Redacted } from "effect"
import type { Attachments } from "../services/Attachments.ts"
import { Metrics } from "../services/Metrics.ts"
import { Chat } from "../services/Chat.ts"
import { Links } from "../services/Links.ts"
import * as ChatLimits from "../services/Limits.ts"
import { Operator } from "../services/Operator.ts"
import type { Quota } from "../services/Quota.ts"
import type { History } from "../services/History.ts"
import type { StorageHealth } from "../services/StorageHealth.ts"
import { Connections } from "../transports/Connections.ts"
import type { Descriptors } from "../transports/Descriptors.ts"
import type { ListenFailed } from "../transports/ListenFailed.ts"
import * as TransportLimits from "../transports/TransportLimits.ts"
import type { Address } from "./Address.ts"
import type { ConsoleGateway } from "./ConsoleGateway.ts"
import * as HttpRoutes from "./HttpRoutes.ts"
import * as Listeners from "./Listeners.ts"
import { OperatorToken } from "./OperatorToken.ts"
import { type Input, Settings } from "./Settings.ts"
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

/** What a server gives to those that are beside it. */
export type Services =
  | Server
  | Operator
  | ConsoleGateway
  | Chat
  | Connections
  | Descriptors
  | History
  | Attachments
  | Links
  | Metrics
  | Quota
  | StorageHealth

/** Why a server does not start. */
export type Failure = ListenFailed | Storage.Failure | Config.ConfigError

// One layer is one server wherever it is provided, and nothing of it is that of another layer.
const apart = <A, E, R>(layer: Layer.Layer<A, E, R>) => Layer.effectContext(Layer.build(Layer.fresh(layer)))

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
      const addresses = yield* Listeners.addresses
      // The last one registered is the first to run: peers are told before the ports are closed under them.
      yield* Effect.addFinalizer(() => connections.stop)
      const url = `${baseUrl()}/admin`
      const operatorPage = httpPort === undefined ? undefined : { url, file, newToken: isNew ? token : undefined }
      return Server.of({ addresses, operatorPage })
    })
  )

  /** The same as {@link layer}, of the settings that are provided. */
  static readonly layerNoSettings: Layer.Layer<Services, ListenFailed | Storage.Failure, Settings> =
    this.layerNoDeps.pipe(
      Layer.provide(Listeners.layer),
      Layer.provideMerge(Layer.mergeAll(Operator.layer, HttpRoutes.layerServices)),
      Layer.provideMerge(Connections.layer),
      Layer.provideMerge(Chat.layerNoStorage),
      Layer.provideMerge(Storage.layer),
      Layer.provide([layerChatLimits, layerTransportLimits])
    )

  /**
   * Opens all ports of the settings, with the chat behind them. When its scope closes every peer is told, what waits is
   * sent (for at most `drainTimeout`), and the ports are closed.
   *
   * - What is not given has its default. Call it once and keep the layer: each that it gives is a server of its own, which
   *   shares nothing with others.
   * - A `History`, `Attachments`, `StorageHealth`, `Directory`, `Quota` or `Clock` that is provided in front of it is used
   *   instead of its own. Without need for them it opens neither a database nor a folder of files.
   */
  static readonly layer = (settings?: Input): Layer.Layer<Services, Failure> =>
    apart(Layer.provide(Server.layerNoSettings, Settings.layer(settings)))

  /** The same, where what is not given comes from the `ConfigProvider`: `PARLANCE_HTTP_PORT` and so on. */
  static readonly layerConfig = (settings?: Input): Layer.Layer<Services, Failure> =>
    apart(Layer.provide(Server.layerNoSettings, Settings.layerConfig(settings)))
}
