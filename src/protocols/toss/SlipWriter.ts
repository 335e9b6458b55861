/**
 * Writes values as Slip.
 *
 * - What is written can be read again by anybody: keys and file names are never empty, dates always have milliseconds.
 * - Sizes count bytes, and are known before the first byte is out; so a file's content may come from elsewhere.
 * - Lone surrogates have no UTF-8 and become U+FFFD.
 */
import { Result } from "effect"
import * as Slab from "../Slab.ts"
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

/** What can be written: a value of Slip, or one with plain objects for records; what is undefined in them is not written. */
export type Writable = SlipValue | WritableRecord | ReadonlyArray<Writable>

/** Fields by key, in order. */
export type WritableRecord =
  | ReadonlyMap<string, SlipValue>
  | { readonly _tag?: undefined; readonly [key: string]: Writable | undefined }

/** A text, the content of a file, or a file in whose place its content belongs. */
export type Part = string | Uint8Array | SlipFile

/** What has been written so far: parts, and behind them a text that is still growing. */
interface Run {
  parts: Array<Part>
  text: string
  /** How many bytes the files among the parts have. */
  contentBytes: number
}

const refusal = (reason: Unwritable["reason"], path: ReadonlyArray<string> = []): Unwritable => ({
  _tag: "Unwritable",
  reason,
  path
})

const begin = (): Run => ({ parts: [], text: "", contentBytes: 0 })

/** A key or a file name with what would end it escaped. */
const escape = (text: string): string => (/[|;>]/.test(text) ? text.replace(/[|;>]/g, ">$&") : text)

const sized = (type: string, content: string): string => `${type}${Buffer.byteLength(content)}|${content}`

const sizeBytes = ({ contentBytes, parts, text }: Run): number => {
  let bytes = Buffer.byteLength(text) + contentBytes
  for (const part of parts) if (typeof part === "string") bytes += Buffer.byteLength(part)
  return bytes
}

const addFile = (run: Run, file: SlipFile): Unwritable | undefined => {
  const { content, name, sizeBytes } = file
  if (name === "") return refusal("empty-file-name")
  if (content !== undefined && content.length !== sizeBytes) return refusal("wrong-size")
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) return refusal("wrong-size")
  run.parts.push(`${run.text}f${sizeBytes}|`, content ?? file)
  run.text = escape(name)
  run.contentBytes += sizeBytes
  return undefined
}

const addInner = (run: Run, type: string, inner: Run): void => {
  run.text += `${type}${sizeBytes(inner)}|`
  if (inner.parts.length > 0) {
    run.parts.push(run.text, ...inner.parts)
    run.text = ""
    run.contentBytes += inner.contentBytes
  }
  run.text += inner.text
}

/** Adds a value without its key and its end; what is wrong with it is returned. */
const addValue = (run: Run, value: Writable): Unwritable | undefined => {
  if (typeof value === "string") run.text += sized("l", value)
  else if (typeof value === "number") run.text += sized("n", String(value))
  else if (typeof value === "boolean") run.text += value ? "b1" : "b0"
  else if (value === null) run.text += "x"
  else if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) return refusal("invalid-date")
    run.text += sized("d", value.toISOString())
  } else if (isFile(value)) return addFile(run, value)
  else {
    const inner = begin()
    const isArray = Array.isArray(value)
    const unwritable = isArray ? addItems(inner, value) : addFields(inner, value as WritableRecord)
    if (unwritable !== undefined) return unwritable
    addInner(run, isArray ? "a" : "s", inner)
  }
  return undefined
}

const addField = (run: Run, key: string, value: Writable): Unwritable | undefined => {
  if (key === "") return refusal("empty-key", [key])
  run.text += `${escape(key)}|`
  const unwritable = addValue(run, value)
  if (unwritable !== undefined) return refusal(unwritable.reason, [key, ...unwritable.path])
  run.text += ";"
  return undefined
}

const addFields = (run: Run, record: WritableRecord): Unwritable | undefined => {
  const isMap = record instanceof Map
  for (const key of isMap ? record.keys() : Object.keys(record)) {
    const value = isMap ? record.get(key) : (record as Readonly<Record<string, Writable | undefined>>)[key]
    const unwritable = value === undefined ? undefined : addField(run, key, value)
    if (unwritable !== undefined) return unwritable
  }
  return undefined
}

/** Adds an array's items under their indexes; a hole is skipped. */
const addItems = (run: Run, items: ReadonlyArray<Writable | undefined>): Unwritable | undefined => {
  for (const [index, value] of items.entries()) {
    const unwritable = value === undefined ? undefined : addField(run, String(index), value)
    if (unwritable !== undefined) return unwritable
  }
  return undefined
}

/**
 * What a record is, in order: most often one text. Or what of it nothing could read.
 *
 * @see PROTOCOL.md § 2
 */
export const parts = (record: WritableRecord): Result.Result<ReadonlyArray<Part>, Unwritable> => {
  const run = begin()
  const unwritable = addFields(run, record)
  if (unwritable !== undefined) return Result.fail(unwritable)
  return Result.succeed([...run.parts, run.text])
}

const join = (parts: ReadonlyArray<string | Uint8Array>): Uint8Array => {
  const pieces = parts.map((part) => (typeof part === "string" ? Slab.encode(part) : part))
  if (pieces.length === 1) return pieces[0]!
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    joined.set(piece, at)
    at += piece.length
  }
  return joined
}

/**
 * The bytes of a record whose files all have their content; or what of it nothing could read.
 *
 * @see PROTOCOL.md § 2
 */
export const write = (record: WritableRecord): Result.Result<Uint8Array, Unwritable> =>
  Result.flatMap(parts(record), (parts) => {
    const isWhole = (part: Part): part is string | Uint8Array => !isFile(part)
    return parts.every(isWhole) ? Result.succeed(join(parts)) : Result.fail(refusal("no-content"))
  })

/**
 * The bytes before and after the content of the only file that is without it; the caller puts exactly `contentBytes`
 * between them.
 *
 * @see PROTOCOL.md § 2
 */
export const writeAround = (record: WritableRecord): Result.Result<Around, Unwritable> =>
  Result.flatMap(parts(record), (parts) => {
    const files = parts.filter(isFile)
    if (files.length > 1) return Result.fail(refusal("several-contents"))
    const [file] = files
    const index = file === undefined ? parts.length : parts.indexOf(file)
    const bytes = (some: ReadonlyArray<Part>): Uint8Array => join(some as ReadonlyArray<string | Uint8Array>)
    const [head, tail] = [bytes(parts.slice(0, index)), bytes(parts.slice(index + 1))]
    return Result.succeed({ head, contentBytes: file?.sizeBytes ?? 0, tail })
  })
