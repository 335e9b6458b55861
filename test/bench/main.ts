/**
 * `npm run bench`: how fast messages are delivered, as ratios to what others do in the same run; `-- --quick` for a short
 * one, `-- --only <line>` for one line, `-- --no-build` to measure `dist` as it is.
 */
import { datagramFanOut } from "./Broadcasts.ts"
import { idleConnections, idleSessions, logins } from "./Crowds.ts"
import { fanOut } from "./FanOut.ts"
import { median, range, shown } from "./Figures.ts"
import { growth, openLoop, stuckMember } from "./Latencies.ts"
import { build, canPin, firstLine, kill, killAll, run as spawn } from "./Processes.ts"
import { acknowledgements, history } from "./Storage.ts"
import * as Subjects from "./Subjects.ts"
import { chunks, relays } from "./Transfers.ts"

const args = process.argv.slice(2)
const isQuick = args.includes("--quick")
const only = args.includes("--only") ? args[args.indexOf("--only") + 1] : undefined
const deadlineMillis = only !== undefined ? 600_000 : isQuick ? 90_000 : 900_000
// A line that would begin later is left out, for on a busy machine all takes longer.
const lastBeginMillis = deadlineMillis - (isQuick ? 25_000 : 75_000)
const rounds = isQuick ? 1 : 3
const seconds = isQuick ? 0.5 : 1.5
const chunkSeconds = isQuick ? 0.4 : 0.5
const loginCount = isQuick ? 500 : 5000

const startMillis = async (signal?: NodeJS.Signals): Promise<number> => {
  const beforeMillis = performance.now()
  const server = spawn(0, Subjects.parlance(Subjects.freshDir()))
  await firstLine(server)
  const millis = performance.now() - beforeMillis
  await kill(server, signal)
  return millis
}

const starts = async (count: number): Promise<void> => {
  await startMillis("SIGTERM")
  const all: Array<number> = []
  for (let round = 0; round < count; round++) all.push(await startMillis())
  console.log(`start to listening: ${shown(median(all))} ms ${range(all)}`)
}

const { chatmaster, packet, perTurn, sockets, streams, toss, tsockm } = Subjects
const fewIdle = [perTurn, packet].map((subject) => [subject, 1000] as const)
const manyIdle = [...[perTurn, packet].map((subject) => [subject, 10_000] as const), [chatmaster, 1000] as const]
const allIdle = [...manyIdle, ...[tsockm, toss, sockets].map((subject) => [subject, 1000] as const)]

/** Each measures and prints; false if a member did not get what it should have. */
const lines: Readonly<Record<string, () => Promise<boolean | void>>> = {
  start: () => starts(isQuick ? 3 : 5),
  fanout: () => fanOut(rounds, seconds),
  open: () => openLoop(isQuick ? 1 : 3, seconds),
  stuck: () => stuckMember(isQuick ? 1 : 2, seconds),
  growth: () => growth(isQuick ? [100, 1000] : [10, 100, 1000, 5000], isQuick ? 1 : 2),
  joins: () =>
    logins(
      only === undefined ? [packet, chatmaster] : streams,
      loginCount,
      only === undefined ? (isQuick ? 5 : 30) : 60
    ),
  idle: () => idleConnections(isQuick ? fewIdle : only === undefined ? manyIdle : allIdle),
  acks: () => acknowledgements(isQuick ? [16] : [1, 16], isQuick ? 0.5 : 2),
  history: () => history(isQuick ? 1 : 2, seconds),
  sessions: () => idleSessions(isQuick ? 1000 : 2000),
  udp: () => datagramFanOut(rounds, chunkSeconds),
  files: () => relays(rounds, isQuick ? 50 : 100),
  chunks: () => chunks(isQuick ? 1 : 2, chunkSeconds, isQuick ? 2 : 4)
}

const run = async (): Promise<boolean> => {
  if (!args.includes("--no-build")) build()
  console.log(`Node ${process.version}; ${canPin ? "servers on core 0, loads on core 1" : "NOT pinned to cores"}`)
  let isRight = true
  for (const [name, line] of Object.entries(lines)) {
    if (only !== undefined && only !== name) continue
    const before = performance.now()
    if (before > lastBeginMillis) {
      console.log(`(${name}: left out, for there is no time)`)
      continue
    }
    isRight = (await line()) !== false && isRight
    console.log(`(${name}: ${shown(performance.now() - before, 0, 1e-3)} s)\n`)
  }
  return isRight
}

const stop = (reason: string): void => {
  console.error(reason)
  process.exit(1)
}
if (only !== undefined && !(only in lines)) stop(`No line ${only}; there are: ${Object.keys(lines).join(", ")}`)
process.on("exit", () => {
  killAll()
  Subjects.cleanUp()
})
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop(`Stopped by ${signal}`))
setTimeout(() => stop(`Gave up after ${deadlineMillis / 1000} s`), deadlineMillis).unref()
process.exitCode = (await run()) ? 0 : 1
