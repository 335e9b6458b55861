/** Stands in a stream where items are left out, because its reader was too slow for them. */
export interface Missed {
  readonly _tag: "Missed"
  /** How many. */
  readonly count: number
}
