/** How late messages are that are said at a steady pace: beside a bare server, with a stuck member, and as rooms grow. */
import { medianOf, printTable, range, shown } from "./Figures.ts"
import type { OpenRound, OpenWork } from "./OpenLoad.ts"
import { file } from "./Processes.ts"
import * as Subjects from "./Subjects.ts"

type Asked = Omit<OpenWork, "language" | "port" | "pid" | "senders">

const measure = (subject: Subjects.Subject, asked: Asked): Promise<OpenRound> =>
  Subjects.loaded<OpenRound>(subject, ({ pid, ports }) => {
    const { language, port } = ports[0]!
    const work: OpenWork = { ...asked, language, port, pid, senders: 10 }
    return [file("OpenLoad.ts"), JSON.stringify(work)]
  })

// The least, because what else the machine does only adds to it: what a server does itself it does in each round.
const p99Of = (all: ReadonlyArray<OpenRound>): number => Math.min(...all.map(({ p99Millis }) => p99Millis))

const percent = (share: number | undefined): string => `${shown(share, 0, 100)} %`

const columns = ["p50 ms", "p99 ms", "(least-most)", "max ms", "server", "load"]

const cells = (all: ReadonlyArray<OpenRound>): ReadonlyArray<string> => [
  shown(Math.min(...all.map(({ p50Millis }) => p50Millis)), 2),
  shown(p99Of(all), 2),
  range(
    all.map(({ p99Millis }) => p99Millis),
    2
  ),
  shown(Math.max(...all.map(({ maxMillis }) => maxMillis)), 1),
  percent(medianOf(all, (it) => it.serverCpu)),
  percent(Math.max(...all.map(({ loadCpu }) => loadCpu)))
]

/** What is wrong with rounds, or makes them worth less. */
const notesOf = (name: string, all: ReadonlyArray<OpenRound>, deliveriesPerSecond: number): ReadonlyArray<string> => {
  const notes: Array<string> = []
  if (all.some(({ loadCpu }) => loadCpu >= 0.9)) notes.push(`${name}: the load is the limit, or near it`)
  if (all.some(({ perSecond }) => perSecond < 0.95 * deliveriesPerSecond)) {
    notes.push(`${name}: fewer were delivered than were asked for`)
  }
  if (!all.every((it) => it.isComplete)) notes.push(`${name}: WRONG, a member did not get exactly what it should have`)
  return notes
}

const openRate = 100_000

/** Measures and prints how late deliveries are; false if a member did not get exactly what it should have. */
export const openLoop = async (rounds: number, seconds: number): Promise<boolean> => {
  // Nothing says where a text of tsockm ends on a connection that stays open: it is late by the time between two of them.
  const { chatmaster, packet, sockets, toss } = Subjects
  const subjects = [Subjects.perTurn, ...[chatmaster, packet, toss, sockets].map(Subjects.inMemory)]
  const results = new Map<Subjects.Subject, Array<OpenRound>>(subjects.map((subject) => [subject, []]))
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) {
      const asked = { members: 200, deliveriesPerSecond: openRate, seconds }
      results.get(subject)?.push(await measure(subject, asked))
    }
  }
  console.log(`open loop: ${openRate / 1000},000 deliveries a second to 200 members; ${rounds} rounds of ${seconds} s`)
  const floor = p99Of(results.get(Subjects.perTurn) ?? [])
  const rows: Array<ReadonlyArray<string>> = []
  for (const [{ name }, all] of results) rows.push([name, ...cells(all), shown(p99Of(all) / floor, 2)])
  printTable([["open loop", ...columns, "p99 /turn"], ...rows])
  for (const [{ name }, all] of results) for (const note of notesOf(name, all, openRate)) console.log(note)
  return [...results.values()].flat().every((it) => it.isComplete)
}

/** Measures and prints what a member that reads nothing costs the others; false if one did not get what it should have. */
export const stuckMember = async (rounds: number, seconds: number): Promise<boolean> => {
  // It is not to be hung up on while it is measured.
  const args = ["--outbox-limit-bytes=256MiB", "--write-timeout=10 minutes"]
  const subject = Subjects.inMemory(Subjects.withOptions(Subjects.chatmaster, "chatmaster", { args }))
  const rounded = { healthy: [] as Array<OpenRound>, stuck: [] as Array<OpenRound> }
  for (let round = 0; round < rounds; round++) {
    for (const crowding of ["healthy", "stuck"] as const) {
      const asked = { members: 200, deliveriesPerSecond: openRate, seconds, crowding }
      rounded[crowding].push(await measure(subject, asked))
    }
  }
  const { healthy, stuck } = rounded
  const [without, withOne] = [p99Of(healthy), p99Of(stuck)]
  printTable([
    ["199 members of chatmaster", ...columns, "ratio"],
    ["and one that reads", ...cells(healthy), ""],
    ["and one that is stuck", ...cells(stuck), shown(withOne / without, 2)]
  ])
  const held = stuck.map(({ stuckBytes }) => stuckBytes)
  const isStuck = held.every(([before, after]) => before > 0 && before === after)
  if (isStuck) console.log(`for the stuck one ${shown(held[0]?.[1], 1, 1e-6)} MB wait in the kernel alone`)
  else console.log("WRONG, the stuck member was not stuck")
  const all = [...healthy, ...stuck]
  for (const note of notesOf("stuck member", all, openRate)) console.log(note)
  return isStuck && all.every((it) => it.isComplete)
}

const growthRate = 50_000

/** Measures and prints what a delivery costs as a room grows; false if a member did not get exactly what it should have. */
export const growth = async (sizes: ReadonlyArray<number>, seconds: number): Promise<boolean> => {
  const results = new Map<Subjects.Subject, Array<OpenRound>>()
  for (const subject of [Subjects.perTurn, Subjects.packet]) {
    const all: Array<OpenRound> = []
    for (const members of sizes) all.push(await measure(subject, { members, deliveriesPerSecond: growthRate, seconds }))
    results.set(subject, all)
  }
  const [small, large] = [sizes.indexOf(100), sizes.length - 1]
  const rows: Array<ReadonlyArray<string>> = []
  for (const [{ name }, all] of results) {
    const costs = all.map(({ cpuMicros }) => cpuMicros)
    const isKnown = costs.every((cost) => cost !== undefined)
    rows.push([
      name,
      ...costs.map((cost) => shown(cost, 2)),
      isKnown ? shown((costs[large] ?? NaN) / (costs[small] ?? NaN), 2) : "?",
      percent(Math.max(...all.map(({ loadCpu }) => loadCpu)))
    ])
  }
  console.log(`growth: microseconds of the server for each of ${growthRate / 1000},000 deliveries a second`)
  printTable([["members", ...sizes.map(String), `${sizes[large]} to ${sizes[small]}`, "load"], ...rows])
  for (const [{ name }, all] of results) for (const note of notesOf(name, all, growthRate)) console.log(note)
  return [...results.values()].flat().every((it) => it.isComplete)
}
