/** Messages to the members of a room: how many deliveries a second, beside those of bare servers. */
import { medianOf, median, printTable, range, shown } from "./Figures.ts"
import type { Round } from "./Load.ts"
import { file } from "./Processes.ts"
import * as Subjects from "./Subjects.ts"

const { perMessage, perTurn, plain } = Subjects

const subjects = [perTurn, perMessage, plain, Subjects.chatmaster, Subjects.sockets, Subjects.packet, Subjects.toss]

const measure = (subject: Subjects.Subject, seconds: number): Promise<Round> =>
  Subjects.loaded<Round>(subject, ({ pid, port }) => [
    file("Load.ts"),
    subject.language,
    port,
    "200",
    "10",
    String(seconds),
    String(pid)
  ])

const rateOf = (all: ReadonlyArray<Round> = []): number => median(all.map(({ perSecond }) => perSecond))

const tabulate = (results: ReadonlyMap<Subjects.Subject, ReadonlyArray<Round>>): boolean => {
  const head = [
    "fan-out",
    "M/s",
    "(least-most)",
    "/turn",
    "/message",
    "/socket.io",
    "server",
    "load",
    "frames",
    "bytes"
  ]
  const rows = [head]
  const notes: Array<string> = []
  let isWhole = true
  for (const [{ name }, all] of results) {
    const rates = all.map(({ perSecond }) => perSecond)
    const ratio = (floor: Subjects.Subject) => shown(rateOf(all) / rateOf(results.get(floor)), 2)
    const load = Math.max(...all.map(({ loadCpu }) => loadCpu))
    rows.push([
      name,
      shown(rateOf(all), 2, 1e-6),
      range(rates, 2, 1e-6),
      ratio(perTurn),
      ratio(perMessage),
      ratio(plain),
      `${shown(
        medianOf(all, (it) => it.serverCpu),
        0,
        100
      )} %`,
      `${shown(load, 0, 100)} %`,
      shown(
        medianOf(all, (it) => it.framesPerWrite),
        1
      ),
      shown(medianOf(all, (it) => it.bytesPerWrite))
    ])
    if (load >= 0.9) notes.push(`${name}: the load is the limit, or near it; the figure is a lower bound`)
    // A floor that had time to spare is higher than it looks, and what is compared with it looks better than it is.
    const server = medianOf(all, (it) => it.serverCpu)
    if (server !== undefined && server < 0.9) {
      notes.push(
        `${name}: the server was not busy all the time; the figure is a lower bound, ratios to it are flattered`
      )
    }
    if (!all.every((it) => it.isComplete)) {
      isWhole = false
      notes.push(`${name}: WRONG, a member did not get exactly what it should have`)
    }
  }
  printTable(rows)
  for (const note of notes) console.log(note)
  return isWhole
}

/** Measures and prints the table; false if a member did not get exactly what it should have. */
export const fanOut = async (rounds: number, seconds: number): Promise<boolean> => {
  console.log(`200 members of one room, 10 senders, 99-byte texts, 50 in flight each; ${rounds} rounds of ${seconds} s`)
  const results = new Map<Subjects.Subject, Array<Round>>(subjects.map((subject) => [subject, []]))
  // Round by round, so that a noisy minute is everybody's.
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) results.get(subject)?.push(await measure(subject, seconds))
  }
  return tabulate(results)
}
