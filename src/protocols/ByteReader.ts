/**
 * Reads numbers, texts and bytes one after another, big-endian.
 *
 * - Never throws. After the first fault everything reads as zero or empty, and the reader keeps that fault: whoever has
 *   read all fields looks once.
 * - Makes room only for bytes that are there. What it gives away are copies, which live as long as their owner wants.
 */
import { Result } from "effect"
import * as Slab from "./Slab.ts"

/** What was wrong: a field goes on beyond the end, or a text is not UTF-8. */
export type Fault = "PastEnd" | "NotUtf8"

/** A place in bytes, and the first fault on the way there. */
export interface ByteReader {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly end: number
  at: number
  fault: Fault | undefined
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** A view of bytes, which many readers of them may share. */
export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Makes a reader of the bytes from index `from` to before index `end`. */
export const make = (bytes: Uint8Array, from = 0, end: number = bytes.length, view = viewOf(bytes)): ByteReader => ({
  bytes,
  view,
  end: Math.min(end, bytes.length),
  at: from,
  fault: undefined
})

/** Goes over so many bytes; the index of the first, or undefined. */
const pass = (reader: ByteReader, sizeBytes: number): number | undefined => {
  const { at, end } = reader
  if (reader.fault === undefined && sizeBytes > end - at) reader.fault = "PastEnd"
  if (reader.fault !== undefined) return undefined
  reader.at = at + sizeBytes
  return at
}

const view = (reader: ByteReader, sizeBytes: number): Uint8Array => {
  const at = pass(reader, sizeBytes)
  return reader.bytes.subarray(at ?? 0, at === undefined ? 0 : at + sizeBytes)
}

/** An unsigned number of 2 bytes. */
export const u16 = (reader: ByteReader): number => {
  const at = pass(reader, 2)
  return at === undefined ? 0 : reader.view.getUint16(at)
}

/** An unsigned number of 4 bytes. */
export const u32 = (reader: ByteReader): number => {
  const at = pass(reader, 4)
  return at === undefined ? 0 : reader.view.getUint32(at)
}

/** An unsigned number of 8 bytes. */
export const u64 = (reader: ByteReader): bigint => {
  const at = pass(reader, 8)
  return at === undefined ? 0n : reader.view.getBigUint64(at)
}

/** The next so many bytes. */
export const bytes = (reader: ByteReader, sizeBytes: number): Uint8Array => {
  const passed = view(reader, sizeBytes)
  const copy = Slab.take(passed.length)
  copy.set(passed)
  return copy
}

/** Bytes behind their number, which has 2 bytes. */
export const blob = (reader: ByteReader): Uint8Array => bytes(reader, u16(reader))

/** A text in UTF-8 behind the number of its bytes, which has 2 bytes; a byte order mark is part of the text. */
export const text = (reader: ByteReader): string => {
  const encoded = view(reader, u16(reader))
  const decoded = Result.try(() => decoder.decode(encoded))
  if (Result.isSuccess(decoded)) return decoded.success
  reader.fault = "NotUtf8"
  return ""
}
