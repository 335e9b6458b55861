/**
 * Texts in UTF-8 that are written from the last byte to the first.
 *
 * - Each function writes before index `at`, and answers with the index of the first byte that it wrote. There must be room
 *   for three bytes a unit of the text, or for the digits.
 * - Lone surrogates, which have no UTF-8, become U+FFFD.
 */

/** A text with more units is handed to the encoder of the engine, which then takes less time. */
const shortUnits = 40
const zero = 0x30

/** Writes a text. */
export const put = (memory: Buffer, at: number, text: string): number => {
  let from = at
  let index = text.length
  if (index <= shortUnits) {
    while (index > 0) {
      const unit = text.charCodeAt(--index)
      if (unit > 0x7f) return encode(memory, at, text)
      memory[--from] = unit
    }
    return from
  }
  return encode(memory, at, text)
}

const encode = (memory: Buffer, at: number, text: string): number => {
  const from = at - Buffer.byteLength(text)
  memory.write(text, from)
  return from
}

/** Writes the digits of a whole number that is not below 0. */
export const putDigits = (memory: Buffer, at: number, whole: number): number => {
  if (whole > 0x3fffffff) return put(memory, at, String(whole))
  let from = at
  let rest = whole
  while (rest > 9) {
    const tens = (rest / 10) | 0
    memory[--from] = zero + rest - tens * 10
    rest = tens
  }
  memory[--from] = zero + rest
  return from
}
