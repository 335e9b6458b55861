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

class Word implements SlipWord {
  readonly #limits: SlipLimits
  readonly #kept = new ByteBuffer()
  #isEscaped = false
  /** The word that has ended. */
  #ended: Uint8Array | undefined

  constructor(limits: SlipLimits) {
    this.#limits = limits
  }

  take(bytes: Uint8Array, from: number, to: number, delimiter: number): number | Failure {
    const kept = this.#kept
    for (let at = from; at < to; at++) {
      const byte = bytes[at]!
      if (this.#isEscaped) {
        this.#isEscaped = false
        if (byte !== bar && byte !== semicolon && byte !== escape) kept.add(escape)
      } else if (byte === escape) {
        this.#isEscaped = true
        continue
      } else if (byte === delimiter) {
        this.#ended = kept.take()
        return at + 1 - from
      }
      kept.add(byte)
      if (kept.sizeBytes > this.#limits.keyLimitBytes) return keyTooLong(this.#limits)
    }
    return to - from
  }

  isEnded(): boolean {
    return this.#ended !== undefined
  }

  sizeBytes(): number {
    return this.#ended?.length ?? this.#kept.sizeBytes
  }

  text(): string | Failure {
    const ended = this.#ended
    this.#ended = undefined
    return ended === undefined ? "" : decode(ended, 0, ended.length)
  }

  reset(): void {
    this.#kept.take()
    this.#isEscaped = false
    this.#ended = undefined
  }
}

/** Makes a reader before its first word. */
export const make = (limits: SlipLimits): SlipWord => new Word(limits)
