/** What it costs to store: answers that promise it, and the same fan-out with history and without. */
import { execFileSync } from "node:child_process"
import type { AckRound, AckWork } from "./AckLoad.ts"
import * as FanOut from "./FanOut.ts"
import { median, printTable, shown } from "./Figures.ts"
import type { Lateness } from "./Lateness.ts"
import { file, firstLine, kill, node } from "./Processes.ts"
import * as Subjects from "./Subjects.ts"

const lateness = { node: ["--import", file("Lateness.ts")] }

/** A database of its own on the PostgreSQL server of this machine, or of `PARLANCE_BENCH_POSTGRES`. */
const makeDatabase = (): { readonly url: string; readonly drop: () => void } | undefined => {
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
  return { url: url.href, drop: () => execute(`drop database ${name} with (force)`) }
}

const storedIn = (name: string, env: Readonly<Record<string, string>>): Subjects.Subject =>
  Subjects.withOptions(Subjects.packet, name, { ...lateness, env })

const clients = 50

interface Measured extends AckRound {
  readonly late: Lateness
}

const measure = async (subject: Subjects.Subject, window: number, seconds: number): Promise<Measured> => {
  const { pid, ports, server } = await Subjects.listen(subject)
  const work: AckWork = { port: ports[0]!.port, clients, window, seconds, pid }
  const load = node(1, [file("AckLoad.ts"), JSON.stringify(work)])
  // The first is of the time before.
  const late = firstLine(server, /LateMillis/).then(() => firstLine(server, /LateMillis/))
  const report = JSON.parse(await firstLine(load)) as AckRound
  const measured = { ...report, late: JSON.parse(await late) as Lateness }
  await kill(load)
  await kill(server)
  return measured
}

/**
 * Measures and prints how many messages are acknowledged, with so many of each client on their way; false if one was not,
 * or did not come.
 */
export const acknowledgements = async (windows: ReadonlyArray<number>, seconds: number): Promise<boolean> => {
  const database = makeDatabase()
  const subjects = [
    storedIn("memory", { PARLANCE_STORAGE: "memory" }),
    storedIn("SQLite NORMAL", { PARLANCE_STORAGE: "sqlite", PARLANCE_SQLITE_SYNC: "normal" }),
    storedIn("SQLite FULL", { PARLANCE_STORAGE: "sqlite", PARLANCE_SQLITE_SYNC: "full" }),
    ...(database === undefined
      ? []
      : [storedIn("PostgreSQL", { PARLANCE_STORAGE: "postgres", PARLANCE_DATABASE_URL: database.url })])
  ]
  const all: Array<Measured> = []
  const rows: Array<ReadonlyArray<string>> = []
  try {
    for (const subject of subjects) {
      for (const window of windows) {
        const it = await measure(subject, window, seconds)
        all.push(it)
        rows.push([
          `${subject.name}, ${window} in flight`,
          shown(it.perSecond, 1, 1e-3),
          shown(it.p50Millis, 2),
          shown(it.p99Millis, 2),
          shown(it.late.p99LateMillis, 1),
          shown(it.late.maxLateMillis, 1),
          `${shown(it.serverCpu, 0, 100)} %`,
          `${shown(it.loadCpu, 0, 100)} %`
        ])
      }
    }
  } finally {
    database?.drop()
  }
  console.log(`acknowledged messages of ${clients} clients of packet over TCP, for ${seconds} s`)
  printTable([["stored in", "k/s", "p50 ms", "p99 ms", "loop p99", "loop max", "server", "load"], ...rows])
  if (database === undefined) console.log("PostgreSQL: not measured, for there is none, or no psql to make a database")
  const isRight = all.every((it) => it.isComplete)
  if (!isRight) console.log("WRONG, a message was not answered or did not come, once")
  return isRight
}

/** Measures and prints the fan-out with history and without; false if a member did not get what it should have. */
export const history = async (rounds: number, seconds: number): Promise<boolean> => {
  let isRight = true
  for (const subject of [Subjects.chatmaster, Subjects.packet]) {
    const off = Subjects.withOptions(subject, subject.name, { args: ["--history-limit=0"] })
    const rates = { on: [] as Array<number>, off: [] as Array<number> }
    for (let round = 0; round < rounds; round++) {
      for (const which of ["off", "on"] as const) {
        const { isComplete, perSecond } = await FanOut.measure(which === "on" ? subject : off, seconds)
        rates[which].push(perSecond)
        isRight &&= isComplete
      }
    }
    const [on, without] = [median(rates.on), median(rates.off)]
    console.log(
      `fan-out of ${subject.name} with history: ${shown(on, 2, 1e-6)} M/s, ` +
        `${shown(on / without, 2)} of that without (${shown(without, 2, 1e-6)} M/s)`
    )
  }
  if (!isRight) console.log("WRONG, a member did not get exactly what it should have")
  return isRight
}
