/**
 * `npm run bench`: how fast messages are delivered, as ratios to what others do in the same run.
 *
 * - `-- --quick` for a short run, `-- --only <line>` for one line, `-- --no-build` to measure `dist` as it is;
 * - `-- --rounds <number>` for another number of rounds of every line;
 * - `-- --against <dist>` to measure another build beside this one, round by round, and `--floors` to measure the others too.
 */
import { existsSync } from "node:fs"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { datagramFanOut } from "./Broadcasts.ts"
import { printSummary } from "./Comparison.ts"
import { idleConnections, idleSessions, logins } from "./Crowds.ts"
import { fanOut } from "./FanOut.ts"
import { shown } from "./Figures.ts"
import { growth, openLoop, stuckMember } from "./Latencies.ts"
import type { Plan } from "./Plan.ts"
import { build, canPin, killAll } from "./Processes.ts"
import { starts } from "./Starts.ts"
import { acknowledgements, history } from "./Storage.ts"
import * as Subjects from "./Subjects.ts"
import { chunks, relays } from "./Transfers.ts"

const stop = (reason: string): never => {
  console.error(reason)
  process.exit(1)
}

const readOptions = () => {
  try {
    return parseArgs({
      options: {
        quick: { type: "boolean", default: false },
        only: { type: "string" },
        "no-build": { type: "boolean", default: false },
        rounds: { type: "string" },
        against: { type: "string" },
        floors: { type: "boolean", default: false }
      }
    }).values
  } catch (error) {
    return stop(error instanceof Error ? error.message : String(error))
  }
}

const { against, floors, "no-build": isBuilt, only, quick: isQuick, rounds } = readOptions()
const plan: Plan = {
  rounds: rounds === undefined ? undefined : Number(rounds),
  against: against === undefined ? undefined : resolve(against),
  hasFloors: against === undefined || floors,
  comparisons: []
}
// Who says how much is measured takes the time that it needs.
const hasDeadline = plan.rounds === undefined && plan.against === undefined
const deadlineMillis = !hasDeadline ? Infinity : only !== undefined ? 600_000 : isQuick ? 90_000 : 900_000
// A line that would begin later is left out, for on a busy machine all takes longer.
const lastBeginMillis = deadlineMillis - (isQuick ? 25_000 : 75_000)
const usualRounds = isQuick ? 1 : 3
const fewRounds = isQuick ? 1 : 2
const seconds = isQuick ? 0.5 : 1.5
// Small differences between builds show where more is measured.
const chunkSeconds = isQuick ? 0.4 : plan.against === undefined ? 0.5 : 1.5
const loginCount = isQuick ? 500 : 5000
/** Whether a line may take longer than in a run of all. */
const isThorough = only !== undefined || !hasDeadline

const { chatmaster, packet, perTurn, sockets, streams, toss, tsockm } = Subjects
const idleCount = isQuick ? 1000 : 3000
const crowdsOf = (members: number, ...subjects: ReadonlyArray<Subjects.Subject>) =>
  subjects.map((subject) => [subject, members] as const)
const idleSubjects = isQuick
  ? [perTurn, packet]
  : isThorough
    ? [perTurn, packet, chatmaster, tsockm, toss, sockets]
    : [chatmaster]
const idleCrowds = [
  ...(isQuick || plan.against !== undefined ? [] : crowdsOf(10_000, perTurn, packet)),
  ...crowdsOf(idleCount, ...idleSubjects)
]

/** Each measures and prints; false if a member did not get what it should have. */
const lines: Readonly<Record<string, () => Promise<boolean | void>>> = {
  start: () => starts(plan, isQuick ? 3 : 5),
  fanout: () => fanOut(plan, usualRounds, seconds),
  open: () => openLoop(plan, usualRounds, seconds),
  stuck: () => stuckMember(plan, fewRounds, seconds),
  growth: () => growth(plan, isQuick ? [100, 1000] : [10, 100, 1000, 5000], isQuick ? 1 : 2),
  joins: () =>
    logins(plan, isThorough ? streams : [packet, chatmaster], loginCount, isThorough ? 60 : isQuick ? 5 : 30),
  idle: () => idleConnections(plan, idleCrowds),
  acks: () => acknowledgements(plan, isQuick ? [16] : [1, 16], isQuick ? 0.5 : 2),
  history: () => history(plan, fewRounds, seconds),
  sessions: () => idleSessions(plan, idleCount),
  udp: () => datagramFanOut(plan, usualRounds, chunkSeconds),
  files: () => relays(plan, usualRounds, isQuick ? 50 : 100),
  chunks: () => chunks(plan, fewRounds, chunkSeconds, isQuick ? 2 : 4)
}

/** Measures one line; one that fails does not end a long run of others. */
const measure = async (line: () => Promise<boolean | void>): Promise<boolean> => {
  try {
    return (await line()) !== false
  } catch (error) {
    killAll()
    console.log(`FAILED: ${error instanceof Error ? error.message : String(error)}`)
    return false
  }
}

const run = async (): Promise<boolean> => {
  if (!isBuilt) build()
  console.log(`Node ${process.version}; ${canPin ? "servers on core 0, loads on core 1" : "NOT pinned to cores"}`)
  if (plan.against !== undefined)
    console.log(`old: ${plan.against}; ratios to it are over 1 where this build is better`)
  let isRight = true
  for (const [name, line] of Object.entries(lines)) {
    if (only !== undefined && only !== name) continue
    const before = performance.now()
    if (before > lastBeginMillis) {
      console.log(`(${name}: left out, for there is no time)`)
      continue
    }
    isRight = (await measure(line)) && isRight
    console.log(`(${name}: ${shown(performance.now() - before, 0, 1e-3)} s)\n`)
  }
  if (plan.comparisons.length > 0) printSummary(plan.comparisons)
  return isRight
}

if (only !== undefined && !(only in lines)) stop(`No line ${only}; there are: ${Object.keys(lines).join(", ")}`)
if (plan.rounds !== undefined && !(Number.isInteger(plan.rounds) && plan.rounds > 0)) stop(`No number: ${rounds}`)
if (plan.against !== undefined && !existsSync(join(plan.against, "main.js"))) stop(`No build: ${plan.against}`)
process.on("exit", () => {
  killAll()
  Subjects.cleanUp()
})
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop(`Stopped by ${signal}`))
if (hasDeadline) setTimeout(() => stop(`Gave up after ${deadlineMillis / 1000} s`), deadlineMillis).unref()
process.exitCode = (await run()) ? 0 : 1
