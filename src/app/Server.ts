/** The whole server as one layer. */
import { Context, Duration, Effect, Layer } from "effect"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import type { Attachments } from "../services/Attachments.ts"
import { Census } from "../services/Census.ts"
import { Chat } from "../services/Chat.ts"
import { History } from "../services/History.ts"
import * as ChatLimits from "../services/Limits.ts"
import { Operator } from "../services/Operator.ts"
import type { Quota } from "../services/Quota.ts"
import { Connections } from "../transports/Connections.ts"
import type { ListenFailed } from "../transports/ListenFailed.ts"
import * as TransportLimits from "../transports/TransportLimits.ts"
import * as Listeners from "./Listeners.ts"
import * as FileStore from "../storage/FileStore.ts"
import { StorageUnavailable } from "../storage/StorageUnavailable.ts"
import { Settings } from "./Settings.ts"

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
    historyLimit: settings.historyLimit
  }))
)

const layerTransportLimits = Layer.effect(
  TransportLimits.TransportLimits,
  Effect.map(Settings, (settings) => ({
    loginTimeoutMillis: Duration.toMillis(settings.loginTimeout),
    loginLimitBytes: settings.loginLimitBytes,
    loginLimitPackets: settings.loginLimitPackets,
    outboxLimitBytes: settings.outboxLimitBytes,
    outboxLimitBeforeLoginBytes: settings.outboxLimitBeforeLoginBytes,
    writeTimeoutMillis: Duration.toMillis(settings.writeTimeout),
    drainTimeoutMillis: Duration.toMillis(settings.drainTimeout)
  }))
)

const layerFiles: Layer.Layer<Attachments, StorageUnavailable, Settings> = Layer.unwrap(
  Effect.map(Settings, ({ dataDir }) =>
    FileStore.layer({ directory: dataDir }).pipe(
      Layer.catch(({ reason }) =>
        Layer.effectContext(new StorageUnavailable({ directory: dataDir, reason: reason._tag }))
      )
    )
  )
).pipe(Layer.provide([NodeFileSystem.layer, NodePath.layer]))

/** A running server. */
export class Server extends Context.Service<
  Server,
  {
    /** The ports that are open. */
    readonly addresses: ReadonlyArray<Listeners.Address>
  }
>()("parlance/app/Server") {
  static readonly layerNoDeps = Layer.effect(
    Server,
    Effect.gen(function* () {
      const connections = yield* Connections
      const addresses = yield* Listeners.listen
      // The last one registered is the first to run: peers are told before the ports are closed under them.
      yield* Effect.addFinalizer(() => connections.stop)
      return Server.of({ addresses })
    })
  )

  /**
   * Opens all ports of the settings, with the chat behind them. When its scope closes every peer is told, what waits is
   * sent (for at most `drainTimeout`), and the ports are closed.
   */
  static readonly layer: Layer.Layer<
    Server | Operator | Chat | Attachments | Census | Quota,
    ListenFailed | StorageUnavailable,
    Settings
  > = Layer.merge(this.layerNoDeps, Operator.layer).pipe(
    Layer.provideMerge(Connections.layer),
    Layer.provideMerge(Chat.layerNoStorage),
    Layer.provideMerge(Layer.mergeAll(History.layerMemory, layerFiles)),
    Layer.provide([layerChatLimits, layerTransportLimits])
  )
}
