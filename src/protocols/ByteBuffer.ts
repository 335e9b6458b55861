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

/** Makes an empty buffer that never has more than `limitBytes`. */
export const make = (limitBytes = Infinity): ByteBuffer => {
  let memory: Buffer = none
  let start = 0
  let end = 0

  const makeRoom = (moreBytes: number): boolean => {
    const sizeBytes = end - start
    const neededBytes = sizeBytes + moreBytes
    if (neededBytes > limitBytes) return false
    const isFull = neededBytes > memory.length
    const roomBytes = Math.max(neededBytes, Math.min(limitBytes, Math.max(smallBytes, memory.length * 2)))
    const target = isFull ? Buffer.alloc(roomBytes) : memory
    target.set(memory.subarray(start, end))
    memory = target
    start = 0
    end = sizeBytes
    return true
  }

  const drop = (sizeBytes: number): void => {
    start += sizeBytes
    if (start < end) return
    start = end = 0
    if (memory.length > idleBytes) memory = none
  }

  const view = (): Buffer => memory.subarray(start, end)

  return {
    sizeBytes: () => end - start,
    add: (byte) => {
      if (end === memory.length && !makeRoom(1)) return false
      memory[end++] = byte
      return true
    },
    append: (bytes, from = 0, to = bytes.length) => {
      const moreBytes = to - from
      if (end + moreBytes > memory.length && !makeRoom(moreBytes)) return false
      memory.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), end)
      end += moreBytes
      return true
    },
    view,
    drop,
    take: () => {
      const taken = start === end ? none : view()
      drop(end - start)
      return taken
    }
  }
}
