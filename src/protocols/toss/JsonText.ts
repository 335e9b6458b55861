/**
 * Finds the end of an object of JSON in bytes that come in any pieces.
 *
 * - Every byte is looked at once; no more than the limit is kept. What is longer is read to its end and dropped.
 * - Depth is limited while reading. Whether the text is JSON is left to `JSON.parse`.
 */
import { Result } from "effect"
import * as ByteKeeper from "./ByteKeeper.ts"
import { tooDeep, type SlipLimits } from "./SlipLimits.ts"
import { decode, type Failure } from "./SlipText.ts"

/** A whole text, or `undefined` for one that was too long; or the need of more bytes; or the end. */
export type Pushed =
  | { readonly _tag: "Text"; readonly text: string | undefined; readonly end: number }
  | { readonly _tag: "More" }
  | Failure

/** A finder and what it has kept of an incomplete text. */
export interface JsonText {
  /** Reads `bytes` from index `from`, where an object begins or goes on, to its end or theirs. */
  readonly push: (bytes: Uint8Array, from: number) => Pushed
  readonly isBetween: () => boolean
  readonly reset: () => void
}

/** Whether a byte is white space of JSON, which may stand around a request. */
export const isWhiteSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)

/** Makes a finder that stands before an object. */
export const make = (limits: SlipLimits): JsonText => {
  const keeper = ByteKeeper.make()
  let depth = 0
  let isInString = false
  let isEscaped = false
  let isDropping = false

  const reset = (): void => {
    depth = 0
    isInString = isEscaped = isDropping = false
    keeper.take()
  }

  const keep = (bytes: Uint8Array): void => {
    if (keeper.sizeBytes() + bytes.length > limits.jsonLimitBytes) {
      isDropping = true
      keeper.take()
    } else if (!isDropping) keeper.addAll(bytes)
  }

  const finish = (bytes: Uint8Array, end: number): Pushed => {
    keep(bytes)
    const text = isDropping ? Result.succeed(undefined) : decode(keeper.take())
    reset()
    return Result.isSuccess(text) ? { _tag: "Text", text: text.success, end } : text.failure
  }

  const push = (bytes: Uint8Array, from: number): Pushed => {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at]!
      if (isInString) {
        if (isEscaped) isEscaped = false
        else if (byte === 0x5c) isEscaped = true
        else if (byte === 0x22) isInString = false
      } else if (byte === 0x22) isInString = true
      else if (byte === 0x7b || byte === 0x5b) {
        if (++depth > limits.depthLimit) return tooDeep(limits)
      } else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) {
        return finish(bytes.subarray(from, at + 1), at + 1)
      }
    }
    keep(bytes.subarray(from))
    return { _tag: "More" }
  }

  return { push, isBetween: () => depth === 0, reset }
}
