/**
 * `npm run bench`: how fast messages are delivered, as ratios to what others do in the same run; `-- --quick` for a short
 * one, `-- --no-build` to measure `dist` as it is.
 */
import { datagramFanOut } from "./Broadcasts.ts"
import { idleConnections, idleSessions, logins } from "./Crowds.ts"
import { fanOut } from "./FanOut.ts"
import { median, range, shown } from "./Figures.ts"
import { build, canPin, firstLine, kill, killAll, node } from "./Processes.ts"
import { cleanUp, parlance } from "./Subjects.ts"
import { chunks, relays } from "./Transfers.ts"

const isQuick = process.argv.includes("--quick")
const rounds = isQuick ? 1 : 5
const seconds = isQuick ? 1 : 1.5
const deadlineMillis = isQuick ? 90_000 : 360_000
const loginCount = isQuick ? 200 : 500
const chunkMebibytes = isQuick ? 2 : 4
const fewRounds = isQuick ? 1 : 3
const chunkSeconds = isQuick ? 0.4 : 0.5
const fileMegabytes = isQuick ? 50 : 100
const sessionCount = isQuick ? 1000 : 2000
const idleCount = isQuick ? 500 : 2000

const startMillis = async (): Promise<number> => {
  const beforeMillis = performance.now()
  const server = node(0, parlance)
  await firstLine(server)
  const millis = performance.now() - beforeMillis
  await kill(server)
  return millis
}

const starts = async (count: number): Promise<void> => {
  const all: Array<number> = []
  for (let round = 0; round < count; round++) all.push(await startMillis())
  console.log(`start to listening: ${shown(median(all))} ms ${range(all)}`)
}

const run = async (): Promise<boolean> => {
  if (!process.argv.includes("--no-build")) build()
  console.log(`Node ${process.version}; ${canPin ? "servers on core 0, loads on core 1" : "NOT pinned to cores"}`)
  let isRight = await fanOut(rounds, seconds)
  isRight = (await datagramFanOut(fewRounds, chunkSeconds)) && isRight
  await starts(isQuick ? 3 : 5)
  await idleConnections(idleCount)
  await idleSessions(sessionCount)
  await logins(loginCount)
  isRight = (await relays(fewRounds, fileMegabytes)) && isRight
  await chunks(fewRounds, chunkSeconds, chunkMebibytes)
  return isRight
}

const stop = (reason: string): void => {
  console.error(reason)
  process.exit(1)
}
process.on("exit", () => {
  killAll()
  cleanUp()
})
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop(`Stopped by ${signal}`))
setTimeout(() => stop(`Gave up after ${deadlineMillis / 1000} s`), deadlineMillis).unref()
process.exitCode = (await run()) ? 0 : 1
