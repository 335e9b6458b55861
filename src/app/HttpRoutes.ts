/**
 * What the HTTP port serves besides the sockets protocol, as routes of an `HttpRouter`: all of it, or one by one.
 *
 * A router of your own needs {@link routerConfig}: `Effect.provideService(HttpRouter.RouterConfig, routerConfig)`.
 */
import { Effect, Layer } from "effect"
import type { HttpRouter } from "effect/http"
import { Attachments } from "../services/Attachments.ts"
import { Metrics } from "../services/Metrics.ts"
import { Limits } from "../services/Limits.ts"
import { Links } from "../services/Links.ts"
import { ResumableUploads } from "../services/ResumableUploads.ts"
import { StorageHealth } from "../services/StorageHealth.ts"
import type { Chat } from "../services/Chat.ts"
import type { History } from "../services/History.ts"
import type { Operator } from "../services/Operator.ts"
import type { Quota } from "../services/Quota.ts"
import type { Refusals } from "../services/Refusals.ts"
import type { Rooms } from "../services/Rooms.ts"
import type { Sessions } from "../services/Sessions.ts"
import * as ApiRoutes from "./api/ApiRoutes.ts"
import { BotRegistry } from "./api/BotRegistry.ts"
import { ConsoleGateway } from "./ConsoleGateway.ts"
import * as FileRoutes from "./FileRoutes.ts"
import * as Http from "./Http.ts"
import { OperatorLogin } from "./OperatorLogin.ts"
import * as OperatorRoutes from "./OperatorRoutes.ts"
import { OperatorToken } from "./OperatorToken.ts"
import { Settings } from "./Settings.ts"
import * as UploadRoutes from "./UploadRoutes.ts"
import * as WebPages from "./WebPages.ts"

/** What all of them need. */
export type Services =
  | Attachments
  | BotRegistry
  | Metrics
  | Chat
  | ConsoleGateway
  | History
  | Links
  | Operator
  | OperatorLogin
  | Quota
  | Refusals
  | ResumableUploads
  | Rooms
  | Sessions
  | StorageHealth

/**
 * A name has 64 characters, each of which may be written as twelve. Paths are as they are written: a router that folds
 * their case takes the `İ` of a name for two letters, and misses what is behind it.
 */
export const routerConfig = { maxParamLength: 1024, caseSensitive: true }

/** The state of the server as JSON at `/healthz`. */
export const health = Layer.unwrap(
  Effect.gen(function* () {
    return Http.health(yield* Metrics, yield* StorageHealth)
  })
)

/** Shared files at `/files`. */
export const files = Layer.unwrap(Effect.map(Attachments, FileRoutes.routes))

/** Uploads that can be resumed (tus 1.0.0) at `/api/v1/uploads`. */
export const uploads = Layer.unwrap(
  Effect.gen(function* () {
    const { fileLimitBytes } = yield* Limits
    return UploadRoutes.routes(yield* ResumableUploads, fileLimitBytes)
  })
)

/** The chat page at `/`, and the operator page at `/admin`. */
export const pages: Layer.Layer<never, never, HttpRouter.HttpRouter> = WebPages.routes(Http.plainPage)

/** Where operators log in to their page. */
export const operator = Layer.unwrap(
  Effect.gen(function* () {
    const { baseUrl } = yield* Links
    return OperatorRoutes.routes(yield* OperatorLogin, baseUrl)
  })
)

/** The HTTP API at `/api/v1`. */
export const api: Layer.Layer<never, never, HttpRouter.HttpRouter | Services> = ApiRoutes.layer

/** All of them. */
export const layer: Layer.Layer<never, never, HttpRouter.HttpRouter | Services> = Layer.mergeAll(
  health,
  files,
  pages,
  operator,
  uploads,
  api
)

/** The operator's token and the bots, which are kept in a directory, and the console's gateway. */
export const layerOperator = (directory: string) =>
  Layer.mergeAll(
    OperatorLogin.layer.pipe(Layer.provideMerge(OperatorToken.layer(directory))),
    BotRegistry.layer(directory),
    ConsoleGateway.layer
  )

/** The same as the settings want it; without an HTTP port no token is right. */
export const layerServices = Layer.unwrap(
  Effect.map(Settings, ({ dataDir, httpPort }) =>
    httpPort === undefined
      ? Layer.mergeAll(
          OperatorLogin.layer.pipe(Layer.provideMerge(OperatorToken.layerNone)),
          BotRegistry.layer(dataDir),
          ConsoleGateway.layer
        )
      : layerOperator(dataDir)
  )
)
