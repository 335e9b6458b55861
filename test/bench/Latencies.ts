/** How late messages are that are said at a steady pace: beside a bare server, with a stuck member, and as rooms grow. */
import type { Figure } from "./Comparison.ts"
import { medianOf, percent, printTable, range, shown } from "./Figures.ts"
import type { OpenRound, OpenWork } from "./OpenLoad.ts"
import { compare, type Plan, reportsOf, roundsOf, rowsOf, type Series, seriesOf, takeTurns } from "./Plan.ts"
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

const lateness: Figure<OpenRound> = { name: "p99 in ms", digits: 2, of: ({ p99Millis }) => p99Millis }

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
const notesOf = ({ name, all }: Series<OpenRound>, deliveriesPerSecond: number): ReadonlyArray<string> => {
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
export const openLoop = async (plan: Plan, usualRounds: number, seconds: number): Promise<boolean> => {
  // Nothing says where a text of tsockm ends on a connection that stays open: it is late by the time between two of them.
  const { chatmaster, packet, perTurn, sockets, toss } = Subjects
  const subjects = [perTurn, ...[chatmaster, packet, toss, sockets].map(Subjects.inMemory)]
  const asked = { members: 200, deliveriesPerSecond: openRate, seconds }
  const rounds = roundsOf(plan, usualRounds)
  const measured = await takeTurns(
    plan,
    rounds,
    subjects.map((subject) => ({ name: subject.name, subject, measure: (it) => measure(it, asked) }))
  )
  console.log(`open loop: ${openRate / 1000},000 deliveries a second to 200 members; ${rounds} rounds of ${seconds} s`)
  const floor = measured.find(({ subject }) => subject === perTurn)
  const besideFloor = (all: ReadonlyArray<OpenRound>) =>
    floor === undefined ? [] : [shown(p99Of(all) / p99Of(floor.now), 2)]
  const series = seriesOf(measured)
  printTable([
    ["open loop", ...columns, ...(floor === undefined ? [] : ["p99 /turn"])],
    ...rowsOf(measured, (all) => [...cells(all), ...besideFloor(all)])
  ])
  for (const it of series) for (const note of notesOf(it, openRate)) console.log(note)
  compare(plan, "open", lateness, measured)
  return reportsOf(measured).every((it) => it.isComplete)
}

/** Measures and prints what a member that reads nothing costs the others; false if one did not get what it should have. */
export const stuckMember = async (plan: Plan, usualRounds: number, seconds: number): Promise<boolean> => {
  // It is not to be hung up on while it is measured.
  const args = ["--outbox-limit-bytes=256MiB", "--write-timeout=10 minutes"]
  const subject = Subjects.inMemory(Subjects.withOptions(Subjects.chatmaster, "chatmaster", { args }))
  const asked = { members: 200, deliveriesPerSecond: openRate, seconds }
  const measured = await takeTurns(plan, roundsOf(plan, usualRounds), [
    { name: "and one that reads", subject, measure: (it) => measure(it, { ...asked, crowding: "healthy" }) },
    { name: "and one that is stuck", subject, measure: (it) => measure(it, { ...asked, crowding: "stuck" }) }
  ])
  const [healthy, stuck] = measured.map(({ now }) => now)
  const ratio = p99Of(stuck ?? []) / p99Of(healthy ?? [])
  printTable([
    ["199 members of chatmaster", ...columns, "ratio"],
    ...rowsOf(measured, (all) => [...cells(all), all === stuck ? shown(ratio, 2) : ""])
  ])
  const held = reportsOf(measured.slice(1)).map(({ stuckBytes }) => stuckBytes)
  const isStuck = held.every(([before, after]) => before > 0 && before === after)
  if (isStuck) console.log(`for the stuck one ${shown(held[0]?.[1], 1, 1e-6)} MB wait in the kernel alone`)
  else console.log("WRONG, the stuck member was not stuck")
  const all = reportsOf(measured)
  for (const note of notesOf({ name: "stuck member", all }, openRate)) console.log(note)
  compare(plan, "stuck", lateness, measured)
  return isStuck && all.every((it) => it.isComplete)
}

const growthRate = 50_000

const growthCost: Figure<OpenRound> = {
  name: "microseconds of the server for each delivery",
  digits: 2,
  of: ({ cpuMicros }) => cpuMicros
}

/** Measures and prints what a delivery costs as a room grows; false if a member did not get exactly what it should have. */
export const growth = async (plan: Plan, sizes: ReadonlyArray<number>, seconds: number): Promise<boolean> => {
  const measured = await takeTurns(
    plan,
    roundsOf(plan, 1),
    [Subjects.perTurn, Subjects.packet].flatMap((subject) =>
      sizes.map((members) => ({
        name: `${subject.name}, ${members}`,
        subject,
        measure: (it: Subjects.Subject) => measure(it, { members, deliveriesPerSecond: growthRate, seconds })
      }))
    )
  )
  const [small, large] = [sizes.indexOf(100), sizes.length - 1]
  // Of each build of a subject, the rounds by size.
  const series = [Subjects.perTurn, Subjects.packet].flatMap(({ name }) => {
    const ours = measured.filter(({ subject }) => subject.name === name)
    const both = [
      { name: `${name}, old`, bySize: ours.map(({ old }) => old) },
      { name, bySize: ours.map(({ now }) => now) }
    ]
    return both.filter(({ bySize }) => bySize.some((all) => all.length > 0))
  })
  const rows = series.map(({ name, bySize }) => {
    const costs = bySize.map((all) => medianOf(all, growthCost.of))
    const isKnown = costs.every((cost) => cost !== undefined)
    return [
      name,
      ...costs.map((cost) => shown(cost, 2)),
      isKnown ? shown((costs[large] ?? NaN) / (costs[small] ?? NaN), 2) : "?",
      percent(Math.max(...bySize.flat().map(({ loadCpu }) => loadCpu)))
    ]
  })
  console.log(`growth: microseconds of the server for each of ${growthRate / 1000},000 deliveries a second`)
  printTable([["members", ...sizes.map(String), `${sizes[large]} to ${sizes[small]}`, "load"], ...rows])
  for (const { name, bySize } of series) {
    for (const note of notesOf({ name, all: bySize.flat() }, growthRate)) console.log(note)
  }
  compare(plan, "growth", growthCost, measured)
  return reportsOf(measured).every((it) => it.isComplete)
}
