/**
 * Reads a value of Slip at once, if it lies whole in the bytes.
 *
 * - Only strings, numbers and records of them are read here, as everybody writes them and within the limits: that is most of
 *   what comes. All else is left to the reader that takes it as it comes, which finds the same in these.
 */
import type { SlipLimits } from "./SlipLimits.ts"
import * as SlipText from "./SlipText.ts"
import type { SlipValue } from "./SlipValue.ts"

/** What a record has come to, by which it is limited. */
export interface Spent {
  fields: number
  /** Of keys, file names and contents except files'. */
  keptBytes: number
}

/** A reader of whole keys and values. */
export interface SlipWhole {
  /** Reads the key at index `from`: the index of its bar, which is before `to`, or -1. */
  readonly readKey: (bytes: Uint8Array, from: number, to: number) => number
  /** The key that was read. */
  readonly key: () => string
  /**
   * Reads the value whose type is at index `from`, in the so-manieth level: the index behind its end, which is not beyond
   * `to`; or -1.
   */
  readonly readValue: (bytes: Uint8Array, from: number, to: number, level: number) => number
  /** The value that was read. */
  readonly value: () => SlipValue
  /** The index of the last type that was looked at. */
  readonly reached: () => number
}

const [bar, semicolon, escape, zero] = [0x7c, 0x3b, 0x3e, 0x30]
const [string, number, record] = [0x6c, 0x6e, 0x73]

/** No size with more digits is read here. */
const digitLimit = 9

/** Makes a reader that counts what it reads to `spent`. */
export const make = (limits: SlipLimits, spent: Spent): SlipWhole => {
  let key = ""
  let value: SlipValue = null
  let reached = 0

  const readKey = (bytes: Uint8Array, from: number, to: number): number => {
    const limit = Math.min(to, from + limits.keyLimitBytes + 1)
    let at = from
    while (at < limit && bytes[at] !== bar && bytes[at] !== escape) at++
    if (at === from || at === limit || bytes[at] === escape) return -1
    if (spent.fields === limits.fieldLimit || spent.keptBytes + at - from > limits.recordLimitBytes) return -1
    const text = SlipText.decode(bytes, from, at)
    if (typeof text !== "string") return -1
    spent.fields++
    spent.keptBytes += at - from
    key = text
    return at
  }

  /** Reads the fields that fill the bytes from index `from` to before index `to`; whether that could be done. */
  const readRecord = (bytes: Uint8Array, from: number, to: number, level: number): boolean => {
    if (level > limits.depthLimit) return false
    const entries = new Map<string, SlipValue>()
    let at = from
    while (at < to) {
      const end = readKey(bytes, at, to)
      if (end < 0) return false
      const fieldKey = key
      at = readValue(bytes, end + 1, to, level)
      if (at < 0) return false
      entries.set(fieldKey, value)
    }
    value = entries
    return true
  }

  const readContent = (bytes: Uint8Array, from: number, to: number, isNumber: boolean): boolean => {
    spent.keptBytes += to - from
    if (spent.keptBytes > limits.recordLimitBytes) return false
    const content = SlipText.content(isNumber ? "n" : "l", bytes, from, to)
    if (SlipText.isFailure(content)) return false
    value = content
    return true
  }

  const readValue = (bytes: Uint8Array, from: number, to: number, level: number): number => {
    reached = from
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
      type === record ? readRecord(bytes, at + 1, end, level + 1) : readContent(bytes, at + 1, end, type === number)
    return isRead ? end + 1 : -1
  }

  return { readKey, key: () => key, readValue, value: () => value, reached: () => reached }
}
