/**
 * Records as JSON: dates as ISO strings, files as `{"file": "<base64>", "name": "…"}`.
 *
 * - What is read has the same values as Slip, but no dates and no files; {@link withContents} finds the files.
 * - What is written may have one file whose content comes from elsewhere.
 */
import { Result } from "effect"
import * as Base64 from "effect/encoding/Base64"
import { malformed, type Failure } from "./SlipText.ts"
import { file, isFile, isRecord, type SlipFile, type SlipRecord, type SlipValue } from "./SlipValue.ts"

const isBase64 = /^[A-Za-z0-9+/]*={0,2}$/

// Node's own decoder, for that of Effect takes 20 ms for a MiB; what is wrong Node would pass over.
const decodeBase64 = (text: string): Uint8Array | undefined => {
  const stripped = text.replace(/[\r\n]/g, "")
  if (stripped.length % 4 !== 0 || !isBase64.test(stripped)) return undefined
  const { buffer, byteLength, byteOffset } = Buffer.from(stripped, "base64")
  return new Uint8Array(buffer, byteOffset, byteLength)
}

const fromJson = (json: unknown): SlipValue => {
  if (Array.isArray(json)) return json.map(fromJson)
  if (typeof json === "object" && json !== null) {
    return new Map(Object.entries(json).map(([key, value]) => [key, fromJson(value)]))
  }
  return typeof json === "string" || typeof json === "number" || typeof json === "boolean" ? json : null
}

/** The record in a text. */
export const read = (text: string): Result.Result<SlipRecord, Failure> => {
  const parsed = Result.try((): unknown => JSON.parse(text))
  const value = Result.isSuccess(parsed) ? fromJson(parsed.success) : null
  return isRecord(value)
    ? Result.succeed(value)
    : Result.fail(malformed("Cannot read request: it is not an object of JSON"))
}

/** A record whose `data.attachment.file`, if it is base64, is what `store` makes of the file of that content. */
export const withContents = (record: SlipRecord, store: (file: SlipFile) => SlipFile): SlipRecord => {
  const data = record.get("data")
  const attachment = isRecord(data) ? data.get("attachment") : undefined
  if (!isRecord(data) || !isRecord(attachment)) return record
  const encoded = attachment.get("file")
  const name = attachment.get("name")
  const content = typeof encoded === "string" ? decodeBase64(encoded) : undefined
  if (content === undefined) return record
  const stored = store(file(typeof name === "string" ? name : "", content))
  const inner = new Map<string, SlipValue>([...attachment, ["file", stored]])
  return new Map([...record, ["data", new Map([...data, ["attachment", inner]])]])
}

/** How many bytes of base64 a content comes to. */
export const base64Bytes = (contentBytes: number): number => Math.ceil(contentBytes / 3) * 4

/** Adds the parts of a value's text; a file stands where its base64 belongs. */
const addParts = (parts: Array<string | SlipFile>, value: SlipValue): void => {
  if (isFile(value)) {
    const content = value.content === undefined ? value : Base64.encode(value.content)
    parts.push(`{"file":"`, content, `","name":${JSON.stringify(value.name)}}`)
    return
  }
  const isArray = Array.isArray(value)
  if (!isArray && !isRecord(value)) {
    parts.push(JSON.stringify(value))
    return
  }
  let separator = isArray ? "[" : "{"
  for (const [key, inner] of value.entries()) {
    parts.push(separator, isArray ? "" : `${JSON.stringify(key)}:`)
    addParts(parts, inner)
    separator = ","
  }
  if (separator !== ",") parts.push(separator)
  parts.push(isArray ? "]" : "}")
}

/** The text of a record in parts; a file without its content stands where its base64 belongs. */
export const parts = (record: SlipRecord): ReadonlyArray<string | SlipFile> => {
  const parts: Array<string | SlipFile> = []
  addParts(parts, record)
  return parts
}
