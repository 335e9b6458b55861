/**
 * The head and the tail of a gzip member, byte by byte.
 *
 * Node's own gunzip takes whatever follows a member for another member of the same file, and here a package of any kind
 * may follow.
 */
import { crc32 } from "node:zlib"

/** A part of a member that is being read. */
export interface Part {
  /** Takes one byte, and answers whether the part is complete with it, goes on, or is wrong. */
  readonly take: (byte: number) => "complete" | "more" | "wrong"
}

function* head(): Generator<undefined, boolean, number> {
  if ((yield) !== 8) return false
  const flags = yield
  if ((flags & 0xe0) !== 0) return false
  for (let count = 0; count < 6; count++) yield
  if ((flags & 4) !== 0) {
    const low = yield
    const high = yield
    for (let count = low + high * 256; count > 0; count--) yield
  }
  if ((flags & 8) !== 0) while ((yield) !== 0) continue
  if ((flags & 16) !== 0) while ((yield) !== 0) continue
  if ((flags & 2) !== 0) {
    yield
    yield
  }
  return true
}

/** Reads what follows the two bytes by which gzip is known, up to the data (RFC 1952). */
export const makeHead = (): Part => {
  const steps = head()
  steps.next(0)
  return {
    take: (byte) => {
      const step = steps.next(byte)
      if (step.done !== true) return "more"
      return step.value ? "complete" : "wrong"
    }
  }
}

/** Sums what a member inflated to, and checks it against the member's last eight bytes (RFC 1952). */
export interface Tail extends Part {
  readonly add: (output: Uint8Array) => void
}

/** Makes the {@link Tail} of a member of which nothing has been inflated. */
export const makeTail = (): Tail => {
  let sum = 0
  let sizeBytes = 0
  let count = 0
  return {
    add: (output) => {
      sum = crc32(output, sum)
      sizeBytes = (sizeBytes + output.length) >>> 0
    },
    take: (byte) => {
      const expected = count < 4 ? sum >>> (count * 8) : sizeBytes >>> ((count - 4) * 8)
      if ((expected & 0xff) !== byte) return "wrong"
      return ++count === 8 ? "complete" : "more"
    }
  }
}
