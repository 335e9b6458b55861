/** What it costs to store: answers that promise it, and the same fan-out with history and without. */
import { execFileSync } from "node:child_process"
import type { AckRound, AckWork } from "./AckLoad.ts"
import type { Figure } from "./Comparison.ts"
import * as FanOut from "./FanOut.ts"
import { median, medianOf, printTable, shown } from "./Figures.ts"
import type { Lateness } from "./Lateness.ts"
import { compare, type Plan, reportsOf, roundsOf, rowsOf, takeTurns } from "./Plan.ts"
import { file, firstLine, kill, node } from "./Processes.ts"
import * as Subjects from "./Subjects.ts"

const lateness = { node: ["--import", file("Lateness.ts")] }

interface Database {
  readonly url: string
  /** Makes it anew: an older build cannot use what a newer one has made. */
  readonly renew: () => void
  readonly drop: () => void
}

/** A database of its own on the PostgreSQL server of this machine, or of `PARLANCE_BENCH_POSTGRES`. */
const makeDatabase = (): Database | undefined => {
  const server = process.env["PARLANCE_BENCH_POSTGRES"] ?? "postgres://postgres@127.0.0.1:5432/test"
  const name = `parlance_bench_${process.pid}`
  const execute = (statement: string): void => {
    execFileSync("psql", ["-q", "-d", server, "-c", statement], { stdio: "ignore", timeout: 10_000 })
  }
  try {
    execute(`create database ${name}`)
  } catch {
    return undefined
  }
  const url = new URL(server)
  url.pathname = `/${name}`
  const drop = (): void => execute(`drop database ${name} with (force)`)
  const renew = (): void => {
    drop()
    execute(`create database ${name}`)
  }
  return { url: url.href, renew, drop }
}

const storedIn = (name: string, env: Readonly<Record<string, string>>): Subjects.Subject =>
  Subjects.withOptions(Subjects.packet, name, { ...lateness, env })

const clients = 50

interface Measured extends AckRound {
  readonly late: Lateness
}

const measure = async (subject: Subjects.Subject, window: number, seconds: number): Promise<Measured> => {
  const { pid, ports, server, stop } = await Subjects.listen(subject)
  const work: AckWork = { port: ports[0]!.port, clients, window, seconds, pid }
  const load = node(1, [file("AckLoad.ts"), JSON.stringify(work)])
  // The first is of the time before.
  const late = firstLine(server, /LateMillis/).then(() => firstLine(server, /LateMillis/))
  const [report, said] = await Promise.all([firstLine(load), late])
  const measured = { ...(JSON.parse(report) as AckRound), late: JSON.parse(said) as Lateness }
  await kill(load)
  await stop()
  return measured
}

const figure: Figure<Measured> = {
  name: "microseconds of the server for each answer",
  digits: 1,
  of: ({ perSecond, serverCpu }) => (serverCpu === undefined ? undefined : (serverCpu * 1e6) / perSecond),
  rate: ({ perSecond }) => perSecond
}

interface Column {
  readonly title: string
  readonly of: (report: Measured) => number | undefined
  readonly digits: number
  readonly scale?: number
}

const columns: ReadonlyArray<Column> = [
  { title: "k/s", of: (it) => it.perSecond, digits: 1, scale: 1e-3 },
  { title: "us", of: figure.of, digits: 1 },
  { title: "p50 ms", of: (it) => it.p50Millis, digits: 2 },
  { title: "p99 ms", of: (it) => it.p99Millis, digits: 2 },
  { title: "loop p99", of: (it) => it.late.p99LateMillis, digits: 1 },
  { title: "loop max", of: (it) => it.late.maxLateMillis, digits: 1 },
  { title: "server %", of: (it) => it.serverCpu, digits: 0, scale: 100 },
  { title: "load %", of: (it) => it.loadCpu, digits: 0, scale: 100 }
]

/**
 * Measures and prints how many messages are acknowledged, with so many of each client on their way; false if one was not,
 * or did not come.
 */
export const acknowledgements = async (
  plan: Plan,
  windows: ReadonlyArray<number>,
  seconds: number
): Promise<boolean> => {
  const database = makeDatabase()
  const subjects = [
    storedIn("memory", { PARLANCE_STORAGE: "memory" }),
    storedIn("SQLite NORMAL", { PARLANCE_STORAGE: "sqlite", PARLANCE_SQLITE_SYNC: "normal" }),
    storedIn("SQLite FULL", { PARLANCE_STORAGE: "sqlite", PARLANCE_SQLITE_SYNC: "full" }),
    ...(database === undefined
      ? []
      : [storedIn("PostgreSQL", { PARLANCE_STORAGE: "postgres", PARLANCE_DATABASE_URL: database.url })])
  ]
  const asked = subjects.flatMap((subject) =>
    windows.map((window) => ({
      name: `${subject.name}, ${window} in flight`,
      subject,
      measure: (it: Subjects.Subject) => {
        if (subject.name === "PostgreSQL") database?.renew()
        return measure(it, window, seconds)
      }
    }))
  )
  const measured = await takeTurns(plan, roundsOf(plan, 1), asked).finally(() => database?.drop())
  console.log(`acknowledged messages of ${clients} clients of packet over TCP, for ${seconds} s`)
  printTable([
    ["stored in", ...columns.map(({ title }) => title)],
    ...rowsOf(measured, (all) => columns.map(({ digits, of, scale }) => shown(medianOf(all, of), digits, scale)))
  ])
  if (database === undefined) console.log("PostgreSQL: not measured, for there is none, or no psql to make a database")
  compare(plan, "acks", figure, measured)
  const isRight = reportsOf(measured).every((it) => it.isComplete)
  if (!isRight) console.log("WRONG, a message was not answered or did not come, once")
  return isRight
}

/** Measures and prints the fan-out with history and without; false if a member did not get what it should have. */
export const history = async (plan: Plan, usualRounds: number, seconds: number): Promise<boolean> => {
  const subjects = [Subjects.chatmaster, Subjects.packet].flatMap((subject) => [
    Subjects.withOptions(subject, `${subject.name} without`, { args: ["--history-limit=0"] }),
    Subjects.withOptions(subject, `${subject.name} with history`, {})
  ])
  const measured = await takeTurns(
    plan,
    roundsOf(plan, usualRounds),
    subjects.map((subject) => ({ name: subject.name, subject, measure: (it) => FanOut.measure(it, seconds) }))
  )
  for (let pair = 0; pair < measured.length; pair += 2) {
    const [off, on] = measured.slice(pair)
    for (const build of ["old", "now"] as const) {
      const [without, rate] = [off, on].map((it) => median((it?.[build] ?? []).map(({ perSecond }) => perSecond)))
      if (rate === undefined || without === undefined || Number.isNaN(rate)) continue
      console.log(
        `fan-out of ${on?.name}${build === "old" ? ", old" : ""}: ${shown(rate, 2, 1e-6)} M/s, ` +
          `${shown(rate / without, 2)} of that without (${shown(without, 2, 1e-6)} M/s)`
      )
    }
  }
  compare(plan, "history", FanOut.figure, measured)
  const isRight = reportsOf(measured).every((it) => it.isComplete)
  if (!isRight) console.log("WRONG, a member did not get exactly what it should have")
  return isRight
}
