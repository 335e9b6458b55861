/**
 * The files that users are fetching.
 *
 * - A download belongs to one session and ends with it. Whether the session may see the file is checked when it begins.
 *   It goes on to its end, also if the file goes meanwhile.
 * - Small parts in nearly the order of the file are answered from memory. One that nothing is read of for a while is
 *   dropped.
 */
import { Context, Effect, Exit, Layer, Scope } from "effect"
import type { DownloadKey } from "../domain/Command.ts"
import type { FileSummary } from "../domain/FileSummary.ts"
import { NoSuchFile, type StorageFailed, TooManyDownloads } from "../domain/Rejection.ts"
import { Attachments, type OpenedFile, type StoredFile } from "./Attachments.ts"
import { Limits } from "./Limits.ts"
import { ReadAhead } from "./ReadAhead.ts"
import type { Session } from "./Session.ts"
import { Sessions } from "./Sessions.ts"
import { Shares } from "./Shares.ts"
import * as Transfers from "./Transfers.ts"

interface Entry extends Transfers.Transfer {
  readonly file: StoredFile
  readonly content: ReadAhead
}

/** A file as those see it who may. */
export const summary = ({ name, number, sizeBytes }: StoredFile): FileSummary => ({ number, name, sizeBytes })

export class Downloads extends Context.Service<
  Downloads,
  {
    /** Begins to fetch a file that the session may see; what it calls by the same key already is forgotten. */
    readonly begin: (
      session: Session,
      key: DownloadKey,
      file: number
    ) => Effect.Effect<FileSummary, NoSuchFile | TooManyDownloads | StorageFailed>
    /**
     * Bytes of a file from index `atByte` on, all of which it must have. They come in one piece, which may be a view of
     * bytes that others are given too: nobody may change it. Done at once if they are in memory: then it is an `Exit`.
     */
    readonly readUnsafe: (
      session: Session,
      key: DownloadKey,
      atByte: number,
      sizeBytes: number
    ) => Effect.Effect<Uint8Array, NoSuchFile | StorageFailed>
    /** Forgets a download, if there is one. */
    readonly drop: (session: Session, key: DownloadKey) => void
    /** Forgets all downloads of a session. */
    readonly dropAll: (session: Session) => void
    readonly count: () => number
  }
>()("parlance/services/Downloads") {
  static readonly layerNoDeps = Layer.effect(
    Downloads,
    Effect.gen(function* () {
      const attachments = yield* Attachments
      const sessions = yield* Sessions
      const shares = yield* Shares
      const { downloadLimit, transferTimeoutMillis } = yield* Limits
      const transfers = yield* Transfers.make<Entry>(transferTimeoutMillis)

      const visible = (session: Session, number: number): Effect.Effect<StoredFile | undefined, StorageFailed> =>
        shares.isVisible(session, number) ? attachments.find(number) : Effect.undefined

      // What cannot be opened because it has gone is not the server's failure.
      const open = (file: StoredFile, scope: Scope.Scope): Effect.Effect<OpenedFile, NoSuchFile | StorageFailed> =>
        Effect.catch(Scope.provide(attachments.open(file), scope), (failure) =>
          Effect.flatMap(attachments.find(file.number), (it) =>
            Effect.fail(it === undefined ? new NoSuchFile() : failure)
          )
        )

      const refusal = (session: Session): NoSuchFile | TooManyDownloads | undefined => {
        if (!sessions.isOpen(session)) return new NoSuchFile()
        return transfers.count(session) >= downloadLimit ? new TooManyDownloads({ limit: downloadLimit }) : undefined
      }

      const begin = Effect.fnUntraced(function* (
        session: Session,
        key: DownloadKey,
        number: number
      ): Effect.fn.Return<FileSummary, NoSuchFile | TooManyDownloads | StorageFailed> {
        transfers.drop(session, key)
        const file = yield* visible(session, number)
        if (file === undefined) return yield* new NoSuchFile()
        const refusedBefore = refusal(session)
        if (refusedBefore !== undefined) return yield* refusedBefore
        const scope = yield* Scope.make()
        const close = Scope.close(scope, Exit.void)
        const opened = yield* Effect.onError(open(file, scope), () => close)
        // Others may have begun meanwhile, under the same key too, and the session may have ended.
        transfers.drop(session, key)
        const refused = refusal(session)
        if (refused !== undefined) {
          yield* close
          return yield* refused
        }
        const content = new ReadAhead(opened, file.sizeBytes, scope)
        transfers.add(session, { key, file, content, close, touchedAtMillis: 0 })
        return summary(file)
      }, Effect.uninterruptible)

      const readUnsafe = (
        session: Session,
        key: DownloadKey,
        atByte: number,
        sizeBytes: number
      ): Effect.Effect<Uint8Array, NoSuchFile | StorageFailed> => {
        const entry = transfers.find(session, key)
        const isRange = Number.isInteger(atByte) && Number.isInteger(sizeBytes) && atByte >= 0 && sizeBytes >= 0
        if (entry === undefined || !isRange || atByte + sizeBytes > entry.file.sizeBytes) {
          return Effect.fail(new NoSuchFile())
        }
        transfers.touch(entry)
        return entry.content.read(atByte, sizeBytes)
      }

      return Downloads.of({
        begin,
        readUnsafe,
        drop: transfers.drop,
        dropAll: transfers.dropAll,
        count: () => transfers.count()
      })
    })
  )
  static readonly layer = this.layerNoDeps.pipe(Layer.provideMerge(Shares.layer))
}
