/**
 * Shared files: their contents on disk, the rest in the database.
 *
 * - The list of files is held in memory too. So no other server may use the database or the folder.
 * - A file is kept in this order: its content is durable, then its row is committed, then it is visible. It is deleted in
 *   the other: its row, then its content, if no other file has that. So if the process dies in between there may be a
 *   content without a file, which the next start deletes, but no file without its content.
 * - One file is kept or deleted at a time, and that is not interrupted.
 * - Files that are too many go before the bytes come which need their room, so the disk never has more than it may.
 * - Only the one who asked for something is told that it failed. The next request is tried as usual.
 */
import { Clock, Effect, FileSystem, Layer, Path, PlatformError, Schedule, type Scope, Semaphore, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { SqlClient, SqlError } from "effect/sql"
import { StorageFailed, type UploadBroken } from "../domain/Rejection.ts"
import {
  Attachments,
  type OpenedFile,
  pieceLimitBytes,
  randomId,
  type Range,
  reserve,
  type StoredFile,
  sweepMillis,
  type Upload
} from "../services/Attachments.ts"
import { FileCatalog, type Reservation } from "../services/FileCatalog.ts"
import { Limits } from "../services/Limits.ts"
import { StorageHealth } from "../services/StorageHealth.ts"
import { DatabaseSilent } from "./Deadline.ts"
import * as FileFolder from "./FileFolder.ts"
import * as FileLedger from "./FileLedger.ts"
import * as FileUpload from "./FileUpload.ts"
import { StorageUnavailable } from "./StorageUnavailable.ts"

export interface Options {
  /** Contents are below its folder `files`. It is made if it is not there. */
  readonly directory: string
}

type Failure = PlatformError.PlatformError | FileLedger.Failure

const isFailure = (error: object): error is Failure =>
  error instanceof PlatformError.PlatformError || SqlError.isSqlError(error) || error instanceof DatabaseSilent

const make = Effect.fnUntraced(function* ({ directory }: Options) {
  const clock = yield* Clock.Clock
  const random = yield* SecureRandom.SecureRandom
  const health = yield* StorageHealth
  const { fileMillis, filesLimitBytes } = yield* Limits
  const ledger = yield* FileLedger.make
  const folder = yield* FileFolder.make(directory, yield* ledger.folder)
  const catalog = new FileCatalog(filesLimitBytes)
  const lock = yield* Semaphore.make(1)

  const expired = (): ReadonlyArray<StoredFile> =>
    fileMillis > 0 ? catalog.keptUntil(clock.currentTimeMillisUnsafe() - fileMillis) : []

  const refuse = <E extends object>(error: E | Failure): Effect.Effect<never, Exclude<E, Failure> | StorageFailed> =>
    isFailure(error)
      ? Effect.andThen(health.failed("files", error), new StorageFailed())
      : Effect.fail(error as Exclude<E, Failure>)

  // What cannot be deleted now is deleted when the server begins anew.
  const deleteContents = (contents: Iterable<string>): Effect.Effect<void> =>
    Effect.forEach(
      contents,
      (sha256) => Effect.catch(folder.remove(sha256), (error) => health.failed("files", error)),
      { discard: true }
    )

  const forget = (files: ReadonlyArray<StoredFile>): Effect.Effect<void> =>
    Effect.suspend(() => deleteContents(catalog.remove(files)))

  // Others may take room meanwhile that has become free. There is enough for all that is reserved, when all files are gone.
  const makeRoom = (reservation: Reservation, neededBytes: number): Effect.Effect<void, Failure> =>
    Effect.gen(function* () {
      while (!catalog.hold(reservation, neededBytes)) {
        const excess = catalog.excessFor(reservation, neededBytes)
        yield* ledger.replace(excess)
        yield* forget(excess)
      }
    }).pipe(Effect.uninterruptible, lock.withPermit)

  const hold = (reservation: Reservation, receivedBytes: number): Effect.Effect<void, Failure> =>
    Effect.suspend(() => {
      const neededBytes = catalog.neededBytes(reservation, receivedBytes)
      return catalog.hold(reservation, neededBytes) ? Effect.void : makeRoom(reservation, neededBytes)
    })

  const commit = Effect.fnUntraced(function* (
    upload: FileFolder.Upload,
    file: StoredFile,
    reservation: Reservation
  ): Effect.fn.Return<void, Failure> {
    const excess = catalog.excess(file, reservation)
    yield* folder.keep(upload, file.sha256, file.sizeBytes).pipe(
      Effect.andThen(ledger.replace(excess, file)),
      Effect.onError(() => (catalog.hasContent(file.sha256) ? Effect.void : deleteContents([file.sha256])))
    )
    catalog.add(file, reservation)
    yield* health.worked("files")
    yield* forget(excess)
  }, lock.withPermit)

  const begin = Effect.fnUntraced(function* (
    sizeBytes: number,
    owner?: string
  ): Effect.fn.Return<Upload, Failure | StorageFailed, Scope.Scope> {
    const reservation = yield* reserve(catalog, sizeBytes, owner)
    let receivedBytes = 0
    const number = yield* ledger.takeNumber
    const path = yield* folder.newPath
    yield* Effect.addFinalizer(() => Effect.catch(folder.drop(path), (error) => health.failed("files", error)))
    const upload = yield* folder.begin(path)
    const bytes = yield* FileUpload.make(upload.file, sizeBytes)

    const keep = (name: string): Effect.Effect<StoredFile, UploadBroken | StorageFailed> =>
      bytes
        .finish(
          Effect.fnUntraced(function* (sha256: string): Effect.fn.Return<StoredFile, Failure> {
            const id = yield* randomId(random)
            const file = { number, id, name, sizeBytes, sha256, atMillis: clock.currentTimeMillisUnsafe() }
            yield* commit(upload, file, reservation)
            return file
          })
        )
        .pipe(Effect.catch(refuse))

    const write = (piece: Uint8Array, atByte: number): Effect.Effect<void, UploadBroken | StorageFailed> =>
      Effect.suspend(() => {
        receivedBytes += piece.length
        return Effect.catch(Effect.andThen(hold(reservation, receivedBytes), bytes.write(piece, atByte)), refuse)
      })

    return { number, write, keep }
  })

  // That one content is missing is not the failure of all.
  const unreadable = (error: PlatformError.PlatformError | StorageFailed): Effect.Effect<never, StorageFailed> =>
    isFailure(error) && error.reason._tag === "NotFound" ? new StorageFailed() : refuse(error)

  const open = (file: StoredFile): Effect.Effect<OpenedFile, StorageFailed, Scope.Scope> =>
    Effect.map(Effect.catch(folder.open(file.sha256), unreadable), ({ read }) => ({
      read: (atByte, sizeBytes) => Effect.catch(read(atByte, sizeBytes), unreadable)
    }))

  const read = (file: StoredFile, range?: Range): Stream.Stream<Uint8Array, StorageFailed> => {
    const { atByte, sizeBytes } = range ?? { atByte: 0, sizeBytes: file.sizeBytes }
    const end = atByte + sizeBytes
    return Stream.unwrap(
      Effect.map(open(file), (content) =>
        Stream.unfold(atByte, (at) => {
          if (at >= end) return Effect.undefined
          const next = Math.min(at + pieceLimitBytes, end)
          return Effect.map(content.read(at, next - at), (piece) => [piece, next] as const)
        })
      )
    )
  }

  // There are no uploads yet, so a content without a file will get none.
  const load = Effect.gen(function* () {
    const contents = yield* folder.contents
    const files = yield* ledger.files
    const lost = files.filter(({ sha256, sizeBytes }) => contents.get(sha256) !== sizeBytes)
    if (lost.length > 0) {
      yield* Effect.logWarning(`${lost.length} shared files are gone: their contents are missing or not whole`)
      yield* ledger.replace(lost)
    }
    const gone = new Set(lost)
    for (const file of files) if (!gone.has(file)) catalog.add(file)
    for (const files of [expired, () => catalog.excess()]) {
      const some = files()
      yield* ledger.replace(some)
      catalog.remove(some)
    }
    yield* deleteContents(Array.from(contents.keys()).filter((it) => !catalog.hasContent(it)))
  })

  const isFailing = (): boolean => health.failing().some(({ part }) => part === "files")

  // Whether anything can be stored, if it could not be.
  const tryDisk = Effect.gen(function* () {
    const path = yield* folder.newPath
    const tried = Effect.flatMap(folder.begin(path), ({ file }) =>
      Effect.andThen(file.writeAll(new Uint8Array(1)), file.sync)
    )
    yield* Effect.ensuring(Effect.scoped(tried), Effect.ignore(folder.drop(path)))
  })

  const sweep = Effect.gen(function* () {
    const old = expired()
    const wasFailing = isFailing()
    if (old.length === 0 && !wasFailing && !ledger.isInDoubt()) return
    yield* ledger.replace(old)
    yield* forget(old)
    if (!wasFailing) return
    yield* tryDisk
    yield* health.worked("files")
  }).pipe(
    Effect.catch((error) => health.failed("files", error)),
    Effect.uninterruptible,
    lock.withPermit
  )

  yield* load
  yield* Effect.forkScoped(Effect.delay(Effect.repeat(sweep, Schedule.spaced(sweepMillis)), sweepMillis))

  return Attachments.of({
    begin: (sizeBytes, owner) => Effect.catch(begin(sizeBytes, owner), refuse),
    isRoomFor: (sizeBytes) => Effect.sync(() => catalog.isRoomFor(sizeBytes)),
    find: (number) => Effect.sync(() => catalog.find(number)),
    findById: (id) => Effect.sync(() => catalog.findById(id)),
    read,
    open
  })
})

/** Keeps files below a directory, for as long as the limits say. Fails if nothing can be kept there. */
export const layer = (
  options: Options
): Layer.Layer<
  Attachments,
  StorageUnavailable,
  FileSystem.FileSystem | Path.Path | SqlClient.SqlClient | StorageHealth
> =>
  Layer.effect(
    Attachments,
    Effect.mapError(
      make(options),
      (error) =>
        new StorageUnavailable({
          directory: options.directory,
          reason: error instanceof PlatformError.PlatformError ? error.reason._tag : error.message
        })
    )
  ).pipe(Layer.provide(SecureRandom.layerWebCrypto))
