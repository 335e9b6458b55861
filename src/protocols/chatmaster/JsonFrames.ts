/**
 * Splits a stream of bytes into the texts of its top-level JSON objects.
 *
 * - Every byte is looked at once and copied at most a constant number of times, however the stream is cut into reads.
 * - No more than `limitBytes` are kept, and what is kept is a copy: the caller may reuse its buffer.
 * - Depth, brackets and size are checked while reading. Whether the text is JSON is left to `JSON.parse`.
 * - After a failure there is no place to go on from; whoever reads stops.
 */
import { Result } from "effect"

/** What a package may be. */
export interface Limits {
  /** The longest package, from its first brace to its last one. */
  readonly limitBytes: number
  /** The deepest nesting, with the package itself as the first level. */
  readonly depthLimit: number
}

/** Why reading cannot go on, as a sentence for the peer. */
export interface Failure {
  readonly _tag: "Failed"
  readonly reason: "malformed" | "too-large"
  readonly detail: string
}

/** One package, or the need of more bytes, or the end. */
export type Pushed =
  | {
      readonly _tag: "Package"
      readonly text: string
      /** The index after the package's last byte. */
      readonly end: number
      /** Whether exactly what the original writes, a space, follows every `:` and `,` outside of strings. */
      readonly isSpaced: boolean
    }
  | { readonly _tag: "More" }
  | Failure

/** A splitter and what it has kept of a package that is not complete. */
export interface JsonFrames {
  /** Reads `bytes` from index `from` to the end of one package, or to the end of `bytes`. */
  readonly push: (bytes: Uint8Array, from: number) => Pushed
  /** Whether nothing of a package has come since the last one. */
  readonly isBetween: () => boolean
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
const none = new Uint8Array(0)
const more: Pushed = { _tag: "More" }

const quote = 0x22
const backslash = 0x5c
const space = 0x20

/** The index of the first quote or backslash from index `from` to before index `to`, or `to`. */
const plainEnd = (bytes: Uint8Array, from: number, to: number): number => {
  let at = from
  while (at < to && bytes[at] !== quote && bytes[at] !== backslash) at++
  return at
}

/** Makes a {@link Failure} that says what is wrong with the bytes. */
export const malformed = (detail: string): Failure => ({ _tag: "Failed", reason: "malformed", detail })

/** Makes a {@link Failure} that names the limit which was passed. */
export const tooLarge = (limitBytes: number): Failure => ({
  _tag: "Failed",
  reason: "too-large",
  detail: `Cannot read package: it is longer than ${limitBytes} bytes.`
})

/** Whether a byte is white space of JSON, which may stand between packages. */
export const isWhiteSpace = (byte: number): boolean => byte === space || byte === 0x0a || byte === 0x0d || byte === 0x09

/**
 * Makes a splitter that stands before a first package.
 *
 * @see PROTOCOL.md § 1
 */
export const make = ({ depthLimit, limitBytes }: Limits): JsonFrames => {
  const closers = new Uint8Array(depthLimit)
  let depth = 0
  let isInString = false
  let isEscaped = false
  let isAfterSeparator = false
  let isSpaced = true
  let kept: Uint8Array = none
  let keptBytes = 0

  const keep = (bytes: Uint8Array, from: number, to: number): void => {
    const neededBytes = keptBytes + to - from
    if (neededBytes > kept.length) {
      const larger = new Uint8Array(Math.max(neededBytes, Math.min(limitBytes, Math.max(256, kept.length * 2))))
      larger.set(kept.subarray(0, keptBytes))
      kept = larger
    }
    kept.set(bytes.subarray(from, to), keptBytes)
    keptBytes = neededBytes
  }

  const finish = (bytes: Uint8Array, from: number, end: number): Pushed => {
    if (keptBytes > 0) keep(bytes, from, end)
    const whole = keptBytes > 0 ? kept.subarray(0, keptBytes) : bytes.subarray(from, end)
    const text = Result.try(() => decoder.decode(whole))
    const pushed: Pushed = Result.isSuccess(text)
      ? { _tag: "Package", text: text.success, end, isSpaced }
      : malformed("Cannot read package: it is not UTF-8.")
    kept = none
    keptBytes = 0
    isSpaced = true
    return pushed
  }

  const push = (bytes: Uint8Array, from: number): Pushed => {
    let at = from
    if (depth === 0) {
      while (at < bytes.length && isWhiteSpace(bytes[at]!)) at++
      if (at === bytes.length) return more
      if (bytes[at] !== 0x7b) return malformed("Cannot read package: it does not begin with a brace.")
    }
    const start = at
    const stop = Math.min(bytes.length, start + limitBytes - keptBytes)
    for (; at < stop; at++) {
      if (isInString) {
        if (isEscaped) {
          isEscaped = false
          continue
        }
        at = plainEnd(bytes, at, stop)
        if (at === stop) break
        if (bytes[at] === backslash) isEscaped = true
        else isInString = false
        continue
      }
      const byte = bytes[at]!
      if (isAfterSeparator) {
        isAfterSeparator = false
        if (byte !== space) isSpaced = false
      }
      switch (byte) {
        case quote:
          isInString = true
          break
        case 0x7b: // {
        case 0x5b: // [
          if (depth === depthLimit) {
            return malformed(`Cannot read package: it is nested deeper than ${depthLimit} levels.`)
          }
          closers[depth++] = byte + 2
          break
        case 0x7d: // }
        case 0x5d: // ]
          if (closers[--depth] !== byte) return malformed("Cannot read package: its brackets do not match.")
          if (depth === 0) return finish(bytes, start, at + 1)
          break
        case 0x3a: // :
        case 0x2c: // ,
          isAfterSeparator = true
          break
        default:
          if (byte >= 0x80 || (byte < space && !isWhiteSpace(byte))) {
            return malformed("Cannot read package: it has a byte that JSON has only in strings.")
          }
      }
    }
    if (stop < bytes.length) return tooLarge(limitBytes)
    keep(bytes, start, stop)
    return more
  }

  return { push, isBetween: () => depth === 0 }
}
