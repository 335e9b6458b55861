/**
 * Reads numbers and bytes one after another, big-endian.
 *
 * - Never throws. Behind a field that goes on beyond the end everything reads as zero or empty: whoever has read all fields
 *   looks once.
 * - Makes room only for bytes that are there.
 */
import * as Slab from "./Slab.ts"

/** A place in bytes. */
export interface ByteReader {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly end: number
  at: number
  /** Whether a field went on beyond the end. */
  isPastEnd: boolean
}

/** A view of bytes, which many readers of them may share. */
export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Makes a reader of the bytes from index `from` to before index `end`. */
export const make = (bytes: Uint8Array, from = 0, end: number = bytes.length, view = viewOf(bytes)): ByteReader => ({
  bytes,
  view,
  end: Math.min(end, bytes.length),
  at: from,
  isPastEnd: false
})

/** Goes over so many bytes; the index of the first, or undefined. */
const pass = (reader: ByteReader, sizeBytes: number): number | undefined => {
  const { at, end } = reader
  reader.isPastEnd ||= sizeBytes > end - at
  if (reader.isPastEnd) return undefined
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

/** Bytes behind their number, which has 2 bytes: a view of what is read. */
export const blobView = (reader: ByteReader): Uint8Array => view(reader, u16(reader))

/** Bytes behind their number, which has 2 bytes: a copy, which lives as long as its owner wants. */
export const blob = (reader: ByteReader): Uint8Array => {
  const passed = blobView(reader)
  const copy = Slab.take(passed.length)
  copy.set(passed)
  return copy
}
