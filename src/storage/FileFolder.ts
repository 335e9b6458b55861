/**
 * Contents and uploads on disk, below a folder.
 *
 * - A content is `content/<first two of its digest>/<digest>`, an upload `uploads/<random>`.
 * - An upload becomes a content by a rename, when its bytes are on disk. It is kept when the rename is on disk too.
 * - A content that many read is opened once. While it is read it is not closed, and reading is not interrupted, because the
 *   number of a closed descriptor could belong to another file.
 */
import { Effect, FileSystem, Path, type PlatformError, RcMap, type Scope } from "effect"
import { SecureRandom } from "effect/crypto"
import { StorageFailed } from "../domain/Rejection.ts"
import { type OpenedFile, randomId } from "../services/Attachments.ts"
import { directoryMode } from "./DataDirectory.ts"

/** An upload that has nothing yet. */
export interface Upload {
  readonly path: string
  readonly file: FileSystem.File
}

type Disk<A, E = never, R = never> = Effect.Effect<A, PlatformError.PlatformError | E, R>

export interface FileFolder {
  /** Begins an upload, to be deleted with `drop`; its file is closed with the scope. */
  readonly begin: (path: string) => Disk<Upload, never, Scope.Scope>
  /** A path for an upload. */
  readonly newPath: Effect.Effect<string>
  /** Deletes an upload, if it is there. */
  readonly drop: (path: string) => Disk<void>
  /** Makes a content of an upload, durably. One that is there in this size stays as it is. */
  readonly keep: (upload: Upload, sha256: string, sizeBytes: number) => Disk<void>
  /** Deletes a content, if it is there. */
  readonly remove: (sha256: string) => Disk<void>
  /** Opens a content for reading. */
  readonly open: (sha256: string) => Disk<OpenedContent, never, Scope.Scope>
  /** The contents that are there by their digests, with their sizes. */
  readonly contents: Disk<ReadonlyMap<string, number>>
}

/** A content that is being read. */
export interface OpenedContent {
  /** Fails with `StorageFailed` if the content ends before these bytes do. */
  readonly read: (...range: Parameters<OpenedFile["read"]>) => Disk<Uint8Array, StorageFailed>
}

// The most contents that stay open. Any further one is opened for each read.
const openLimit = 512
const concurrency = 16

const prefixPattern = /^[0-9a-f]{2}$/
const digestPattern = /^[0-9a-f]{64}$/

const readFrom = Effect.fnUntraced(function* (
  file: FileSystem.File,
  atByte: number,
  sizeBytes: number
): Effect.fn.Return<Uint8Array, PlatformError.PlatformError | StorageFailed> {
  const bytes = new Uint8Array(sizeBytes)
  for (let filled = 0; filled < sizeBytes;) {
    const readBytes = yield* file.read(bytes.subarray(filled), { position: BigInt(atByte + filled) })
    if (readBytes === 0) return yield* new StorageFailed()
    filled += readBytes
  }
  return bytes
})

/** Older versions kept files in folders of this name, until they ended. Others may have such names, so it is not enough. */
const isOlder = (name: string): boolean => /^files-[A-Za-z0-9]{6}$/.test(name)

const removeOlder = Effect.fnUntraced(function* (
  fs: FileSystem.FileSystem,
  path: Path.Path,
  directory: string
): Effect.fn.Return<void, PlatformError.PlatformError> {
  for (const name of (yield* fs.readDirectory(directory)).filter(isOlder)) {
    const entries = yield* Effect.orElseSucceed(fs.readDirectory(path.join(directory, name)), () => ["unknown"])
    if (entries.some((entry) => entry !== "uploads" && entry !== "content")) continue
    yield* fs.remove(path.join(directory, name), { recursive: true, force: true })
  }
})

/**
 * Makes the folder `files/<name>` of a directory, where it is not there, and deletes all uploads: nobody else has the
 * folder.
 */
export const make = Effect.fnUntraced(function* (
  directory: string,
  name: string
): Effect.fn.Return<
  FileFolder,
  PlatformError.PlatformError,
  FileSystem.FileSystem | Path.Path | SecureRandom.SecureRandom | Scope.Scope
> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const random = yield* SecureRandom.SecureRandom
  const folder = path.join(directory, "files", name)
  const uploadsFolder = path.join(folder, "uploads")
  const contentsFolder = path.join(folder, "content")

  const folderOf = (sha256: string): string => path.join(contentsFolder, sha256.slice(0, 2))
  const pathOf = (sha256: string): string => path.join(folderOf(sha256), sha256)

  // A file that was made or renamed has its name on disk when its folder was synced. Windows cannot sync a folder.
  const sync = (folder: string): Disk<void> =>
    process.platform === "win32"
      ? Effect.void
      : Effect.scoped(Effect.flatMap(fs.open(folder, { flag: "r" }), (file) => file.sync))

  const makeDirectory = (path: string): Disk<void> => fs.makeDirectory(path, { recursive: true, mode: directoryMode })

  yield* makeDirectory(contentsFolder)
  yield* fs.remove(uploadsFolder, { recursive: true, force: true })
  yield* makeDirectory(uploadsFolder)
  for (const made of [folder, path.dirname(folder), directory]) yield* sync(made)
  yield* removeOlder(fs, path, directory)

  const makeFolderOf = (sha256: string): Disk<void> =>
    Effect.andThen(makeDirectory(folderOf(sha256)), sync(contentsFolder))

  const isWhole = (sha256: string, sizeBytes: number): Disk<boolean> =>
    fs.stat(pathOf(sha256)).pipe(
      Effect.map((it) => it.type === "File" && it.size === BigInt(sizeBytes)),
      Effect.catchReason("PlatformError", "NotFound", () => Effect.succeed(false))
    )

  const keep = Effect.fnUntraced(function* (
    upload: Upload,
    sha256: string,
    sizeBytes: number
  ): Effect.fn.Return<void, PlatformError.PlatformError> {
    if (!(yield* isWhole(sha256, sizeBytes))) {
      yield* upload.file.sync
      const rename = fs.rename(upload.path, pathOf(sha256))
      yield* Effect.catchReason(rename, "PlatformError", "NotFound", () => Effect.andThen(makeFolderOf(sha256), rename))
    }
    yield* sync(folderOf(sha256))
  })

  const contents = Effect.gen(function* () {
    const found = new Map<string, number>()
    const prefixes = (yield* fs.readDirectory(contentsFolder)).filter((it) => prefixPattern.test(it))
    for (const prefix of prefixes) {
      const digests = yield* fs.readDirectory(path.join(contentsFolder, prefix))
      yield* Effect.forEach(
        digests.filter((it) => digestPattern.test(it) && it.startsWith(prefix)),
        (sha256) => Effect.map(fs.stat(pathOf(sha256)), ({ size }) => found.set(sha256, Number(size))),
        { concurrency, discard: true }
      )
    }
    return found
  })

  const opened = yield* RcMap.make({
    lookup: (sha256: string) => fs.open(pathOf(sha256)),
    capacity: openLimit
  })

  const readable = (sha256: string): Disk<FileSystem.File, never, Scope.Scope> =>
    RcMap.get(opened, sha256).pipe(Effect.catchTag("ExceededCapacityError", () => fs.open(pathOf(sha256))))

  // Every read holds the file open itself, because all others may close it meanwhile.
  const read = (sha256: string, atByte: number, sizeBytes: number): Disk<Uint8Array, StorageFailed> =>
    Effect.uninterruptible(Effect.scoped(Effect.flatMap(readable(sha256), (file) => readFrom(file, atByte, sizeBytes))))

  const open = (sha256: string): Disk<OpenedContent, never, Scope.Scope> =>
    RcMap.get(opened, sha256).pipe(
      Effect.catchTag("ExceededCapacityError", () => fs.stat(pathOf(sha256))),
      Effect.as<OpenedContent>({ read: (atByte, sizeBytes) => read(sha256, atByte, sizeBytes) })
    )

  return {
    begin: (path) => Effect.map(fs.open(path, { flag: "wx+", mode: 0o600 }), (file) => ({ path, file })),
    newPath: Effect.map(randomId(random), (id) => path.join(uploadsFolder, id)),
    drop: (path) => fs.remove(path, { force: true }),
    keep,
    remove: (sha256) => fs.remove(pathOf(sha256), { recursive: true, force: true }),
    open,
    contents
  }
})
