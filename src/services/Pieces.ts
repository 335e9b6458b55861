/**
 * The pieces of files that users send and fetch.
 *
 * They are most of what is asked for while a file is on its way, so nothing is done for them but what must be.
 */
import { Effect } from "effect"
import { type Command, done, type Reply } from "../domain/Command.ts"
import type { Rejection } from "../domain/Rejection.ts"
import type { Downloads } from "./Downloads.ts"
import type { Session } from "./Session.ts"
import type { Uploads } from "./Uploads.ts"

/** A command about a piece of a file. */
export type Piece = Command & { readonly _tag: "WriteUpload" | "ReadDownload" }

export const isPiece = (command: Command): command is Piece =>
  command._tag === "WriteUpload" || command._tag === "ReadDownload"

/** What pieces are moved with; `refuse` takes note of a refusal. */
export interface Dependencies {
  readonly uploads: Uploads["Service"]
  readonly downloads: Downloads["Service"]
  readonly refuse: (rejection: Rejection, session: Session) => Effect.Effect<never, Rejection>
}

const succeedDone = (): Effect.Effect<Reply> => Effect.succeed(done)
const succeedRead = (bytes: Uint8Array): Effect.Effect<Reply> => Effect.succeed({ _tag: "FileRead", bytes })

/** Makes the part of the chat that takes pieces of files, and gives them. */
export const make =
  ({ downloads, refuse, uploads }: Dependencies) =>
  (session: Session, command: Piece): Effect.Effect<Reply, Rejection> => {
    const onFailure = (rejection: Rejection) => refuse(rejection, session)
    if (command._tag === "WriteUpload") {
      const { atByte, bytes, key } = command
      return Effect.matchEffect(uploads.write(session, key, atByte, bytes), { onSuccess: succeedDone, onFailure })
    }
    const { atByte, key, sizeBytes } = command
    return Effect.matchEffect(downloads.read(session, key, atByte, sizeBytes), { onSuccess: succeedRead, onFailure })
  }
