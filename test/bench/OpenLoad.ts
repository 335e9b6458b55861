/**
 * Members of one room, some of whom talk at a steady pace, whatever the server does: `node OpenLoad.ts <work as JSON>`.
 *
 * - The server is warm when it is measured: much has been said before.
 * - How late a delivery is counts from when its message is handed to the kernel until the read in which it comes.
 * - A stuck member reads nothing from some time on: so much is said, in long texts, that more waits for it than the kernel
 *   takes. Without one the same is said.
 */
import { argv, cpuUsage, exit } from "node:process"
import { language, type LanguageName, text } from "./Languages.ts"
import { enter, type Member, nameOf, pause, silence } from "./Member.ts"
import { unreadBytes, usage } from "./Processes.ts"
import { reader, stamped } from "./Stamps.ts"

/** What is asked for. */
export interface OpenWork {
  readonly language: LanguageName
  readonly port: number
  readonly members: number
  readonly senders: number
  readonly deliveriesPerSecond: number
  readonly seconds: number
  /** The server's. */
  readonly pid: number
  /** Has the server say how late its event loop was while it was measured: it must run with `Lateness.ts`. */
  readonly isLatenessAsked?: boolean
  /** Says much beforehand: with `stuck` one member reads none of it. */
  readonly crowding?: "healthy" | "stuck"
}

/** What is reported, as one line of JSON. */
export interface OpenRound {
  readonly p50Millis: number
  readonly p99Millis: number
  readonly maxMillis: number
  readonly perSecond: number
  /** Shares of one core. */
  readonly loadCpu: number
  readonly serverCpu: number | undefined
  /** Of the server, for each delivery. */
  readonly cpuMicros: number | undefined
  /** What waited in the kernel for the stuck member before and after. */
  readonly stuckBytes: readonly [before: number, after: number]
  readonly isComplete: boolean
}

const warmUpMillis = 700
const warmUpDeliveries = 600_000
const tickMillis = 1
const atOnce = 50
const longText = "y".repeat(16_000)
const longTexts = 700

const portOf = (member: Member): number => member.socket.localPort ?? 0

/** Has one member say a text again and again, twenty times on their way at most; `listener` must not be stuck. */
const repeat = async (speaker: Member, listener: Member, said: string, times: number): Promise<void> => {
  const words = Buffer.concat(Array.from({ length: 10 }, () => speaker.say(said)))
  const before = listener.bytes()
  speaker.socket.write(words)
  await silence([listener])
  const bytesOfTen = listener.bytes() - before
  for (let sent = 10; sent < times; sent += 10) {
    speaker.socket.write(words)
    while (listener.bytes() - before < (sent / 10) * bytesOfTen) await pause(1)
  }
}

const quantile = (sorted: Float64Array, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN

const run = async (): Promise<OpenRound> => {
  const work = JSON.parse(argv[2] ?? "") as OpenWork
  const { deliveriesPerSecond, members, pid, port, seconds, senders } = work
  const spoken = language(work.language)
  const room: Array<Member> = []
  for (let index = 0; index < members; index += atOnce) {
    const names = Array.from({ length: Math.min(atOnce, members - index) }, (_, more) => nameOf(index + more))
    room.push(...(await Promise.all(names.map((name) => enter(port, spoken, name, undefined, 60_000)))))
  }
  await silence(room)
  const stuck = work.crowding === "stuck" ? room.at(-1) : undefined
  stuck?.socket.pause()
  const [speaker, listener] = [room[0]!, room[senders - 1]!]
  await repeat(speaker, listener, text, Math.floor(warmUpDeliveries / members))
  if (work.crowding !== undefined) await repeat(speaker, listener, longText, longTexts)
  await silence(room)
  const readers = work.crowding === undefined ? room : room.slice(0, -1)

  const messagesPerMilli = deliveriesPerSecond / 1000 / (members - (spoken.isEchoed ? 0 : 1))
  const messages = Math.ceil(((warmUpMillis + seconds * 1000) * messagesPerMilli) / senders + 2) * senders
  const sentMillis = new Float64Array(messages)
  let late = new Float64Array(1024)
  let [count, nowMillis, isMeasuring] = [0, 0, false]
  const heard = (message: number): void => {
    if (!isMeasuring) return
    if (count === late.length) {
      const more = new Float64Array(2 * late.length)
      more.set(late)
      late = more
    }
    late[count++] = nowMillis - (sentMillis[message] ?? NaN)
  }
  for (const member of readers) {
    const counter = reader(heard)
    member.count({
      read: (bytes, length) => {
        nowMillis = performance.now()
        counter.read(bytes, length)
      },
      count: counter.count
    })
  }

  let sent = 0
  const begun = performance.now()
  const talk = (): void => {
    const due = Math.min(messages, Math.floor((performance.now() - begun) * messagesPerMilli))
    for (; sent < due; sent++) {
      const sender = room[sent % senders]
      const bytes = sender?.say(stamped(sent)) ?? Buffer.alloc(0)
      sentMillis[sent] = performance.now()
      sender?.socket.write(bytes)
    }
  }
  const ticking = setInterval(talk, tickMillis)
  await pause(warmUpMillis)
  const waitsFor = () => (stuck === undefined ? 0 : unreadBytes(portOf(stuck)))
  const stuckBefore = waitsFor()
  isMeasuring = true
  if (work.isLatenessAsked === true) process.kill(pid, "SIGUSR2")
  const [before, cpuBefore, beforeMillis] = [usage(pid), cpuUsage(), performance.now()]
  await pause(seconds * 1000)
  const [after, cpu, millis] = [usage(pid), cpuUsage(cpuBefore), performance.now() - beforeMillis]
  if (work.isLatenessAsked === true) process.kill(pid, "SIGUSR2")
  isMeasuring = false
  clearInterval(ticking)
  const sorted = late.subarray(0, count).toSorted()
  const stuckAfter = waitsFor()

  const expected = (index: number) => sent - (spoken.isEchoed || index >= senders ? 0 : sent / senders)
  // A round of all senders is finished, so that each has said the same.
  while (sent % senders !== 0) {
    room[sent % senders]?.socket.write(room[sent % senders]!.say(stamped(sent)))
    sent++
  }
  const isComplete = () => readers.every((member, index) => member.counter().count() === expected(index))
  for (let round = 0; round < 100 && !isComplete(); round++) await pause(50)

  const cpuSeconds =
    before.cpuSeconds === undefined || after.cpuSeconds === undefined ? undefined : after.cpuSeconds - before.cpuSeconds
  return {
    p50Millis: quantile(sorted, 0.5),
    p99Millis: quantile(sorted, 0.99),
    maxMillis: sorted.at(-1) ?? NaN,
    perSecond: (count / millis) * 1000,
    loadCpu: (cpu.user + cpu.system) / 1000 / millis,
    serverCpu: cpuSeconds === undefined ? undefined : (cpuSeconds * 1000) / millis,
    cpuMicros: cpuSeconds === undefined ? undefined : (cpuSeconds * 1e6) / count,
    stuckBytes: [stuckBefore, stuckAfter],
    isComplete: isComplete()
  }
}

console.log(JSON.stringify(await run()))
exit(0)
