/**
 * Reads the fields of Slip from bytes that come in any pieces.
 *
 * - Never throws. After a failure everything is that failure until the reader is reset.
 * - Every byte is looked at and copied at most a constant number of times, however the input is cut.
 * - A size is only a number: room is made for bytes that have come. Depth, fields, keys and contents are limited while
 *   reading; a content over the limit is counted and dropped, and the field goes on behind it.
 * - The contents of files are handed on as views of the input, which are the caller's until its own buffer changes.
 */
import { Result } from "effect"
import * as ByteKeeper from "./ByteKeeper.ts"
import type { FileSink } from "./FileSink.ts"
import * as SlipGlance from "./SlipGlance.ts"
import * as SlipLimits from "./SlipLimits.ts"
import * as SlipText from "./SlipText.ts"
import type { Failure } from "./SlipText.ts"
import type { SlipFile, SlipValue } from "./SlipValue.ts"

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

type State = "key" | "type" | "size" | "boolean" | "content" | "name" | "after"

interface Level {
  /** The offset behind its last field. */
  readonly end: number
  readonly entries: Map<string, SlipValue>
  readonly isArray: boolean
  key: string
}

const [bar, semicolon, escape] = [0x7c, 0x3b, 0x3e]

/**
 * Makes a reader at the beginning of a record. Without a sink files keep their content.
 *
 * @see PROTOCOL.md §§ 1–4
 */
export const make = (limits: SlipLimits.SlipLimits, sink?: FileSink): SlipReader => {
  const keeper = ByteKeeper.make()
  let levels: Array<Level> = []
  let level: Level = { end: Infinity, entries: new Map(), isArray: false, key: "" }
  let state: State = "key"
  let isEscaped = false
  let type = ""
  let sizeText = ""
  let sizeBytes = 0
  let remainingBytes = 0
  let isDropping = false
  let isBare = false
  let value: SlipValue = null
  let ordinal: number | undefined
  let offset = 0
  let keyOffset = 0
  let fields = 0
  let keptBytes = 0
  let fileBytes = 0
  let oversized: Array<ReadonlyArray<string>> = []
  let failure: Failure | undefined

  const path = (): ReadonlyArray<string> => [...levels.map(({ key }) => key), level.key]

  /** What is wrong with the end of a record at this place. */
  const endFailure = (): Failure => {
    if (state === "after" && !isBare) return SlipText.misnamed(level.key)
    return state === "name" && isAtKey() ? SlipText.nameless(level.key) : SlipText.unexpectedEnd
  }

  /** Whether nothing of a key or file name has come. */
  const isAtKey = (): boolean => keeper.sizeBytes() === 0 && !isEscaped

  /** Takes one byte of a key or file name; true at its end. */
  const spell = (byte: number, delimiter: number): boolean | Failure => {
    if (isEscaped) {
      isEscaped = false
      if (byte !== bar && byte !== semicolon && byte !== escape) keeper.add(escape)
    } else if (byte === escape) {
      isEscaped = true
      return false
    } else if (byte === delimiter) {
      keptBytes += keeper.sizeBytes()
      return keptBytes > limits.recordLimitBytes ? SlipLimits.tooLong(limits) : true
    }
    keeper.add(byte)
    return keeper.sizeBytes() > limits.keyLimitBytes ? SlipLimits.keyTooLong(limits) : false
  }

  const endKey = (bytes: Uint8Array): Failure | undefined => {
    if (bytes.length === 0) return SlipText.unexpected(bar, offset)
    const key = SlipText.decode(bytes)
    if (Result.isFailure(key)) return key.failure
    if (++fields > limits.fieldLimit) return SlipLimits.tooMany(limits)
    level.key = key.success
    state = "type"
    return undefined
  }

  const beginType = (byte: number): Failure | undefined => {
    type = String.fromCharCode(byte)
    if (!"lndsafbx".includes(type)) return SlipText.unexpected(byte, offset)
    isBare = type === "b" || type === "x"
    sizeText = ""
    if (type === "x") value = null
    state = type === "x" ? "after" : type === "b" ? "boolean" : "size"
    return undefined
  }

  const endContent = (bytes: Uint8Array): Failure | undefined => {
    if (type === "f") {
      value = {
        _tag: "File",
        name: "",
        sizeBytes,
        ...(sink === undefined && !isDropping && { content: bytes.slice() })
      }
      keeper.take()
      state = "name"
      return undefined
    }
    const read: Result.Result<SlipValue, Failure> =
      isDropping && type !== "d" ? Result.succeed(type === "l" ? "" : Number.NaN) : SlipText.content(type, bytes)
    if (Result.isFailure(read)) return read.failure
    value = read.success
    state = "after"
    return undefined
  }

  /** Puts what a level holds into the field around it. */
  const closeLevel = (): void => {
    const { entries, isArray } = level
    value = isArray ? SlipText.items(entries) : entries
    level = levels.pop()!
    isBare = false
    state = "after"
  }

  const beginSized = (size: number): Failure | undefined => {
    if (offset + 1 + size > level.end) return SlipText.unexpectedEnd
    sizeBytes = remainingBytes = size
    if (type === "s" || type === "a") {
      if (levels.length + 2 > limits.depthLimit) return SlipLimits.tooDeep(limits)
      levels.push(level)
      level = { end: offset + 1 + sizeBytes, entries: new Map(), isArray: type === "a", key: "" }
      state = "key"
      if (sizeBytes === 0) closeLevel()
      return undefined
    }
    const isFile = type === "f"
    const sumBytes = sizeBytes + (isFile ? fileBytes : keptBytes)
    isDropping = sumBytes > (isFile ? limits.fileLimitBytes : limits.recordLimitBytes)
    if (isDropping) oversized.push(path())
    else if (isFile) fileBytes = sumBytes
    else keptBytes = sumBytes
    ordinal = isFile && !isDropping ? sink?.begin(path(), sizeBytes) : undefined
    state = "content"
    return sizeBytes === 0 ? endContent(keeper.take()) : undefined
  }

  const takeContent = (bytes: Uint8Array): Failure | undefined => {
    remainingBytes -= bytes.length
    const isWhole = remainingBytes === 0 && keeper.sizeBytes() === 0
    if (type === "f" && sink !== undefined) {
      if (!isDropping) sink.piece(bytes)
    } else if (!isDropping && !isWhole) keeper.addAll(bytes)
    if (remainingBytes > 0) return undefined
    return endContent(isWhole ? bytes : keeper.take())
  }

  const endName = (): Failure | undefined => {
    if (keeper.sizeBytes() === 0) return SlipText.nameless(level.key)
    const name = SlipText.decode(keeper.take())
    if (Result.isFailure(name)) return name.failure
    if (!isDropping) sink?.end(name.success)
    const file: SlipFile = { ...(value as SlipFile), name: name.success }
    value = isDropping ? { ...file, isDropped: true } : ordinal === undefined ? file : { ...file, ordinal }
    return undefined
  }

  /** Takes one byte outside of a content: a failure, true at the end of a field, or neither. */
  const step = (byte: number): Failure | boolean | undefined => {
    switch (state) {
      case "key": {
        const spelled = spell(byte, bar)
        return spelled === true ? endKey(keeper.take()) : spelled
      }
      case "type":
        return beginType(byte)
      case "size": {
        if (byte === semicolon || byte === 0x2e) return SlipText.notAnInteger
        if (byte !== bar) sizeText += String.fromCharCode(byte)
        if (byte !== bar && !SlipText.isLongEnough(sizeText)) return undefined
        const size = SlipText.size(sizeText)
        if (Result.isFailure(size)) return size.failure
        return byte === bar ? beginSized(size.success) : SlipText.notAnInteger
      }
      case "boolean":
        if (byte !== 0x30 && byte !== 0x31) return SlipText.unexpected(byte, offset)
        value = byte === 0x31
        state = "after"
        return undefined
      case "name": {
        const spelled = spell(byte, semicolon)
        return spelled === true ? (endName() ?? true) : spelled
      }
      default:
        if (byte === semicolon) return true
        return isBare ? SlipText.unexpected(byte, offset) : SlipText.misnamed(level.key)
    }
  }

  /** Takes the rest of a key or a size before its bar at once, if all of it is here; how many bytes it has. */
  const leap = (bytes: Uint8Array, at: number): Failure | number => {
    const end = at + level.end - offset
    if (state === "key" && isAtKey()) {
      const keyBytes = SlipGlance.keyBar(bytes, at, Math.min(end, at + limits.keyLimitBytes + 1)) - at
      if (keyBytes < 0 || keptBytes + keyBytes > limits.recordLimitBytes) return 0
      keptBytes += keyBytes
      offset += keyBytes
      return endKey(bytes.subarray(at, at + keyBytes)) ?? keyBytes
    }
    const sizeBar = state === "size" && sizeText === "" ? SlipGlance.sizeBar(bytes, at, end) : -1
    if (sizeBar < 0) return 0
    offset += sizeBar - at
    return beginSized(SlipGlance.size(bytes, at, sizeBar)) ?? sizeBar - at
  }

  const push = (bytes: Uint8Array, from: number): Pushed => {
    if (failure !== undefined) return failure
    let at = from
    while (at < bytes.length) {
      if (offset === level.end) return (failure = endFailure())
      if (state === "content") {
        const part = bytes.subarray(at, at + remainingBytes)
        at += part.length
        offset += part.length
        const wrong = takeContent(part)
        if (wrong !== undefined) return (failure = wrong)
        continue
      }
      const wasKey = state === "key"
      const leapt = leap(bytes, at)
      if (typeof leapt === "object") return (failure = leapt)
      at += leapt
      const stepped = leapt > 0 ? undefined : step(bytes[at]!)
      if (typeof stepped === "object") return (failure = stepped)
      at++
      offset++
      if (stepped === true) {
        state = "key"
        keyOffset = offset
        if (levels.length === 0) return { _tag: "Field", key: level.key, value, end: at }
        level.entries.set(level.key, value)
        if (offset === level.end) closeLevel()
      } else if (wasKey && state !== "key" && levels.length === 0) return { _tag: "Key", key: level.key, end: at }
    }
    return { _tag: "More" }
  }

  const isBetween = (): boolean => levels.length === 0 && state === "key" && isAtKey() && failure === undefined

  return {
    push,
    finish: () => failure ?? (isBetween() ? undefined : levels.length > 0 ? SlipText.unexpectedEnd : endFailure()),
    isBetween,
    oversized: () => oversized,
    reset: (keepsKey = false) => {
      offset = keepsKey ? offset - keyOffset : 0
      fields = keepsKey ? 1 : 0
      keyOffset = keptBytes = fileBytes = 0
      oversized = []
      failure = undefined
      if (keepsKey) return
      level = levels[0] ?? level
      levels = []
      keeper.take()
      state = "key"
      isEscaped = false
    }
  }
}
