/**
 * Members of one room, some of whom talk: `node Load.ts <language> <port> <members> <senders> <seconds> <server's pid>`.
 *
 * - A closed loop: one member that only listens says how many messages have come, and no more than 50 for each sender are
 *   on their way. Senders take turns, ten messages at a time.
 * - When the time is over everything that is on its way is awaited. Then every member must have got every message that was
 *   not its own, and with some languages its own too: not one less, not one more.
 */
import { argv, cpuUsage, exit } from "node:process"
import { language } from "./Languages.ts"
import { enter, type Member, pause, silence } from "./Member.ts"
import { usage } from "./Processes.ts"

/** What is reported, as one line of JSON. */
export interface Round {
  readonly perSecond: number
  /** Shares of one core. */
  readonly loadCpu: number
  readonly serverCpu: number | undefined
  /** Of the server's system calls. */
  readonly framesPerWrite: number | undefined
  readonly bytesPerWrite: number | undefined
  readonly isComplete: boolean
}

const inFlightPerSender = 50
const burst = 10
const warmUpMillis = 500

const run = async (): Promise<Round> => {
  const [name = "", ...numbers] = argv.slice(2)
  const [port = 0, memberCount = 0, senderCount = 0, seconds = 0, server = 0] = numbers.map(Number)
  const spoken = language(name)
  const room: Array<Member> = []
  for (let index = 0; index < memberCount; index++) {
    room.push(await enter(port, spoken, `user${String(index).padStart(4, "0")}`))
  }
  await silence(room)
  for (const member of room) member.count()

  const observer = room.at(-1)
  if (observer === undefined || memberCount <= senderCount) throw new Error("Nobody listens")
  const sentBy = Array.from({ length: senderCount }, () => 0)
  const words = room
    .slice(0, senderCount)
    .map(({ message }) => Buffer.concat(Array.from({ length: burst }, () => message)))
  let sent = 0
  let next = 0
  let isOver = false
  const talk = (): void => {
    if (isOver) return
    const arrived = Math.floor(observer.counter.count())
    while (sent + burst - arrived <= senderCount * inFlightPerSender) {
      room[next]?.socket.write(words[next] ?? Buffer.alloc(0))
      sentBy[next] = (sentBy[next] ?? 0) + burst
      sent += burst
      next = (next + 1) % senderCount
    }
  }
  observer.onRead = talk
  talk()
  await pause(warmUpMillis)

  const total = (): number => room.reduce((sum, member) => sum + member.counter.count(), 0)
  const [countBefore, before, cpuBefore, millisBefore] = [total(), usage(server), cpuUsage(), performance.now()]
  await pause(seconds * 1000)
  const [count, after, cpu, millis] = [
    total() - countBefore,
    usage(server),
    cpuUsage(cpuBefore),
    performance.now() - millisBefore
  ]
  isOver = true
  const expected = (index: number) => sent - (spoken.isEchoed ? 0 : (sentBy[index] ?? 0))
  const isComplete = () => room.every((member, index) => member.counter.count() === expected(index))
  for (let round = 0; round < 100 && !isComplete(); round++) await pause(50)
  // What comes twice would come late.
  await pause(100)

  const difference = (from: number | undefined, to: number | undefined) =>
    from === undefined || to === undefined ? undefined : to - from
  const cpuSeconds = difference(before.cpuSeconds, after.cpuSeconds)
  const writes = difference(before.writes, after.writes)
  const bytes = difference(before.writtenBytes, after.writtenBytes)
  return {
    perSecond: (count / millis) * 1000,
    loadCpu: (cpu.user + cpu.system) / 1000 / millis,
    serverCpu: cpuSeconds === undefined ? undefined : (cpuSeconds * 1000) / millis,
    framesPerWrite: writes === undefined ? undefined : count / writes,
    bytesPerWrite: writes === undefined || bytes === undefined ? undefined : bytes / writes,
    isComplete: isComplete()
  }
}

console.log(JSON.stringify(await run()))
exit(0)
