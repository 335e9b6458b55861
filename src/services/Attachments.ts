/**
 * The files that users share.
 *
 * - A file is visible only when it is whole; what was begun and not kept leaves nothing behind.
 * - The same content is stored once, however many files have it. Every file has a number, which rises and is never used
 *   again, and an id that nobody can guess: whoever knows it may fetch the file.
 */
import { Clock, Context, Effect, Layer, Schedule, type Scope, Stream } from "effect"
import { Digest, SecureRandom } from "effect/crypto"
import * as Base64Url from "effect/encoding/Base64Url"
import { StorageFailed, UploadBroken } from "../domain/Rejection.ts"
import { Coverage } from "./Coverage.ts"
import { FileCatalog, type Reservation } from "./FileCatalog.ts"
import { Limits } from "./Limits.ts"
import type { StoredFile } from "./StoredFile.ts"

export type { StoredFile } from "./StoredFile.ts"

/** A file on its way. What is asked of one that is kept or gone, or as it was not announced, is `UploadBroken`. */
export interface Upload {
  /** The number that the file will have. Nobody else has it, also if this comes to nothing. */
  readonly number: number
  /** Stores bytes from index `atByte` on, within the size that was announced. They may be changed when it is done. */
  readonly write: (bytes: Uint8Array, atByte: number) => Effect.Effect<void, UploadBroken | StorageFailed>
  /** Makes a file of the bytes, all of which must be there. When it succeeds the file is durable. Called once. */
  readonly keep: (name: string) => Effect.Effect<StoredFile, UploadBroken | StorageFailed>
}

/** A part of a file. */
export interface Range {
  readonly atByte: number
  readonly sizeBytes: number
}

/** A file that is being read. It is there to its end, also if the file goes meanwhile. */
export interface OpenedFile {
  /** The bytes from index `atByte` on, all of which the file has, in one piece that nobody else has. */
  readonly read: (atByte: number, sizeBytes: number) => Effect.Effect<Uint8Array, StorageFailed>
}

/** The most bytes in one piece of what is read. */
export const pieceLimitBytes = 64 * 1024

/** How often files are looked for that are too old. */
export const sweepMillis = 60_000

const memoryLimitBytes = 64 * 1024 * 1024

/** Makes an id that nobody can guess: 192 bits, in 32 characters. */
export const randomId = (random: SecureRandom.SecureRandom["Service"]): Effect.Effect<string> =>
  Effect.map(random.randomBytes(24), Base64Url.encode)

/** Reserves the size of an upload until the scope closes. */
export const reserve = (
  catalog: FileCatalog,
  sizeBytes: number,
  owner: string | undefined
): Effect.Effect<Reservation, StorageFailed, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.suspend(() => {
      const reservation = catalog.reserve(sizeBytes, owner)
      return reservation === undefined ? new StorageFailed() : Effect.succeed(reservation)
    }),
    (reservation) => Effect.sync(() => catalog.release(reservation))
  )

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let index = 0; index < bytes.length; index += pieceLimitBytes) {
    yield bytes.slice(index, index + pieceLimitBytes)
  }
}

/** The port to where the files are that users share: in memory, or on disk. */
export class Attachments extends Context.Service<
  Attachments,
  {
    /**
     * Begins a file of a size. When the scope closes what was not kept is gone. The oldest files make room for bytes that
     * come: first those of its `owner`, who is known as long as the server runs.
     */
    readonly begin: (sizeBytes: number, owner?: string) => Effect.Effect<Upload, StorageFailed, Scope.Scope>
    /** Whether a file of a size may begin, besides those that have. */
    readonly isRoomFor: (sizeBytes: number) => Effect.Effect<boolean>
    /** The file of a number, undefined if there is none (any more). */
    readonly find: (number: number) => Effect.Effect<StoredFile | undefined, StorageFailed>
    /** The file of an id, undefined if there is none (any more). */
    readonly findById: (id: string) => Effect.Effect<StoredFile | undefined, StorageFailed>
    /** The content of a file or a part of it, in pieces of at most 64 KiB that nobody else has. Fails if it is gone. */
    readonly read: (file: StoredFile, range?: Range) => Stream.Stream<Uint8Array, StorageFailed>
    /** Opens a file for reading here and there, until the scope closes. Fails if it is gone. */
    readonly open: (file: StoredFile) => Effect.Effect<OpenedFile, StorageFailed, Scope.Scope>
  }
>()("parlance/services/Attachments") {
  /** Keeps contents in memory, at most 64 MiB; digests are of whoever provides them. */
  static readonly layerMemoryNoDeps: Layer.Layer<Attachments, never, Digest.Digest | SecureRandom.SecureRandom> =
    Layer.effect(
      Attachments,
      Effect.gen(function* () {
        const clock = yield* Clock.Clock
        const { fileMillis, filesLimitBytes } = yield* Limits
        const digest = yield* Digest.Digest
        const random = yield* SecureRandom.SecureRandom
        const catalog = new FileCatalog(Math.min(filesLimitBytes, memoryLimitBytes))
        const contents = new Map<string, Uint8Array>()
        let lastNumber = 0

        const remove = (files: ReadonlyArray<StoredFile>): void => {
          for (const sha256 of catalog.remove(files)) contents.delete(sha256)
        }

        const begin = Effect.fnUntraced(function* (
          sizeBytes: number,
          owner?: string
        ): Effect.fn.Return<Upload, StorageFailed, Scope.Scope> {
          const reservation = yield* reserve(catalog, sizeBytes, owner)
          const number = ++lastNumber
          let content: Uint8Array | undefined = new Uint8Array(sizeBytes)
          let receivedBytes = 0
          const coverage = new Coverage()
          yield* Effect.addFinalizer(() => Effect.sync(() => (content = undefined)))

          const write = (bytes: Uint8Array, atByte: number) =>
            Effect.suspend((): Effect.Effect<void, UploadBroken> => {
              const isInside = atByte >= 0 && atByte + bytes.length <= sizeBytes
              if (content === undefined || !isInside || !coverage.add(atByte, bytes.length)) return new UploadBroken()
              receivedBytes += bytes.length
              const neededBytes = catalog.neededBytes(reservation, receivedBytes)
              remove(catalog.excessFor(reservation, neededBytes))
              catalog.hold(reservation, neededBytes)
              content.set(bytes, atByte)
              return Effect.void
            })

          const keep = Effect.fnUntraced(function* (name: string): Effect.fn.Return<StoredFile, UploadBroken> {
            const whole = content
            content = undefined
            if (whole === undefined || !coverage.isWhole(sizeBytes)) return yield* new UploadBroken()
            const sha256 = yield* digest.digestHex(Digest.sha256, whole)
            const id = yield* randomId(random)
            if (!contents.has(sha256)) contents.set(sha256, whole)
            const file: StoredFile = { number, id, name, sizeBytes, sha256, atMillis: clock.currentTimeMillisUnsafe() }
            catalog.add(file, reservation)
            remove(catalog.excess())
            return file
          })

          return { number, write, keep }
        })

        const read = (file: StoredFile, range?: Range): Stream.Stream<Uint8Array, StorageFailed> =>
          Stream.suspend(() => {
            const content = contents.get(file.sha256)
            if (content === undefined) return Stream.fail(new StorageFailed())
            const { atByte, sizeBytes } = range ?? { atByte: 0, sizeBytes: content.length }
            return Stream.fromIterable(pieces(content.subarray(atByte, atByte + sizeBytes)), { chunkSize: 1 })
          })

        const open = (file: StoredFile): Effect.Effect<OpenedFile, StorageFailed> =>
          Effect.suspend(() => {
            const content = contents.get(file.sha256)
            if (content === undefined) return new StorageFailed()
            const read = (atByte: number, sizeBytes: number) =>
              Effect.sync(() => content.slice(atByte, atByte + sizeBytes))
            return Effect.succeed({ read })
          })

        const sweep = Effect.sync(() => remove(catalog.keptUntil(clock.currentTimeMillisUnsafe() - fileMillis)))
        if (fileMillis > 0) yield* Effect.forkScoped(Effect.repeat(sweep, Schedule.spaced(sweepMillis)))

        return Attachments.of({
          begin,
          isRoomFor: (sizeBytes) => Effect.sync(() => catalog.isRoomFor(sizeBytes)),
          find: (number) => Effect.sync(() => catalog.find(number)),
          findById: (id) => Effect.sync(() => catalog.findById(id)),
          read,
          open
        })
      })
    )

  /** Keeps contents in memory, at most 64 MiB. */
  static readonly layerMemory: Layer.Layer<Attachments> = this.layerMemoryNoDeps.pipe(
    Layer.provide([Digest.layerWebCrypto, SecureRandom.layerWebCrypto])
  )
}
