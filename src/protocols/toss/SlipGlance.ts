/**
 * What can be seen at a glance in bytes of Slip: keys and sizes that lie whole in them and have nothing unusual.
 *
 * Whatever is not seen is -1, and is to be read byte by byte.
 */

const [bar, escape, zero] = [0x7c, 0x3e, 0x30]

/** The longest size that is seen, in digits. */
const digitLimit = 9

/** The index of the bar behind the key that begins here, before `end`: of ASCII without escapes, and not empty. */
export const keyBar = (bytes: Uint8Array, from: number, end: number): number => {
  const limit = Math.min(bytes.length, end)
  for (let at = from; at < limit; at++) {
    const byte = bytes[at]!
    if (byte === bar) return at > from ? at : -1
    if (byte === escape || byte > 0x7f) return -1
  }
  return -1
}

/** The index of the bar behind the size that begins here, before `end`: of digits, without zeros in front. */
export const sizeBar = (bytes: Uint8Array, from: number, end: number): number => {
  const limit = Math.min(bytes.length, end, from + digitLimit + 1)
  let at = from
  while (at < limit && bytes[at]! >= zero && bytes[at]! < zero + 10) at++
  const isNumber = at === from + 1 || (at > from && bytes[from] !== zero)
  return isNumber && at < limit && bytes[at] === bar ? at : -1
}

/** The size that was seen before a bar. */
export const size = (bytes: Uint8Array, from: number, bar: number): number => {
  let size = 0
  for (let at = from; at < bar; at++) size = size * 10 + bytes[at]! - zero
  return size
}

/** Whether exactly these bytes stand here. */
export const has = (bytes: Uint8Array, from: number, expected: Uint8Array): boolean => {
  if (from + expected.length > bytes.length) return false
  for (let at = 0; at < expected.length; at++) if (bytes[from + at] !== expected[at]) return false
  return true
}
