/**
 * Bytes that wait for the rest of what they belong to.
 *
 * - Room doubles with what has come, never with what was announced, and not beyond the limit.
 * - Large memory is let go when nothing waits any more; little is kept for the next time.
 * - Bytes are copied in. What comes out is a view that lives until the next byte is added.
 */

const smallBytes = 64
/** How much memory an empty buffer may keep. */
const idleBytes = 256

const none = Buffer.alloc(0)

/** A growing buffer, from whose front bytes may be dropped. A class, because every connection may have one. */
export class ByteBuffer {
  readonly #limitBytes: number
  #memory: Buffer = none
  #start = 0
  #end = 0

  /** Makes an empty buffer that never has more than `limitBytes`. */
  constructor(limitBytes = Infinity) {
    this.#limitBytes = limitBytes
  }

  get sizeBytes(): number {
    return this.#end - this.#start
  }

  /** Adds one byte; false if there would be more than the limit. */
  add(byte: number): boolean {
    if (this.#end === this.#memory.length && !this.#makeRoom(1)) return false
    this.#memory[this.#end++] = byte
    return true
  }

  /** Adds the bytes from index `from` to before index `to`; false, and nothing is added, if there would be too many. */
  append(bytes: Uint8Array, from = 0, to = bytes.length): boolean {
    const moreBytes = to - from
    if (this.#end + moreBytes > this.#memory.length && !this.#makeRoom(moreBytes)) return false
    this.#memory.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), this.#end)
    this.#end += moreBytes
    return true
  }

  /** All bytes. */
  view(): Buffer {
    return this.#memory.subarray(this.#start, this.#end)
  }

  /** Forgets so many bytes at the front. */
  drop(sizeBytes: number): void {
    this.#start += sizeBytes
    if (this.#start < this.#end) return
    this.#start = this.#end = 0
    if (this.#memory.length > idleBytes) this.#memory = none
  }

  /** All bytes; the buffer is empty afterwards. */
  take(): Buffer {
    const taken = this.sizeBytes === 0 ? none : this.view()
    this.drop(this.sizeBytes)
    return taken
  }

  /** Forgets all bytes, and gives back all memory. */
  clear(): void {
    this.#start = this.#end = 0
    this.#memory = none
  }

  #makeRoom(moreBytes: number): boolean {
    const sizeBytes = this.sizeBytes
    const neededBytes = sizeBytes + moreBytes
    if (neededBytes > this.#limitBytes) return false
    const doubledBytes = Math.min(this.#limitBytes, Math.max(smallBytes, this.#memory.length * 2))
    const isFull = neededBytes > this.#memory.length
    const target = isFull ? Buffer.alloc(Math.max(neededBytes, doubledBytes)) : this.#memory
    target.set(this.#memory.subarray(this.#start, this.#end))
    this.#memory = target
    this.#start = 0
    this.#end = sizeBytes
    return true
  }
}
