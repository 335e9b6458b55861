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

class Content implements SlipContent {
  readonly #limits: SlipLimits
  readonly #reading: Reading
  readonly #sink: FileSink | undefined
  /** What has come of a content that is cut. */
  readonly #kept = new ByteBuffer()
  #type = ""
  #sizeBytes = 0
  #remainingBytes = 0
  #isDropping = false
  #ordinal: number | undefined
  #fileBytes = 0
  #oversized: Array<Path> = []

  constructor(limits: SlipLimits, reading: Reading, sink?: FileSink) {
    this.#limits = limits
    this.#reading = reading
    this.#sink = sink
  }

  begin(type: string, sizeBytes: number, path: Path): void {
    const { fileLimitBytes, recordLimitBytes } = this.#limits
    const isFile = type === "f"
    const sumBytes = sizeBytes + (isFile ? this.#fileBytes : this.#reading.keptBytes)
    const isDropping = sumBytes > (isFile ? fileLimitBytes : recordLimitBytes)
    if (isDropping) this.#oversized.push(path)
    else if (isFile) this.#fileBytes = sumBytes
    else this.#reading.keptBytes = sumBytes
    this.#type = type
    this.#sizeBytes = this.#remainingBytes = sizeBytes
    this.#isDropping = isDropping
    this.#ordinal = isFile && !isDropping ? this.#sink?.begin(path, sizeBytes) : undefined
  }

  take(bytes: Uint8Array, from: number): number | Failure {
    const kept = this.#kept
    const to = Math.min(bytes.length, from + this.#remainingBytes)
    this.#remainingBytes -= to - from
    const isWhole = this.#remainingBytes === 0 && kept.sizeBytes === 0
    if (this.#type === "f" && this.#sink !== undefined) {
      if (!this.#isDropping && to > from) this.#sink.piece(bytes.subarray(from, to))
    } else if (!this.#isDropping && !isWhole) kept.append(bytes, from, to)
    if (this.#remainingBytes > 0) return to - from
    const content = isWhole ? bytes : kept.take()
    const value = isWhole ? this.#valueOf(bytes, from, to) : this.#valueOf(content, 0, content.length)
    if (SlipText.isFailure(value)) return value
    this.#reading.value = value
    return to - from
  }

  isWhole(): boolean {
    return this.#remainingBytes === 0
  }

  name(name: string): void {
    if (!this.#isDropping) this.#sink?.end(name)
    this.#reading.value = { ...(this.#reading.value as SlipFile), name }
  }

  oversized(): ReadonlyArray<Path> {
    return this.#oversized
  }

  reset(): void {
    this.#fileBytes = this.#remainingBytes = 0
    this.#kept.take()
    if (this.#oversized.length > 0) this.#oversized = []
  }

  #valueOf(bytes: Uint8Array, from: number, to: number): SlipValue | Failure {
    const type = this.#type
    if (type !== "f") return this.#isDropping ? SlipText.placeholder(type) : SlipText.content(type, bytes, from, to)
    const sizeBytes = this.#sizeBytes
    if (this.#isDropping) return { _tag: "File", name: "", sizeBytes, isDropped: true }
    if (this.#ordinal !== undefined) return { _tag: "File", name: "", sizeBytes, ordinal: this.#ordinal }
    return { _tag: "File", name: "", sizeBytes, content: new Uint8Array(bytes.subarray(from, to)) }
  }
}

/** Makes a reader of contents, whose values go to `reading`. */
export const make = (limits: SlipLimits, reading: Reading, sink?: FileSink): SlipContent =>
  new Content(limits, reading, sink)
