/**
 * What the texts between Slip's delimiters mean.
 *
 * - Every function is total: what means nothing is a failure with the status and the words that the peer is to get.
 */
import { Result } from "effect"
import * as SlipGlance from "./SlipGlance.ts"
import type { SlipValue } from "./SlipValue.ts"

/** Why a record cannot be read: 201 is the peer's mistake, 202 a size out of range. */
export interface Failure {
  readonly _tag: "Failed"
  readonly status: 201 | 202
  readonly detail: string
}

/** The largest size that is one. */
export const sizeLimitBytes = 4_294_967_296

/** No more of a size is looked at. */
const sizeDigits = 32

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
const instant = /^(?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** A {@link Failure} with status 201. */
export const malformed = (detail: string): Failure => ({ _tag: "Failed", status: 201, detail })

/** The record stops, or loses its way, within a field. */
export const unexpectedEnd = malformed("Unexpected end of input")

/** A byte that means nothing where it is. */
export const unexpected = (byte: number, offset: number): Failure =>
  malformed(`Unexpected token (${String.fromCharCode(byte)}) at ${offset}`)

/** A file ends without a name. */
export const nameless = (key: string): Failure => malformed(`${key} is defined as a File, but has no file name`)

/** Something is behind a content that is no file's. */
export const misnamed = (key: string): Failure => malformed(`${key} is not defined as a File, but has a file name`)

/** A size is not a number, or not a whole one. */
export const notAnInteger = malformed("Content size must be an Integer")

/** A size is out of range, of which the peer gets no details. */
export const outOfRange: Failure = { _tag: "Failed", status: 202, detail: "Server error" }

/** Most of the short texts that come, by their length. */
const words = ["data", "action", "chunks", "log-in", "message", "username", "attachment", "send-message"]
const wordsByLength = Array.from({ length: 13 }, (_, length) =>
  words
    .filter((word) => word.length === length)
    .map((word) => ({ word: Result.succeed(word), bytes: new TextEncoder().encode(word) }))
)

const known = (bytes: Uint8Array): Result.Result<string> | undefined => {
  for (const { bytes: expected, word } of wordsByLength[bytes.length] ?? []) {
    if (SlipGlance.has(bytes, 0, expected)) return word
  }
  return undefined
}

/** A text in UTF-8. */
export const decode = (bytes: Uint8Array): Result.Result<string, Failure> =>
  known(bytes) ?? Result.try({ try: () => decoder.decode(bytes), catch: () => unexpectedEnd })

/** Whether so much of a size has been read that more of it changes nothing. */
export const isLongEnough = (text: string): boolean => text.length >= sizeDigits

/**
 * The size that a text begins with; spaces and a sign before it and anything but a `.` after it are forgiven.
 *
 * @see PROTOCOL.md § 3
 */
export const size = (text: string): Result.Result<number, Failure> => {
  const number = text.includes(".") ? Number.NaN : Number.parseInt(text)
  if (Number.isNaN(number)) return Result.fail(notAnInteger)
  if (number < 0 || number > sizeLimitBytes) return Result.fail(outOfRange)
  return isLongEnough(text) ? Result.fail(notAnInteger) : Result.succeed(number)
}

/** A date with milliseconds; a day that its month does not have rolls over, if no month has it the date is refused. */
const date = (text: string): Result.Result<Date, Failure> => {
  const read = new Date(instant.test(text) ? text : Number.NaN)
  return Number.isNaN(read.getTime()) ? Result.fail(malformed("Dates must be in ISO format")) : Result.succeed(read)
}

/** The value of a content of type `l`, `n` or `d`. */
export const content = (type: string, bytes: Uint8Array): Result.Result<SlipValue, Failure> => {
  const text = decode(bytes)
  if (Result.isFailure(text) || type === "l") return text
  return type === "n" ? Result.succeed(Number(text.success)) : date(text.success)
}

const arrayIndex = /^(?:0|[1-9]\d{0,9})$/

/** An array's items: those with numbers for keys in numeric order without gaps, then the others as they came. */
export const items = (entries: ReadonlyMap<string, SlipValue>): ReadonlyArray<SlipValue> => {
  const numbered: Array<readonly [index: number, value: SlipValue]> = []
  const others: Array<SlipValue> = []
  for (const [key, value] of entries) {
    if (arrayIndex.test(key)) numbered.push([Number(key), value])
    else others.push(value)
  }
  numbered.sort(([one], [other]) => one - other)
  return [...numbered.map(([, value]) => value), ...others]
}
