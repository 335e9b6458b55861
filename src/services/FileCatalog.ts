/**
 * Which files there are, and which contents they share: pure bookkeeping for those who keep the bytes.
 *
 * - A file has one content, named by its digest; a content is there as long as a file has it.
 * - Beyond a limit, in bytes of contents or in files, the oldest files are too many: those that were added first, but of the
 *   owner who needs the room before all others. A file that goes frees its content only if no other has it. The count is
 *   limited too, because empty files and files of equal content cost no bytes.
 * - `excess` names the files that are too many, and leaves them there: whoever keeps the bytes may have to remove them
 *   elsewhere first.
 * - An upload reserves its size: all of them together may be as large as all contents together, so there is always a way to
 *   carry out each. That alone takes no room from files. It takes room as its bytes come, and contents and what uploads hold
 *   never exceed the limit.
 */
import type { StoredFile } from "./StoredFile.ts"

/** The most files that are remembered. */
export const limitFiles = 65_536

/** Room is taken in such steps, so that few bytes that come must wait for files to go. */
export const roomStepBytes = 1024 * 1024

interface Content {
  readonly sizeBytes: number
  files: number
}

/** What an upload may take, and has taken. */
export interface Reservation {
  readonly sizeBytes: number
  /** Whose files go first when room is needed. */
  readonly owner: string | undefined
  readonly heldBytes: number
}

interface HeldReservation extends Reservation {
  heldBytes: number
}

export class FileCatalog {
  readonly #limitBytes: number
  readonly #limitFiles: number
  // By age: a map keeps the order in which its keys came.
  readonly #byNumber = new Map<number, StoredFile>()
  readonly #byId = new Map<string, StoredFile>()
  // The files of each owner that is known, by age.
  readonly #byOwner = new Map<string, Set<StoredFile>>()
  readonly #ownerOf = new Map<StoredFile, string>()
  readonly #contents = new Map<string, Content>()
  readonly #reservations = new Set<HeldReservation>()
  #bytes = 0
  #reservedBytes = 0
  #heldBytes = 0

  constructor(limitBytes: number, mostFiles = limitFiles) {
    this.#limitBytes = limitBytes
    this.#limitFiles = mostFiles
  }

  /** The size of all contents, each counted once. */
  get sizeBytes(): number {
    return this.#bytes
  }

  /** What uploads hold. */
  get heldBytes(): number {
    return this.#heldBytes
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

  /** Whether an upload of a size may be reserved. */
  isRoomFor(sizeBytes: number): boolean {
    return sizeBytes >= 0 && this.#reservedBytes + sizeBytes <= this.#limitBytes
  }

  /** Reserves the size of an upload, to be given back with `release`; undefined if there are too many. */
  reserve(sizeBytes: number, owner?: string): Reservation | undefined {
    if (!this.isRoomFor(sizeBytes)) return undefined
    const reservation: HeldReservation = { sizeBytes, owner, heldBytes: 0 }
    this.#reservations.add(reservation)
    this.#reservedBytes += sizeBytes
    return reservation
  }

  /** Gives back what an upload has reserved, and what it holds still. */
  release(reservation: Reservation): void {
    if (!this.#reservations.delete(reservation)) return
    this.#reservedBytes -= reservation.sizeBytes
    this.#heldBytes -= reservation.heldBytes
  }

  /** What an upload is to hold when so many bytes of it have come, as much as it has reserved at most. */
  neededBytes({ sizeBytes }: Reservation, receivedBytes: number): number {
    return Math.min(sizeBytes, Math.ceil(receivedBytes / roomStepBytes) * roomStepBytes)
  }

  /** Has an upload hold room, if there is some: false if files must go first. One that has been released needs none. */
  hold(reservation: Reservation, heldBytes: number): boolean {
    const held: HeldReservation = reservation
    if (!this.#reservations.has(held) || heldBytes <= held.heldBytes) return true
    const moreBytes = heldBytes - held.heldBytes
    if (this.#bytes + this.#heldBytes + moreBytes > this.#limitBytes) return false
    this.#heldBytes += moreBytes
    held.heldBytes = heldBytes
    return true
  }

  /** The files that must go before an upload holds so much. */
  excessFor({ heldBytes: before, owner }: Reservation, heldBytes: number): ReadonlyArray<StoredFile> {
    return this.#excess(this.#bytes + heldBytes - before, this.#byNumber.size, owner)
  }

  /** The files that are too many now, or will be when one is added of an upload that holds room for it. */
  excess(added?: StoredFile, reservation?: Reservation): ReadonlyArray<StoredFile> {
    if (added === undefined) return this.#excess(this.#bytes, this.#byNumber.size, undefined)
    const bytes = this.hasContent(added.sha256)
      ? this.#bytes
      : this.#bytes + added.sizeBytes - (reservation?.heldBytes ?? 0)
    return this.#excess(bytes, this.#byNumber.size + 1, reservation?.owner, added.sha256)
  }

  #excess(
    contentBytes: number,
    files: number,
    owner: string | undefined,
    addedSha256?: string
  ): ReadonlyArray<StoredFile> {
    const excess: Array<StoredFile> = []
    // How many files would have a content.
    const left = new Map<string, number>()
    const leftOf = (sha256: string) => left.get(sha256) ?? this.#contents.get(sha256)?.files ?? 0
    let bytes = contentBytes + this.#heldBytes
    let count = files
    if (addedSha256 !== undefined) left.set(addedSha256, leftOf(addedSha256) + 1)
    const own = owner === undefined ? undefined : this.#byOwner.get(owner)
    const take = (file: StoredFile): void => {
      excess.push(file)
      left.set(file.sha256, leftOf(file.sha256) - 1)
      if (left.get(file.sha256) === 0) bytes -= file.sizeBytes
      count--
    }
    const isTooMuch = () => bytes > this.#limitBytes || count > this.#limitFiles
    for (const file of own ?? []) {
      if (!isTooMuch()) return excess
      take(file)
    }
    for (const file of this.#byNumber.values()) {
      if (!isTooMuch()) break
      if (own?.has(file) !== true) take(file)
    }
    return excess
  }

  /** The files that were kept at a time or before. */
  keptUntil(millis: number): ReadonlyArray<StoredFile> {
    return Array.from(this.#byNumber.values()).filter(({ atMillis }) => atMillis <= millis)
  }

  /** Adds a file; what an upload holds for it becomes its content, unless that is there already. */
  add(file: StoredFile, reservation?: Reservation): void {
    this.#byNumber.set(file.number, file)
    this.#byId.set(file.id, file)
    this.#own(file, reservation?.owner)
    const content = this.#contents.get(file.sha256)
    if (content === undefined) {
      this.#contents.set(file.sha256, { sizeBytes: file.sizeBytes, files: 1 })
      this.#bytes += file.sizeBytes
      this.#unhold(reservation)
    } else content.files++
  }

  /** Forgets files that are there, and gives the digests of the contents that none has any more. */
  remove(files: ReadonlyArray<StoredFile>): ReadonlyArray<string> {
    const freed: Array<string> = []
    for (const file of files) {
      this.#byNumber.delete(file.number)
      this.#byId.delete(file.id)
      this.#disown(file)
      const content = this.#contents.get(file.sha256)!
      if (--content.files > 0) continue
      this.#contents.delete(file.sha256)
      this.#bytes -= content.sizeBytes
      freed.push(file.sha256)
    }
    return freed
  }

  #unhold(reservation: Reservation | undefined): void {
    const held: HeldReservation | undefined = reservation
    if (held === undefined || !this.#reservations.has(held)) return
    this.#heldBytes -= held.heldBytes
    held.heldBytes = 0
  }

  #own(file: StoredFile, owner: string | undefined): void {
    if (owner === undefined) return
    const own = this.#byOwner.get(owner) ?? new Set()
    this.#byOwner.set(owner, own.add(file))
    this.#ownerOf.set(file, owner)
  }

  #disown(file: StoredFile): void {
    const owner = this.#ownerOf.get(file)
    if (owner === undefined) return
    this.#ownerOf.delete(file)
    const own = this.#byOwner.get(owner)
    own?.delete(file)
    if (own?.size === 0) this.#byOwner.delete(owner)
  }
}
