/**
 * Which files there are, and which contents they share: pure bookkeeping for those who keep the bytes.
 *
 * - A file has one content, named by its digest; a content is there as long as a file has it.
 * - Beyond a limit, in bytes of contents or in files, the oldest files are too many: those that were added first. A file
 *   that goes frees its content only if no other has it. The count is limited too, because empty files and files of equal
 *   content cost no bytes.
 * - `excess` names the files that are too many, and leaves them there: whoever keeps the bytes may have to remove them
 *   elsewhere first.
 * - Uploads reserve their size. All of them together may be as large as all contents together.
 */
import type { StoredFile } from "./StoredFile.ts"

/** The most files that are remembered. */
export const limitFiles = 65_536

interface Content {
  readonly sizeBytes: number
  files: number
}

export class FileCatalog {
  readonly #limitBytes: number
  readonly #limitFiles: number
  // By age: a map keeps the order in which its keys came.
  readonly #byNumber = new Map<number, StoredFile>()
  readonly #byId = new Map<string, StoredFile>()
  readonly #contents = new Map<string, Content>()
  #bytes = 0
  #reservedBytes = 0

  constructor(limitBytes: number, mostFiles = limitFiles) {
    this.#limitBytes = limitBytes
    this.#limitFiles = mostFiles
  }

  /** The size of all contents, each counted once. */
  get sizeBytes(): number {
    return this.#bytes
  }

  get count(): number {
    return this.#byNumber.size
  }

  find(number: number): StoredFile | undefined {
    return this.#byNumber.get(number)
  }

  findById(id: string): StoredFile | undefined {
    return this.#byId.get(id)
  }

  /** Whether a file has the content of a digest. */
  hasContent(sha256: string): boolean {
    return this.#contents.has(sha256)
  }

  /** Makes room for an upload, to be given back with `release`; false if there is none. */
  reserve(sizeBytes: number): boolean {
    const isRoom = sizeBytes >= 0 && this.#reservedBytes + sizeBytes <= this.#limitBytes
    if (isRoom) this.#reservedBytes += sizeBytes
    return isRoom
  }

  release(sizeBytes: number): void {
    this.#reservedBytes -= sizeBytes
  }

  /** The oldest files, that are too many now, or will be when a file is added that fits by itself. */
  excess(added?: StoredFile): ReadonlyArray<StoredFile> {
    const excess: Array<StoredFile> = []
    // How many files would have a content.
    const files = new Map<string, number>()
    const filesOf = (sha256: string) => files.get(sha256) ?? this.#contents.get(sha256)?.files ?? 0
    let bytes = this.#bytes
    let count = this.#byNumber.size
    if (added !== undefined) {
      if (!this.hasContent(added.sha256)) bytes += added.sizeBytes
      files.set(added.sha256, filesOf(added.sha256) + 1)
      count++
    }
    for (const file of this.#byNumber.values()) {
      if (bytes <= this.#limitBytes && count <= this.#limitFiles) break
      excess.push(file)
      files.set(file.sha256, filesOf(file.sha256) - 1)
      if (files.get(file.sha256) === 0) bytes -= file.sizeBytes
      count--
    }
    return excess
  }

  /** The files that were kept at a time or before. */
  keptUntil(millis: number): ReadonlyArray<StoredFile> {
    return Array.from(this.#byNumber.values()).filter(({ atMillis }) => atMillis <= millis)
  }

  add(file: StoredFile): void {
    this.#byNumber.set(file.number, file)
    this.#byId.set(file.id, file)
    const content = this.#contents.get(file.sha256)
    if (content === undefined) {
      this.#contents.set(file.sha256, { sizeBytes: file.sizeBytes, files: 1 })
      this.#bytes += file.sizeBytes
    } else content.files++
  }

  /** Forgets files that are there, and gives the digests of the contents that none has any more. */
  remove(files: ReadonlyArray<StoredFile>): ReadonlyArray<string> {
    const freed: Array<string> = []
    for (const file of files) {
      this.#byNumber.delete(file.number)
      this.#byId.delete(file.id)
      const content = this.#contents.get(file.sha256)!
      if (--content.files > 0) continue
      this.#contents.delete(file.sha256)
      this.#bytes -= content.sizeBytes
      freed.push(file.sha256)
    }
    return freed
  }
}
