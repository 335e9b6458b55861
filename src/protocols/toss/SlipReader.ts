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
import { ByteBuffer } from "../ByteBuffer.ts"
import type { FileSink } from "./FileSink.ts"
import * as SlipLimits from "./SlipLimits.ts"
import * as SlipText from "./SlipText.ts"
import type { Failure } from "./SlipText.ts"
import type { SlipFile, SlipValue } from "./SlipValue.ts"
import * as SlipWhole from "./SlipWhole.ts"
import * as SlipWord from "./SlipWord.ts"

/** What reading has come to; `end` is the index after the last byte. */
export type Pushed =
  /** The key of a field of the record itself, whose value is next. */
  | { readonly _tag: "Key"; readonly key: string; readonly end: number }
  | { readonly _tag: "Field"; readonly key: string; readonly value: SlipValue; readonly end: number }
  | { readonly _tag: "More" }
  | Failure

/** A reader and what it knows of an incomplete field. */
export interface SlipReader {
  /** Reads `bytes` from index `from` to the next key or the end of a field of the record itself, or to their end. */
  readonly push: (bytes: Uint8Array, from: number) => Pushed
  /** Why the record may not end here, if so. */
  readonly finish: () => Failure | undefined
  /** Whether nothing of a next field has come. */
  readonly isBetween: () => boolean
  /** The paths of the contents that were dropped since the last reset. */
  readonly oversized: () => ReadonlyArray<ReadonlyArray<string>>
  /** Begins a new record; with a key that has just been read it begins with that. */
  readonly reset: (keepsKey?: boolean) => void
}

/** The part of a field that comes next; `ended` is behind its last byte. */
type State = "key" | "type" | "size" | "boolean" | "content" | "name" | "after" | "ended"

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
const none = new Uint8Array(0)
const nothing: ReadonlyArray<never> = []

/**
 * Makes a reader at the beginning of a record. Without a sink files keep their content.
 *
 * @see PROTOCOL.md §§ 1–4
 */
export const make = (limits: SlipLimits.SlipLimits, sink?: FileSink): SlipReader => {
  const spent: SlipWhole.Spent = { fields: 0, keptBytes: 0 }
  const whole = SlipWhole.make(limits, spent)
  const word = SlipWord.make(limits)
  /** What has come of a content that is cut. */
  const kept = new ByteBuffer()
  let levels: Array<Level> = []
  let level: Level = { end: Infinity, entries: new Map(), isArray: false, key: "" }
  let state: State = "key"
  let type = ""
  let sizeText = ""
  let sizeBytes = 0
  let remainingBytes = 0
  let isDropping = false
  let value: SlipValue = null
  let ordinal: number | undefined
  let offset = 0
  let keyOffset = 0
  /** Up to here values are not whole, or are not read at once. */
  let reachedOffset = -1
  let fileBytes = 0
  let oversized: Array<ReadonlyArray<string>> = []
  let failure: Failure | undefined

  const path = (): ReadonlyArray<string> => [...levels.map(({ key }) => key), level.key]

  /** Whether a value has no size. */
  const isBare = (): boolean => type === "b" || type === "x"

  /** What is wrong with the end of a record at this place. */
  const endFailure = (): Failure => {
    if (state === "after" && !isBare()) return SlipText.misnamed(level.key)
    return state === "name" && word.isFresh() ? SlipText.nameless(level.key) : SlipText.unexpectedEnd
  }

  const countWord = (): Failure | undefined => {
    spent.keptBytes += word.sizeBytes()
    return spent.keptBytes > limits.recordLimitBytes ? SlipLimits.tooLong(limits) : undefined
  }

  /** The index behind what belongs to this level. */
  const levelEnd = (bytes: Uint8Array, at: number): number => Math.min(bytes.length, at + level.end - offset)

  /** Takes what has come of a key: how many bytes that are. So do the other parts of a field. */
  const takeKey = (bytes: Uint8Array, at: number): number | Failure => {
    const bar = word.isFresh() ? whole.readKey(bytes, at, levelEnd(bytes, at)) : -1
    if (bar >= 0) {
      level.key = whole.key()
      state = "type"
      return bar + 1 - at
    }
    const taken = word.take(bytes, at, levelEnd(bytes, at), 0x7c)
    return typeof taken === "number" && word.isEnded() ? (endKey(offset + taken - 1) ?? taken) : taken
  }

  /** Ends the key whose bar is at `barOffset`. */
  const endKey = (barOffset: number): Failure | undefined => {
    const tooLong = countWord()
    if (tooLong !== undefined) return tooLong
    if (word.sizeBytes() === 0) return SlipText.unexpected(bar, barOffset)
    const key = word.text()
    if (typeof key !== "string") return key
    if (++spent.fields > limits.fieldLimit) return SlipLimits.tooMany(limits)
    level.key = key
    state = "type"
    return undefined
  }

  /** Takes a value with its end, if it lies whole in the bytes; 0 if not. */
  const takeWhole = (bytes: Uint8Array, at: number): number => {
    if (offset <= reachedOffset) return 0
    const { fields, keptBytes } = spent
    const end = whole.readValue(bytes, at, levelEnd(bytes, at), levels.length + 1)
    if (end < 0) {
      // What was looked at in vain is not looked at again.
      reachedOffset = offset + whole.reached() - at
      spent.fields = fields
      spent.keptBytes = keptBytes
      return 0
    }
    value = whole.value()
    state = "ended"
    return end - at
  }

  const takeType = (byte: number): number | Failure => {
    const known = types.get(byte)
    if (known === undefined) return SlipText.unexpected(byte, offset)
    type = known
    sizeText = ""
    if (type === "x") value = null
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
    sizeBytes = remainingBytes = size
    if (type === "s" || type === "a") {
      if (levels.length + 2 > limits.depthLimit) return SlipLimits.tooDeep(limits)
      levels.push(level)
      level = { end, entries: new Map(), isArray: type === "a", key: "" }
      state = "key"
      if (size === 0) closeLevel()
      return undefined
    }
    const isFile = type === "f"
    const sumBytes = size + (isFile ? fileBytes : spent.keptBytes)
    isDropping = sumBytes > (isFile ? limits.fileLimitBytes : limits.recordLimitBytes)
    if (isDropping) oversized.push(path())
    else if (isFile) fileBytes = sumBytes
    else spent.keptBytes = sumBytes
    ordinal = isFile && !isDropping ? sink?.begin(path(), size) : undefined
    state = "content"
    return size === 0 ? endContent(none, 0, 0) : undefined
  }

  /** Puts what a level holds into the field around it. */
  const closeLevel = (): void => {
    const { entries, isArray } = level
    value = isArray ? SlipText.items(entries) : entries
    level = levels.pop()!
    type = isArray ? "a" : "s"
    state = "after"
  }

  const takeContent = (bytes: Uint8Array, at: number): number | Failure => {
    const end = Math.min(bytes.length, at + remainingBytes)
    remainingBytes -= end - at
    const isWhole = remainingBytes === 0 && kept.sizeBytes === 0
    if (type === "f" && sink !== undefined) {
      if (!isDropping) sink.piece(bytes.subarray(at, end))
    } else if (!isDropping && !isWhole) kept.append(bytes, at, end)
    if (remainingBytes > 0) return end - at
    if (isWhole) return endContent(bytes, at, end) ?? end - at
    const content = kept.take()
    return endContent(content, 0, content.length) ?? end - at
  }

  const endContent = (bytes: Uint8Array, from: number, to: number): Failure | undefined => {
    if (type === "f") {
      const content = sink === undefined && !isDropping ? new Uint8Array(bytes.subarray(from, to)) : undefined
      value = { _tag: "File", name: "", sizeBytes, ...(content !== undefined && { content }) }
      state = "name"
      return undefined
    }
    const read = isDropping ? SlipText.placeholder(type) : SlipText.content(type, bytes, from, to)
    if (SlipText.isFailure(read)) return read
    value = read
    state = "after"
    return undefined
  }

  const takeName = (bytes: Uint8Array, at: number): number | Failure => {
    const taken = word.take(bytes, at, levelEnd(bytes, at), semicolon)
    return typeof taken === "number" && word.isEnded() ? (endName() ?? taken) : taken
  }

  const endName = (): Failure | undefined => {
    const tooLong = countWord()
    if (tooLong !== undefined) return tooLong
    if (word.sizeBytes() === 0) return SlipText.nameless(level.key)
    const name = word.text()
    if (typeof name !== "string") return name
    if (!isDropping) sink?.end(name)
    const file: SlipFile = { ...(value as SlipFile), name }
    value = isDropping ? { ...file, isDropped: true } : ordinal === undefined ? file : { ...file, ordinal }
    state = "ended"
    return undefined
  }

  const take = (bytes: Uint8Array, at: number): number | Failure => {
    switch (state) {
      case "key":
        return takeKey(bytes, at)
      case "type":
        return takeWhole(bytes, at) || takeType(bytes[at]!)
      case "size":
        return takeSize(bytes[at]!)
      case "content":
        return takeContent(bytes, at)
      case "name":
        return takeName(bytes, at)
      case "boolean": {
        const byte = bytes[at]!
        if (byte !== 0x30 && byte !== 0x31) return SlipText.unexpected(byte, offset)
        value = byte === 0x31
        state = "after"
        return 1
      }
      default: {
        const byte = bytes[at]!
        if (byte !== semicolon) return isBare() ? SlipText.unexpected(byte, offset) : SlipText.misnamed(level.key)
        state = "ended"
        return 1
      }
    }
  }

  const push = (bytes: Uint8Array, from: number): Pushed => {
    if (failure !== undefined) return failure
    let at = from
    while (at < bytes.length) {
      if (offset === level.end) return (failure = endFailure())
      const taken = take(bytes, at)
      if (typeof taken !== "number") return (failure = taken)
      at += taken
      offset += taken
      if (state === "ended") {
        state = "key"
        keyOffset = offset
        if (levels.length === 0) return { _tag: "Field", key: level.key, value, end: at }
        level.entries.set(level.key, value)
        if (offset === level.end) closeLevel()
      } else if (state === "type" && levels.length === 0) return { _tag: "Key", key: level.key, end: at }
    }
    return more
  }

  const isBetween = (): boolean => levels.length === 0 && state === "key" && word.isFresh() && failure === undefined

  return {
    push,
    finish: () => failure ?? (isBetween() ? undefined : levels.length > 0 ? SlipText.unexpectedEnd : endFailure()),
    isBetween,
    oversized: () => (oversized.length === 0 ? nothing : oversized),
    reset: (keepsKey = false) => {
      offset = keepsKey ? offset - keyOffset : 0
      spent.fields = keepsKey ? 1 : 0
      spent.keptBytes = keyOffset = fileBytes = 0
      reachedOffset = -1
      if (oversized.length > 0) oversized = []
      failure = undefined
      if (keepsKey) return
      if (levels.length > 0) {
        level = levels[0]!
        levels = []
      }
      word.reset()
      kept.take()
      state = "key"
    }
  }
}
