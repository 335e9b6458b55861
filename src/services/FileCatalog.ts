/**
 * Which files there are, and which contents they share: pure bookkeeping for those who keep the bytes.
 *
 * - A file has one content, named by its digest; a content is there as long as a file has it.
 * - Beyond a limit, in bytes of contents or in files, the oldest files go. A file that goes frees its content only if no
 *   other has it. The count is limited too, because empty files and files of equal content cost no bytes.
 * - Uploads reserve their size, so that what is on its way takes at most as much room again as what is there.
 */
import type { StoredFile } from "./Attachments.ts"

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
  #lastNumber = 0
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

  /** A number for a file that may come: it rises, and is given once. */
  nextNumber(): number {
    return ++this.#lastNumber
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

  /** Adds a file, and lets the oldest go that are too many now: the digests of the contents that none has any more. */
  add(file: StoredFile): ReadonlyArray<string> {
    this.#byNumber.set(file.number, file)
    this.#byId.set(file.id, file)
    const content = this.#contents.get(file.sha256)
    if (content === undefined) {
      this.#contents.set(file.sha256, { sizeBytes: file.sizeBytes, files: 1 })
      this.#bytes += file.sizeBytes
    } else content.files++
    return this.#dropOldest()
  }

  #dropOldest(): ReadonlyArray<string> {
    const dropped: Array<string> = []
    for (const file of this.#byNumber.values()) {
      if (this.#bytes <= this.#limitBytes && this.#byNumber.size <= this.#limitFiles) break
      this.#byNumber.delete(file.number)
      this.#byId.delete(file.id)
      const content = this.#contents.get(file.sha256)!
      if (--content.files > 0) continue
      this.#contents.delete(file.sha256)
      this.#bytes -= content.sizeBytes
      dropped.push(file.sha256)
    }
    return dropped
  }
}
