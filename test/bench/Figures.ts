/** Figures, and how they are shown. */

/** The middle value, or the mean of the two in the middle. */
export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  const upper = sorted[half] ?? NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? NaN) + upper) / 2
}

/** The median of what was measured, or undefined if anything was not. */
export const medianOf = <A>(all: ReadonlyArray<A>, of: (round: A) => number | undefined): number | undefined => {
  const values = all.map(of).filter((value) => value !== undefined)
  return values.length < all.length ? undefined : median(values)
}

export const shown = (value: number | undefined, digits = 0, scale = 1): string =>
  value === undefined ? "?" : (value * scale).toFixed(digits)

/** The least and the most of some values. */
export const range = (values: ReadonlyArray<number>, digits = 0, scale = 1): string =>
  `(${shown(Math.min(...values), digits, scale)}-${shown(Math.max(...values), digits, scale)})`

/** A share as percent. */
export const percent = (share: number | undefined): string => `${shown(share, 0, 100)} %`

/** Prints rows in columns, all but the first one to the right. */
export const printTable = (rows: ReadonlyArray<ReadonlyArray<string>>): void => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const align = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)
  for (const row of rows) console.log(row.map(align).join("  "))
}
