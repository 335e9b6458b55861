/** Many who are there: what they cost while they are silent, and what it takes to log them in. */
import { shown } from "./Figures.ts"
import { pause } from "./Member.ts"
import { file, firstLine, kill, node, residentBytes, usage } from "./Processes.ts"
import * as Subjects from "./Subjects.ts"

interface Crowd {
  readonly cpuSeconds: number | undefined
  readonly residentBytesEach: number | undefined
}

const gather = async (
  subject: Subjects.Subject,
  members: number,
  roomSize: number,
  options?: ReadonlyArray<string>
): Promise<Crowd> => {
  const { pid, port, server } = await Subjects.listen(subject, options)
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
  }
}

/** Measures and prints what an idle connection costs. */
export const idleConnections = async (count: number): Promise<void> => {
  const idle = await gather(Subjects.chatmaster, count, 20)
  const bare = await gather(Subjects.perTurn, count, 0)
  console.log(
    `idle chatmaster connection, of ${count} in rooms of 20: ${shown(idle.residentBytesEach, 1, 1 / 1024)} KiB ` +
      `resident (bare Node ${shown(bare.residentBytesEach, 1, 1 / 1024)})`
  )
}

/** Measures and prints what logins cost; each tells all members the list of all members. */
export const logins = async (count: number): Promise<void> => {
  const crowd = await gather(Subjects.chatmaster, count, 0, ["--outbox-limit-bytes=64MiB"])
  console.log(`${count} logins into one room: ${shown(crowd.cpuSeconds, 2)} s of the server's core`)
}

const collectionMillis = 300

/** Measures and prints what a silent session over UDP costs. */
export const idleSessions = async (count: number): Promise<void> => {
  const collecting = ["--expose-gc", "--import", file("Collector.ts"), ...Subjects.packetDatagrams.server]
  const subject = { ...Subjects.packetDatagrams, server: collecting }
  const { pid, port, server } = await Subjects.listen(subject, ["--session-timeout=10m"])
  const collected = async (): Promise<number | undefined> => {
    process.kill(pid, "SIGUSR2")
    await pause(collectionMillis)
    return residentBytes(pid)
  }
  // The first ones cost what is made once for all.
  const first = node(1, [file("DatagramIdle.ts"), port, String(count / 2), "first"])
  await firstLine(first)
  const before = await collected()
  const load = node(1, [file("DatagramIdle.ts"), port, String(count), "idle"])
  await firstLine(load)
  const [uncollected, after] = [residentBytes(pid), await collected()]
  for (const process of [load, first, server]) await kill(process)
  const each = (bytes: number | undefined) =>
    shown(before === undefined || bytes === undefined ? undefined : (bytes - before) / count, 1, 1 / 1024)
  console.log(
    `idle packet session over UDP, of ${count}: ${each(after)} KiB resident (${each(uncollected)} before a collection)`
  )
}
