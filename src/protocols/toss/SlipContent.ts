/**
 * Reads the contents of Slip, which have a size and come in any pieces.
 *
 * - A content over the limits is counted and dropped; what stands for it is of its type.
 * - Room is made for bytes that have come. The contents of files are handed on as views of the input, if there is a sink.
 */
import { ByteBuffer } from "../ByteBuffer.ts"
import type { FileSink } from "./FileSink.ts"
import type { SlipLimits } from "./SlipLimits.ts"
import * as SlipText from "./SlipText.ts"
import type { Failure } from "./SlipText.ts"
import type { SlipFile, SlipValue } from "./SlipValue.ts"
import type { Reading } from "./SlipWhole.ts"

/** A path of keys from the record on. */
type Path = ReadonlyArray<string>

/** A content that is being read. */
export interface SlipContent {
  /** Begins one of type `l`, `n`, `d` or `f`. */
  readonly begin: (type: string, sizeBytes: number, path: Path) => void
  /** Takes bytes from index `from` on: how many. */
  readonly take: (bytes: Uint8Array, from: number) => number | Failure
  /** Whether all of it has come, and is the value. */
  readonly isWhole: () => boolean
  /** Gives the file that has come its name. */
  readonly name: (name: string) => void
  /** The paths of the contents that were dropped since the last reset. */
  readonly oversized: () => ReadonlyArray<Path>
  /** Begins a new record. */
  readonly reset: () => void
}

const nothing: ReadonlyArray<never> = []

/** Makes a reader of contents, whose values go to `reading`. */
export const make = (limits: SlipLimits, reading: Reading, sink?: FileSink): SlipContent => {
  /** What has come of a content that is cut. */
  const kept = new ByteBuffer()
  let type = ""
  let sizeBytes = 0
  let remainingBytes = 0
  let isDropping = false
  let ordinal: number | undefined
  let fileBytes = 0
  let oversized: Array<Path> = []

  const valueOf = (bytes: Uint8Array, from: number, to: number): SlipValue | Failure => {
    if (type !== "f") return isDropping ? SlipText.placeholder(type) : SlipText.content(type, bytes, from, to)
    if (isDropping) return { _tag: "File", name: "", sizeBytes, isDropped: true }
    if (ordinal !== undefined) return { _tag: "File", name: "", sizeBytes, ordinal }
    return { _tag: "File", name: "", sizeBytes, content: new Uint8Array(bytes.subarray(from, to)) }
  }

  const end = (bytes: Uint8Array, from: number, to: number): Failure | undefined => {
    const value = valueOf(bytes, from, to)
    if (SlipText.isFailure(value)) return value
    reading.value = value
    return undefined
  }

  return {
    begin: (begun, size, path) => {
      type = begun
      sizeBytes = remainingBytes = size
      const isFile = type === "f"
      const sumBytes = size + (isFile ? fileBytes : reading.keptBytes)
      isDropping = sumBytes > (isFile ? limits.fileLimitBytes : limits.recordLimitBytes)
      if (isDropping) oversized.push(path)
      else if (isFile) fileBytes = sumBytes
      else reading.keptBytes = sumBytes
      ordinal = isFile && !isDropping ? sink?.begin(path, size) : undefined
    },
    take: (bytes, from) => {
      const to = Math.min(bytes.length, from + remainingBytes)
      remainingBytes -= to - from
      const isWhole = remainingBytes === 0 && kept.sizeBytes === 0
      if (type === "f" && sink !== undefined) {
        if (!isDropping && to > from) sink.piece(bytes.subarray(from, to))
      } else if (!isDropping && !isWhole) kept.append(bytes, from, to)
      if (remainingBytes > 0) return to - from
      const content = isWhole ? bytes : kept.take()
      return (isWhole ? end(bytes, from, to) : end(content, 0, content.length)) ?? to - from
    },
    isWhole: () => remainingBytes === 0,
    name: (name) => {
      if (!isDropping) sink?.end(name)
      reading.value = { ...(reading.value as SlipFile), name }
    },
    oversized: () => (oversized.length === 0 ? nothing : oversized),
    reset: () => {
      fileBytes = remainingBytes = 0
      if (kept.sizeBytes > 0) kept.take()
      if (oversized.length > 0) oversized = []
    }
  }
}
