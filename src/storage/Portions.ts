import type { Array } from "effect"

/** The most rows of one statement. */
export const limit = 256

/** Rows of one statement. */
export type Portion<A> = Array.NonEmptyArray<A>

/**
 * Splits rows for statements with several. Their sizes are powers of two, the largest first, so that there are nine texts
 * of a statement and not hundreds, all of which stay prepared.
 */
export const split = <A>(rows: ReadonlyArray<A>): ReadonlyArray<Portion<A>> => {
  const portions: Array<Portion<A>> = []
  let from = 0
  for (let size = limit; size >= 1; size /= 2) {
    while (rows.length - from >= size) {
      portions.push(rows.slice(from, from + size) as Portion<A>)
      from += size
    }
  }
  return portions
}
