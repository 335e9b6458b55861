/** Messages to the members of a room: how many deliveries a second, beside those of other servers. */
import type { Figure } from "./Comparison.ts"
import { medianOf, median, percent, printTable, range, shown } from "./Figures.ts"
import type { Round, Work } from "./Load.ts"
import { compare, type Measured, type Plan, reportsOf, roundsOf, type Series, seriesOf, takeTurns } from "./Plan.ts"
import { file } from "./Processes.ts"
import * as Subjects from "./Subjects.ts"

const floors = [Subjects.perTurn, Subjects.perMessage, Subjects.plain, ...Subjects.others]
const columnOf = new Map([
  [Subjects.perTurn, "/turn"],
  [Subjects.perMessage, "/message"],
  [Subjects.plain, "/socket.io"],
  ...Subjects.others.map((subject) => [subject, `/${subject.name.replace("-server", "")}`] as const)
])

/** Measures one round. */
export const measure = (subject: Subjects.Subject, seconds: number): Promise<Round> =>
  Subjects.loaded<Round>(subject, ({ pid, ports }) => {
    const work: Work = { ports, members: 200, senders: 10, seconds, pid }
    return [file("Load.ts"), JSON.stringify(work)]
  })

/** Deliveries per second of processor time, so that what else runs on the core is nobody's advantage. */
const rateOf = (all: ReadonlyArray<Round>): number =>
  median(all.map(({ perSecond, serverCpu = 1 }) => perSecond / serverCpu))

/** Processor time of the server for each delivery; what else runs on its core adds little to it. */
const cpuNanos = ({ perSecond, serverCpu }: Round): number | undefined =>
  serverCpu === undefined ? undefined : (serverCpu * 1e9) / perSecond

/** What builds are compared by. */
export const figure: Figure<Round> = {
  name: "ns of the server for each delivery",
  digits: 0,
  of: cpuNanos,
  rate: ({ perSecond }) => perSecond
}

const rowOf = ({ name, all }: Series<Round>, floors: ReadonlyArray<Measured<Round>>): ReadonlyArray<string> => [
  name,
  shown(median(all.map(({ perSecond }) => perSecond)), 2, 1e-6),
  range(
    all.map(({ perSecond }) => perSecond),
    2,
    1e-6
  ),
  ...floors.map((floor) => shown(rateOf(all) / rateOf(floor.now), 2)),
  shown(medianOf(all, cpuNanos)),
  percent(medianOf(all, (it) => it.serverCpu)),
  percent(Math.max(...all.map(({ loadCpu }) => loadCpu))),
  shown(
    medianOf(all, (it) => it.framesPerWrite),
    1
  ),
  shown(medianOf(all, (it) => it.bytesPerWrite))
]

/** What is to be said of a row, besides. */
const notesOf = ({ name, all }: Series<Round>): ReadonlyArray<string> => {
  const notes: Array<string> = []
  if (all.some(({ loadCpu }) => loadCpu >= 0.9)) {
    notes.push(`${name}: the load is the limit, or near it; the figure is a lower bound`)
  }
  const server = medianOf(all, (it) => it.serverCpu)
  if (server !== undefined && server < 0.9) {
    notes.push(`${name}: the server had not all of its core, or had to wait; M/s is a lower bound`)
  }
  if (!all.every((it) => it.isComplete)) {
    notes.push(`${name}: WRONG, a member did not get exactly what it should have`)
  }
  return notes
}

/** Measures and prints the table; false if a member did not get exactly what it should have. */
export const fanOut = async (plan: Plan, usualRounds: number, seconds: number): Promise<boolean> => {
  const rounds = roundsOf(plan, usualRounds)
  console.log(`200 members of one room, 10 senders, 99-byte texts, 50 in flight each; ${rounds} rounds of ${seconds} s`)
  const subjects = [...floors, ...[...Subjects.streams, Subjects.mixed].map(Subjects.inMemory)]
  const measured = await takeTurns(
    plan,
    rounds,
    subjects.map((subject) => ({ name: subject.name, subject, measure: (it) => measure(it, seconds) }))
  )
  const measuredFloors = measured.filter(({ subject }) => columnOf.has(subject))
  const columns = measuredFloors.map(({ subject }) => columnOf.get(subject) ?? "")
  const series = seriesOf(measured)
  printTable([
    ["fan-out", "M/s", "(least-most)", ...columns, "ns", "server", "load", "frames", "bytes"],
    ...series.map((it) => rowOf(it, measuredFloors))
  ])
  for (const it of series) for (const note of notesOf(it)) console.log(note)
  compare(plan, "fanout", figure, measured)
  return reportsOf(measured).every((it) => it.isComplete)
}
