/**
 * The bytes of an upload on their way to disk.
 *
 * - Bytes are hashed as they come, as far as they come in order; the rest is read again when the file is whole. Bytes that
 *   come anew replace what was there, so if they were hashed the hash begins again.
 * - A file is neither closed nor deleted while bytes are written to it: the number of its descriptor could belong to
 *   another file by then. So what touches a file is not interrupted, and its end waits for it.
 */
import { Effect, type FileSystem, type PlatformError, type Scope, Semaphore } from "effect"
import { createHash } from "node:crypto"
import { StorageFailed, UploadBroken } from "../domain/Rejection.ts"
import { pieceLimitBytes, type Upload } from "../services/Attachments.ts"
import { Coverage } from "../services/Coverage.ts"

// What is written and hashed at a time, so that a large piece does not hold up everything else.
const writeLimitBytes = 1024 * 1024

type Failure = PlatformError.PlatformError | UploadBroken

export interface FileUpload {
  readonly write: (...piece: Parameters<Upload["write"]>) => Effect.Effect<void, Failure>
  /** Closes it for writing, and does something with it if all bytes are there, which this gives the digest of. */
  readonly finish: <A, E>(use: (sha256: string) => Effect.Effect<A, E>) => Effect.Effect<A, E | Failure | StorageFailed>
}

/** Writes to an empty file until the scope closes, which is to happen before the file is closed. */
export const make = Effect.fnUntraced(function* (
  file: FileSystem.File,
  sizeBytes: number
): Effect.fn.Return<FileUpload, never, Scope.Scope> {
  const lock = yield* Semaphore.make(1)
  const coverage = new Coverage()
  let isOpen = true
  let hash = createHash("sha256")
  let hashedBytes = 0
  yield* Effect.addFinalizer(() => lock.withPermit(Effect.sync(() => (isOpen = false))))

  const write = Effect.fnUntraced(
    function* (bytes: Uint8Array, atByte: number): Effect.fn.Return<void, Failure> {
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
    lock.withPermit
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

  const finish = <A, E>(use: (sha256: string) => Effect.Effect<A, E>): Effect.Effect<A, E | Failure | StorageFailed> =>
    Effect.suspend((): Effect.Effect<A, E | Failure | StorageFailed> => {
      if (!isOpen || !coverage.isWhole(sizeBytes)) return new UploadBroken()
      isOpen = false
      return Effect.flatMap(hashRest(), use)
    }).pipe(Effect.uninterruptible, lock.withPermit)

  return { write, finish }
})
