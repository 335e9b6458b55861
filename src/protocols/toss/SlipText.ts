/**
 * What the texts between Slip's delimiters mean.
 *
 * - Every function is total: what means nothing is a failure with the status and the words that the peer is to get.
 */
import { Predicate } from "effect"
import * as Utf8 from "../Utf8.ts"
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

const instant = /^(?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** Whether something could not be read. */
export const isFailure = (read: SlipValue | Failure): read is Failure =>
  typeof read === "object" && Predicate.isTagged(read, "Failed")

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

/** Most of the short texts that come: they need not be decoded. */
const words = ["data", "action", "chunks", "log-in", "message", "username", "attachment", "send-message"].map(
  (text) => ({ text, bytes: new TextEncoder().encode(text) })
)
const wordsByFirst = Array.from({ length: 256 }, (_, byte) => words.filter(({ bytes }) => bytes[0] === byte))

/** The known word that begins at index `from` and ends before index `to`, or undefined. */
export const wordAt = (bytes: Uint8Array, from: number, to: number): string | undefined => {
  if (from === to) return undefined
  const candidates = wordsByFirst[bytes[from]!]!
  for (let index = 0; index < candidates.length; index++) {
    const { bytes: expected, text } = candidates[index]!
    let at = expected.length
    if (from + at > to) continue
    while (at > 1 && bytes[from + at - 1] === expected[at - 1]) at--
    if (at === 1) return text
  }
  return undefined
}

/** The text in UTF-8 from index `from` to before index `to`. */
export const decode = (bytes: Uint8Array, from: number, to: number): string | Failure => {
  const word = wordAt(bytes, from, to)
  if (word !== undefined && word.length === to - from) return word
  return Utf8.decode(bytes, from, to) ?? unexpectedEnd
}

const zero = 0x30

/** No more digits are a number at a glance. */
const digitLimit = 9

/** The number that the bytes from index `from` to before index `to` are, if they are a few digits and nothing else; else -1. */
export const wholeNumber = (bytes: Uint8Array, from: number, to: number): number => {
  if (to === from || to - from > digitLimit) return -1
  let number = 0
  for (let at = from; at < to; at++) {
    const digit = bytes[at]! - zero
    if (digit < 0 || digit > 9) return -1
    number = number * 10 + digit
  }
  return number
}

/** Whether so much of a size has been read that more of it changes nothing. */
export const isLongEnough = (text: string): boolean => text.length >= sizeDigits

/**
 * The size that a text begins with; spaces and a sign before it and anything but a `.` after it are forgiven.
 *
 * @see PROTOCOL.md § 3
 */
export const size = (text: string): number | Failure => {
  const number = text.includes(".") ? Number.NaN : Number.parseInt(text)
  if (Number.isNaN(number)) return notAnInteger
  if (number < 0 || number > sizeLimitBytes) return outOfRange
  return isLongEnough(text) ? notAnInteger : number
}

/** What stands for a content of type `l`, `n` or `d` that was dropped. */
export const placeholder = (type: string): string | number | Date =>
  type === "l" ? "" : type === "n" ? Number.NaN : new Date(0)

/** A date with milliseconds; a day that its month does not have rolls over, if no month has it the date is refused. */
const date = (text: string): Date | Failure => {
  const read = new Date(instant.test(text) ? text : Number.NaN)
  return Number.isNaN(read.getTime()) ? malformed("Dates must be in ISO format") : read
}

/** The value of a content of type `l`, `n` or `d`, from index `from` to before index `to`. */
export const content = (
  type: string,
  bytes: Uint8Array,
  from: number,
  to: number
): string | number | Date | Failure => {
  const whole = type === "n" ? wholeNumber(bytes, from, to) : -1
  if (whole >= 0) return whole
  const text = decode(bytes, from, to)
  if (typeof text !== "string" || type === "l") return text
  return type === "n" ? Number(text) : date(text)
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
