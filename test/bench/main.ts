/** `npm run bench`: how fast messages are delivered, as ratios to what bare Node does in the same run. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"

const isQuick = process.argv.includes("--quick")
const rounds = isQuick ? 1 : 5
const seconds = isQuick ? 1 : 3
const root = fileURLToPath(new URL("../../", import.meta.url))
const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const canPin = (() => {
  try {
    execFileSync("taskset", ["-c", "0", "true"])
    return availableParallelism() > 1
  } catch {
    return false
  }
})()

/** Runs Node on one core. */
const node = (core: number, args: ReadonlyArray<string>): ChildProcess => {
  const [command, ...rest] = [...(canPin ? ["taskset", "-c", String(core)] : []), process.execPath, ...args]
  return spawn(command!, rest, { cwd: root, stdio: ["ignore", "pipe", "inherit"] })
}

const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    child.stdout!.setEncoding("utf8").once("data", resolve)
    child.once("exit", (code) => reject(new Error(`ended with ${code} before it said anything`)))
  })

/** Seconds of one core that a process has used. */
const cpuSeconds = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]!.split(" ")
  return (Number(fields[11]) + Number(fields[12])) / 100
}

interface Round {
  readonly perSecond: number
  readonly generatorCpu: number
  readonly isComplete: boolean
}

interface Subject {
  readonly name: string
  readonly language: string
  readonly server: ReadonlyArray<string>
  readonly port: RegExp
}

const floor = (name: string, mode: string): Subject => ({
  name,
  language: "line",
  server: [file("Floor.ts"), mode],
  port: /:(\d+)/
})

const subjects: ReadonlyArray<Subject> = [
  floor("bare Node, a write per turn", "turn"),
  floor("bare Node, a write per message", "message"),
  {
    name: "chatmaster (stream)",
    language: "chatmaster",
    server: ["dist/main.js", "--flood-rate=0", "--http-port=off", "--chatmaster-port=0", "--log-level=none"],
    port: /chatmaster tcp:[^:]+:(\d+)/
  }
]

const measure = async (subject: Subject): Promise<Round> => {
  const server = node(0, subject.server)
  try {
    const port = subject.port.exec(await firstLine(server))![1]!
    const load = node(1, [file("Load.ts"), subject.language, port, "200", "10", String(seconds)])
    return JSON.parse(await firstLine(load)) as Round
  } finally {
    server.kill("SIGKILL")
  }
}

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

const startMillis = async (): Promise<number> => {
  const before = performance.now()
  const server = node(0, ["dist/main.js", "--http-port=0", "--chatmaster-port=0"])
  await firstLine(server)
  const millis = performance.now() - before
  server.kill("SIGKILL")
  return millis
}

console.log(`${canPin ? "Server on core 0, load on core 1" : "Not pinned to cores"}; Node ${process.version}`)
console.log("fan-out: 200 members of one room, 10 senders, 99-byte texts, 50 in flight each")
const results = new Map<Subject, Array<Round>>(subjects.map((subject) => [subject, []]))
// Round by round, so that a noisy minute is everybody's.
for (let round = 0; round < rounds; round++) {
  for (const subject of subjects) results.get(subject)!.push(await measure(subject))
}
const base = median(results.get(subjects[0]!)!.map(({ perSecond }) => perSecond))
for (const [{ name }, all] of results) {
  const rates = all.map(({ perSecond }) => perSecond)
  const rate = median(rates)
  const spread = rates.map((it) => (it / 1e6).toFixed(2)).join(" ")
  const generator = Math.round(Math.max(...all.map(({ generatorCpu }) => generatorCpu)) * 100)
  console.log(
    `${name.padEnd(32)} ${(rate / 1e6).toFixed(2).padStart(6)} M deliveries/s  ${(rate / base).toFixed(2)} of the floor` +
      `  load at ${generator} % of its core  (${spread})${all.every((it) => it.isComplete) ? "" : "  INCOMPLETE"}`
  )
}

const starts: Array<number> = []
for (let round = 0; round < rounds; round++) starts.push(await startMillis())
console.log(`start to listening: ${Math.round(median(starts))} ms`)

const idleCount = isQuick ? 200 : 500
const server = node(0, [
  "dist/main.js",
  "--flood-rate=0",
  "--http-port=off",
  "--chatmaster-port=0",
  "--log-level=none",
  // Each login tells all members the list of all members.
  "--outbox-limit-bytes=64MiB"
])
const port = /chatmaster tcp:[^:]+:(\d+)/.exec(await firstLine(server))![1]!
const residentBytes = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "latin1"))![1]) * 1024
const before = residentBytes()
const cpu = cpuSeconds(server.pid!)
const load = node(1, [file("Idle.ts"), port, String(idleCount)])
await firstLine(load)
console.log(
  `${idleCount} logins into one room: ${(cpuSeconds(server.pid!) - cpu).toFixed(1)} s of the server's core, ` +
    `${Math.round((residentBytes() - before) / idleCount / 1024)} KiB resident each`
)
load.kill("SIGKILL")
server.kill("SIGKILL")
