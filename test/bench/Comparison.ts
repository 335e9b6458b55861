/** Two builds that were measured by turns: how this one does beside the old one. */
import { median, printTable, range, shown } from "./Figures.ts"

/** What the rounds of a line are compared by: the less, the better. */
export interface Figure<Report> {
  /** With its unit. */
  readonly name: string
  readonly digits: number
  readonly of: (report: Report) => number | undefined
  /** What is shown beside it and not judged: the more, the better. */
  readonly rate?: (report: Report) => number
}

/** The rounds of two builds. */
export interface Sides<Report> {
  readonly name: string
  readonly now: ReadonlyArray<Report>
  readonly old: ReadonlyArray<Report>
}

/** Whether this build is slower than can be by chance, or it is not known. */
export type Verdict = "ok" | "LOW" | "?"

/** How this build does; all ratios are over 1 where it is better than the old one. */
export interface Comparison {
  readonly line: string
  readonly name: string
  /** Medians. */
  readonly old: number
  readonly now: number
  readonly ratio: number
  /** The rounds of the old build beside its own median. */
  readonly oldRange: readonly [least: number, most: number]
  /** Of the best round of each: what else the machine does mostly adds to a figure. */
  readonly bestRatio: number
  readonly rateRatio: number | undefined
  readonly verdict: Verdict
}

const isLowOutsideRange = 0.97
const isAlwaysLow = 0.93

/** Low is what is outside the range of the old build and under 0.97, or under 0.93 anyway. */
export const verdictOf = (ratio: number, leastOfOld: number): Verdict => {
  if (Number.isNaN(ratio) || ratio < 0) return "?"
  return ratio < isAlwaysLow || (ratio < isLowOutsideRange && ratio < leastOfOld) ? "LOW" : "ok"
}

/** Compares the rounds of two builds. */
export const comparisonOf = <Report>(
  line: string,
  { of, rate }: Figure<Report>,
  { name, now, old }: Sides<Report>
): Comparison => {
  const valuesOf = (reports: ReadonlyArray<Report>) => reports.map((report) => of(report) ?? NaN)
  const [oldValues, newValues] = [valuesOf(old), valuesOf(now)]
  const isKnown = [...oldValues, ...newValues].every((value) => !Number.isNaN(value))
  const [oldMedian, newMedian] = isKnown ? [median(oldValues), median(newValues)] : [NaN, NaN]
  const ratio = oldMedian / newMedian
  const ownRatios = oldValues.map((value) => oldMedian / value)
  const oldRange = [Math.min(...ownRatios), Math.max(...ownRatios)] as const
  return {
    line,
    name,
    old: oldMedian,
    now: newMedian,
    ratio,
    oldRange,
    bestRatio: Math.min(...oldValues) / Math.min(...newValues),
    rateRatio: rate === undefined ? undefined : median(now.map(rate)) / median(old.map(rate)),
    verdict: verdictOf(ratio, oldRange[0])
  }
}

const ratioTitles = ["ratio", "old's own", "", "by best"]
const ratioCells = ({ bestRatio, oldRange, ratio, verdict }: Comparison) => [
  shown(ratio, 2),
  range(oldRange, 2),
  verdict,
  shown(bestRatio, 2)
]

/** Prints what was compared in one line by one figure. */
export const printComparisons = <Report>(figure: Figure<Report>, all: ReadonlyArray<Comparison>): void => {
  printTable([
    [`${figure.name}, by turns`, "old", "new", ...ratioTitles, figure.rate === undefined ? "" : "by rate"],
    ...all.map((it) => [
      it.name,
      shown(it.old, figure.digits),
      shown(it.now, figure.digits),
      ...ratioCells(it),
      it.rateRatio === undefined ? "" : shown(it.rateRatio, 2)
    ])
  ])
}

/** Prints what was compared in all lines. */
export const printSummary = (all: ReadonlyArray<Comparison>): void => {
  printTable([
    ["this build beside the old one", ...ratioTitles],
    ...all.map((it) => [`${it.line}: ${it.name}`, ...ratioCells(it)])
  ])
}
