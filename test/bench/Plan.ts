/** What a run measures: this build alone, or by turns with another one. */
import { type Comparison, comparisonOf, type Figure, printComparisons, type Sides } from "./Comparison.ts"
import type * as Subjects from "./Subjects.ts"

/** A run. */
export interface Plan {
  /** Of every line; without it each has its usual number. */
  readonly rounds: number | undefined
  /** The folder of the other build. */
  readonly against: string | undefined
  /** Whether bare servers and those of others are measured too. */
  readonly hasFloors: boolean
  /** What was compared so far. */
  readonly comparisons: Array<Comparison>
}

/** One row of a line. */
export interface Asked<Report> {
  readonly name: string
  readonly subject: Subjects.Subject
  readonly measure: (subject: Subjects.Subject) => Promise<Report>
}

/** A row with its rounds; those of a server that is not ours are all `now`. */
export interface Measured<Report> extends Asked<Report>, Sides<Report> {
  readonly now: Array<Report>
  readonly old: Array<Report>
}

// Fewer say nothing about chance.
const leastRoundsAgainst = 3

/** How many rounds a line has, which usually has another number. */
export const roundsOf = ({ against, rounds }: Plan, usual: number): number =>
  rounds ?? (against === undefined ? usual : Math.max(usual, leastRoundsAgainst))

/** A subject in each build that is measured. */
export const buildsOf = ({ against }: Plan, subject: Subjects.Subject): ReadonlyArray<Subjects.Subject> =>
  against === undefined || subject.build === undefined ? [subject] : [{ ...subject, build: against }, subject]

/**
 * Measures all rows round by round, so that a noisy minute is everybody's.
 *
 * Of two builds each row has the one directly after the other; which is first changes with each round.
 */
export const takeTurns = async <Report>(
  plan: Plan,
  rounds: number,
  asked: ReadonlyArray<Asked<Report>>
): Promise<ReadonlyArray<Measured<Report>>> => {
  const measured: ReadonlyArray<Measured<Report>> = asked
    .filter(({ subject }) => plan.hasFloors || subject.build !== undefined)
    .map(({ measure, name, subject }) => ({ measure, name, subject, now: [], old: [] }))
  for (let round = 0; round < rounds; round++) {
    for (const { measure, now, old, subject } of measured) {
      const builds = buildsOf(plan, subject)
      for (const it of round % 2 === 0 ? builds : builds.toReversed()) {
        const report = await measure(it)
        if (it === subject) now.push(report)
        else old.push(report)
      }
    }
  }
  return measured
}

/** The rounds of one build. */
export interface Series<Report> {
  readonly name: string
  readonly all: ReadonlyArray<Report>
}

/** What is shown of rows: where two builds were measured, each by itself. */
export const seriesOf = <Report>(measured: ReadonlyArray<Sides<Report>>): ReadonlyArray<Series<Report>> =>
  measured.flatMap(({ name, now, old }) => {
    const newer = { name, all: now }
    return old.length === 0 ? [newer] : [{ name: `${name}, old`, all: old }, newer]
  })

/** The rows of a table, with cells behind each name. */
export const rowsOf = <Report>(
  measured: ReadonlyArray<Sides<Report>>,
  cells: (all: ReadonlyArray<Report>) => ReadonlyArray<string>
): ReadonlyArray<ReadonlyArray<string>> => {
  const rows: Array<ReadonlyArray<string>> = []
  for (const { name, all } of seriesOf(measured)) rows.push([name, ...cells(all)])
  return rows
}

/** All rounds of all builds. */
export const reportsOf = <Report>(measured: ReadonlyArray<Sides<Report>>): ReadonlyArray<Report> =>
  measured.flatMap(({ now, old }) => [...old, ...now])

/** Compares two builds, if there are two, prints it and keeps it for the summary. */
export const compare = <Report>(
  plan: Plan,
  line: string,
  figure: Figure<Report>,
  measured: ReadonlyArray<Sides<Report>>
): void => {
  const comparisons = measured.filter(({ old }) => old.length > 0).map((row) => comparisonOf(line, figure, row))
  if (comparisons.length === 0) return
  printComparisons(figure, comparisons)
  plan.comparisons.push(...comparisons)
}
