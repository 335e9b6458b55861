/**
 * Splits a stream of bytes into packages, and says what is wrong with it in the words of this protocol.
 *
 * - A package that is too long ends the stream as soon as that is known. So do brackets that do not match, and bytes that JSON
 *   has only in strings; whether the text is JSON is left to `JSON.parse`.
 * - After a failure there is no place to go on from; whoever reads stops.
 */
import * as JsonSplitter from "../JsonSplitter.ts"

/** What a package may be. */
export type Limits = JsonSplitter.Limits

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

/** Makes a {@link Failure} that says what is wrong with the bytes. */
export const malformed = (detail: string): Failure => ({ _tag: "Failed", reason: "malformed", detail })

/** Makes a {@link Failure} that names the limit which was passed. */
export const tooLarge = (limitBytes: number): Failure => ({
  _tag: "Failed",
  reason: "too-large",
  detail: `Cannot read package: it is longer than ${limitBytes} bytes.`
})

/** Whether a byte is white space of JSON, which may stand between packages. */
export const isWhiteSpace = JsonSplitter.isWhiteSpace

const failure = (reason: JsonSplitter.Reason, { depthLimit, limitBytes, valueLimit }: Limits): Failure => {
  switch (reason) {
    case "too-large":
      return tooLarge(limitBytes)
    case "no-object":
      return malformed("Cannot read package: it does not begin with a brace.")
    case "too-deep":
      return malformed(`Cannot read package: it is nested deeper than ${depthLimit} levels.`)
    case "too-many":
      return malformed(`Cannot read package: it has more than ${valueLimit} values.`)
    case "wrong-bracket":
      return malformed("Cannot read package: its brackets do not match.")
    case "wrong-byte":
      return malformed("Cannot read package: it has a byte that JSON has only in strings.")
    case "not-utf8":
      return malformed("Cannot read package: it is not UTF-8.")
  }
}

class Frames implements JsonFrames {
  readonly #limits: Limits
  readonly #splitter: JsonSplitter.JsonSplitter

  constructor(limits: Limits) {
    this.#limits = limits
    const { depthLimit, limitBytes, valueLimit } = limits
    this.#splitter = JsonSplitter.make({ depthLimit, limitBytes, valueLimit, isStrict: true, dropsTooLarge: false })
  }

  push(bytes: Uint8Array, from: number): Pushed {
    const pushed = this.#splitter.push(bytes, from)
    switch (pushed._tag) {
      case "Text":
        return { _tag: "Package", text: pushed.text, end: pushed.end, isSpaced: pushed.isSpaced }
      case "More":
        return pushed
      case "Dropped":
        return tooLarge(this.#limits.limitBytes)
      case "Failed":
        return failure(pushed.reason, this.#limits)
    }
  }

  isBetween(): boolean {
    return this.#splitter.isBetween()
  }
}

/**
 * Makes a splitter that stands before a first package.
 *
 * @see PROTOCOL.md § 1
 */
export const make = (limits: Limits): JsonFrames => new Frames(limits)
