/**
 * Writes values as Slip.
 *
 * - What is written can be read again by anybody: keys and file names are never empty, dates always have milliseconds.
 * - A record is written in one pass from its end to its front: so what a size counts is there before the size is written.
 * - Sizes count bytes; the content of a file may come from elsewhere.
 * - Lone surrogates have no UTF-8 and become U+FFFD.
 */
import { Result } from "effect"
import * as Slab from "../Slab.ts"
import * as BackwardText from "./BackwardText.ts"
import { isFile, type SlipFile, type SlipValue } from "./SlipValue.ts"

/** Why a record cannot be written so that it could be read again. */
export interface Unwritable {
  readonly _tag: "Unwritable"
  readonly reason: "empty-key" | "empty-file-name" | "invalid-date" | "wrong-size" | "no-content" | "several-contents"
  /** The keys that lead to the culprit. */
  readonly path: ReadonlyArray<string>
}

/** The bytes around the content of one file. */
export interface Around {
  readonly head: Uint8Array
  /** How many bytes belong between head and tail. */
  readonly contentBytes: number
  readonly tail: Uint8Array
}

/** A record behind its announcement. */
export interface Announced {
  readonly bytes: Uint8Array
  readonly announcementBytes: number
}

/** What can be written: a value of Slip, or one with plain objects for records; what is undefined in them is not written. */
export type Writable = SlipValue | WritableRecord | ReadonlyArray<Writable>

/** Fields by key, in order. */
export type WritableRecord =
  | ReadonlyMap<string, SlipValue>
  | { readonly _tag?: undefined; readonly [key: string]: Writable | undefined }

const smallBytes = 4096
const largeBytes = 65_536
/** More than a field takes beside its key and its text. There is room for so much before each field, key and text. */
const aroundBytes = 64

const [bar, semicolon, escape] = [0x7c, 0x3b, 0x3e]
const [string, number, date, record, array] = [0x6c, 0x6e, 0x64, 0x73, 0x61]

const refusal = (reason: Unwritable["reason"], path: ReadonlyArray<string> = []): Unwritable => ({
  _tag: "Unwritable",
  reason,
  path
})

// All writing shares it. What is being written stands at its end, and is copied from there.
let memory = Buffer.alloc(smallBytes)
/** How many bytes at the end belong to a record that is not done with. */
let standingBytes = 0

/** What is known of a record that is being written. */
const run = {
  /** How many files have their content elsewhere, how many bytes those have, and how many are behind the first. */
  files: 0,
  elsewhereBytes: 0,
  behindBytes: 0,
  /** What cannot be written: of several things the first, because the last was found before. */
  unwritable: undefined as Unwritable | undefined
}

/** Makes room before index `at` for so many bytes: the index at which that is. */
const withRoom = (at: number, bytes: number): number => {
  if (bytes <= at) return at
  const writtenBytes = memory.length - at
  const larger = Buffer.alloc(Math.max(writtenBytes + bytes, memory.length * 2))
  memory.copy(larger, larger.length - writtenBytes, at)
  memory = larger
  return larger.length - writtenBytes
}

// Most of what is said at once has the same time, or one of the same second.
let last = { millis: Number.NaN, text: "" }
let lastSecond = { second: Number.NaN, text: "" }

const timeText = (time: Date): string => {
  const millis = time.getTime()
  if (millis === last.millis) return last.text
  const second = Math.floor(millis / 1000)
  if (second !== lastSecond.second) lastSecond = { second, text: time.toISOString().slice(0, -4) }
  last = { millis, text: `${lastSecond.text}${String(millis - second * 1000).padStart(3, "0")}Z` }
  return last.text
}

/** No less than a key or a file name takes. */
const wordBytes = (text: string): number => text.length * 4

/** Puts a key or a file name with what would end it escaped. */
const putWord = (memory: Buffer, before: number, text: string): number => {
  let at = before
  for (let index = text.length - 1; index >= 0; index--) {
    const unit = text.charCodeAt(index)
    if (unit > 0x7f) return BackwardText.put(memory, before, text.replace(/[|;>]/g, ">$&"))
    memory[--at] = unit
    if (unit === bar || unit === semicolon || unit === escape) memory[--at] = escape
  }
  return at
}

const putFile = (before: number, { content, name, sizeBytes }: SlipFile): number => {
  const isSize = Number.isSafeInteger(sizeBytes) && sizeBytes >= 0
  if (name === "") run.unwritable = refusal("empty-file-name")
  else if (!isSize || (content !== undefined && content.length !== sizeBytes)) run.unwritable = refusal("wrong-size")
  let at = withRoom(before, wordBytes(name) + (content?.length ?? 0) + aroundBytes)
  at = putWord(memory, at, name)
  if (content === undefined) {
    run.files++
    run.elsewhereBytes += sizeBytes
    run.behindBytes = memory.length - standingBytes - at
  } else {
    at -= content.length
    memory.set(content, at)
  }
  memory[--at] = bar
  return BackwardText.put(memory, at, `f${sizeBytes}`)
}

/** Puts a value without a size. */
const putBare = (at: number, value: boolean | null): number =>
  BackwardText.put(memory, at, value === null ? "x" : value ? "b1" : "b0")

const putNumber = (at: number, value: number): number =>
  value >= 0 && Number.isInteger(value)
    ? BackwardText.putDigits(memory, at, value)
    : BackwardText.put(memory, at, String(value))

const putDate = (at: number, value: Date): number => {
  if (!Number.isNaN(value.getTime())) return BackwardText.put(memory, at, timeText(value))
  run.unwritable = refusal("invalid-date")
  return at
}

const putValue = (before: number, value: Writable): number => {
  let at = before
  let behindBytes = memory.length - before
  let type = record
  if (typeof value === "string") {
    at = withRoom(at, value.length * 3 + aroundBytes)
    at = BackwardText.put(memory, at, value)
    type = string
  } else if (typeof value === "number") {
    at = putNumber(at, value)
    type = number
  } else if (typeof value === "boolean" || value === null) return putBare(at, value)
  else if (value instanceof Date) {
    at = putDate(at, value)
    type = date
  } else if (isFile(value)) return putFile(at, value)
  else {
    behindBytes += run.elsewhereBytes
    if (Array.isArray(value)) type = array
    at = Array.isArray(value) ? putItems(at, value) : putFields(at, value as WritableRecord)
    behindBytes -= run.elsewhereBytes
  }
  const sizeBytes = memory.length - at - behindBytes
  memory[--at] = bar
  at = BackwardText.putDigits(memory, at, sizeBytes)
  memory[--at] = type
  return at
}

const putField = (before: number, key: string, value: Writable): number => {
  const { unwritable } = run
  let at = withRoom(before, aroundBytes)
  memory[--at] = semicolon
  at = putValue(at, value)
  at = withRoom(at, wordBytes(key) + aroundBytes)
  memory[--at] = bar
  if (key === "") run.unwritable = refusal("empty-key", [key])
  else if (run.unwritable !== unwritable && run.unwritable !== undefined) {
    run.unwritable = refusal(run.unwritable.reason, [key, ...run.unwritable.path])
  }
  return putWord(memory, at, key)
}

const putFields = (before: number, record: WritableRecord): number => {
  let at = before
  if (record instanceof Map) {
    for (const [key, value] of [...record].toReversed()) at = putField(at, key, value)
    return at
  }
  const fields = record as Readonly<Record<string, Writable | undefined>>
  const keys = Object.keys(fields)
  const values = Object.values(fields)
  for (let index = keys.length - 1; index >= 0; index--) {
    const key = keys[index]!
    const value = values[index]
    if (value !== undefined) at = putField(at, key, value)
  }
  return at
}

/** Puts an array's items under their indexes; a hole is skipped. */
const putItems = (before: number, items: ReadonlyArray<Writable | undefined>): number => {
  let at = before
  for (let index = items.length - 1; index >= 0; index--) {
    const value = items[index]
    if (value !== undefined) at = putField(at, String(index), value)
  }
  return at
}

/** Begins a record: the index of its end. */
const begin = (): number => {
  if (memory.length > largeBytes && standingBytes === 0) memory = Buffer.alloc(smallBytes)
  run.files = run.elsewhereBytes = run.behindBytes = 0
  run.unwritable = undefined
  return memory.length - standingBytes
}

const copy = (from: number, to: number): Uint8Array => {
  const bytes = Slab.take(to - from)
  bytes.set(memory.subarray(from, to))
  return bytes
}

/**
 * The bytes of a record whose files all have their content; or what of it nothing could read.
 *
 * @see PROTOCOL.md § 2
 */
export const write = (record: WritableRecord): Result.Result<Uint8Array, Unwritable> => {
  const at = putFields(begin(), record)
  if (run.unwritable !== undefined) return Result.fail(run.unwritable)
  return run.files > 0 ? Result.fail(refusal("no-content")) : Result.succeed(copy(at, memory.length - standingBytes))
}

/**
 * The bytes of a record like those of `write`, behind what announces how many they are.
 *
 * @see PROTOCOL.md §§ 2, 7
 */
export const writeAnnounced = (
  record: WritableRecord,
  announce: (sizeBytes: number) => Uint8Array
): Result.Result<Announced, Unwritable> => {
  const at = putFields(begin(), record)
  if (run.unwritable !== undefined) return Result.fail(run.unwritable)
  if (run.files > 0) return Result.fail(refusal("no-content"))
  const sizeBytes = memory.length - standingBytes - at
  standingBytes += sizeBytes
  const announcement = announce(sizeBytes)
  const from = memory.length - standingBytes
  standingBytes -= sizeBytes
  const bytes = Slab.take(announcement.length + sizeBytes)
  bytes.set(announcement)
  bytes.set(memory.subarray(from, from + sizeBytes), announcement.length)
  return Result.succeed({ bytes, announcementBytes: announcement.length })
}

/**
 * The bytes before and after the content of the only file that is without it; the caller puts exactly `contentBytes`
 * between them.
 *
 * @see PROTOCOL.md § 2
 */
export const writeAround = (record: WritableRecord): Result.Result<Around, Unwritable> => {
  const at = putFields(begin(), record)
  if (run.unwritable !== undefined) return Result.fail(run.unwritable)
  if (run.files > 1) return Result.fail(refusal("several-contents"))
  const end = memory.length - standingBytes
  const to = end - run.behindBytes
  return Result.succeed({
    head: copy(at, to),
    contentBytes: run.elsewhereBytes,
    tail: copy(to, end)
  })
}
