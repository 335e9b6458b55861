/** Parts that a file of ten bytes has not: from which byte on, and how many bytes. */
export const outsideOfTen = [
  [0, 11],
  [10, 1],
  [-1, 2],
  [5, -1],
  [0.5, 1],
  [Number.NaN, 1],
  [0, Infinity]
] as const
