/**
 * Members of one room, some of whom talk: `node Load.ts <work as JSON>`.
 *
 * - A closed loop: one member that only listens says how many messages have come, and no more than 50 for each sender are
 *   on their way. Senders take turns, ten messages at a time.
 * - When the time is over everything that is on its way is awaited. Then every member must have got every message that was
 *   not its own, and with some languages its own too: not one less, not one more.
 */
import { argv, cpuUsage, exit } from "node:process"
import { language, type LanguageName, text } from "./Languages.ts"
import { enter, type Member, nameOf, napBetweenReads, pause, silence } from "./Member.ts"
import { usage } from "./Processes.ts"

/** What is asked for. */
export interface Work {
  /** Members speak these languages by turns; the one who counts speaks the last one. */
  readonly ports: ReadonlyArray<{ readonly language: LanguageName; readonly port: number }>
  readonly members: number
  readonly senders: number
  readonly seconds: number
  /** The server's. */
  readonly pid: number
}

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
const napMillis = 3

const run = async (): Promise<Round> => {
  const { members, pid, ports, seconds, senders } = JSON.parse(argv[2] ?? "") as Work
  const room: Array<Member> = []
  const isEchoed: Array<boolean> = []
  for (let index = 0; index < members; index++) {
    const { language: name, port } = ports[index % ports.length]!
    const spoken = language(name)
    isEchoed.push(spoken.isEchoed)
    room.push(await enter(port, spoken, nameOf(index)))
  }
  await silence(room)
  for (const member of room) member.count()
  napBetweenReads(napMillis)

  const observer = room.at(-1)
  if (observer === undefined || members <= senders) throw new Error("Nobody listens")
  const sentBy = Array.from({ length: senders }, () => 0)
  const words = room.slice(0, senders).map(({ say }) => Buffer.concat(Array.from({ length: burst }, () => say(text))))
  let sent = 0
  let next = 0
  let isOver = false
  const talk = (): void => {
    if (isOver) return
    const arrived = Math.floor(observer.counter().count())
    while (sent + burst - arrived <= senders * inFlightPerSender) {
      room[next]?.socket.write(words[next] ?? Buffer.alloc(0))
      sentBy[next] = (sentBy[next] ?? 0) + burst
      sent += burst
      next = (next + 1) % senders
    }
  }
  observer.onRead = talk
  talk()
  await pause(warmUpMillis)

  const total = (): number => room.reduce((sum, member) => sum + member.counter().count(), 0)
  const [countBefore, before, cpuBefore, millisBefore] = [total(), usage(pid), cpuUsage(), performance.now()]
  await pause(seconds * 1000)
  const [count, after, cpu, millis] = [
    total() - countBefore,
    usage(pid),
    cpuUsage(cpuBefore),
    performance.now() - millisBefore
  ]
  isOver = true
  const expected = (index: number) => sent - (isEchoed[index] === true ? 0 : (sentBy[index] ?? 0))
  const isComplete = () => room.every((member, index) => member.counter().count() === expected(index))
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
