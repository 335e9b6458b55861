/** Messages to the members of a room: how many deliveries a second, beside those of other servers. */
import { medianOf, median, printTable, range, shown } from "./Figures.ts"
import type { Round, Work } from "./Load.ts"
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
const rateOf = (all: ReadonlyArray<Round> = []): number =>
  median(all.map(({ perSecond, serverCpu = 1 }) => perSecond / serverCpu))

/** Processor time of the server for each delivery; what else runs on its core adds little to it. */
const cpuNanos = ({ perSecond, serverCpu }: Round): number | undefined =>
  serverCpu === undefined ? undefined : (serverCpu * 1e9) / perSecond

const percent = (share: number | undefined): string => `${shown(share, 0, 100)} %`

const rowOf = (
  name: string,
  all: ReadonlyArray<Round>,
  results: ReadonlyMap<Subjects.Subject, ReadonlyArray<Round>>
): ReadonlyArray<string> => [
  name,
  shown(median(all.map(({ perSecond }) => perSecond)), 2, 1e-6),
  range(
    all.map(({ perSecond }) => perSecond),
    2,
    1e-6
  ),
  ...floors.map((floor) => shown(rateOf(all) / rateOf(results.get(floor)), 2)),
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
const notesOf = (name: string, all: ReadonlyArray<Round>): ReadonlyArray<string> => {
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
export const fanOut = async (rounds: number, seconds: number): Promise<boolean> => {
  console.log(`200 members of one room, 10 senders, 99-byte texts, 50 in flight each; ${rounds} rounds of ${seconds} s`)
  const subjects = [...floors, ...[...Subjects.streams, Subjects.mixed].map(Subjects.inMemory)]
  const results = new Map<Subjects.Subject, Array<Round>>(subjects.map((subject) => [subject, []]))
  // Round by round, so that a noisy minute is everybody's.
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) results.get(subject)?.push(await measure(subject, seconds))
  }
  const columns = floors.map((floor) => columnOf.get(floor) ?? "")
  printTable([
    ["fan-out", "M/s", "(least-most)", ...columns, "ns", "server", "load", "frames", "bytes"],
    ...subjects.map((subject) => rowOf(subject.name, results.get(subject) ?? [], results))
  ])
  for (const subject of subjects)
    for (const note of notesOf(subject.name, results.get(subject) ?? [])) console.log(note)
  return [...results.values()].flat().every((it) => it.isComplete)
}
