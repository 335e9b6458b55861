/** The HTTP API, as it is served: below `/api/v1`, with its OpenAPI document and its documentation. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { ParlanceApi } from "../../api/ParlanceApi.ts"
import * as AccessChecks from "./AccessChecks.ts"
import * as ApiDocs from "./ApiDocs.ts"
import * as BotHandlers from "./BotHandlers.ts"
import { BotSessions } from "./BotSessions.ts"
import * as FileHandlers from "./FileHandlers.ts"
import * as OperatorHandlers from "./OperatorHandlers.ts"
import { RoomEvents } from "./RoomEvents.ts"
import * as RoomHandlers from "./RoomHandlers.ts"
import { StatsSampler } from "./StatsSampler.ts"

/** What the API does, over the services of the chat. */
export const layer = Layer.mergeAll(
  HttpApiBuilder.layer(ParlanceApi, { openapiPath: "/api/v1/openapi.json" }),
  ApiDocs.routes
).pipe(
  Layer.provide([RoomHandlers.layer, FileHandlers.layer, BotHandlers.layer, OperatorHandlers.layer]),
  Layer.provide(AccessChecks.layer),
  Layer.provide([RoomEvents.layer, BotSessions.layer, StatsSampler.layer]),
  Layer.provide(NodeHttpServer.layerHttpServices)
)
