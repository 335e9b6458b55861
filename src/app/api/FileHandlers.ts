/** What is asked of files. */
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { CurrentBot } from "../../api/Access.ts"
import { ParlanceApi } from "../../api/ParlanceApi.ts"
import {
  type FileTooLarge,
  type Flooding,
  NoSuchFile,
  type RefusedByPolicy,
  type Rejection,
  StorageFailed,
  type TooManyUploads,
  type UploadsTooLarge
} from "../../domain/Rejection.ts"
import { Attachments } from "../../services/Attachments.ts"
import { Chat } from "../../services/Chat.ts"
import { Links } from "../../services/Links.ts"
import { addressOf } from "../Origin.ts"
import { BotSessions } from "./BotSessions.ts"

type UploadRefused = FileTooLarge | TooManyUploads | UploadsTooLarge | Flooding | StorageFailed | RefusedByPolicy

/** What keeps a bot from sending a file. One that has just been logged out may try again. */
const uploadRefused = (rejection: Rejection): Effect.Effect<never, UploadRefused> => {
  switch (rejection._tag) {
    case "FileTooLarge":
    case "TooManyUploads":
    case "UploadsTooLarge":
    case "Flooding":
    case "RefusedByPolicy":
      return Effect.fail(rejection)
    default:
      return Effect.fail(new StorageFailed())
  }
}

export const layer = HttpApiBuilder.group(
  ParlanceApi,
  "files",
  Effect.fnUntraced(function* (handlers) {
    const attachments = yield* Attachments
    const chat = yield* Chat
    const bots = yield* BotSessions
    const links = yield* Links

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
        const { name: file, sizeBytes } = payload
        const opened = chat.run(session, { _tag: "OpenUpload", name: file, sizeBytes })
        const reply = yield* Effect.catch(opened, uploadRefused)
        return reply._tag === "UploadOpened"
          ? { url: reply.path }
          : yield* Effect.die(new Error(`${reply._tag} to a file`))
      })
    })
  })
)
