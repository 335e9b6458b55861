/** Texts in UTF-8. */
import { Result } from "effect"

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** So many bytes are looked at one by one, which takes less time than to call anything. */
const shortBytes = 32

const isShortAscii = (bytes: Uint8Array, from: number, to: number): boolean => {
  if (to - from > shortBytes) return false
  let at = from
  while (at < to && bytes[at]! < 0x80) at++
  return at === to
}

const decodeStrictly = (bytes: Uint8Array): string | undefined => {
  const decoded = Result.try(() => decoder.decode(bytes))
  return Result.isSuccess(decoded) ? decoded.success : undefined
}

/**
 * The text of the bytes from index `from` to before index `to`, undefined if they are not UTF-8. A byte order mark is
 * part of it.
 */
export const decode = (bytes: Uint8Array, from = 0, to: number = bytes.length): string | undefined => {
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (isShortAscii(bytes, from, to)) return buffer.toString("latin1", from, to)
  // A buffer takes half as long as the decoder, but writes U+FFFD for what is wrong.
  const text = buffer.toString("utf8", from, to)
  return text.includes("\ufffd") ? decodeStrictly(bytes.subarray(from, to)) : text
}
