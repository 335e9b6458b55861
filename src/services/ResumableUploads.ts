/**
 * Files that are sent piece by piece by whoever knows their id, over as many connections as it takes.
 *
 * - A session opens one; it goes on when that session has gone, until it is whole, cancelled, or nothing has come of it for
 *   {@link idleMillis}. What has become of one that is whole can be asked for as long. Of one of which no byte has come yet
 *   something must come within the time that any upload has.
 * - Each is the work of one fiber, from its beginning until what has become of it is forgotten. What a request has brought
 *   stays when the request breaks off. The last byte makes the file, however the request ends that has brought it.
 * - Bytes come in order. Who sends last is the one who sends: whoever was sending before is told that it is not any more.
 */
import { Clock, Context, Data, Deferred, Effect, FiberMap, Layer, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { fileName } from "../domain/FileName.ts"
import { FileTooLarge, type StorageFailed, TooManyUploads, type UploadsTooLarge } from "../domain/Rejection.ts"
import { Attachments, randomId } from "./Attachments.ts"
import { IdleTimeout } from "./IdleTimeout.ts"
import { Limits } from "./Limits.ts"
import { addressKey } from "./Quota.ts"
import type { Session } from "./Session.ts"
import * as Transfers from "./Transfers.ts"
import { UploadFiber } from "./UploadFiber.ts"
import { type Claim, UploadQuota } from "./UploadQuota.ts"

/** How long an upload is there of which nothing more comes. */
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

/** A request that sends; it is told when it must not go on. */
interface Sending {
  readonly over: Deferred.Deferred<void>
  readonly stop: Deferred.Deferred<never, UploadTakenOver | UploadGone>
}

interface Entry {
  readonly id: string
  readonly name: string
  readonly sizeBytes: number
  readonly claim: Claim
  readonly idle: IdleTimeout
  readonly upload: UploadFiber
  receivedBytes: number
  sending: Sending | undefined
}

const progress = ({ receivedBytes, sizeBytes, upload }: Entry): Progress => ({
  sizeBytes,
  receivedBytes,
  file: upload.kept?.id
})

/** Uploads over HTTP, which go on where they broke off (tus 1.0.0). */
export class ResumableUploads extends Context.Service<
  ResumableUploads,
  {
    /** Makes room for a file, and gives the id under which it is sent. */
    readonly open: (
      session: Session,
      name: string,
      sizeBytes: number
    ) => Effect.Effect<string, FileTooLarge | TooManyUploads | UploadsTooLarge | StorageFailed>
    readonly find: (id: string) => Progress | undefined
    /** The same; of one that is there whole it waits until the file is kept, or it is known that it cannot be. */
    readonly settled: (id: string) => Effect.Effect<Progress | undefined>
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
      const { fileLimitBytes, transferTimeoutMillis, uploadLimit } = yield* Limits
      const quota = yield* UploadQuota
      const random = yield* SecureRandom.SecureRandom
      const clock = yield* Clock.Clock
      const entries = new Map<string, Entry>()
      const fibers = yield* FiberMap.make<string>()
      const runFiber = yield* FiberMap.runtime(fibers)<never>()
      let isOpen = true
      yield* Effect.addFinalizer(() => Effect.sync(() => (isOpen = false)))

      const isTooMany = (session: Session, address: string | undefined): boolean => {
        let [own, near] = [0, 0]
        for (const entry of entries.values()) {
          if (entry.upload.kept !== undefined) continue
          if (entry.claim.session === session) own++
          if (address !== undefined && entry.claim.address === address) near++
        }
        return Math.max(own, near) >= uploadLimit
      }

      const takeOver = ({ over, stop }: Sending): Effect.Effect<void> => {
        Deferred.doneUnsafe(stop, new UploadTakenOver())
        return Deferred.await(over)
      }

      const forget = (entry: Entry): void => {
        quota.release(entry.claim)
        entries.delete(entry.id)
        if (entry.sending !== undefined) Deferred.doneUnsafe(entry.sending.stop, new UploadGone())
      }

      // What has become of it can be asked for as long as it may be left alone. Why it failed is told to whoever sends.
      const work = (entry: Entry): Effect.Effect<void> =>
        Effect.gen(function* () {
          yield* entry.upload.run(attachments.begin(entry.sizeBytes, entry.claim.address), () => {
            quota.release(entry.claim)
            if (entry.upload.kept === undefined) forget(entry)
          })
          yield* Effect.sleep(idleMillis)
        }).pipe(
          Effect.tapDefect((defect) => Effect.logError("An upload ended by a defect", defect)),
          Effect.ignoreCause,
          Effect.ensuring(Effect.sync(() => forget(entry)))
        )

      const cancel = (id: string): Effect.Effect<boolean> =>
        Effect.suspend(() => {
          const entry = entries.get(id)
          if (entry === undefined) return Effect.succeed(false)
          forget(entry)
          return Effect.as(FiberMap.remove(fibers, id), true)
        }).pipe(Effect.uninterruptible)

      const keep = ({ name, upload }: Entry): Effect.Effect<void, UploadGone | StorageFailed> =>
        Effect.catchTag(Effect.asVoid(upload.keep(name)), "UploadBroken", () => new UploadGone())

      const open = (
        session: Session,
        name: string,
        sizeBytes: number
      ): Effect.Effect<string, FileTooLarge | TooManyUploads | UploadsTooLarge | StorageFailed> =>
        Transfers.begin((restore, started) =>
          Effect.gen(function* () {
            if (!isOpen) return yield* Effect.interrupt
            if (sizeBytes > fileLimitBytes) return yield* new FileTooLarge({ limitBytes: fileLimitBytes })
            const id = yield* randomId(random)
            const idle = new IdleTimeout(clock, transferTimeoutMillis)
            const upload = yield* UploadFiber.make(sizeBytes, idle)
            const address = addressKey(session.address)
            while (isTooMany(session, address)) {
              const isDropped = yield* quota.dropSilent((it) => address !== undefined && it.address === address)
              if (!isDropped) return yield* new TooManyUploads({ limit: uploadLimit })
            }
            const claim = yield* quota.claim(session, sizeBytes, cancel(id))
            // Others may have begun meanwhile, or the layer may have ended.
            if (!isOpen || isTooMany(session, address)) {
              quota.release(claim)
              return yield* isOpen ? new TooManyUploads({ limit: uploadLimit }) : Effect.interrupt
            }
            const entry: Entry = {
              id,
              name: fileName(name),
              sizeBytes,
              claim,
              idle,
              upload,
              receivedBytes: 0,
              sending: undefined
            }
            entries.set(id, entry)
            const fiber = runFiber(id, work(entry))
            started(() => fiber.interruptUnsafe())
            yield* restore(upload.begun)
            if (sizeBytes === 0) yield* restore(keep(entry))
            return id
          })
        ).pipe(
          // It has ended before it was known: with the layer.
          Effect.catchTags({ UploadBroken: () => Effect.interrupt, UploadGone: () => Effect.interrupt })
        )

      // What a request has brought is taken and counted, also if the request breaks off while it waits for a place.
      const take = (
        entry: Entry,
        bytes: Uint8Array
      ): Effect.Effect<void, UploadGone | UploadOverrun | StorageFailed> => {
        const taken = bytes.subarray(0, entry.sizeBytes - entry.receivedBytes)
        const written = taken.length === 0 ? Effect.void : entry.upload.write(taken, entry.receivedBytes)
        return written.pipe(
          Effect.catchTag("UploadBroken", () => new UploadGone()),
          Effect.andThen(
            Effect.suspend(() => {
              entry.receivedBytes += taken.length
              if (taken.length > 0 && entry.claim.isSilent) {
                entry.claim.isSilent = false
                entry.idle.extend(idleMillis)
              }
              if (entry.receivedBytes === entry.sizeBytes) entry.upload.close(entry.name)
              return taken.length < bytes.length ? new UploadOverrun() : Effect.void
            })
          ),
          Effect.uninterruptible
        )
      }

      const receive = <E>(entry: Entry, atByte: number, bytes: Stream.Stream<Uint8Array, E>) =>
        Effect.suspend((): Effect.Effect<void, E | UploadElsewhere | UploadGone | UploadOverrun | StorageFailed> => {
          if (atByte !== entry.receivedBytes) return new UploadElsewhere({ receivedBytes: entry.receivedBytes })
          return Stream.runForEach(bytes, (piece) => take(entry, piece))
        })

      const write = <E>(id: string, atByte: number, bytes: Stream.Stream<Uint8Array, E>) =>
        Effect.uninterruptibleMask((restore) =>
          Effect.gen(function* (): Effect.fn.Return<
            Progress,
            E | UploadGone | UploadElsewhere | UploadOverrun | UploadTakenOver | StorageFailed
          > {
            const entry = entries.get(id)
            if (entry === undefined) return yield* new UploadGone()
            while (entry.sending !== undefined) yield* restore(takeOver(entry.sending))
            if (entries.get(id) !== entry) return yield* new UploadGone()
            const sending: Sending = { over: Deferred.makeUnsafe(), stop: Deferred.makeUnsafe() }
            entry.sending = sending
            const received = Effect.raceFirst(receive(entry, atByte, bytes), Deferred.await(sending.stop))
            yield* restore(
              Effect.andThen(
                received,
                Effect.suspend(() => (entry.receivedBytes === entry.sizeBytes ? keep(entry) : Effect.void))
              )
            ).pipe(
              Effect.ensuring(
                Effect.sync(() => {
                  entry.sending = undefined
                  Deferred.doneUnsafe(sending.over, Effect.void)
                })
              )
            )
            return progress(entry)
          })
        )

      return ResumableUploads.of({
        open,
        find: (id) => {
          const entry = entries.get(id)
          return entry && progress(entry)
        },
        settled: (id) =>
          Effect.suspend(() => {
            const entry = entries.get(id)
            if (entry === undefined) return Effect.undefined
            if (entry.receivedBytes < entry.sizeBytes) return Effect.succeed(progress(entry))
            return Effect.orElseSucceed(
              Effect.map(keep(entry), () => progress(entry)),
              () => undefined
            )
          }),
        write,
        cancel,
        count: () => entries.size
      })
    })
  ).pipe(Layer.provide(SecureRandom.layerWebCrypto))
}
