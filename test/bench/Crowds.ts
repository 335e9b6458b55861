/** Many who are there: what they cost while they are silent, and how long it takes to log them in. */
import { printTable, shown } from "./Figures.ts"
import type { Crowding } from "./Idle.ts"
import { pause } from "./Member.ts"
import { file, firstLine, kernelBytes, kill, node, residentBytes, usage } from "./Processes.ts"
import * as Subjects from "./Subjects.ts"

interface Crowd extends Crowding {
  readonly cpuSeconds: number | undefined
  readonly residentBytes: number | undefined
  /** After a collection that was asked for. */
  readonly collectedBytes: number | undefined
  readonly kernelBytes: number | undefined
}

const difference = (from: number | undefined, to: number | undefined): number | undefined =>
  from === undefined || to === undefined ? undefined : to - from

const collecting = { node: ["--expose-gc", "--import", file("Collector.ts")] }
const collectionMillis = 500

const collected = async (pid: number): Promise<number | undefined> => {
  process.kill(pid, "SIGUSR2")
  await pause(collectionMillis)
  return residentBytes(pid)
}

interface Shape {
  readonly members: number
  /** 0 leaves all in the room where a login puts them. */
  readonly roomSize: number
  readonly limitSeconds: number
}

const atOnce = 100

const gather = async (subject: Subjects.Subject, { limitSeconds, members, roomSize }: Shape): Promise<Crowd> => {
  const { pid, port, server } = await Subjects.listen(Subjects.withOptions(subject, subject.name, collecting))
  const crowd = (count: number, prefix: string) =>
    node(1, [
      file("Idle.ts"),
      subject.spoken[0]!.language,
      port,
      String(count),
      String(roomSize),
      String(atOnce),
      prefix,
      String(limitSeconds)
    ])
  const first = roomSize === 0 ? undefined : crowd(warmUpMembers, "firs")
  if (first !== undefined) await firstLine(first)
  const before = { collected: await collected(pid), cpu: usage(pid).cpuSeconds, kernel: kernelBytes() }
  const load = crowd(members, "user")
  const crowding = JSON.parse(await firstLine(load, undefined, (limitSeconds + 30) * 1000)) as Crowding
  const [resident, cpu, kernel] = [residentBytes(pid), usage(pid).cpuSeconds, kernelBytes()]
  const after = await collected(pid)
  for (const process of [load, ...(first === undefined ? [] : [first]), server]) await kill(process)
  return {
    ...crowding,
    cpuSeconds: difference(before.cpu, cpu),
    residentBytes: difference(before.collected, resident),
    collectedBytes: difference(before.collected, after),
    kernelBytes: difference(before.kernel, kernel)
  }
}

/** These come before, and cost what is made once for all. */
const warmUpMembers = 500

/** Measures and prints what so many idle connections cost; false if one was hung up on. */
export const idleConnections = async (crowds: ReadonlyArray<readonly [Subjects.Subject, number]>): Promise<boolean> => {
  const rows: Array<ReadonlyArray<string>> = []
  let isRight = true
  for (const [subject, members] of crowds) {
    const crowd = await gather(subject, { members, roomSize: 20, limitSeconds: 60 })
    const each = (bytes: number | undefined) => shown(bytes, 1, 1 / 1024 / members)
    isRight &&= crowd.dropped === 0 && crowd.isWhole
    rows.push([
      `${subject.name}, ${members}`,
      each(crowd.collectedBytes),
      each(crowd.residentBytes),
      each(crowd.kernelBytes)
    ])
  }
  printTable([["idle connections, KiB each", "resident", "uncollected", "kernel, both ends"], ...rows])
  if (!isRight) console.log("WRONG, a member was hung up on, or did not come in")
  return isRight
}

/** Measures and prints how long it takes until all have come into one room; false if somebody was hung up on. */
export const logins = async (
  subjects: ReadonlyArray<Subjects.Subject>,
  members: number,
  limitSeconds: number
): Promise<boolean> => {
  const rows: Array<ReadonlyArray<string>> = []
  let isRight = true
  for (const subject of subjects) {
    const { cpuSeconds, dropped, entered, halfSeconds, isWhole, seconds } = await gather(subject, {
      members,
      roomSize: 0,
      limitSeconds
    })
    isRight &&= dropped === 0
    rows.push([
      subject.name,
      isWhole ? shown(seconds, 1) : `only ${entered} in ${limitSeconds}`,
      isWhole ? shown(halfSeconds, 1) : "",
      isWhole ? shown(seconds / halfSeconds, 1) : "",
      shown(cpuSeconds, 1),
      String(dropped)
    ])
  }
  printTable([[`${members} logins into one room`, "s", "half of them", "ratio", "server s", "hung up on"], ...rows])
  if (!isRight) console.log("WRONG, somebody was hung up on")
  return isRight
}

/** Measures and prints what a silent session over UDP costs. */
export const idleSessions = async (count: number): Promise<void> => {
  const subject = Subjects.withOptions(Subjects.packetDatagrams, "packet", collecting)
  const { pid, port, server } = await Subjects.listen(subject)
  // The first ones cost what is made once for all.
  const first = node(1, [file("DatagramIdle.ts"), port, String(count / 2), "first"])
  await firstLine(first)
  const before = await collected(pid)
  const load = node(1, [file("DatagramIdle.ts"), port, String(count), "idle"])
  await firstLine(load)
  const [uncollected, after] = [residentBytes(pid), await collected(pid)]
  for (const process of [load, first, server]) await kill(process)
  const each = (bytes: number | undefined) => shown(difference(before, bytes), 1, 1 / 1024 / count)
  console.log(
    `idle packet session over UDP, of ${count}: ${each(after)} KiB resident (${each(uncollected)} before a collection)`
  )
}
