/** Many who are there: what they cost while they are silent, and how long it takes to log them in. */
import type { ChildProcess } from "node:child_process"
import type { Heap } from "./Collector.ts"
import type { Figure } from "./Comparison.ts"
import { medianOf, printTable, shown } from "./Figures.ts"
import type { Crowding } from "./Idle.ts"
import { pause } from "./Member.ts"
import { compare, type Plan, reportsOf, roundsOf, rowsOf, seriesOf, takeTurns } from "./Plan.ts"
import { file, firstLine, kernelBytes, kill, node, residentBytes, usage } from "./Processes.ts"
import * as Subjects from "./Subjects.ts"

/** By how much a server grew. */
interface Growth {
  /** What the load has printed. */
  readonly line: string
  readonly cpuSeconds: number | undefined
  /** In use, after collections that were asked for. */
  readonly heapBytes: number
  /** After those collections, and before. */
  readonly collectedBytes: number | undefined
  readonly residentBytes: number | undefined
  readonly kernelBytes: number | undefined
}

const difference = (from: number | undefined, to: number | undefined): number | undefined =>
  from === undefined || to === undefined ? undefined : to - from

const collecting = { node: ["--expose-gc", "--import", file("Collector.ts")] }
// Node drops compiled code that was not run between several collections: there are some megabytes of that after a start.
const leastCollections = 5
const mostCollections = 20
const restlessShare = 0.005
const betweenMillis = 100
const givingBackMillis = 500

/** Has a server collect its garbage until that changes no more, and gives its memory thereafter. */
const collected = async (server: ChildProcess, pid: number) => {
  let heap = NaN
  for (let count = 1; count <= mostCollections; count++) {
    const line = firstLine(server, /heapUsedBytes/)
    process.kill(pid, "SIGUSR2")
    const { heapUsedBytes } = JSON.parse(await line) as Heap
    const isSettled = Math.abs(heapUsedBytes - heap) < restlessShare * heap
    heap = heapUsedBytes
    if (isSettled && count >= leastCollections) break
    await pause(betweenMillis)
  }
  await pause(givingBackMillis)
  return { heap, resident: residentBytes(pid) }
}

/** How many come, and how many before, who cost what is made once for all. */
interface Shape {
  readonly members: number
  readonly before: number
  readonly limitSeconds: number
}

/** Measures what a crowd costs; `load` says what runs it on a port. */
const grow = async (
  subject: Subjects.Subject,
  { before: firstMembers, limitSeconds, members }: Shape,
  load: (port: string, members: number, prefix: string) => ReadonlyArray<string>
): Promise<Growth> => {
  const { pid, port, server, stop } = await Subjects.listen(Subjects.withOptions(subject, subject.name, collecting))
  const crowds: Array<ChildProcess> = []
  const come = (count: number, prefix: string): Promise<string> => {
    const crowd = node(1, load(port, count, prefix))
    crowds.push(crowd)
    return firstLine(crowd, undefined, (limitSeconds + 30) * 1000)
  }
  if (firstMembers > 0) await come(firstMembers, "firs")
  const [before, cpuBefore, kernelBefore] = [await collected(server, pid), usage(pid).cpuSeconds, kernelBytes()]
  const line = await come(members, "user")
  const [resident, cpu, kernel] = [residentBytes(pid), usage(pid).cpuSeconds, kernelBytes()]
  const after = await collected(server, pid)
  for (const crowd of crowds) await kill(crowd)
  await stop()
  return {
    line,
    cpuSeconds: difference(cpuBefore, cpu),
    heapBytes: after.heap - before.heap,
    collectedBytes: difference(before.resident, after.resident),
    residentBytes: difference(before.resident, resident),
    kernelBytes: difference(kernelBefore, kernel)
  }
}

const atOnce = 100

/** Measures members over TCP; in rooms of 0 all stay where a login puts them. */
const gather = async (
  subject: Subjects.Subject,
  roomSize: number,
  shape: Shape
): Promise<Growth & Crowding & Pick<Shape, "members">> => {
  const growth = await grow(subject, shape, (port, members, prefix) => [
    file("Idle.ts"),
    subject.spoken[0]!.language,
    port,
    String(members),
    String(roomSize),
    String(atOnce),
    prefix,
    String(shape.limitSeconds)
  ])
  return { ...growth, ...(JSON.parse(growth.line) as Crowding), members: shape.members }
}

type Idle = Growth & Pick<Shape, "members">

const kibibytesOf =
  (bytesOf: (it: Idle) => number | undefined) =>
  (it: Idle): number | undefined => {
    const bytes = bytesOf(it)
    return bytes === undefined ? undefined : bytes / 1024 / it.members
  }

// What is resident differs by a third between runs of the same build.
const heapFigure: Figure<Idle> = {
  name: "KiB of heap in use for each",
  digits: 2,
  of: kibibytesOf((it) => it.heapBytes)
}

/** How many come before those whose cost is measured. */
const firstMembers = 1000

/** Measures and prints what so many idle connections cost; false if one was hung up on. */
export const idleConnections = async (
  plan: Plan,
  crowds: ReadonlyArray<readonly [Subjects.Subject, number]>
): Promise<boolean> => {
  const measured = await takeTurns(
    plan,
    roundsOf(plan, 1),
    crowds.map(([subject, members]) => ({
      name: `${subject.name}, ${members}`,
      subject,
      measure: (it) => gather(it, 20, { members, before: firstMembers, limitSeconds: 120 })
    }))
  )
  printTable([
    ["idle connections, KiB each", "heap in use", "resident", "uncollected", "kernel, both ends"],
    ...rowsOf(measured, (all) => {
      const each = (bytesOf: (it: Idle) => number | undefined, digits: number) =>
        shown(medianOf(all, kibibytesOf(bytesOf)), digits)
      return [
        each((it) => it.heapBytes, 2),
        each((it) => it.collectedBytes, 1),
        each((it) => it.residentBytes, 1),
        each((it) => it.kernelBytes, 1)
      ]
    })
  ])
  compare(plan, "idle", heapFigure, measured)
  for (const { name, all } of seriesOf(measured)) {
    for (const { dropped, entered, isWhole } of all) {
      if (dropped > 0 || !isWhole) console.log(`${name}: WRONG, ${entered} came in, ${dropped} were hung up on`)
    }
  }
  return reportsOf(measured).every(({ dropped, isWhole }) => dropped === 0 && isWhole)
}

// Who is not through when the time is over takes for ever.
const loginSeconds: Figure<Crowding> = {
  name: "seconds",
  digits: 2,
  of: ({ isWhole, seconds }) => (isWhole ? seconds : Infinity)
}

const loginCost: Figure<Crowding & Growth> = {
  name: "seconds of the server",
  digits: 2,
  of: ({ cpuSeconds, isWhole }) => (isWhole ? cpuSeconds : Infinity)
}

/** Measures and prints how long it takes until all have come into one room; false if somebody was hung up on. */
export const logins = async (
  plan: Plan,
  subjects: ReadonlyArray<Subjects.Subject>,
  members: number,
  limitSeconds: number
): Promise<boolean> => {
  const measured = await takeTurns(
    plan,
    roundsOf(plan, 1),
    subjects.map((subject) => ({
      name: subject.name,
      subject,
      measure: (it) => gather(it, 0, { members, before: 0, limitSeconds })
    }))
  )
  printTable([
    [`${members} logins into one room`, "s", "half of them", "ratio", "server s", "hung up on"],
    ...rowsOf(measured, (all) => {
      const isWhole = all.every((it) => it.isWhole)
      const inTime = (of: (it: Crowding) => number) => (isWhole ? shown(medianOf(all, of), 1) : "")
      return [
        isWhole
          ? inTime((it) => it.seconds)
          : `only ${Math.min(...all.map(({ entered }) => entered))} in ${limitSeconds}`,
        inTime((it) => it.halfSeconds),
        inTime((it) => it.seconds / it.halfSeconds),
        shown(
          medianOf(all, (it) => it.cpuSeconds),
          1
        ),
        String(all.reduce((sum, { dropped }) => sum + dropped, 0))
      ]
    })
  ])
  compare(plan, "joins", loginSeconds, measured)
  compare(plan, "joins, processor time", loginCost, measured)
  const isRight = reportsOf(measured).every(({ dropped }) => dropped === 0)
  if (!isRight) console.log("WRONG, somebody was hung up on")
  return isRight
}

/** Measures and prints what a silent session over UDP costs. */
export const idleSessions = async (plan: Plan, members: number): Promise<void> => {
  const subject = Subjects.packetDatagrams
  const measure = async (it: Subjects.Subject): Promise<Idle> => {
    const growth = await grow(it, { members, before: firstMembers, limitSeconds: 30 }, (port, count, prefix) => [
      file("DatagramIdle.ts"),
      port,
      String(count),
      prefix
    ])
    return { ...growth, members }
  }
  const measured = await takeTurns(plan, roundsOf(plan, 1), [{ name: `${subject.name}, ${members}`, subject, measure }])
  printTable([
    ["idle sessions over UDP, KiB each", "heap in use", "resident", "uncollected"],
    ...rowsOf(measured, (all) => [
      shown(medianOf(all, heapFigure.of), 2),
      shown(
        medianOf(
          all,
          kibibytesOf((it) => it.collectedBytes)
        ),
        1
      ),
      shown(
        medianOf(
          all,
          kibibytesOf((it) => it.residentBytes)
        ),
        1
      )
    ])
  ])
  compare(plan, "sessions", heapFigure, measured)
}
