/**
 * The requests in a stream of bytes.
 *
 * - An announcement sets how many of the next bytes are one record. Without one, a record ends where both `action` and
 *   `data` have been read, or where a key comes again; foreign fields that already lie behind belong to it.
 * - Reads may cut the stream anywhere and hold any number of requests. What an announcement covers is never mistaken for
 *   something else, not even when it cannot be read.
 * - A failure costs the announced bytes, or without an announcement the rest of the read; reading goes on behind it.
 * - Nothing here knows the time: whoever does calls `finish()` when a started record goes on too long.
 */
import { Result } from "effect"
import * as JsonRecord from "./JsonRecord.ts"
import * as JsonText from "./JsonText.ts"
import type { Variant } from "./PillowFrames.ts"
import * as PillowRequest from "./PillowRequest.ts"
import * as PlainMessage from "./PlainMessage.ts"
import type { SlipLimits } from "./SlipLimits.ts"
import * as SlipReader from "./SlipReader.ts"
import { malformed, unexpectedEnd, type Failure } from "./SlipText.ts"
import { isRecord, type SlipRecord, type SlipValue } from "./SlipValue.ts"

/**
 * What the stream brings, in order. Files come before their request; whatever file the next `Request`, `Refused` or
 * `Failed` does not name by its ordinal is of no use.
 */
export type Framed =
  | {
      readonly _tag: "FileBegan"
      readonly ordinal: number
      readonly path: PillowRequest.Path
      readonly sizeBytes: number
    }
  /** A view of the read; whoever keeps it copies it. */
  | { readonly _tag: "FilePiece"; readonly ordinal: number; readonly bytes: Uint8Array }
  | { readonly _tag: "FileEnded"; readonly ordinal: number; readonly name: string }
  | { readonly _tag: "Request"; readonly request: PillowRequest.Request; readonly variant: Variant }
  | { readonly _tag: "Refused"; readonly refusal: PillowRequest.Refusal; readonly variant: Variant }
  | { readonly _tag: "Failed"; readonly failure: Failure; readonly variant: Variant; readonly isAnnounced: boolean }

/**
 * What the stream waits for: nothing, the rest of a record that may end here, the rest of a field, or the rest of what
 * was announced.
 */
export type Pending = "nothing" | "record" | "field" | "body"

/** A stream of requests. */
export interface SlipFrames {
  readonly push: (bytes: Uint8Array) => ReadonlyArray<Framed>
  /** Ends a record that has no announcement as it is. */
  readonly finish: () => ReadonlyArray<Framed>
  readonly pending: () => Pending
  /** How many announced bytes are still to come. */
  readonly neededBytes: () => number
}

const brace = 0x7b

const tooLarge: PillowRequest.Refusal = {
  _tag: "Refused",
  errors: { payload: ["This request is too large"] },
  isAnnouncement: false
}

/**
 * Makes a stream that nothing has come of.
 *
 * @see PROTOCOL.md §§ 5, 8
 */
export const make = (limits: SlipLimits): SlipFrames => {
  let framed: Array<Framed> = []
  let ordinal = 0
  let needBytes = 0
  let fields = new Map<string, SlipValue>()
  let variant: Variant = "slip"
  let isStarted = false
  let failure: Failure | undefined
  let body: PillowRequest.Refusal | SlipRecord | undefined

  const reader = SlipReader.make(limits, {
    begin: (path, sizeBytes) => {
      framed.push({ _tag: "FileBegan", ordinal: ++ordinal, path, sizeBytes })
      return ordinal
    },
    piece: (bytes) => void framed.push({ _tag: "FilePiece", ordinal, bytes }),
    end: (name) => void framed.push({ _tag: "FileEnded", ordinal, name })
  })
  const json = JsonText.make(limits)
  const findPlain = PlainMessage.finder(limits)

  const restart = (keepsKey = false): void => {
    fields = new Map()
    reader.reset(keepsKey)
    json.reset()
    isStarted = keepsKey
    failure = body = undefined
  }

  const fail = (failure: Failure, isAnnounced: boolean): void => {
    framed.push({ _tag: "Failed", failure, variant, isAnnounced })
    restart()
  }

  const settle = (record: SlipRecord, keepsKey = false): void => {
    const request = PillowRequest.read(record, reader.oversized())
    if (Result.isFailure(request)) framed.push({ _tag: "Refused", refusal: request.failure, variant })
    else {
      framed.push({ _tag: "Request", request: request.success, variant })
      if (request.success._tag === "Chunks") needBytes = request.success.chunks
    }
    restart(keepsKey)
  }

  /** The record in a text of JSON, its file handed on like any other; or what is wrong. */
  const readJson = (text: string | undefined): Failure | PillowRequest.Refusal | SlipRecord => {
    if (text === undefined) return tooLarge
    const record = JsonRecord.read(text)
    if (Result.isFailure(record)) return record.failure
    return JsonRecord.withContents(record.success, (file) => {
      if (file.content === undefined) return file
      const path = ["data", "attachment", "file"]
      framed.push({ _tag: "FileBegan", ordinal: ++ordinal, path, sizeBytes: file.sizeBytes })
      framed.push({ _tag: "FilePiece", ordinal, bytes: file.content })
      framed.push({ _tag: "FileEnded", ordinal, name: file.name })
      return { _tag: "File", name: file.name, sizeBytes: file.sizeBytes, ordinal }
    })
  }

  const settleJson = (read: PillowRequest.Refusal | SlipRecord): void => {
    if (isRecord(read)) return settle(read)
    framed.push({ _tag: "Refused", refusal: tooLarge, variant })
    restart()
  }

  const start = (byte: number): void => {
    variant = byte === brace ? "json" : "slip"
    isStarted = true
  }

  const say = (message: string): void => {
    variant = "slip"
    framed.push({ _tag: "Request", request: { _tag: "SendMessage", message }, variant })
  }

  /** Reads a part of what was announced: all of it is taken, whatever it is. */
  const takeBody = (bytes: Uint8Array): void => {
    const plain = isStarted || bytes.length < needBytes ? undefined : findPlain(bytes, 0)
    if (plain?.end === bytes.length) {
      needBytes = 0
      return say(plain.message)
    }
    let at = 0
    if (!isStarted) start(bytes[0]!)
    while (at < bytes.length && failure === undefined) {
      if (body !== undefined) {
        if (!JsonText.isWhiteSpace(bytes[at++]!)) failure = malformed("Cannot read request: something is behind it")
        continue
      }
      const pushed = variant === "json" ? json.push(bytes, at) : reader.push(bytes, at)
      if (pushed._tag === "More") break
      if (pushed._tag === "Failed") {
        failure = pushed
        break
      }
      at = pushed.end
      if (pushed._tag === "Field") fields.set(pushed.key, pushed.value)
      if (pushed._tag !== "Text") continue
      const read = readJson(pushed.text)
      if ("status" in read) failure = read
      else body = read
    }
    needBytes -= bytes.length
    if (needBytes > 0) return
    const wrong = failure ?? (variant === "json" ? (body === undefined ? unexpectedEnd : undefined) : reader.finish())
    if (wrong !== undefined) fail(wrong, true)
    else if (body === undefined) settle(fields)
    else settleJson(body)
  }

  const isComplete = (): boolean => fields.has("action") && fields.has("data")

  /** Whether what has been read announces the bytes that follow, whatever they look like. */
  const isAnnouncement = (): boolean =>
    fields.size === 2 && fields.get("action") === "chunks" && Result.isSuccess(PillowRequest.read(fields))

  const takeJson = (bytes: Uint8Array, from: number): number => {
    const pushed = json.push(bytes, from)
    if (pushed._tag === "More") return bytes.length
    const read = pushed._tag === "Failed" ? pushed : readJson(pushed.text)
    if ("status" in read) {
      fail(read, false)
      return bytes.length
    }
    settleJson(read)
    return pushed._tag === "Text" ? pushed.end : bytes.length
  }

  /** Reads on where nothing was announced, to the end of one record or of the bytes; the index where to go on. */
  const takeOpen = (bytes: Uint8Array, from: number): number => {
    const plain = isStarted ? undefined : findPlain(bytes, from)
    if (plain !== undefined) {
      say(plain.message)
      return plain.end
    }
    let at = from
    while (at < bytes.length) {
      if (!isStarted && variant === "json" && JsonText.isWhiteSpace(bytes[at]!)) {
        at++
        continue
      }
      if (!isStarted) start(bytes[at]!)
      if (variant === "json") return takeJson(bytes, at)
      const isBehind = isComplete() && reader.isBetween()
      if (isBehind && isAnnouncement()) {
        settle(fields)
        return at
      }
      const pushed: SlipReader.Pushed = isBehind && bytes[at] === brace ? { _tag: "More" } : reader.push(bytes, at)
      if (isBehind && (pushed._tag !== "Key" || fields.has(pushed.key))) {
        // The next record begins here, or may; it is read again from its first byte.
        settle(fields)
        return at
      }
      if (pushed._tag === "More") return bytes.length
      if (pushed._tag === "Failed") {
        fail(pushed, false)
        return bytes.length
      }
      if (pushed._tag === "Key" && fields.has(pushed.key)) settle(fields, true)
      else if (pushed._tag === "Field") fields.set(pushed.key, pushed.value)
      at = pushed.end
    }
    if (isComplete() && reader.isBetween()) settle(fields)
    return at
  }

  const flush = (): ReadonlyArray<Framed> => {
    const flushed = framed
    framed = []
    return flushed
  }

  const push = (bytes: Uint8Array): ReadonlyArray<Framed> => {
    let at = 0
    while (at < bytes.length) {
      if (needBytes === 0) at = takeOpen(bytes, at)
      else {
        const part = bytes.subarray(at, at + needBytes)
        at += part.length
        takeBody(part)
      }
    }
    return flush()
  }

  const finish = (): ReadonlyArray<Framed> => {
    if (needBytes > 0 || !isStarted) return flush()
    const wrong = variant === "json" ? unexpectedEnd : reader.finish()
    if (wrong !== undefined) fail(wrong, false)
    else settle(fields)
    return flush()
  }

  const pending = (): Pending => {
    if (needBytes > 0) return "body"
    if (!isStarted) return "nothing"
    return variant === "slip" && reader.isBetween() ? "record" : "field"
  }

  return { push, finish, pending, neededBytes: () => needBytes }
}
