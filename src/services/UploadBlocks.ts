/**
 * The parts of an upload that are being put together in memory.
 *
 * - Bytes are copied into blocks of {@link blockBytes} bytes, each at its place in the file, in any order; the last that
 *   come for a place count. Nothing here is a view of what was handed in.
 * - At most {@link limitOpen} blocks are open. One that is full is passed on; when another is needed, so is the one that
 *   nothing came to for longest. If it cannot be passed on, there is no room.
 * - What comes for a block that was passed on begins another one of its place, which is passed on behind it.
 */
import { Coverage } from "./Coverage.ts"

/** The size of a block; the last one of a file may be shorter. */
export const blockBytes = 64 * 1024

/** The most blocks that are open. */
export const limitOpen = 4

/** A part of a file, of which some bytes have come. */
export interface Block {
  readonly index: number
  readonly bytes: Uint8Array
  readonly coverage: Coverage
  /** When something came last, in pieces. */
  touched: number
}

const isFull = ({ bytes, coverage }: Block): boolean => coverage.isWhole(bytes.length)

export class UploadBlocks {
  readonly #sizeBytes: number
  readonly #pass: (block: Block) => boolean
  readonly #open = new Map<number, Block>()
  // The memory of blocks that are done with.
  readonly #spare: Array<Uint8Array> = []
  #touches = 0

  /** `pass` takes a block that nothing more comes to, or says that it cannot now. */
  constructor(sizeBytes: number, pass: (block: Block) => boolean) {
    this.#sizeBytes = sizeBytes
    this.#pass = pass
  }

  /** Copies bytes, which belong at index `atByte`, within the file: says how many, which are fewer if there is no room. */
  put(bytes: Uint8Array, atByte: number): number {
    let putBytes = 0
    while (putBytes < bytes.length) {
      const index = Math.floor((atByte + putBytes) / blockBytes)
      const block = this.#open.get(index) ?? this.#begin(index)
      if (block === undefined) break
      const start = atByte + putBytes - index * blockBytes
      const end = Math.min(putBytes + block.bytes.length - start, bytes.length)
      block.bytes.set(end - putBytes === bytes.length ? bytes : bytes.subarray(putBytes, end), start)
      block.coverage.add(start, end - putBytes)
      block.touched = ++this.#touches
      putBytes = end
      if (isFull(block)) this.#passOn(block)
    }
    return putBytes
  }

  /** Passes on the full blocks that could not be passed on before. */
  passFull(): void {
    for (const block of this.#open.values()) if (isFull(block) && !this.#passOn(block)) return
  }

  /** Takes out the block that nothing came to for longest, if there is one. */
  takeOldest(): Block | undefined {
    const oldest = this.#oldest()
    if (oldest !== undefined) this.#open.delete(oldest.index)
    return oldest
  }

  /** Takes back a block that has been stored: its memory is used again. */
  recycle({ bytes }: Block): void {
    if (bytes.length === blockBytes) this.#spare.push(bytes)
  }

  /** Gives up all memory. */
  clear(): void {
    this.#open.clear()
    this.#spare.length = 0
  }

  #begin(index: number): Block | undefined {
    const oldest = this.#open.size < limitOpen ? undefined : this.#oldest()
    if (oldest !== undefined && !this.#passOn(oldest)) return undefined
    const sizeBytes = Math.min(blockBytes, this.#sizeBytes - index * blockBytes)
    const bytes = (sizeBytes === blockBytes ? this.#spare.pop() : undefined) ?? new Uint8Array(sizeBytes)
    const block: Block = { index, bytes, coverage: new Coverage(), touched: 0 }
    this.#open.set(index, block)
    return block
  }

  #passOn(block: Block): boolean {
    return this.#pass(block) && this.#open.delete(block.index)
  }

  #oldest(): Block | undefined {
    let oldest: Block | undefined
    for (const block of this.#open.values()) {
      if (oldest === undefined || block.touched < oldest.touched) oldest = block
    }
    return oldest
  }
}
