/**
 * Reads keys and names of files, which come in any pieces: texts up to a delimiter, with escapes.
 *
 * - No more of a word is kept than it may have.
 */
import { ByteBuffer } from "../ByteBuffer.ts"
import { keyTooLong, type SlipLimits } from "./SlipLimits.ts"
import { decode, type Failure } from "./SlipText.ts"

/** A word that is being read. */
export interface SlipWord {
  /** Takes bytes from index `from` on, before index `to`, to the delimiter at most: how many, with the delimiter. */
  readonly take: (bytes: Uint8Array, from: number, to: number, delimiter: number) => number | Failure
  /** Whether the delimiter has come. */
  readonly isEnded: () => boolean
  /** How many bytes have come of it, without escapes. */
  readonly sizeBytes: () => number
  /** The word that has ended; a new one begins. */
  readonly text: () => string | Failure
  /** Forgets what has come, and begins a new one. */
  readonly reset: () => void
}

const [bar, semicolon, escape] = [0x7c, 0x3b, 0x3e]

/** Makes a reader before its first word. */
export const make = (limits: SlipLimits): SlipWord => {
  const kept = new ByteBuffer()
  let isEscaped = false
  /** The bytes of a word that has ended, from `start` to before `end`. */
  let ended: Uint8Array | undefined
  let start = 0
  let end = 0

  const take = (bytes: Uint8Array, from: number, to: number, delimiter: number): number | Failure => {
    for (let at = from; at < to; at++) {
      const byte = bytes[at]!
      if (isEscaped) {
        isEscaped = false
        if (byte !== bar && byte !== semicolon && byte !== escape) kept.add(escape)
      } else if (byte === escape) {
        isEscaped = true
        continue
      } else if (byte === delimiter) {
        ended = kept.take()
        start = 0
        end = ended.length
        return at + 1 - from
      }
      kept.add(byte)
      if (kept.sizeBytes > limits.keyLimitBytes) return keyTooLong(limits)
    }
    return to - from
  }

  const reset = (): void => {
    if (kept.sizeBytes > 0) kept.take()
    isEscaped = false
    ended = undefined
  }

  return {
    take,
    isEnded: () => ended !== undefined,
    sizeBytes: () => (ended === undefined ? kept.sizeBytes : end - start),
    text: () => {
      const text = ended === undefined ? "" : decode(ended, start, end)
      ended = undefined
      return text
    },
    reset
  }
}
