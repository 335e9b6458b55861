/** What was said, as JSON lines on standard output: one object per message, by ascending number. */
import * as NodePath from "@effect/platform-node/NodePath"
import { Data, Effect, type PlatformError, Schema, Stdio, Stream } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { Message } from "../domain/Message.ts"
import * as Database from "../storage/Database.ts"
import type { DatabaseUnavailable } from "../storage/DatabaseUnavailable.ts"
import * as HistoryExport from "../storage/HistoryExport.ts"
import { codeOf } from "../storage/SystemError.ts"
import type { SettingInvalid, Settings } from "./Settings.ts"
import * as Storage from "./Storage.ts"

/** Not all could be written where it was to go. */
export class ExportIncomplete extends Data.TaggedError("ExportIncomplete")<{ readonly reason: string }> {
  override get message(): string {
    return `Cannot write all messages: ${this.reason}`
  }
}

/** The settings keep nothing that could be exported. */
export class NothingKept extends Data.TaggedError("NothingKept")<{}> {
  override get message(): string {
    return "Cannot export anything: --storage memory keeps nothing"
  }
}

const encode = Schema.encodeSync(Message)

/** A message as its line: as the HTTP API gives it, and `at` is the time in UTC. */
const lineOf = (message: Message): string => {
  const { attachment, ...rest } = encode(message)
  const at = new Date(rest.atMillis).toISOString()
  return `${JSON.stringify({ ...rest, at, ...(attachment === undefined ? undefined : { attachment }) })}\n`
}

/** That nobody reads any more is how `head` ends what it reads. */
const refused = ({ reason: { cause } }: PlatformError.PlatformError): Effect.Effect<void, ExportIncomplete> => {
  const reason = codeOf(cause)
  return reason === "EPIPE" ? Effect.void : Effect.fail(new ExportIncomplete({ reason }))
}

/**
 * Writes all messages of a room, or all there are: also direct ones, and those that nobody in the chat can read any more.
 *
 * It reads beside a server that runs. When nobody reads what is written it ends.
 */
export const run = Effect.fn("Export.run")(function* (
  room: string | undefined
): Effect.fn.Return<
  void,
  NothingKept | ExportIncomplete | DatabaseUnavailable | SettingInvalid | SqlError.SqlError,
  Settings | Stdio.Stdio
> {
  const options = yield* Effect.provide(Storage.databaseOptions, NodePath.layer)
  if (options === undefined) return yield* new NothingKept()
  const { stdout } = yield* Stdio.Stdio
  yield* Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* Stream.run(Stream.map(HistoryExport.messages(sql, room), lineOf), stdout()).pipe(
      Effect.catchTag("PlatformError", refused)
    )
  }).pipe(Effect.provide(Database.layerReader(options)))
})
