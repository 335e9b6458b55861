/**
 * Writes numbers, texts and bytes one after another, big-endian.
 *
 * - Never throws, and what was written can always be read: of a text or bytes too long for their length the beginning is
 *   written, a text cut between characters. Whoever must not lose the rest checks against {@link blobLimitBytes}.
 * - A number out of range is written modulo its range.
 */

import * as Slab from "./Slab.ts"

/** Bytes written so far, and room for more. */
export interface ByteWriter {
  bytes: Uint8Array
  /** How many bytes have been written. */
  at: number
}

/** The longest text or bytes behind a length of 2 bytes. */
export const blobLimitBytes = 65_535

const encoder = new TextEncoder()

/** Makes a writer with room for so many bytes; it grows as needed. */
export const make = (roomBytes = 64): ByteWriter => ({ bytes: Slab.take(roomBytes), at: 0 })

const makeRoom = (writer: ByteWriter, moreBytes: number): void => {
  const { bytes, at } = writer
  if (at + moreBytes <= bytes.length) return
  const larger = Slab.take(Math.max(at + moreBytes, bytes.length * 2))
  larger.set(bytes.subarray(0, at))
  writer.bytes = larger
}

// Byte by byte, because a view of a small array costs more than all that is written by it.
const put32 = ({ at, bytes }: ByteWriter, offset: number, value: number): void => {
  const index = at + offset
  bytes[index] = value >>> 24
  bytes[index + 1] = value >>> 16
  bytes[index + 2] = value >>> 8
  bytes[index + 3] = value
}

/** An unsigned number of 2 bytes. */
export const u16 = (writer: ByteWriter, value: number): void => {
  makeRoom(writer, 2)
  writer.bytes[writer.at++] = value >>> 8
  writer.bytes[writer.at++] = value
}

/** An unsigned number of 4 bytes. */
export const u32 = (writer: ByteWriter, value: number): void => {
  makeRoom(writer, 4)
  put32(writer, 0, value)
  writer.at += 4
}

/** An unsigned number of 8 bytes. */
export const u64 = (writer: ByteWriter, value: bigint): void => {
  makeRoom(writer, 8)
  put32(writer, 0, Number(BigInt.asUintN(32, value >> 32n)))
  put32(writer, 4, Number(BigInt.asUintN(32, value)))
  writer.at += 8
}

/** Bytes as they are. */
export const bytes = (writer: ByteWriter, value: Uint8Array): void => {
  makeRoom(writer, value.length)
  writer.bytes.set(value, writer.at)
  writer.at += value.length
}

/** Bytes behind their number, which has 2 bytes. */
export const blob = (writer: ByteWriter, value: Uint8Array): void => {
  const fitting = value.subarray(0, blobLimitBytes)
  u16(writer, fitting.length)
  bytes(writer, fitting)
}

/** A text in UTF-8 behind the number of its bytes, which has 2 bytes. */
export const text = (writer: ByteWriter, value: string): void => {
  const roomBytes = Math.min(value.length * 3, blobLimitBytes)
  makeRoom(writer, 2 + roomBytes)
  const from = writer.at + 2
  const { written } = encoder.encodeInto(value, writer.bytes.subarray(from, from + roomBytes))
  u16(writer, written)
  writer.at += written
}

/** What was written; the writer must not be used any more. */
export const finish = ({ bytes, at }: ByteWriter): Uint8Array => (at === bytes.length ? bytes : bytes.slice(0, at))
