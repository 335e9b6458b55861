/** Feeds a codec with inputs, each of which is made from a seed of its own: so one that fails is found again by its number. */
import type { Codec } from "./Codecs.ts"
import { mutant, seeded } from "./Mutation.ts"

/** An input for which something was not as it must be. */
export class Failure extends Error {
  override readonly name = "Failure"

  constructor(codec: string, seed: number, input: Uint8Array, cause: unknown) {
    super(`${codec}, seed ${seed}, input ${Buffer.from(input).toString("hex")}: ${String(cause)}`, { cause })
  }
}

/** Feeds it with so many inputs, of the seeds from `seed` on. Gives how often each word came of one, or throws. */
export const fuzz = (codec: Codec, seed: number, count: number): ReadonlyMap<string, number> => {
  const outcomes = new Map<string, number>()
  for (let number = seed; number < seed + count; number++) {
    const random = seeded(number)
    const input = mutant(random, codec.samples)
    try {
      for (const word of new Set(codec.check(input, random))) outcomes.set(word, (outcomes.get(word) ?? 0) + 1)
    } catch (cause) {
      throw new Failure(codec.name, number, input, cause)
    }
  }
  return outcomes
}
