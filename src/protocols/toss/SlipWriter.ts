/**
 * Writes values as Slip.
 *
 * - What is written can be read again by anybody: keys and file names are never empty, dates always have milliseconds.
 * - Sizes count bytes, and are known before the first byte is out; so a file's content may come from elsewhere.
 * - Lone surrogates have no UTF-8 and become U+FFFD.
 */
import { Result } from "effect"
import { isFile, isRecord, type SlipFile, type SlipRecord, type SlipValue } from "./SlipValue.ts"

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

const encoder = new TextEncoder()
const fieldEnd = encoder.encode(";")

type Part = Uint8Array | SlipFile

/** Parts in order, and how many bytes they come to. */
interface Run {
  readonly parts: Array<Part>
  bytes: number
}

const refusal = (reason: Unwritable["reason"], path: ReadonlyArray<string>): Unwritable => ({
  _tag: "Unwritable",
  reason,
  path
})

/** A key or a file name with what would end it escaped. */
const escape = (text: string): string => text.replace(/[|;>]/g, ">$&")

const add = (run: Run, part: Uint8Array): void => {
  run.parts.push(part)
  run.bytes += part.length
}

const addSized = (run: Run, type: string, content: Uint8Array): void => {
  add(run, encoder.encode(`${type}${content.length}|`))
  add(run, content)
}

const addInner = (run: Run, type: string, inner: Run): void => {
  add(run, encoder.encode(`${type}${inner.bytes}|`))
  for (const part of inner.parts) run.parts.push(part)
  run.bytes += inner.bytes
}

/** Adds a value without its key and its end; what is wrong with it is returned. */
const addValue = (run: Run, value: SlipValue, path: ReadonlyArray<string>): Unwritable | undefined => {
  if (value === null) return void add(run, encoder.encode("x"))
  if (typeof value === "string") return void addSized(run, "l", encoder.encode(value))
  if (typeof value === "number") return void addSized(run, "n", encoder.encode(String(value)))
  if (typeof value === "boolean") return void add(run, encoder.encode(value ? "b1" : "b0"))
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) return refusal("invalid-date", path)
    return void addSized(run, "d", encoder.encode(value.toISOString()))
  }
  if (isFile(value)) {
    if (value.name === "") return refusal("empty-file-name", path)
    if (value.content !== undefined && value.content.length !== value.sizeBytes) return refusal("wrong-size", path)
    if (!Number.isSafeInteger(value.sizeBytes) || value.sizeBytes < 0) return refusal("wrong-size", path)
    add(run, encoder.encode(`f${value.sizeBytes}|`))
    run.parts.push(value.content ?? value)
    run.bytes += value.sizeBytes
    return void add(run, encoder.encode(escape(value.name)))
  }
  const inner: Run = { parts: [], bytes: 0 }
  const unwritable = isRecord(value) ? addFields(inner, value, path) : addItems(inner, value, path)
  if (unwritable !== undefined) return unwritable
  return void addInner(run, isRecord(value) ? "s" : "a", inner)
}

const addField = (run: Run, key: string, value: SlipValue, path: ReadonlyArray<string>): Unwritable | undefined => {
  const longer = [...path, key]
  if (key === "") return refusal("empty-key", longer)
  add(run, encoder.encode(`${escape(key)}|`))
  const unwritable = addValue(run, value, longer)
  if (unwritable === undefined) add(run, fieldEnd)
  return unwritable
}

const addFields = (run: Run, record: SlipRecord, path: ReadonlyArray<string>): Unwritable | undefined => {
  for (const [key, value] of record) {
    const unwritable = addField(run, key, value, path)
    if (unwritable !== undefined) return unwritable
  }
  return undefined
}

/** Adds an array's items under their indexes; a hole is skipped. */
const addItems = (
  run: Run,
  items: ReadonlyArray<SlipValue | undefined>,
  path: ReadonlyArray<string>
): Unwritable | undefined => {
  for (const [index, value] of items.entries()) {
    if (value === undefined) continue
    const unwritable = addField(run, String(index), value, path)
    if (unwritable !== undefined) return unwritable
  }
  return undefined
}

const join = (parts: ReadonlyArray<Part>): Uint8Array => {
  const pieces = parts.filter((part) => part instanceof Uint8Array)
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
export const write = (record: SlipRecord): Result.Result<Uint8Array, Unwritable> => {
  const run: Run = { parts: [], bytes: 0 }
  const unwritable = addFields(run, record, [])
  if (unwritable !== undefined) return Result.fail(unwritable)
  const isWhole = run.parts.every((part) => part instanceof Uint8Array)
  return isWhole ? Result.succeed(join(run.parts)) : Result.fail(refusal("no-content", []))
}

/**
 * The bytes before and after the content of the only file that is without it; the caller puts exactly `contentBytes`
 * between them.
 *
 * @see PROTOCOL.md § 2
 */
export const writeAround = (record: SlipRecord): Result.Result<Around, Unwritable> => {
  const run: Run = { parts: [], bytes: 0 }
  const unwritable = addFields(run, record, [])
  if (unwritable !== undefined) return Result.fail(unwritable)
  const index = run.parts.findIndex(isFile)
  const last = run.parts.findLastIndex(isFile)
  if (index !== last) return Result.fail(refusal("several-contents", []))
  const missing = run.parts[index]
  if (!isFile(missing)) return Result.succeed({ head: join(run.parts), contentBytes: 0, tail: new Uint8Array(0) })
  return Result.succeed({
    head: join(run.parts.slice(0, index)),
    contentBytes: missing.sizeBytes,
    tail: join(run.parts.slice(index + 1))
  })
}
