/**
 * Files that are sent piece by piece by whoever knows their id, over as many connections as it takes.
 *
 * - A session opens one; it goes on when that session has gone, until it is whole, cancelled, or nothing has come of it for
 *   {@link idleMillis}. What has become of one that is whole can be asked for as long.
 * - Bytes come in order. Who sends last is the one who sends: whoever was sending before is told that it is not any more.
 */
import { Clock, Context, Data, Deferred, Effect, Exit, FiberMap, Layer, Scope, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { fileName } from "../domain/FileName.ts"
import { FileTooLarge, type StorageFailed, TooManyUploads } from "../domain/Rejection.ts"
import { Attachments, randomId } from "./Attachments.ts"
import { Limits } from "./Limits.ts"
import { addressKey } from "./Quota.ts"
import type { Session } from "./Session.ts"
import { WriteBehind } from "./WriteBehind.ts"

/** How long an upload is there of which nothing comes. */
export const idleMillis = 300_000

/** How far an upload has come. */
export interface Progress {
  readonly sizeBytes: number
  readonly receivedBytes: number
  /** The id of the file, once it is whole and kept. */
  readonly file: string | undefined
}

/** There is no such upload, or not any more. */
export class UploadGone extends Data.TaggedError("UploadGone") {}
/** The bytes are not the next ones. */
export class UploadElsewhere extends Data.TaggedError("UploadElsewhere")<{ readonly receivedBytes: number }> {}
/** There are more bytes than were announced. What was announced has been taken. */
export class UploadOverrun extends Data.TaggedError("UploadOverrun") {}
/** Somebody else sends now. */
export class UploadTakenOver extends Data.TaggedError("UploadTakenOver") {}

interface Entry {
  readonly id: string
  readonly name: string
  readonly sizeBytes: number
  readonly owner: Session
  readonly address: string | undefined
  readonly pieces: WriteBehind
  readonly close: Effect.Effect<void>
  receivedBytes: number
  touchedAtMillis: number
  file: string | undefined
  sending: { readonly over: Deferred.Deferred<void>; readonly stop: Deferred.Deferred<void> } | undefined
}

export class ResumableUploads extends Context.Service<
  ResumableUploads,
  {
    /** Makes room for a file, and gives the id under which it is sent. */
    readonly open: (
      session: Session,
      name: string,
      sizeBytes: number
    ) => Effect.Effect<string, FileTooLarge | TooManyUploads | StorageFailed>
    readonly find: (id: string) => Progress | undefined
    /**
     * Takes bytes from index `atByte` on, which must be the next ones; what came before a failure stays. With the last one
     * the file is kept, and is durable when this succeeds.
     */
    readonly write: <E>(
      id: string,
      atByte: number,
      bytes: Stream.Stream<Uint8Array, E>
    ) => Effect.Effect<Progress, E | UploadGone | UploadElsewhere | UploadOverrun | UploadTakenOver | StorageFailed>
    /** Forgets an upload; false if there was none. The file stays if it was whole. */
    readonly cancel: (id: string) => Effect.Effect<boolean>
    readonly count: () => number
  }
>()("parlance/services/ResumableUploads") {
  static readonly layer = Layer.effect(
    ResumableUploads,
    Effect.gen(function* () {
      const attachments = yield* Attachments
      const { fileLimitBytes, uploadLimit } = yield* Limits
      const random = yield* SecureRandom.SecureRandom
      const clock = yield* Clock.Clock
      const entries = new Map<string, Entry>()
      const timeouts = yield* FiberMap.make<string>()
      const runTimeout = yield* FiberMap.runtime(timeouts)<never>()
      yield* Effect.addFinalizer(() => Effect.forEach(entries.values(), ({ close }) => close, { discard: true }))

      const isTooMany = (session: Session, address: string | undefined): boolean => {
        let [own, near] = [0, 0]
        for (const entry of entries.values()) {
          if (entry.file !== undefined) continue
          if (entry.owner === session) own++
          if (address !== undefined && entry.address === address) near++
        }
        return Math.max(own, near) >= uploadLimit
      }

      const touch = (entry: Entry): void => {
        entry.touchedAtMillis = clock.currentTimeMillisUnsafe()
      }

      const expire = (entry: Entry): Effect.Effect<void> =>
        Effect.suspend(() => {
          const waitMillis = entry.touchedAtMillis + idleMillis - clock.currentTimeMillisUnsafe()
          if (waitMillis > 0) return Effect.andThen(Effect.sleep(waitMillis), expire(entry))
          return remove(entry)
        })

      // Whoever sends is stopped first, so that nothing is written any more when the upload is closed.
      const remove = (entry: Entry): Effect.Effect<void> =>
        Effect.suspend(() => {
          entries.delete(entry.id)
          return Effect.andThen(stopSending(entry), entry.close)
        })

      const stopSending = (entry: Entry): Effect.Effect<void> =>
        Effect.suspend(() => {
          if (entry.sending === undefined) return Effect.void
          const { over, stop } = entry.sending
          Deferred.doneUnsafe(stop, Effect.void)
          return Deferred.await(over)
        })

      const keep = (entry: Entry): Effect.Effect<void, StorageFailed> =>
        entry.pieces.keep(entry.name).pipe(
          // All bytes are there, so they cannot be missing.
          Effect.catchTag("UploadBroken", Effect.die),
          Effect.ensuring(entry.close),
          Effect.matchEffect({
            onSuccess: ({ id }) =>
              Effect.sync(() => {
                entry.file = id
                touch(entry)
              }),
            onFailure: (failure) =>
              Effect.suspend(() => {
                entries.delete(entry.id)
                return Effect.fail(failure)
              })
          }),
          Effect.uninterruptible
        )

      const open = Effect.fnUntraced(function* (
        session: Session,
        name: string,
        sizeBytes: number
      ): Effect.fn.Return<string, FileTooLarge | TooManyUploads | StorageFailed> {
        if (sizeBytes > fileLimitBytes) return yield* new FileTooLarge({ limitBytes: fileLimitBytes })
        const address = addressKey(session.address)
        if (isTooMany(session, address)) return yield* new TooManyUploads({ limit: uploadLimit })
        const scope = yield* Scope.make()
        const close = Scope.close(scope, Exit.void)
        const upload = yield* Effect.onError(Scope.provide(attachments.begin(sizeBytes), scope), () => close)
        // Others may have begun meanwhile.
        if (isTooMany(session, address)) {
          yield* close
          return yield* new TooManyUploads({ limit: uploadLimit })
        }
        const entry: Entry = {
          id: yield* randomId(random),
          name: fileName(name),
          sizeBytes,
          owner: session,
          address,
          pieces: new WriteBehind(upload, sizeBytes),
          close,
          receivedBytes: 0,
          touchedAtMillis: clock.currentTimeMillisUnsafe(),
          file: undefined,
          sending: undefined
        }
        entries.set(entry.id, entry)
        if (sizeBytes === 0) yield* keep(entry)
        runTimeout(entry.id, expire(entry))
        return entry.id
      }, Effect.uninterruptible)

      const progress = ({ file, receivedBytes, sizeBytes }: Entry): Progress => ({ file, receivedBytes, sizeBytes })

      const take = Effect.fnUntraced(function* (
        entry: Entry,
        bytes: Uint8Array
      ): Effect.fn.Return<void, UploadOverrun | StorageFailed> {
        const taken = bytes.subarray(0, entry.sizeBytes - entry.receivedBytes)
        const atByte = entry.receivedBytes
        entry.receivedBytes += taken.length
        touch(entry)
        yield* Effect.catchTag(entry.pieces.writeUnsafe(taken, atByte), "UploadBroken", Effect.die)
        if (taken.length < bytes.length) return yield* new UploadOverrun()
      }, Effect.uninterruptible)

      const receive = <E>(entry: Entry, atByte: number, bytes: Stream.Stream<Uint8Array, E>) =>
        Effect.suspend((): Effect.Effect<void, E | UploadElsewhere | UploadOverrun | StorageFailed> => {
          if (atByte !== entry.receivedBytes) return new UploadElsewhere({ receivedBytes: entry.receivedBytes })
          return Stream.runForEach(bytes, (piece) => take(entry, piece))
        })

      const write = Effect.fnUntraced(function* <E>(
        id: string,
        atByte: number,
        bytes: Stream.Stream<Uint8Array, E>
      ): Effect.fn.Return<
        Progress,
        E | UploadGone | UploadElsewhere | UploadOverrun | UploadTakenOver | StorageFailed
      > {
        const entry = entries.get(id)
        if (entry === undefined) return yield* new UploadGone()
        while (entry.sending !== undefined) yield* stopSending(entry)
        if (entries.get(id) !== entry) return yield* new UploadGone()
        const sending = { over: Deferred.makeUnsafe<void>(), stop: Deferred.makeUnsafe<void>() }
        entry.sending = sending
        const stopped = Effect.andThen(Deferred.await(sending.stop), new UploadTakenOver())
        yield* Effect.raceFirst(receive(entry, atByte, bytes), stopped).pipe(
          Effect.andThen(() =>
            entry.receivedBytes === entry.sizeBytes && entry.file === undefined ? keep(entry) : Effect.void
          ),
          Effect.ensuring(
            Effect.sync(() => {
              entry.sending = undefined
              Deferred.doneUnsafe(sending.over, Effect.void)
            })
          )
        )
        return progress(entry)
      })

      return ResumableUploads.of({
        open,
        find: (id) => {
          const entry = entries.get(id)
          return entry && progress(entry)
        },
        write,
        cancel: (id) =>
          Effect.suspend(() => {
            const entry = entries.get(id)
            if (entry === undefined) return Effect.succeed(false)
            return Effect.as(Effect.andThen(remove(entry), FiberMap.remove(timeouts, id)), true)
          }),
        count: () => entries.size
      })
    })
  ).pipe(Layer.provide(SecureRandom.layerWebCrypto))
}
