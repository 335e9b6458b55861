/**
 * Bytes that wait for the rest of what they belong to.
 *
 * - Room doubles with what has come, never with what was announced, and not beyond the limit.
 * - Large memory is let go when nothing waits any more; little is kept for the next time.
 * - Bytes are copied in. What comes out is a view that lives until the next byte is added.
 */

/** A growing buffer, from whose front bytes may be dropped. */
export interface ByteBuffer {
  readonly sizeBytes: () => number
  /** Adds one byte; false if there would be more than the limit. */
  readonly add: (byte: number) => boolean
  /** Adds the bytes from index `from` to before index `to`; false, and nothing is added, if there would be too many. */
  readonly append: (bytes: Uint8Array, from?: number, to?: number) => boolean
  /** All bytes. */
  readonly view: () => Buffer
  /** Forgets so many bytes at the front. */
  readonly drop: (sizeBytes: number) => void
  /** All bytes; the buffer is empty afterwards. */
  readonly take: () => Buffer
}

const smallBytes = 64
/** How much memory an empty buffer may keep. */
const idleBytes = 256

const none = Buffer.alloc(0)

class Kept implements ByteBuffer {
  readonly #limitBytes: number
  #memory: Buffer = none
  #start = 0
  #end = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  sizeBytes(): number {
    return this.#end - this.#start
  }

  add(byte: number): boolean {
    if (this.#end === this.#memory.length && !this.#makeRoom(1)) return false
    this.#memory[this.#end++] = byte
    return true
  }

  append(bytes: Uint8Array, from = 0, to: number = bytes.length): boolean {
    const moreBytes = to - from
    if (this.#end + moreBytes > this.#memory.length && !this.#makeRoom(moreBytes)) return false
    this.#memory.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), this.#end)
    this.#end += moreBytes
    return true
  }

  view(): Buffer {
    return this.#memory.subarray(this.#start, this.#end)
  }

  drop(sizeBytes: number): void {
    this.#start += sizeBytes
    if (this.#start < this.#end) return
    this.#start = this.#end = 0
    if (this.#memory.length > idleBytes) this.#memory = none
  }

  take(): Buffer {
    if (this.#start === this.#end) return none
    const taken = this.view()
    this.drop(taken.length)
    return taken
  }

  #makeRoom(moreBytes: number): boolean {
    const sizeBytes = this.#end - this.#start
    const neededBytes = sizeBytes + moreBytes
    if (neededBytes > this.#limitBytes) return false
    const memory = this.#memory
    const isFull = neededBytes > memory.length
    const roomBytes = Math.max(neededBytes, Math.min(this.#limitBytes, Math.max(smallBytes, memory.length * 2)))
    this.#memory = isFull ? Buffer.alloc(roomBytes) : memory
    this.#memory.set(memory.subarray(this.#start, this.#end))
    this.#start = 0
    this.#end = sizeBytes
    return true
  }
}

/** Makes an empty buffer that never has more than `limitBytes`. */
export const make = (limitBytes = Infinity): ByteBuffer => new Kept(limitBytes)
