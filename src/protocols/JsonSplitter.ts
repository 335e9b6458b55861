/**
 * Splits a stream of bytes into the texts of its top-level JSON objects.
 *
 * - Every byte is looked at once and copied at most a constant number of times, however the stream is cut into reads.
 * - No more than `limitBytes` are kept, and what is kept is a copy: the caller may reuse its buffer.
 * - Depth, size and the number of values are checked while reading: to parse very many small values takes the longest. Whether the text is JSON is left to `JSON.parse`, or to that and the checks of
 *   a strict splitter.
 * - After a failure there is no place to go on from, unless the caller knows one and resets the splitter.
 */
import { ByteBuffer } from "./ByteBuffer.ts"
import * as Utf8 from "./Utf8.ts"

/** What a text may be. */
export interface Limits {
  /** The longest text, from its first brace to its last one. */
  readonly limitBytes: number
  /** The deepest nesting, with the object itself as the first level. */
  readonly depthLimit: number
  /** How many brackets and commas a text may have outside of strings, which is about how many values it has. */
  readonly valueLimit: number
}

/** How texts are taken that are not as they should be. */
export interface Options extends Limits {
  /** Whether brackets have to match, and no byte may be outside of strings that JSON has only in them. */
  readonly isStrict: boolean
  /** Whether a text that is too long is read to its end without being kept; else it is a failure as soon as it is known. */
  readonly dropsTooLarge: boolean
}

/** Why reading cannot go on. */
export type Reason = "no-object" | "too-deep" | "too-many" | "wrong-bracket" | "wrong-byte" | "too-large" | "not-utf8"

/** One text, or one that was too long, or the need of more bytes, or a failure; `end` is the index after the last byte. */
export type Pushed =
  | {
      readonly _tag: "Text"
      readonly text: string
      readonly end: number
      /** Whether a space follows every `:` and `,` outside of strings. */
      readonly isSpaced: boolean
    }
  | { readonly _tag: "Dropped"; readonly end: number }
  | { readonly _tag: "More" }
  | { readonly _tag: "Failed"; readonly reason: Reason }

/** A splitter and what it has kept of a text that is not complete. */
export interface JsonSplitter {
  /** Reads `bytes` from index `from` to the end of one text, or to the end of `bytes`. */
  readonly push: (bytes: Uint8Array, from: number) => Pushed
  /** Whether nothing of a text has come since the last one. */
  readonly isBetween: () => boolean
  /** Forgets a text that has begun. */
  readonly reset: () => void
}

const more: Pushed = { _tag: "More" }

const [quote, backslash, space] = [0x22, 0x5c, 0x20]

const failed = (reason: Reason): Pushed => ({ _tag: "Failed", reason })

/** The index of the first quote or backslash from index `from` to before index `to`, or `to`. */
const plainEnd = (bytes: Uint8Array, from: number, to: number): number => {
  let at = from
  while (at < to && bytes[at] !== quote && bytes[at] !== backslash) at++
  return at
}

/** Whether a byte is white space of JSON, which may stand between texts. */
export const isWhiteSpace = (byte: number): boolean => byte === space || byte === 0x0a || byte === 0x0d || byte === 0x09

class Splitter implements JsonSplitter {
  readonly #options: Options
  readonly #kept: ByteBuffer
  readonly #closers: Uint8Array
  #depth = 0
  #values = 0
  #isInString = false
  #isEscaped = false
  #isAfterSeparator = false
  #isSpaced = true
  #isDropping = false

  constructor(options: Options) {
    this.#options = options
    this.#kept = new ByteBuffer(options.limitBytes)
    this.#closers = new Uint8Array(options.depthLimit)
  }

  push(bytes: Uint8Array, from: number): Pushed {
    const { depthLimit, dropsTooLarge, isStrict, limitBytes, valueLimit } = this.#options
    const closers = this.#closers
    let at = from
    if (this.#depth === 0) {
      while (at < bytes.length && isWhiteSpace(bytes[at]!)) at++
      if (at === bytes.length) return more
      if (bytes[at] !== 0x7b) return failed("no-object")
    }
    const start = at
    const stop = dropsTooLarge ? bytes.length : Math.min(bytes.length, start + limitBytes - this.#kept.sizeBytes)
    for (; at < stop; at++) {
      if (this.#isInString) {
        if (this.#isEscaped) {
          this.#isEscaped = false
          continue
        }
        at = plainEnd(bytes, at, stop)
        if (at === stop) break
        if (bytes[at] === backslash) this.#isEscaped = true
        else this.#isInString = false
        continue
      }
      const byte = bytes[at]!
      if (this.#isAfterSeparator) {
        this.#isAfterSeparator = false
        if (byte !== space) this.#isSpaced = false
      }
      switch (byte) {
        case quote:
          this.#isInString = true
          break
        case 0x7b: // {
        case 0x5b: // [
          if (this.#depth === depthLimit) return failed("too-deep")
          if (++this.#values > valueLimit) return failed("too-many")
          closers[this.#depth++] = byte + 2
          break
        case 0x7d: // }
        case 0x5d: // ]
          if (closers[--this.#depth] !== byte && isStrict) return failed("wrong-bracket")
          if (this.#depth === 0) return this.#finish(bytes, start, at + 1)
          break
        case 0x3a: // :
          this.#isAfterSeparator = true
          break
        case 0x2c: // ,
          if (++this.#values > valueLimit) return failed("too-many")
          this.#isAfterSeparator = true
          break
        default:
          if (isStrict && (byte >= 0x80 || (byte < space && !isWhiteSpace(byte)))) return failed("wrong-byte")
      }
    }
    if (stop < bytes.length) return failed("too-large")
    this.#keep(bytes, start, stop)
    return more
  }

  isBetween(): boolean {
    return this.#depth === 0
  }

  reset(): void {
    this.#depth = this.#values = 0
    this.#isInString = this.#isEscaped = this.#isAfterSeparator = this.#isDropping = false
    this.#isSpaced = true
    this.#kept.take()
  }

  #keep(bytes: Uint8Array, from: number, to: number): void {
    if (this.#isDropping || this.#kept.append(bytes, from, to)) return
    this.#isDropping = true
    this.#kept.take()
  }

  #finish(bytes: Uint8Array, from: number, end: number): Pushed {
    const isWhole = this.#kept.sizeBytes === 0 && !this.#isDropping && end - from <= this.#options.limitBytes
    if (!isWhole) this.#keep(bytes, from, end)
    const whole = isWhole ? bytes : this.#kept.take()
    const pushed: Pushed = this.#isDropping
      ? { _tag: "Dropped", end }
      : this.#text(whole, isWhole ? from : 0, isWhole ? end : whole.length, end)
    this.#isDropping = false
    this.#isSpaced = true
    this.#values = 0
    return pushed
  }

  #text(bytes: Uint8Array, from: number, to: number, end: number): Pushed {
    const text = Utf8.decode(bytes, from, to)
    return text === undefined ? failed("not-utf8") : { _tag: "Text", text, end, isSpaced: this.#isSpaced }
  }
}

/** Makes a splitter that stands before a first text. */
export const make = (options: Options): JsonSplitter => new Splitter(options)
