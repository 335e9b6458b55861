/**
 * `npm run bench`: how fast messages are delivered, as ratios to what others do in the same run; `-- --quick` for a short
 * one, `-- --no-build` to measure `dist` as it is.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Round } from "./Load.ts"
import { build, canPin, file, firstLine, kill, killAll, node, residentBytes, usage } from "./Processes.ts"

const isQuick = process.argv.includes("--quick")
const rounds = isQuick ? 1 : 5
const seconds = isQuick ? 1 : 2.5
const deadlineMillis = isQuick ? 60_000 : 240_000
const loginCount = isQuick ? 200 : 500
const fileMegabytes = isQuick ? 50 : 100
const idleCount = isQuick ? 500 : 2000

interface Subject {
  readonly name: string
  readonly language: "line" | "chatmaster" | "sockets"
  readonly server: ReadonlyArray<string>
  readonly port: RegExp
}

const anyPort = /127\.0\.0\.1:(\d+)/
const dataDir = mkdtempSync(join(tmpdir(), "parlance-bench-"))
const ports = ["--toss-port=0", "--chatmaster-port=0", "--packet-port=0", "--http-port=0"]
const parlance = ["dist/main.js", "--flood-rate=0", "--pacing=off", `--data-dir=${dataDir}`, ...ports]
const quiet = [...parlance, "--log-level=none"]
const chatmasterPort = /chatmaster tcp:[^,]*:(\d+)/

const perTurn: Subject = {
  name: "bare Node, a write per turn",
  language: "line",
  server: [file("Floor.ts"), "turn"],
  port: anyPort
}
const perMessage: Subject = {
  ...perTurn,
  name: "bare Node, a write per message",
  server: [file("Floor.ts"), "message"]
}
const plain: Subject = {
  name: "plain socket.io",
  language: "sockets",
  server: [file("SocketIoFloor.ts")],
  port: anyPort
}
const chatmaster: Subject = {
  name: "chatmaster (stream)",
  language: "chatmaster",
  server: quiet,
  port: chatmasterPort
}
const sockets: Subject = {
  name: "sockets (websocket)",
  language: "sockets",
  server: quiet,
  port: /sockets http:[^,]*:(\d+)/
}
const pipe: Subject = { ...perTurn, name: "bare Node pipe", server: [file("PipeFloor.ts")] }
const toss: Subject = { ...pipe, name: "toss", server: quiet, port: /toss tcp:[^,]*:(\d+)/ }
const subjects = [perTurn, perMessage, plain, chatmaster, sockets]

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN

/** The median of what was measured, or undefined if anything was not. */
const medianOf = (all: ReadonlyArray<Round>, of: (round: Round) => number | undefined): number | undefined => {
  const values = all.map(of).filter((value) => value !== undefined)
  return values.length < all.length ? undefined : median(values)
}

const listen = async (subject: Subject, options: ReadonlyArray<string> = []) => {
  const server = node(0, [...subject.server, ...options])
  const line = await firstLine(server)
  const port = subject.port.exec(line)?.[1]
  if (port === undefined || server.pid === undefined) throw new Error(`Cannot find the port in: ${line}`)
  return { server, port, pid: server.pid }
}

const measure = async (subject: Subject): Promise<Round> => {
  const { pid, port, server } = await listen(subject)
  const load = node(1, [file("Load.ts"), subject.language, port, "200", "10", String(seconds), String(pid)])
  const round = JSON.parse(await firstLine(load)) as Round
  await kill(load)
  await kill(server)
  return round
}

const startMillis = async (): Promise<number> => {
  const beforeMillis = performance.now()
  const server = node(0, parlance)
  await firstLine(server)
  const millis = performance.now() - beforeMillis
  await kill(server)
  return millis
}

interface Crowd {
  readonly cpuSeconds: number | undefined
  readonly residentBytesEach: number | undefined
}

const gather = async (subject: Subject, members: number, roomSize: number, options?: ReadonlyArray<string>) => {
  const { pid, port, server } = await listen(subject, options)
  const before = { resident: residentBytes(pid), cpu: usage(pid).cpuSeconds }
  const load = node(1, [file("Idle.ts"), subject.language, port, String(members), String(roomSize)])
  await firstLine(load)
  const after = { resident: residentBytes(pid), cpu: usage(pid).cpuSeconds }
  await kill(load)
  await kill(server)
  const isKnown = before.resident !== undefined && after.resident !== undefined
  return {
    cpuSeconds: before.cpu === undefined || after.cpu === undefined ? undefined : after.cpu - before.cpu,
    residentBytesEach: isKnown ? ((after.resident ?? 0) - (before.resident ?? 0)) / members : undefined
  } satisfies Crowd
}

interface Transfer {
  readonly seconds: number
  readonly isWhole: boolean
}

/** Megabytes per second of one file from a sender to a receiver. */
const transfer = async (subject: Subject, kind: "pipe" | "toss"): Promise<number> => {
  const { port, server } = await listen(subject)
  const load = node(1, [file("FileLoad.ts"), kind, port, String(fileMegabytes)])
  const { isWhole, seconds } = JSON.parse(await firstLine(load)) as Transfer
  await kill(load)
  await kill(server)
  return isWhole ? fileMegabytes / seconds : NaN
}

const transfers = async (): Promise<boolean> => {
  const rates = { pipe: [] as Array<number>, toss: [] as Array<number> }
  for (let round = 0; round < rounds; round++) {
    rates.pipe.push(await transfer(pipe, "pipe"))
    rates.toss.push(await transfer(toss, "toss"))
  }
  const [floor, stored] = [median(rates.pipe), median(rates.toss)]
  console.log(
    `a file of ${fileMegabytes} MB from one toss user to another: ${shown(stored)} MB/s, ` +
      `${shown(stored / floor, 2)} of a bare Node pipe (${shown(floor)} MB/s)`
  )
  return [...rates.pipe, ...rates.toss].every(Number.isFinite)
}

const shown = (value: number | undefined, digits = 0, scale = 1): string =>
  value === undefined ? "?" : (value * scale).toFixed(digits)

const rateOf = (all: ReadonlyArray<Round> = []): number => median(all.map(({ perSecond }) => perSecond))

const tabulate = (results: ReadonlyMap<Subject, ReadonlyArray<Round>>): boolean => {
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
    const ratio = (floor: Subject) => shown(rateOf(all) / rateOf(results.get(floor)), 2)
    const load = Math.max(...all.map(({ loadCpu }) => loadCpu))
    rows.push([
      name,
      shown(rateOf(all), 2, 1e-6),
      `(${shown(Math.min(...rates), 2, 1e-6)}-${shown(Math.max(...rates), 2, 1e-6)})`,
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
      notes.push(`${name}: WRONG, a member did not get exactly what the others said`)
    }
  }
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const align = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)
  for (const row of rows) console.log(row.map(align).join("  "))
  for (const note of notes) console.log(note)
  return isWhole
}

const run = async (): Promise<boolean> => {
  if (!process.argv.includes("--no-build")) build()
  console.log(`Node ${process.version}; ${canPin ? "servers on core 0, loads on core 1" : "NOT pinned to cores"}`)
  console.log(`200 members of one room, 10 senders, 99-byte texts, 50 in flight each; ${rounds} rounds of ${seconds} s`)
  const results = new Map<Subject, Array<Round>>(subjects.map((subject) => [subject, []]))
  // Round by round, so that a noisy minute is everybody's.
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) results.get(subject)?.push(await measure(subject))
  }
  const isWhole = tabulate(results)

  const starts: Array<number> = []
  for (let round = 0; round < (isQuick ? 3 : 5); round++) starts.push(await startMillis())
  console.log(
    `start to listening: ${shown(median(starts))} ms (${shown(Math.min(...starts))}-${shown(Math.max(...starts))})`
  )
  const idle = await gather(chatmaster, idleCount, 20)
  const bare = await gather(perTurn, idleCount, 0)
  console.log(
    `idle chatmaster connection, of ${idleCount} in rooms of 20: ${shown(idle.residentBytesEach, 1, 1 / 1024)} KiB ` +
      `resident (bare Node ${shown(bare.residentBytesEach, 1, 1 / 1024)})`
  )
  // Each login tells all members the list of all members.
  const logins = await gather(chatmaster, loginCount, 0, ["--outbox-limit-bytes=64MiB"])
  console.log(`${loginCount} logins into one room: ${shown(logins.cpuSeconds, 2)} s of the server's core`)
  return (await transfers()) && isWhole
}

const stop = (reason: string): void => {
  console.error(reason)
  process.exit(1)
}
process.on("exit", () => {
  killAll()
  rmSync(dataDir, { recursive: true, force: true })
})
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop(`Stopped by ${signal}`))
setTimeout(() => stop(`Gave up after ${deadlineMillis / 1000} s`), deadlineMillis).unref()
process.exitCode = (await run()) ? 0 : 1
