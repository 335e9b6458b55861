/**
 * Reads records of JSON from bytes that come in any pieces.
 *
 * - A text is kept while it comes, up to its limit. What is longer is read to its end without being kept.
 * - The file of a request is handed on like one in Slip, when its text is whole.
 */
import { Result } from "effect"
import * as JsonSplitter from "../JsonSplitter.ts"
import type { FileSink } from "./FileSink.ts"
import * as JsonRecord from "./JsonRecord.ts"
import type { Refusal } from "./PillowRequest.ts"
import { tooDeep, tooMany, type SlipLimits } from "./SlipLimits.ts"
import { unexpectedEnd, type Failure } from "./SlipText.ts"
import type { SlipRecord } from "./SlipValue.ts"

/** A record, or why there is none; `end` is the index after the last byte. */
export type Pushed =
  | { readonly _tag: "Read"; readonly read: Refusal | SlipRecord; readonly end: number }
  | { readonly _tag: "Failed"; readonly failure: Failure; readonly end: number }

/** A reader and what it has kept of an incomplete record. */
export interface JsonReader {
  /** Reads `bytes` from index `from`, where a record begins or goes on, to its end; undefined if that is not in them. */
  readonly push: (bytes: Uint8Array, from: number) => Pushed | undefined
  /** Begins a new record. */
  readonly reset: () => void
}

const tooLarge: Refusal = {
  _tag: "Refused",
  errors: { payload: ["This request is too large"] },
  isAnnouncement: false
}

/**
 * Makes a reader at the beginning of a record.
 *
 * @see PROTOCOL.md § 5
 */
export const make = (limits: SlipLimits, sink: FileSink): JsonReader => {
  // Most peers never write JSON.
  let splitter: JsonSplitter.JsonSplitter | undefined

  const makeSplitter = (): JsonSplitter.JsonSplitter => {
    const { depthLimit, fieldLimit: valueLimit, jsonLimitBytes: limitBytes } = limits
    return JsonSplitter.make({ limitBytes, depthLimit, valueLimit, isStrict: false, dropsTooLarge: true })
  }

  const failureOf = (reason: JsonSplitter.Reason): Failure => {
    if (reason === "too-deep") return tooDeep(limits)
    return reason === "too-many" ? tooMany(limits) : unexpectedEnd
  }

  const read = (text: string, end: number): Pushed => {
    const record = JsonRecord.read(text)
    if (Result.isFailure(record)) return { _tag: "Failed", failure: record.failure, end }
    const read = JsonRecord.withContents(record.success, (file) => {
      if (file.content === undefined) return file
      const { content, name, sizeBytes } = file
      const ordinal = sink.begin(["data", "attachment", "file"], sizeBytes)
      sink.piece(content)
      sink.end(name)
      return { _tag: "File", name, sizeBytes, ordinal }
    })
    return { _tag: "Read", read, end }
  }

  return {
    push: (bytes, from) => {
      splitter ??= makeSplitter()
      const pushed = splitter.push(bytes, from)
      switch (pushed._tag) {
        case "Text":
          return read(pushed.text, pushed.end)
        case "Dropped":
          return { _tag: "Read", read: tooLarge, end: pushed.end }
        case "More":
          return undefined
        case "Failed": {
          return { _tag: "Failed", failure: failureOf(pushed.reason), end: bytes.length }
        }
      }
    },
    reset: () => splitter?.reset()
  }
}
