/**
 * The files that users are sending.
 *
 * - An upload belongs to one session and ends with it. It is kept when it is shared, else it leaves nothing behind.
 * - One that could not be stored is over, and its place is free, as soon as its session is told.
 * - Each is the work of one fiber (see `UploadFiber`): small pieces are put together in memory and stored meanwhile;
 *   whether that succeeds is known at the latest when the file is kept. One that nothing comes of for a while is dropped.
 */
import { Clock, Context, Effect, Layer } from "effect"
import type { UploadedFile, UploadKey } from "../domain/Command.ts"
import { fileName } from "../domain/FileName.ts"
import {
  FileTooLarge,
  type StorageFailed,
  TooManyUploads,
  UploadBroken,
  type UploadsTooLarge
} from "../domain/Rejection.ts"
import { Attachments, type StoredFile } from "./Attachments.ts"
import { IdleTimeout } from "./IdleTimeout.ts"
import { Limits } from "./Limits.ts"
import type { Session } from "./Session.ts"
import { Sessions } from "./Sessions.ts"
import * as Transfers from "./Transfers.ts"
import { UploadFiber } from "./UploadFiber.ts"
import { type Claim, UploadQuota } from "./UploadQuota.ts"

interface Sending {
  readonly upload: UploadFiber
  readonly claim: Claim
}

/** The files that sessions send piece by piece, each by a fiber that stores them. */
export class Uploads extends Context.Service<
  Uploads,
  {
    /** The largest file, in bytes. */
    readonly limitBytes: number
    /** Makes room for a file, and says its number; what the session calls by the same key already is dropped. */
    readonly begin: (
      session: Session,
      key: UploadKey,
      sizeBytes: number
    ) => Effect.Effect<number, FileTooLarge | TooManyUploads | UploadsTooLarge | UploadBroken | StorageFailed>
    /**
     * Takes bytes of a file from index `atByte` on: at once, unless those before them must be stored first. Writes count
     * in the order in which they are run, whether or not anybody waits for them. One that is interrupted while it waits
     * is carried out whole or not at all. That bytes taken before could not be stored is what the next one fails with; the
     * upload is over then.
     */
    readonly write: (
      session: Session,
      key: UploadKey,
      atByte: number,
      bytes: Uint8Array
    ) => Effect.Effect<void, UploadBroken | StorageFailed>
    /**
     * Makes a file of an upload that is there whole; it is durable when this succeeds. Whoever is interrupted while it waits
     * for that leaves the file being kept, as long as the session is there.
     */
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
      const clock = yield* Clock.Clock
      const quota = yield* UploadQuota
      const transfers = yield* Transfers.make<Sending>(({ claim }) => quota.release(claim))

      const refusal = (session: Session): UploadBroken | TooManyUploads | undefined => {
        if (!sessions.isOpen(session) || !transfers.isOpen()) return new UploadBroken()
        return transfers.count(session) >= uploadLimit ? new TooManyUploads({ limit: uploadLimit }) : undefined
      }

      const begin = (
        session: Session,
        key: UploadKey,
        sizeBytes: number
      ): Effect.Effect<number, FileTooLarge | TooManyUploads | UploadsTooLarge | UploadBroken | StorageFailed> =>
        Transfers.begin((restore, started) =>
          Effect.gen(function* () {
            const upload = yield* UploadFiber.make(sizeBytes, new IdleTimeout(clock, transferTimeoutMillis))
            transfers.drop(session, key)
            if (sizeBytes > fileLimitBytes) return yield* new FileTooLarge({ limitBytes: fileLimitBytes })
            const refusedBefore = refusal(session)
            if (refusedBefore !== undefined) return yield* refusedBefore
            // It goes with its session, so nobody else has to drop it.
            const claim = yield* quota.claim(session, sizeBytes, Effect.void)
            const refused = refusal(session)
            if (refused !== undefined) {
              quota.release(claim)
              return yield* refused
            }
            const begun = attachments.begin(sizeBytes, claim.address)
            started(transfers.start(session, key, { upload, claim }, (over) => upload.run(begun, over)))
            return yield* restore(upload.begun)
          })
        )

      const write = (
        session: Session,
        key: UploadKey,
        atByte: number,
        bytes: Uint8Array
      ): Effect.Effect<void, UploadBroken | StorageFailed> =>
        Effect.suspend(() => {
          const sending = transfers.find(session, key)
          if (sending === undefined) return new UploadBroken()
          return Effect.tapError(sending.upload.write(bytes, atByte), ({ _tag }) =>
            Effect.sync(() => {
              if (_tag === "StorageFailed" && transfers.find(session, key) === sending) transfers.drop(session, key)
            })
          )
        })

      const keep = (
        session: Session,
        { key, name }: UploadedFile
      ): Effect.Effect<StoredFile, UploadBroken | StorageFailed> =>
        Effect.suspend(() => transfers.release(session, key)?.upload.keep(fileName(name)) ?? new UploadBroken())

      return Uploads.of({
        limitBytes: fileLimitBytes,
        begin,
        write,
        keep,
        drop: transfers.drop,
        dropAll: transfers.dropAll,
        count: () => transfers.count()
      })
    })
  )
}
