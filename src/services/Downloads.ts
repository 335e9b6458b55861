/**
 * The files that users are fetching.
 *
 * - A download belongs to one session and ends with it. Whether the session may see the file is checked when it begins.
 *   It goes on to its end, also if the file goes meanwhile.
 * - Each is the work of one fiber (see `DownloadFiber`): small parts in nearly the order of the file are answered from
 *   memory. One that nothing is read of for a while is dropped.
 */
import { Clock, Context, Effect, Layer, type Scope } from "effect"
import type { DownloadKey } from "../domain/Command.ts"
import type { FileSummary } from "../domain/FileSummary.ts"
import { NoSuchFile, type StorageFailed, TooManyDownloads } from "../domain/Rejection.ts"
import { Attachments, type OpenedFile, type StoredFile } from "./Attachments.ts"
import { DownloadFiber } from "./DownloadFiber.ts"
import { IdleTimeout } from "./IdleTimeout.ts"
import { Limits } from "./Limits.ts"
import type { Session } from "./Session.ts"
import { Sessions } from "./Sessions.ts"
import { Shares } from "./Shares.ts"
import * as Transfers from "./Transfers.ts"

/** A file as those see it who may. */
export const summary = ({ name, number, sizeBytes }: StoredFile): FileSummary => ({ number, name, sizeBytes })

/** The files that sessions fetch piece by piece, each by a fiber that reads ahead. */
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
     * bytes that others are given too: nobody may change it. Done at once if they are in memory.
     */
    readonly read: (
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
      const clock = yield* Clock.Clock
      const transfers = yield* Transfers.make<DownloadFiber>()

      const visible = (session: Session, number: number): Effect.Effect<StoredFile | undefined, StorageFailed> =>
        shares.isVisible(session, number) ? attachments.find(number) : Effect.undefined

      // What cannot be opened because it has gone is not the server's failure.
      const open = (file: StoredFile): Effect.Effect<OpenedFile, NoSuchFile | StorageFailed, Scope.Scope> =>
        Effect.catch(attachments.open(file), (failure) =>
          Effect.flatMap(attachments.find(file.number), (it) =>
            Effect.fail(it === undefined ? new NoSuchFile() : failure)
          )
        )

      const refusal = (session: Session): NoSuchFile | TooManyDownloads | undefined => {
        if (!sessions.isOpen(session) || !transfers.isOpen()) return new NoSuchFile()
        return transfers.count(session) >= downloadLimit ? new TooManyDownloads({ limit: downloadLimit }) : undefined
      }

      const begin = (
        session: Session,
        key: DownloadKey,
        number: number
      ): Effect.Effect<FileSummary, NoSuchFile | TooManyDownloads | StorageFailed> =>
        Transfers.begin((restore, started) =>
          Effect.gen(function* () {
            transfers.drop(session, key)
            const file = yield* restore(visible(session, number))
            if (file === undefined) return yield* new NoSuchFile()
            const idle = new IdleTimeout(clock, transferTimeoutMillis)
            const download = yield* DownloadFiber.make(file.sizeBytes, idle)
            // Another may have begun under the same key meanwhile.
            transfers.drop(session, key)
            const refused = refusal(session)
            if (refused !== undefined) return yield* refused
            started(transfers.start(session, key, download, (over) => download.run(open(file), over)))
            yield* restore(download.opened)
            return summary(file)
          })
        )

      const read = (
        session: Session,
        key: DownloadKey,
        atByte: number,
        sizeBytes: number
      ): Effect.Effect<Uint8Array, NoSuchFile | StorageFailed> =>
        Effect.suspend(() => transfers.find(session, key)?.read(atByte, sizeBytes) ?? new NoSuchFile())

      return Downloads.of({
        begin,
        read,
        drop: transfers.drop,
        dropAll: transfers.dropAll,
        count: () => transfers.count()
      })
    })
  )
  static readonly layer = this.layerNoDeps.pipe(Layer.provideMerge(Shares.layer))
}
