/**
 * An integer as it comes out of a database: a number where that is exact, a bigint beyond 2^53.
 *
 * Nothing is rounded, and nothing fails after it was written; whoever expects a number (`Schema.Int`) refuses a bigint.
 */
export const fromBigInt = (value: bigint): number | bigint => {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
