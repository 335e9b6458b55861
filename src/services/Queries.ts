/** Answers what users ask. An answer changes nothing, and tells a user only what that one may know. */
import { Effect, Result } from "effect"
import type { Command, Reply } from "../domain/Command.ts"
import type { FileSummary } from "../domain/FileSummary.ts"
import { NoSuchFile, NoSuchUser, NotInRoom, type Rejection, StorageFailed } from "../domain/Rejection.ts"
import type { Attachments, StoredFile } from "./Attachments.ts"
import * as Downloads from "./Downloads.ts"
import type { History } from "./History.ts"
import type { Memberships } from "./Memberships.ts"
import { membersInOrder } from "./Room.ts"
import { type Session, summary } from "./Session.ts"
import type { Sessions } from "./Sessions.ts"
import type { Shares } from "./Shares.ts"

/** What answers are made of. */
export interface Dependencies {
  readonly attachments: Attachments["Service"]
  readonly history: History["Service"]
  readonly memberships: Memberships
  readonly sessions: Sessions["Service"]
  readonly shares: Shares["Service"]
}

/** Makes the part of the chat that answers queries. */
export const make = ({ attachments, history, memberships, sessions, shares }: Dependencies) => {
  const listUsers = (
    session: Session,
    name: string | undefined,
    everywhere: boolean
  ): Result.Result<Reply, Rejection> => {
    if (everywhere) {
      return Result.succeed({ _tag: "Users", room: undefined, users: Array.from(sessions.all(), summary) })
    }
    const room = memberships.roomSeen(session, name)
    if (Result.isFailure(room)) return Result.fail(room.failure)
    const users = membersInOrder(room.success).map(summary)
    return Result.succeed({ _tag: "Users", room: room.success.name, users })
  }

  const findUser = (number: number): Result.Result<Reply, Rejection> => {
    const user = sessions.findByNumber(number)
    if (user === undefined) return Result.fail(new NoSuchUser())
    return Result.succeed({ _tag: "Users", room: undefined, users: [summary(user)] })
  }

  const readHistory = Effect.fnUntraced(function* (
    session: Session,
    command: Command & { readonly _tag: "ReadHistory" }
  ): Effect.fn.Return<Reply & { readonly _tag: "Messages" }, Rejection> {
    const room = yield* Effect.fromResult(memberships.roomSeen(session, command.room))
    // An invitation is not enough to read.
    if (room.isPrivate && !room.members.has(session)) return yield* new NotInRoom()
    const limit = Math.max(1, Math.min(100, Math.trunc(command.limit ?? 50) || 1))
    const messages = yield* Effect.catchDefect(
      history.read(room.key, { limit, before: command.before, after: command.after }),
      (defect) => Effect.andThen(Effect.logError("Cannot read history", defect), Effect.fail(new StorageFailed()))
    )
    return { _tag: "Messages", room: room.name, messages }
  })

  // Only here is it noticed that a file is gone.
  const lookUp = (number: number): Effect.Effect<StoredFile | undefined, StorageFailed> =>
    Effect.map(attachments.find(number), (file) => {
      if (file === undefined) shares.forgetFile(number)
      return file
    })

  const listFiles = Effect.fnUntraced(function* (session: Session): Effect.fn.Return<Reply, Rejection> {
    const files: Array<FileSummary> = []
    for (const number of shares.visible(session)) {
      const file = yield* lookUp(number)
      if (file !== undefined) files.push(Downloads.summary(file))
    }
    return { _tag: "Files", files }
  })

  const findFile = Effect.fnUntraced(function* (session: Session, number: number): Effect.fn.Return<Reply, Rejection> {
    const file = shares.isVisible(session, number) ? yield* lookUp(number) : undefined
    if (file === undefined) return yield* new NoSuchFile()
    return { _tag: "Files", files: [Downloads.summary(file)] }
  })

  return { listUsers, findUser, readHistory, listFiles, findFile }
}

/** The part of the chat that answers queries. */
export type Queries = ReturnType<typeof make>
