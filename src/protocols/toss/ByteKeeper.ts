/**
 * Keeps the bytes of something that comes in pieces.
 *
 * - Room grows with what has come, never with what was announced.
 * - What is taken out is a view that lives until the next byte is kept.
 */

/** A growing buffer. */
export interface ByteKeeper {
  readonly add: (byte: number) => void
  readonly addAll: (bytes: Uint8Array) => void
  readonly sizeBytes: () => number
  /** All bytes; the keeper is empty afterwards. */
  readonly take: () => Uint8Array
}

const smallBytes = 64
const largeBytes = 4096
const empty = new Uint8Array(0)

/** Makes an empty keeper. */
export const make = (): ByteKeeper => {
  let kept = new Uint8Array(smallBytes)
  let length = 0

  const makeRoom = (moreBytes: number): void => {
    if (length + moreBytes <= kept.length) return
    const larger = new Uint8Array(Math.max(length + moreBytes, kept.length * 2))
    larger.set(kept.subarray(0, length))
    kept = larger
  }

  return {
    add: (byte) => {
      makeRoom(1)
      kept[length++] = byte
    },
    addAll: (bytes) => {
      makeRoom(bytes.length)
      kept.set(bytes, length)
      length += bytes.length
    },
    sizeBytes: () => length,
    take: () => {
      if (length === 0) return empty
      const taken = kept.subarray(0, length)
      if (kept.length > largeBytes) kept = new Uint8Array(smallBytes)
      length = 0
      return taken
    }
  }
}
