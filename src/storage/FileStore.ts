/**
 * Shared files on disk.
 *
 * - What there is, is remembered in memory; so the contents are below a folder of their own that goes with the scope.
 * - An upload is a file `uploads/<random>`. When it is kept, it is moved to `content/<sha256>`, in one step; if that is
 *   there already, it is deleted. Moving and deleting happen one at a time.
 * - Bytes are hashed as they come, as far as they come in order; the rest is read again when the file is kept. Bytes that
 *   come anew replace what was there, so if they were hashed the hash begins again.
 * - A file is neither closed nor deleted while bytes are written to it: the number of its descriptor could belong to
 *   another file by then. So what touches a file is not interrupted, and its end waits for it.
 */
import { Clock, Effect, FileSystem, Layer, Path, PlatformError, type Scope, Semaphore, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { createHash } from "node:crypto"
import { StorageFailed, UploadBroken } from "../domain/Rejection.ts"
import {
  Attachments,
  pieceLimitBytes,
  randomId,
  type Range,
  type StoredFile,
  type Upload
} from "../services/Attachments.ts"
import { Coverage } from "../services/Coverage.ts"
import { FileCatalog } from "../services/FileCatalog.ts"
import { Limits } from "../services/Limits.ts"

/** Where the folder is made; the directory too, if it is not there. */
export interface Options {
  readonly directory: string
}

// What is written and hashed at a time, so that a large piece does not hold up everything else.
const writeLimitBytes = 1024 * 1024
const warningGapMillis = 60_000

const make = Effect.fnUntraced(function* ({ directory }: Options) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const clock = yield* Clock.Clock
  const random = yield* SecureRandom.SecureRandom
  const { filesLimitBytes } = yield* Limits

  yield* fs.makeDirectory(directory, { recursive: true })
  const folder = yield* fs.makeTempDirectoryScoped({ directory, prefix: "files-" })
  const uploads = path.join(folder, "uploads")
  const contents = path.join(folder, "content")
  yield* fs.makeDirectory(uploads)
  yield* fs.makeDirectory(contents)

  const catalog = new FileCatalog(filesLimitBytes)
  const catalogLock = yield* Semaphore.make(1)
  let nextWarningMillis = -Infinity

  const warn = (error: PlatformError.PlatformError): Effect.Effect<void> =>
    Effect.suspend(() => {
      const nowMillis = clock.currentTimeMillisUnsafe()
      if (nowMillis < nextWarningMillis) return Effect.void
      nextWarningMillis = nowMillis + warningGapMillis
      return Effect.logWarning("Cannot store files", error)
    })

  const refuse = <E>(error: PlatformError.PlatformError | E): Effect.Effect<never, E | StorageFailed> =>
    error instanceof PlatformError.PlatformError ? Effect.andThen(warn(error), new StorageFailed()) : Effect.fail(error)

  const remove = (file: string): Effect.Effect<void> => Effect.catch(fs.remove(file, { force: true }), warn)

  const contentPath = (sha256: string): string => path.join(contents, sha256)

  const commit = Effect.fnUntraced(function* (
    upload: string,
    file: StoredFile
  ): Effect.fn.Return<void, PlatformError.PlatformError> {
    const content = contentPath(file.sha256)
    if (yield* fs.exists(content)) yield* fs.remove(upload)
    else yield* fs.rename(upload, content)
    for (const sha256 of catalog.add(file)) yield* remove(contentPath(sha256))
  }, catalogLock.withPermit)

  const open = Effect.fnUntraced(function* (
    sizeBytes: number
  ): Effect.fn.Return<Upload, PlatformError.PlatformError | StorageFailed, Scope.Scope> {
    yield* Effect.acquireRelease(
      Effect.suspend(() => (catalog.reserve(sizeBytes) ? Effect.void : new StorageFailed())),
      () => Effect.sync(() => catalog.release(sizeBytes))
    )
    const number = catalog.nextNumber()
    const upload = path.join(uploads, yield* randomId(random))
    yield* Effect.addFinalizer(() => remove(upload))
    const file = yield* fs.open(upload, { flag: "wx+", mode: 0o600 })
    const lock = yield* Semaphore.make(1)
    const coverage = new Coverage()
    let isOpen = true
    let hash = createHash("sha256")
    let hashedBytes = 0
    yield* Effect.addFinalizer(() => lock.withPermit(Effect.sync(() => (isOpen = false))))

    const write = Effect.fnUntraced(
      function* (
        bytes: Uint8Array,
        atByte: number
      ): Effect.fn.Return<void, PlatformError.PlatformError | UploadBroken> {
        const isInside = atByte >= 0 && atByte + bytes.length <= sizeBytes
        if (!isOpen || !isInside) return yield* new UploadBroken()
        if (bytes.length > 0 && atByte < hashedBytes) {
          hash = createHash("sha256")
          hashedBytes = 0
        }
        yield* file.seek(BigInt(atByte), "start")
        for (let index = 0; index < bytes.length; index += writeLimitBytes) {
          const part = bytes.subarray(index, index + writeLimitBytes)
          yield* file.writeAll(part)
          if (atByte + index !== hashedBytes) continue
          hash.update(part)
          hashedBytes += part.length
        }
        if (!coverage.add(atByte, bytes.length)) return yield* new UploadBroken()
      },
      Effect.uninterruptible,
      lock.withPermit,
      Effect.catch(refuse)
    )

    const hashRest = Effect.fnUntraced(function* (): Effect.fn.Return<
      string,
      PlatformError.PlatformError | StorageFailed
    > {
      const buffer = new Uint8Array(Math.min(pieceLimitBytes, sizeBytes - hashedBytes))
      while (hashedBytes < sizeBytes) {
        const wanted = buffer.subarray(0, sizeBytes - hashedBytes)
        const readBytes = yield* file.read(wanted, { position: BigInt(hashedBytes) })
        if (readBytes === 0) return yield* new StorageFailed()
        hash.update(wanted.subarray(0, readBytes))
        hashedBytes += readBytes
      }
      return hash.digest("hex")
    })

    const keep = Effect.fnUntraced(
      function* (
        name: string
      ): Effect.fn.Return<StoredFile, PlatformError.PlatformError | UploadBroken | StorageFailed> {
        if (!isOpen || !coverage.isWhole(sizeBytes)) return yield* new UploadBroken()
        isOpen = false
        const sha256 = yield* hashRest()
        yield* file.sync
        const stored: StoredFile = { number, id: yield* randomId(random), name, sizeBytes, sha256 }
        yield* commit(upload, stored)
        return stored
      },
      Effect.uninterruptible,
      lock.withPermit,
      Effect.catch(refuse)
    )

    return { number, write, keep }
  })

  const read = (file: StoredFile, range?: Range): Stream.Stream<Uint8Array, StorageFailed> => {
    const { atByte, sizeBytes } = range ?? { atByte: 0, sizeBytes: file.sizeBytes }
    const options = { offset: atByte, bytesToRead: sizeBytes, chunkSize: pieceLimitBytes }
    return Stream.catch(fs.stream(contentPath(file.sha256), options), (error: PlatformError.PlatformError) =>
      // Nothing is wrong when a file has gone since it was found.
      Stream.fromEffect(catalog.find(file.number) === undefined ? new StorageFailed() : refuse<never>(error))
    )
  }

  return Attachments.of({
    begin: (sizeBytes) => Effect.catch(open(sizeBytes), refuse),
    find: (number) => Effect.sync(() => catalog.find(number)),
    findById: (id) => Effect.sync(() => catalog.findById(id)),
    read
  })
})

/** Keeps files below a directory, until the scope ends. Fails if nothing can be kept there. */
export const layer = (
  options: Options
): Layer.Layer<Attachments, PlatformError.PlatformError, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(Attachments, make(options)).pipe(Layer.provide(SecureRandom.layerWebCrypto))
