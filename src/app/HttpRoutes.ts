/** All that the HTTP port serves besides the sockets protocol, and what that needs of its own. */
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

/** What they are made of. */
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
 * A name has 64 characters, each of which may be written as twelve. If case did not matter, a name would be cut wrongly that
 * has more units in lower case.
 */
export const routerConfig = { maxParamLength: 1024, caseSensitive: true }

/** Pages, files, uploads and the API. */
export const layer: Layer.Layer<never, never, HttpRouter.HttpRouter | Services> = Layer.unwrap(
  Effect.gen(function* () {
    const { baseUrl } = yield* Links
    const { fileLimitBytes } = yield* Limits
    return Layer.mergeAll(
      Http.health(yield* Metrics, yield* StorageHealth),
      FileRoutes.routes(yield* Attachments),
      WebPages.routes(Http.plainPage),
      OperatorRoutes.routes(yield* OperatorLogin, baseUrl),
      UploadRoutes.routes(yield* ResumableUploads, fileLimitBytes),
      ApiRoutes.layer
    )
  })
)

/** The operator's token, the bots and the console's gateway, of the settings' data directory. */
export const layerServices = Layer.unwrap(
  Effect.map(Settings, ({ dataDir, httpPort }) =>
    Layer.mergeAll(
      OperatorLogin.layer.pipe(
        Layer.provideMerge(httpPort === undefined ? OperatorToken.layerNone : OperatorToken.layer(dataDir))
      ),
      BotRegistry.layer(dataDir),
      ConsoleGateway.layer
    )
  )
)
