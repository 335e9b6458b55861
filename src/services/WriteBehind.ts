/**
 * Collects the small pieces of an upload, so that what stores them gets large ones.
 *
 * - Small pieces are copied into blocks of {@link blockBytes} bytes, each at its place in the file, and a write that finds
 *   its blocks there is done at once. There are at most {@link limitBlocks} blocks; when another is needed, the one that
 *   nothing came to for longest is stored as far as it came. A block is stored when it is full, too.
 * - The last write of a byte counts, also when nobody waited for the one before it. So whatever must wait is done one
 *   after another in the order in which it came; and while a piece waits, those that come after it do so too.
 * - A block that cannot be stored stays, and is stored with the next that must wait: what was once taken is not lost.
 * - What is being stored is not interrupted: those who sent its pieces have been told that they are safe.
 */
import { Deferred, Effect, Exit } from "effect"
import type { StorageFailed, UploadBroken } from "../domain/Rejection.ts"
import type { StoredFile, Upload } from "./Attachments.ts"
import { Coverage } from "./Coverage.ts"

/** The size of a block; the last one of a file may be shorter. */
export const blockBytes = 64 * 1024

/** The most blocks that an upload has in memory. */
export const limitBlocks = 4

/** Pieces of this size are not collected. */
export const largeBytes = 32 * 1024

type Failure = UploadBroken | StorageFailed

interface Block {
  readonly index: number
  readonly bytes: Uint8Array
  readonly coverage: Coverage
  /** When something came last, in pieces. */
  touched: number
  isBeingStored: boolean
}

const isFull = ({ bytes, coverage }: Block): boolean => coverage.isWhole(bytes.length)

export class WriteBehind {
  readonly #upload: Upload
  readonly #sizeBytes: number
  readonly #blocks = new Map<number, Block>()
  // Done when all that had to wait so far has been done.
  #turn: Deferred.Deferred<void> | undefined
  // Pieces that have come but are neither in a block nor stored.
  #waiting = 0
  #touches = 0

  constructor(upload: Upload, sizeBytes: number) {
    this.#upload = upload
    this.#sizeBytes = sizeBytes
  }

  /**
   * Takes bytes from index `atByte` on, which are within the file, as soon as it is called. What is returned is an `Exit`
   * unless something must be stored first; then it must be run.
   */
  writeUnsafe(bytes: Uint8Array, atByte: number): Effect.Effect<void, Failure> {
    if (bytes.length === 0) return Exit.void
    const isPut = this.#waiting === 0 && bytes.length < largeBytes && this.#put(bytes, atByte)
    if (isPut && !this.#isFullAt(bytes, atByte)) return Exit.void
    return Effect.uninterruptible(isPut ? this.#inTurn(this.#storeFull()) : this.#wait(bytes, atByte))
  }

  /** Makes a file of what has come. */
  keep(name: string): Effect.Effect<StoredFile, Failure> {
    return Effect.suspend(() => {
      const stored = this.#storeAll(() => true)
      return this.#inTurn(Effect.andThen(stored, this.#upload.keep(name)))
    }).pipe(Effect.uninterruptible)
  }

  // Turns are in the order of these calls. What is returned must be run, and not be interrupted.
  #inTurn<A>(effect: Effect.Effect<A, Failure>): Effect.Effect<A, Failure> {
    const before = this.#turn
    const turn = Deferred.makeUnsafe<void>()
    this.#turn = turn
    const waited = before === undefined ? effect : Effect.andThen(Deferred.await(before), effect)
    return Effect.ensuring(
      waited,
      Effect.sync(() => {
        if (this.#turn === turn) this.#turn = undefined
        Deferred.doneUnsafe(turn, Effect.void)
      })
    )
  }

  #wait(bytes: Uint8Array, atByte: number): Effect.Effect<void, Failure> {
    this.#waiting++
    const isLarge = bytes.length >= largeBytes
    const taken = isLarge ? this.#writeThrough(bytes, atByte) : this.#makeRoom(bytes, atByte)
    const done = Effect.ensuring(
      taken,
      Effect.sync(() => this.#waiting--)
    )
    return this.#inTurn(isLarge ? done : Effect.andThen(done, this.#storeFull()))
  }

  #writeThrough(bytes: Uint8Array, atByte: number): Effect.Effect<void, Failure> {
    const end = atByte + bytes.length
    const overlaps = ({ index, bytes }: Block) => index * blockBytes < end && index * blockBytes + bytes.length > atByte
    return Effect.andThen(this.#storeAll(overlaps), this.#upload.write(bytes, atByte))
  }

  #makeRoom(bytes: Uint8Array, atByte: number): Effect.Effect<void, Failure> {
    return Effect.suspend(() => {
      if (this.#put(bytes, atByte)) return Effect.void
      const first = Math.floor(atByte / blockBytes)
      const last = Math.floor((atByte + bytes.length - 1) / blockBytes)
      let oldest: Block | undefined
      for (const block of this.#blocks.values()) {
        const isNeeded = block.index === first || block.index === last
        if (!isNeeded && (oldest === undefined || block.touched < oldest.touched)) oldest = block
      }
      return Effect.andThen(this.#store(oldest!), this.#makeRoom(bytes, atByte))
    })
  }

  // Copies a piece into its blocks if they are there or there is room for them.
  #put(bytes: Uint8Array, atByte: number): boolean {
    const index = Math.floor(atByte / blockBytes)
    const end = atByte + bytes.length
    const first = this.#blocks.get(index)
    if (end <= (index + 1) * blockBytes) {
      if (first === undefined ? this.#blocks.size >= limitBlocks : first.isBeingStored) return false
      this.#copy(first ?? this.#newBlock(index), bytes, atByte)
      return true
    }
    const second = this.#blocks.get(index + 1)
    const missing = (first === undefined ? 1 : 0) + (second === undefined ? 1 : 0)
    const isRoom = this.#blocks.size + missing <= limitBlocks
    if (!isRoom || first?.isBeingStored === true || second?.isBeingStored === true) return false
    const border = (index + 1) * blockBytes
    this.#copy(first ?? this.#newBlock(index), bytes.subarray(0, border - atByte), atByte)
    this.#copy(second ?? this.#newBlock(index + 1), bytes.subarray(border - atByte), border)
    return true
  }

  #newBlock(index: number): Block {
    const bytes = new Uint8Array(Math.min(blockBytes, this.#sizeBytes - index * blockBytes))
    const block: Block = { index, bytes, coverage: new Coverage(), touched: 0, isBeingStored: false }
    this.#blocks.set(index, block)
    return block
  }

  #copy(block: Block, bytes: Uint8Array, atByte: number): void {
    const atByteOfBlock = atByte - block.index * blockBytes
    block.bytes.set(bytes, atByteOfBlock)
    block.coverage.add(atByteOfBlock, bytes.length)
    block.touched = ++this.#touches
  }

  #isFullAt(bytes: Uint8Array, atByte: number): boolean {
    const first = Math.floor(atByte / blockBytes)
    const last = Math.floor((atByte + bytes.length - 1) / blockBytes)
    return isFull(this.#blocks.get(first)!) || (last !== first && isFull(this.#blocks.get(last)!))
  }

  #storeFull(): Effect.Effect<void, Failure> {
    return this.#storeAll(isFull)
  }

  #storeAll(which: (block: Block) => boolean): Effect.Effect<void, Failure> {
    return Effect.suspend(() => {
      const chosen = Array.from(this.#blocks.values()).filter(which)
      return Effect.forEach(chosen, (block) => this.#store(block), { discard: true })
    })
  }

  // Called in turn only.
  #store(block: Block): Effect.Effect<void, Failure> {
    return Effect.suspend(() => {
      block.isBeingStored = true
      const start = block.index * blockBytes
      const parts: Array<Effect.Effect<void, Failure>> = []
      block.coverage.forEachRange((from, to) => {
        parts.push(this.#upload.write(block.bytes.subarray(from, to), start + from))
      })
      return Effect.ensuring(
        Effect.andThen(
          Effect.forEach(parts, (part) => part, { discard: true }),
          Effect.sync(() => this.#blocks.delete(block.index))
        ),
        Effect.sync(() => (block.isBeingStored = false))
      )
    })
  }
}
