/** Inputs that are nearly what a codec reads: the same for the same seed. */

import * as Wire from "../protocols/packet/Wire.ts"

/** Pseudo-random whole numbers below a bound. */
export type Random = (bound: number) => number

/** Always the same numbers for a seed. */
export const seeded = (seed: number): Random => {
  const next = Wire.seeded(seed)
  return (bound) => Math.floor((next() / 2 ** 32) * bound)
}

/** One of the items. */
export const pick = <A>(random: Random, items: ReadonlyArray<A>): A => items[random(items.length)]!

// Bytes at which some language begins, ends, escapes or counts, and what is no UTF-8.
const telling = Buffer.from(`\0\n\r\t "#$,-./0159:;<=>[\\]{|}\x7f\x80\xaa\xc0\xe2\xed\xf0\xf4\xff`, "latin1")
// Numbers on whose other side something else is true.
const numbers = ["0", "-1", "00", "1e9", "255", "65535", "65536", "4294967295", "4294967296", "9007199254740993", "NaN"]

const splice = (bytes: Buffer, from: number, to: number, between: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, from), between, bytes.subarray(to)])

const limitBytes = 4096

/** Changes one place. */
const change = (random: Random, bytes: Buffer, samples: ReadonlyArray<Uint8Array>): Buffer => {
  const at = random(bytes.length + 1)
  const end = Math.min(bytes.length, at + random(1 + random(32)))
  switch (random(9)) {
    case 0:
      return splice(bytes, at, at + 1, Buffer.of(random(256)))
    case 1:
      return splice(bytes, at, at + random(2), Buffer.of(pick(random, [...telling])))
    case 2:
      return splice(bytes, at, end, Buffer.alloc(0))
    case 3:
      return splice(bytes, at, at, bytes.subarray(at, end))
    case 4:
      return splice(bytes, at, end, Buffer.from(pick(random, numbers)))
    case 5:
      return splice(bytes, at, at, Buffer.alloc(1 + random(64), pick(random, [...telling])))
    case 6: {
      const other = pick(random, samples)
      const from = random(other.length + 1)
      return splice(bytes, at, end, other.subarray(from, from + random(64)))
    }
    case 7:
      return Buffer.from(bytes.subarray(0, at))
    default: {
      const flipped = Buffer.from(bytes)
      if (at < flipped.length) flipped[at]! ^= 1 << random(8)
      return flipped
    }
  }
}

/** A few samples behind each other, changed in a few places; sometimes they are as they were, or there is nothing of them. */
export const mutant = (random: Random, samples: ReadonlyArray<Uint8Array>): Uint8Array => {
  if (random(50) === 0) return Uint8Array.from({ length: random(200) }, () => random(256))
  let bytes: Buffer = Buffer.concat(Array.from({ length: 1 + random(3) }, () => pick(random, samples)))
  for (let changes = random(6); changes > 0; changes--) bytes = change(random, bytes, samples).subarray(0, limitBytes)
  return new Uint8Array(bytes)
}

/** The same bytes, cut somewhere or at every byte. */
export const pieces = (random: Random, whole: Uint8Array): ReadonlyArray<Buffer> => {
  const most = pick(random, [1, 2, 7, 64, 1024])
  const cut: Array<Buffer> = []
  for (let at = 0; at < whole.length;) {
    const end = at + 1 + random(most)
    cut.push(Buffer.from(whole.slice(at, end)))
    at = end
  }
  return cut
}
