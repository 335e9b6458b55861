/**
 * The files that users are sending.
 *
 * - An upload belongs to one session and ends with it. It is kept when it is shared, else it leaves nothing behind.
 * - One that nothing comes of for a while is dropped: a fiber waits for that, and what comes only sets a time.
 */
import { Clock, Context, Effect, Exit, FiberMap, FiberSet, Layer, Scope } from "effect"
import type { UploadedFile, UploadKey } from "../domain/Command.ts"
import { fileName } from "../domain/FileName.ts"
import { FileTooLarge, type StorageFailed, TooManyUploads, UploadBroken } from "../domain/Rejection.ts"
import { Attachments, type StoredFile, type Upload } from "./Attachments.ts"
import { Limits } from "./Limits.ts"
import type { Session } from "./Session.ts"
import { Sessions } from "./Sessions.ts"

interface Entry {
  readonly upload: Upload
  readonly sizeBytes: number
  readonly scope: Scope.Closeable
  touchedAtMillis: number
}

export class Uploads extends Context.Service<
  Uploads,
  {
    /** Makes room for a file; what the session calls by the same key already is dropped. */
    readonly begin: (
      session: Session,
      key: UploadKey,
      sizeBytes: number
    ) => Effect.Effect<void, FileTooLarge | TooManyUploads | UploadBroken | StorageFailed>
    /** Stores bytes of a file from index `atByte` on. */
    readonly write: (
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
      const limits = yield* Limits
      const clock = yield* Clock.Clock
      const bySession = new Map<Session, Map<UploadKey, Entry>>()
      const timeouts = yield* FiberMap.make<Entry>()
      const runTimeout = yield* FiberMap.runtime(timeouts)<never>()
      const runClose = yield* FiberSet.makeRuntime<never, void, never>()

      const take = (session: Session, key: UploadKey): Entry | undefined => {
        const entries = bySession.get(session)
        const entry = entries?.get(key)
        entries?.delete(key)
        if (entries?.size === 0) bySession.delete(session)
        return entry
      }

      const close = (entry: Entry): Effect.Effect<void> =>
        Effect.andThen(FiberMap.remove(timeouts, entry), Scope.close(entry.scope, Exit.void))

      const drop = (session: Session, key: UploadKey): void => {
        const entry = take(session, key)
        if (entry !== undefined) runClose(close(entry))
      }

      const expire = (session: Session, key: UploadKey, entry: Entry): Effect.Effect<void> =>
        Effect.suspend(() => {
          const waitMillis = entry.touchedAtMillis + limits.uploadTimeoutMillis - clock.currentTimeMillisUnsafe()
          if (waitMillis > 0) return Effect.andThen(Effect.sleep(waitMillis), expire(session, key, entry))
          return Effect.sync(() => drop(session, key))
        })

      const begin = Effect.fnUntraced(function* (
        session: Session,
        key: UploadKey,
        sizeBytes: number
      ): Effect.fn.Return<void, FileTooLarge | TooManyUploads | UploadBroken | StorageFailed> {
        drop(session, key)
        const { fileLimitBytes, uploadLimit } = limits
        if (sizeBytes > fileLimitBytes) return yield* new FileTooLarge({ limitBytes: fileLimitBytes })
        if ((bySession.get(session)?.size ?? 0) >= uploadLimit) return yield* new TooManyUploads({ limit: uploadLimit })
        const scope = yield* Scope.make()
        const upload = yield* attachments.begin(sizeBytes).pipe(
          Scope.provide(scope),
          Effect.onExit((exit) => (Exit.isFailure(exit) ? Scope.close(scope, exit) : Effect.void))
        )
        const touchedAtMillis = clock.currentTimeMillisUnsafe()
        const entry: Entry = { upload, sizeBytes, scope, touchedAtMillis }
        if (!sessions.isOpen(session)) {
          yield* close(entry)
          return yield* new UploadBroken()
        }
        const entries = bySession.get(session) ?? new Map<UploadKey, Entry>()
        bySession.set(session, entries.set(key, entry))
        runTimeout(entry, expire(session, key, entry))
      })

      const write = (session: Session, key: UploadKey, atByte: number, bytes: Uint8Array) =>
        Effect.suspend((): Effect.Effect<void, UploadBroken | StorageFailed> => {
          const entry = bySession.get(session)?.get(key)
          const isInside = entry !== undefined && atByte >= 0 && atByte + bytes.length <= entry.sizeBytes
          if (!isInside) return Effect.fail(new UploadBroken())
          entry.touchedAtMillis = clock.currentTimeMillisUnsafe()
          return entry.upload.write(bytes, atByte)
        })

      const keep = (session: Session, { key, name }: UploadedFile) =>
        Effect.suspend((): Effect.Effect<StoredFile, UploadBroken | StorageFailed> => {
          const entry = take(session, key)
          if (entry === undefined) return Effect.fail(new UploadBroken())
          return Effect.ensuring(entry.upload.keep(fileName(name)), close(entry))
        })

      return Uploads.of({
        begin,
        write,
        keep,
        drop,
        dropAll: (session) => {
          for (const key of bySession.get(session)?.keys() ?? []) drop(session, key)
        },
        count: () => [...bySession.values()].reduce((sum, entries) => sum + entries.size, 0)
      })
    })
  )
}
