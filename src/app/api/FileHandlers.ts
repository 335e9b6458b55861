/** What is asked of files. */
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { CurrentBot } from "../../api/Access.ts"
import { ParlanceApi } from "../../api/ParlanceApi.ts"
import { NoSuchFile } from "../../domain/Rejection.ts"
import { Attachments } from "../../services/Attachments.ts"
import { Links, uploadPath } from "../../services/Links.ts"
import { ResumableUploads } from "../../services/ResumableUploads.ts"
import { addressOf } from "../Origin.ts"
import { BotSessions } from "./BotSessions.ts"

export const layer = HttpApiBuilder.group(
  ParlanceApi,
  "files",
  Effect.fnUntraced(function* (handlers) {
    const attachments = yield* Attachments
    const bots = yield* BotSessions
    const links = yield* Links
    const uploads = yield* ResumableUploads

    return handlers.handleAll({
      find: Effect.fnUntraced(function* ({ params }) {
        const file = yield* attachments.findById(params.id)
        if (file === undefined) return yield* new NoSuchFile()
        const { id, name, sha256, sizeBytes } = file
        return { id, name, sizeBytes, sha256, url: links.fileUrl(file) }
      }),
      upload: Effect.fnUntraced(function* ({ payload, request }) {
        const { name } = yield* CurrentBot
        const session = yield* bots.enter(name, addressOf(request))
        return { url: uploadPath(yield* uploads.open(session, payload.name, payload.sizeBytes)) }
      })
    })
  })
)
