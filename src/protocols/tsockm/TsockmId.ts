/**
 * The ids of peers.
 *
 * - An id is all that says who speaks, so it is made of unpredictable bytes, which come from outside.
 * - The id that lets a peer speak is its secret. What others see is another one, and a short signature.
 */

/** What writes numbers as a text: an instance of `Sqids` with {@link options}. */
export interface Encoder {
  readonly encode: (numbers: Array<number>) => string
}

/** The default alphabet, and long enough never to be the word for an origin. */
export const options = { minLength: 8 } as const

/** How many random bytes an id takes. */
export const idBytes = 20

/** How many random bytes a signature takes. */
export const signatureBytes = 3

const numberBytes = 5

/** Reads bytes as one number, the first byte being the highest. */
const number = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum * 256 + byte, 0)

/**
 * An id of {@link idBytes} random bytes: up to 32 letters and digits.
 *
 * @see PROTOCOL.md § 9
 */
export const make = (encoder: Encoder, random: Uint8Array): string =>
  encoder.encode(
    Array.from({ length: idBytes / numberBytes }, (_, index) =>
      number(random.subarray(index * numberBytes, (index + 1) * numberBytes))
    )
  )

/**
 * A signature of {@link signatureBytes} random bytes, which tells peers of one name apart.
 *
 * @see PROTOCOL.md § 9
 */
export const signature = (encoder: Encoder, random: Uint8Array): string =>
  encoder.encode([...random.subarray(0, signatureBytes)])

/** The id in what a client sends as one: early ones send all that they got at their login, `id|name#signature`. */
export const keyOf = (text: string): string => {
  const bar = text.indexOf("|")
  return bar < 0 ? text : text.slice(0, bar)
}
