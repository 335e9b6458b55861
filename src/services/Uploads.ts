/**
 * The files that users are sending.
 *
 * - An upload belongs to one session and ends with it. It is kept when it is shared, else it leaves nothing behind.
 * - Small pieces are collected in memory and stored later; whether that succeeds is known at the latest when the file is
 *   kept. One that nothing comes of for a while is dropped.
 */
import { Context, Effect, Exit, Layer, Scope } from "effect"
import type { UploadedFile, UploadKey } from "../domain/Command.ts"
import { fileName } from "../domain/FileName.ts"
import { FileTooLarge, type StorageFailed, TooManyUploads, UploadBroken } from "../domain/Rejection.ts"
import { Attachments, type StoredFile } from "./Attachments.ts"
import { Limits } from "./Limits.ts"
import type { Session } from "./Session.ts"
import { Sessions } from "./Sessions.ts"
import * as Transfers from "./Transfers.ts"
import { WriteBehind } from "./WriteBehind.ts"

interface Entry extends Transfers.Transfer {
  readonly pieces: WriteBehind
  readonly sizeBytes: number
}

export class Uploads extends Context.Service<
  Uploads,
  {
    /** Makes room for a file, and says its number; what the session calls by the same key already is dropped. */
    readonly begin: (
      session: Session,
      key: UploadKey,
      sizeBytes: number
    ) => Effect.Effect<number, FileTooLarge | TooManyUploads | UploadBroken | StorageFailed>
    /**
     * Takes bytes of a file from index `atByte` on. A small piece is taken without suspension, unless pieces before it
     * must be stored first. Writes count in the order in which they begin, whether or not anybody waits for them.
     */
    readonly writeUnsafe: (
      session: Session,
      key: UploadKey,
      atByte: number,
      bytes: Uint8Array
    ) => Effect.Effect<void, UploadBroken | StorageFailed>
    /** Makes a file of an upload that is there whole; it is durable when this succeeds. */
    readonly keep: (session: Session, file: UploadedFile) => Effect.Effect<StoredFile, UploadBroken | StorageFailed>
    /** Forgets an upload, if there is one. Its bytes are deleted meanwhile. */
    readonly drop: (session: Session, key: UploadKey) => void
    /** Forgets all uploads of a session. */
    readonly dropAll: (session: Session) => void
    readonly count: () => number
  }
>()("parlance/services/Uploads") {
  static readonly layer = Layer.effect(
    Uploads,
    Effect.gen(function* () {
      const attachments = yield* Attachments
      const sessions = yield* Sessions
      const { fileLimitBytes, transferTimeoutMillis, uploadLimit } = yield* Limits
      const transfers = yield* Transfers.make<Entry>(transferTimeoutMillis)

      const refusal = (session: Session): UploadBroken | TooManyUploads | undefined => {
        if (!sessions.isOpen(session)) return new UploadBroken()
        return transfers.count(session) >= uploadLimit ? new TooManyUploads({ limit: uploadLimit }) : undefined
      }

      const begin = Effect.fnUntraced(function* (
        session: Session,
        key: UploadKey,
        sizeBytes: number
      ): Effect.fn.Return<number, FileTooLarge | TooManyUploads | UploadBroken | StorageFailed> {
        transfers.drop(session, key)
        if (sizeBytes > fileLimitBytes) return yield* new FileTooLarge({ limitBytes: fileLimitBytes })
        const refusedBefore = refusal(session)
        if (refusedBefore !== undefined) return yield* refusedBefore
        const scope = yield* Scope.make()
        const close = Scope.close(scope, Exit.void)
        const upload = yield* attachments.begin(sizeBytes).pipe(
          Scope.provide(scope),
          Effect.onExit((exit) => (Exit.isFailure(exit) ? Scope.close(scope, exit) : Effect.void))
        )
        // Others may have begun meanwhile, under the same key too, and the session may have ended.
        transfers.drop(session, key)
        const refused = refusal(session)
        if (refused !== undefined) {
          yield* close
          return yield* refused
        }
        const pieces = new WriteBehind(upload, sizeBytes)
        transfers.add(session, { key, pieces, sizeBytes, close, touchedAtMillis: 0 })
        return upload.number
      }, Effect.uninterruptible)

      const writeUnsafe = (
        session: Session,
        key: UploadKey,
        atByte: number,
        bytes: Uint8Array
      ): Effect.Effect<void, UploadBroken | StorageFailed> => {
        const entry = transfers.find(session, key)
        const isInside = Number.isInteger(atByte) && atByte >= 0 && atByte + bytes.length <= (entry?.sizeBytes ?? -1)
        if (entry === undefined || !isInside) return Effect.fail(new UploadBroken())
        transfers.touch(entry)
        return entry.pieces.writeUnsafe(bytes, atByte)
      }

      const keep = (session: Session, { key, name }: UploadedFile) =>
        Effect.suspend((): Effect.Effect<StoredFile, UploadBroken | StorageFailed> => {
          const entry = transfers.take(session, key)
          if (entry === undefined) return Effect.fail(new UploadBroken())
          return Effect.ensuring(entry.pieces.keep(fileName(name)), entry.close)
        }).pipe(Effect.uninterruptible)

      return Uploads.of({
        begin,
        writeUnsafe,
        keep,
        drop: transfers.drop,
        dropAll: transfers.dropAll,
        count: () => transfers.count()
      })
    })
  )
}
