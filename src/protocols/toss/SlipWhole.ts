/**
 * Reads a value of Slip at once, if it lies whole in the bytes.
 *
 * - Only strings, numbers and records of them are read here, as everybody writes them and within the limits: that is most of
 *   what comes. All else is left to the reader that takes it as it comes, which finds the same in these.
 */
import type { SlipLimits } from "./SlipLimits.ts"
import * as SlipText from "./SlipText.ts"
import type { SlipValue } from "./SlipValue.ts"

/** What has been read of a record. */
export interface Reading {
  /** How many fields have begun, nested ones included. */
  fields: number
  /** How many bytes their keys, file names and contents except files' have. */
  keptBytes: number
  /** The last key. */
  key: string
  /** The last value. */
  value: SlipValue
}

/** A reader of whole keys and values. */
export interface SlipWhole {
  /** Reads the key at index `from`: the index of its bar, which is before `to`, or -1. */
  readonly readKey: (bytes: Uint8Array, from: number, to: number) => number
  /**
   * Reads a value whose type is at index `from` and whose end is before `to`, in the record of that level: the index behind
   * its end, or -1.
   */
  readonly readValue: (bytes: Uint8Array, from: number, to: number, level: number) => number
  /** The index of the last type that was looked at. */
  readonly reached: () => number
}

const [bar, semicolon, escape, zero] = [0x7c, 0x3b, 0x3e, 0x30]
const [string, number, record] = [0x6c, 0x6e, 0x73]

/** No size with more digits is read here. */
const digitLimit = 9

class Whole implements SlipWhole {
  readonly #limits: SlipLimits
  readonly #reading: Reading
  #reached = 0

  constructor(limits: SlipLimits, reading: Reading) {
    this.#limits = limits
    this.#reading = reading
  }

  reached(): number {
    return this.#reached
  }

  readKey(bytes: Uint8Array, from: number, to: number): number {
    const limits = this.#limits
    const reading = this.#reading
    const word = SlipText.wordAt(bytes, from, to)
    let at = word === undefined ? from : from + word.length
    const isWord = word !== undefined && at < to && bytes[at] === bar
    if (!isWord) for (at = from; at < to && bytes[at] !== bar && bytes[at] !== escape;) at++
    const sizeBytes = at - from
    if (at === to || bytes[at] === escape || sizeBytes === 0 || sizeBytes > limits.keyLimitBytes) return -1
    if (reading.fields === limits.fieldLimit || reading.keptBytes + sizeBytes > limits.recordLimitBytes) return -1
    const text = isWord ? word : SlipText.decode(bytes, from, at)
    if (typeof text !== "string") return -1
    reading.fields++
    reading.keptBytes += sizeBytes
    reading.key = text
    return at
  }

  readValue(bytes: Uint8Array, from: number, to: number, level: number): number {
    this.#reached = from
    const type = bytes[from]
    if (type !== string && type !== number && type !== record) return -1
    let at = from + 1
    let size = 0
    const limit = Math.min(to, at + digitLimit)
    while (at < limit && bytes[at]! >= zero && bytes[at]! <= zero + 9) size = size * 10 + bytes[at++]! - zero
    if (at === from + 1 || bytes[at] !== bar) return -1
    const end = at + 1 + size
    if (end >= to || bytes[end] !== semicolon) return -1
    const isRead =
      type === record
        ? this.#readRecord(bytes, at + 1, end, level + 1)
        : this.#readContent(bytes, at + 1, end, type === number)
    return isRead ? end + 1 : -1
  }

  /** Reads the fields that fill the bytes from index `from` to before index `to`; whether that could be done. */
  #readRecord(bytes: Uint8Array, from: number, to: number, level: number): boolean {
    if (level > this.#limits.depthLimit) return false
    const entries = new Map<string, SlipValue>()
    let at = from
    while (at < to) {
      const end = this.readKey(bytes, at, to)
      if (end < 0) return false
      const { key } = this.#reading
      at = this.readValue(bytes, end + 1, to, level)
      if (at < 0) return false
      entries.set(key, this.#reading.value)
    }
    this.#reading.value = entries
    return true
  }

  #readContent(bytes: Uint8Array, from: number, to: number, isNumber: boolean): boolean {
    const reading = this.#reading
    reading.keptBytes += to - from
    if (reading.keptBytes > this.#limits.recordLimitBytes) return false
    const content = isNumber ? SlipText.content("n", bytes, from, to) : SlipText.decode(bytes, from, to)
    if (SlipText.isFailure(content)) return false
    reading.value = content
    return true
  }
}

/** Makes a reader of what belongs to a record. Whoever gets -1 sets the counts back. */
export const make = (limits: SlipLimits, reading: Reading): SlipWhole => new Whole(limits, reading)
