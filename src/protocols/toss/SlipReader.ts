/**
 * Reads the fields of Slip from bytes that come in any pieces.
 *
 * - Never throws. After a failure everything is that failure until the reader is reset.
 * - What lies whole in the bytes is read at once, what is cut by their end byte by byte as it comes: with the same outcome.
 * - Every byte is looked at and copied at most a constant number of times, however the input is cut.
 * - A size is only a number: room is made for bytes that have come. Depth, fields, keys and contents are limited while
 *   reading; a content over the limit is counted and dropped, and the field goes on behind it.
 * - The contents of files are handed on as views of the input, which are the caller's until its own buffer changes.
 */
import type { FileSink } from "./FileSink.ts"
import * as SlipContent from "./SlipContent.ts"
import * as SlipLimits from "./SlipLimits.ts"
import * as SlipText from "./SlipText.ts"
import type { Failure } from "./SlipText.ts"
import type { SlipValue } from "./SlipValue.ts"
import * as SlipWhole from "./SlipWhole.ts"
import * as SlipWord from "./SlipWord.ts"

/** What reading has come to; `end` is the index after the last byte. */
export type Pushed =
  /** The key of a field of the record itself that there is already, or whose value is not whole in the bytes. */
  | { readonly _tag: "Key"; readonly key: string; readonly end: number }
  | { readonly _tag: "Field"; readonly key: string; readonly value: SlipValue; readonly end: number }
  | { readonly _tag: "More" }
  | Failure

/** A reader and what it knows of an incomplete field. */
export interface SlipReader {
  /**
   * Reads `bytes` from index `from` to the end of a field of the record itself, or to the end of its key, or to their end.
   * `has` says which fields there are already.
   */
  readonly push: (bytes: Uint8Array, from: number, has?: (key: string) => boolean) => Pushed
  /** Why the record may not end here, if so. */
  readonly finish: () => Failure | undefined
  /** The paths of the contents that were dropped since the last reset. */
  readonly oversized: () => ReadonlyArray<ReadonlyArray<string>>
  /** Begins a new record; with a key that has just been read it begins with that. */
  readonly reset: (keepsKey?: boolean) => void
}

/** The part of a field that comes next, or is going on: `spelling` a key, `naming` a file; `ended` is behind all of it. */
type State = "key" | "spelling" | "type" | "size" | "boolean" | "content" | "name" | "naming" | "after" | "ended"

/** A record or an array that is being read. */
interface Level {
  /** The offset behind its last field. */
  readonly end: number
  readonly entries: Map<string, SlipValue>
  readonly isArray: boolean
  key: string
}

const [bar, semicolon, dot] = [0x7c, 0x3b, 0x2e]
const types = new Map([..."lndsafbx"].map((type) => [type.charCodeAt(0), type]))
const more: Pushed = { _tag: "More" }
// The fields of the record itself are the caller's.
const noEntries = new Map<string, SlipValue>()

/**
 * Makes a reader at the beginning of a record. Without a sink files keep their content.
 *
 * @see PROTOCOL.md §§ 1–4
 */
export const make = (limits: SlipLimits.SlipLimits, sink?: FileSink): SlipReader => {
  const reading: SlipWhole.Reading = { fields: 0, keptBytes: 0, key: "", value: null }
  const whole = SlipWhole.make(limits, reading)
  const word = SlipWord.make(limits)
  const content = SlipContent.make(limits, reading, sink)
  let levels: Array<Level> = []
  let level: Level = { end: Infinity, entries: noEntries, isArray: false, key: "" }
  let state: State = "key"
  let type = ""
  let sizeText = ""
  let offset = 0
  let keyOffset = 0
  /** Up to here values are not whole, or are not read at once. */
  let reachedOffset = -1
  let failure: Failure | undefined

  /** Whether a value has no size. */
  const isBare = (): boolean => type === "b" || type === "x"

  /** What is wrong with the end of a record at this place. */
  const endFailure = (): Failure => {
    if (state === "after" && !isBare()) return SlipText.misnamed(level.key)
    return state === "name" ? SlipText.nameless(level.key) : SlipText.unexpectedEnd
  }

  /** The key or name that has ended; `nothing` is what is wrong if it is empty. */
  const endWord = (nothing: Failure): string | Failure => {
    const sizeBytes = word.sizeBytes()
    reading.keptBytes += sizeBytes
    if (reading.keptBytes > limits.recordLimitBytes) return SlipLimits.tooLong(limits)
    return sizeBytes === 0 ? nothing : word.text()
  }

  /** Takes a key with its bar, if it lies whole in the bytes before index `to`: how many bytes that are, or 0. */
  const takeWholeKey = (bytes: Uint8Array, at: number, to: number): number => {
    const bar = whole.readKey(bytes, at, to)
    if (bar < 0) return 0
    level.key = reading.key
    state = "type"
    return bar + 1 - at
  }

  /** Takes what has come of a key. */
  const takeKey = (bytes: Uint8Array, at: number, to: number): number | Failure => {
    state = "spelling"
    const taken = word.take(bytes, at, to, bar)
    if (typeof taken !== "number" || !word.isEnded()) return taken
    const key = endWord(SlipText.unexpected(bar, offset + taken - 1))
    if (typeof key !== "string") return key
    if (++reading.fields > limits.fieldLimit) return SlipLimits.tooMany(limits)
    level.key = key
    state = "type"
    return taken
  }

  /** Takes a value with its end, if it lies whole in the bytes; else 0. */
  const takeWhole = (bytes: Uint8Array, at: number, to: number): number => {
    if (offset <= reachedOffset) return 0
    const { fields, keptBytes } = reading
    const end = whole.readValue(bytes, at, to, levels.length + 1)
    if (end >= 0) {
      state = "ended"
      return end - at
    }
    // What was looked at in vain is not looked at again.
    reachedOffset = offset + whole.reached() - at
    reading.fields = fields
    reading.keptBytes = keptBytes
    return 0
  }

  const takeType = (byte: number): number | Failure => {
    type = types.get(byte) ?? ""
    if (type === "") return SlipText.unexpected(byte, offset)
    sizeText = ""
    if (type === "x") reading.value = null
    state = type === "x" ? "after" : type === "b" ? "boolean" : "size"
    return 1
  }

  const takeSize = (byte: number): number | Failure => {
    if (byte === semicolon || byte === dot) return SlipText.notAnInteger
    if (byte !== bar) sizeText += String.fromCharCode(byte)
    if (byte !== bar && !SlipText.isLongEnough(sizeText)) return 1
    const size = SlipText.size(sizeText)
    if (typeof size !== "number") return size
    return byte === bar ? (beginSized(size) ?? 1) : SlipText.notAnInteger
  }

  /** Begins what has a size, whose bar is here. */
  const beginSized = (size: number): Failure | undefined => {
    const end = offset + 1 + size
    if (end > level.end) return SlipText.unexpectedEnd
    if (type === "s" || type === "a") {
      if (levels.length + 2 > limits.depthLimit) return SlipLimits.tooDeep(limits)
      levels.push(level)
      level = { end, entries: new Map(), isArray: type === "a", key: "" }
      state = "key"
      if (size === 0) closeLevel()
      return undefined
    }
    content.begin(
      type,
      size,
      [...levels, level].map(({ key }) => key)
    )
    state = "content"
    const taken = size === 0 ? takeContent(new Uint8Array(0), 0) : 0
    return typeof taken === "number" ? undefined : taken
  }

  /** Puts what a level holds into the field around it. */
  const closeLevel = (): void => {
    const { entries, isArray } = level
    reading.value = isArray ? SlipText.items(entries) : entries
    level = levels.pop()!
    type = isArray ? "a" : "s"
    state = "after"
  }

  const takeBoolean = (byte: number): number | Failure => {
    if (byte !== 0x30 && byte !== 0x31) return SlipText.unexpected(byte, offset)
    reading.value = byte === 0x31
    state = "after"
    return 1
  }

  const takeEnd = (byte: number): number | Failure => {
    state = "ended"
    if (byte === semicolon) return 1
    return isBare() ? SlipText.unexpected(byte, offset) : SlipText.misnamed(level.key)
  }

  const takeContent = (bytes: Uint8Array, at: number): number | Failure => {
    const taken = content.take(bytes, at)
    if (content.isWhole()) state = type === "f" ? "name" : "after"
    return taken
  }

  const takeName = (bytes: Uint8Array, at: number, to: number): number | Failure => {
    state = "naming"
    const taken = word.take(bytes, at, to, semicolon)
    if (typeof taken !== "number" || !word.isEnded()) return taken
    const name = endWord(SlipText.nameless(level.key))
    if (typeof name !== "string") return name
    content.name(name)
    state = "ended"
    return taken
  }

  const take = (bytes: Uint8Array, at: number, to: number): number | Failure => {
    switch (state) {
      case "key":
        return takeWholeKey(bytes, at, to) || takeKey(bytes, at, to)
      case "type":
        return takeWhole(bytes, at, to) || takeType(bytes[at]!)
      case "spelling":
        return takeKey(bytes, at, to)
      case "size":
        return takeSize(bytes[at]!)
      case "content":
        return takeContent(bytes, at)
      case "name":
      case "naming":
        return takeName(bytes, at, to)
      case "boolean":
        return takeBoolean(bytes[at]!)
      default:
        return takeEnd(bytes[at]!)
    }
  }

  /** Ends a field of the record itself, at index `end`. */
  const endField = (end: number): Pushed => {
    state = "key"
    keyOffset = offset
    return { _tag: "Field", key: level.key, value: reading.value, end }
  }

  /** Takes a field of the record itself that lies whole in the bytes, or its key if only that does; else nothing. */
  const pushWhole = (bytes: Uint8Array, from: number, has?: (key: string) => boolean): Pushed | undefined => {
    const taken = takeWholeKey(bytes, from, bytes.length)
    if (taken === 0) return undefined
    offset += taken
    const at = from + taken
    const valueBytes = at === bytes.length || has?.(level.key) === true ? 0 : takeWhole(bytes, at, bytes.length)
    if (valueBytes === 0) return { _tag: "Key", key: level.key, end: at }
    offset += valueBytes
    return endField(at + valueBytes)
  }

  const push = (bytes: Uint8Array, from: number, has?: (key: string) => boolean): Pushed => {
    if (failure !== undefined) return failure
    const pushed = state === "key" && levels.length === 0 ? pushWhole(bytes, from, has) : undefined
    if (pushed !== undefined) return pushed
    let at = from
    while (at < bytes.length) {
      if (offset === level.end) return (failure = endFailure())
      const taken = take(bytes, at, Math.min(bytes.length, at + level.end - offset))
      if (typeof taken !== "number") return (failure = taken)
      at += taken
      offset += taken
      if (levels.length === 0 && state === "ended") return endField(at)
      if (levels.length === 0 && state === "type") return { _tag: "Key", key: level.key, end: at }
      if (state === "ended") {
        state = "key"
        level.entries.set(level.key, reading.value)
        if (offset === level.end) closeLevel()
      }
    }
    return more
  }

  /** Whether nothing of a next field has come. */
  const isBetween = (): boolean => levels.length === 0 && state === "key" && failure === undefined

  return {
    push,
    finish: () => failure ?? (isBetween() ? undefined : levels.length > 0 ? SlipText.unexpectedEnd : endFailure()),
    oversized: () => content.oversized(),
    reset: (keepsKey = false) => {
      offset = keepsKey ? offset - keyOffset : 0
      reading.fields = keepsKey ? 1 : 0
      reading.keptBytes = keyOffset = 0
      reachedOffset = -1
      content.reset()
      failure = undefined
      if (keepsKey || isBetween()) return
      level = levels[0] ?? level
      levels = []
      word.reset()
      state = "key"
    }
  }
}
