/** The HTTP API of a Parlance server. */
import { HttpApi, OpenApi } from "effect/http-api"
import { RequestCheck, RequestLimit } from "./Access.ts"
import { BotsApi } from "./BotsApi.ts"
import { FilesApi } from "./FilesApi.ts"
import { OperatorApi } from "./OperatorApi.ts"
import { RoomsApi } from "./RoomsApi.ts"

/** All of it, below `/api/v1`. */
export class ParlanceApi extends HttpApi.make("parlance")
  .add(RoomsApi)
  .add(FilesApi)
  .middleware(RequestLimit)
  .add(BotsApi)
  .add(OperatorApi)
  .middleware(RequestCheck)
  .prefix("/api/v1")
  .annotateMerge(
    OpenApi.annotations({
      title: "Parlance",
      version: "1",
      description:
        "The chat over HTTP. What is public may be read by anybody; bots post with a token that the operator makes; the operator shows the token that the server printed at its first start. Errors are JSON with a `_tag`."
    })
  ) {}
