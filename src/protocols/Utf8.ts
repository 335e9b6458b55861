/** Texts in UTF-8. */
import { Result } from "effect"

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** So many bytes are looked at one by one, which takes less time than to call anything. */
const shortBytes = 32

const bufferOf = (bytes: Uint8Array): Buffer =>
  bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

const isValid = (bytes: Uint8Array): boolean => Result.isSuccess(Result.try(() => decoder.decode(bytes)))

/**
 * The text of the bytes from index `from` to before index `to`, undefined if they are not UTF-8. A byte order mark is
 * part of it.
 */
export const decode = (bytes: Uint8Array, from = 0, to: number = bytes.length): string | undefined => {
  if (to - from <= shortBytes) {
    let at = from
    while (at < to && bytes[at]! < 0x80) at++
    if (at === to) return bufferOf(bytes).toString("latin1", from, to)
  }
  // This takes half as long as the decoder that refuses what is wrong; here that becomes U+FFFD.
  const text = bufferOf(bytes).toString("utf8", from, to)
  return text.includes("\ufffd") && !isValid(bytes.subarray(from, to)) ? undefined : text
}
