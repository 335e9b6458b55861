/**
 * Members of one room, some of whom talk: `node Load.ts <language> <port> <members> <senders> <seconds>`.
 *
 * All frames of a run have one length, so that receiving is counting bytes: what is measured is the server. A closed loop:
 * one member that only listens says how many messages have come, and no more than 50 per sender are on their way.
 */
import { connect, type Socket } from "node:net"
import { argv, cpuUsage, exit } from "node:process"

const [language = "", port = "0", members = "200", senders = "10", seconds = "3"] = argv.slice(2)
const memberCount = Number(members)
const senderCount = Number(senders)
const inFlightLimit = senderCount * 50
const text = "x".repeat(99)

interface Language {
  readonly login: (name: string) => string
  /** Whether what has come so far says that the login is over. */
  readonly isIn: (text: string) => boolean
  readonly message: string
  /** The length of a message as it is delivered. */
  readonly frameBytes: number
}

const languages: Record<string, Language> = {
  line: { login: () => "", isIn: () => true, message: `${text}\n`, frameBytes: 100 },
  chatmaster: {
    login: (username) =>
      JSON.stringify({ type: "command", data: { command: "login", parameters: { username, stream: true } } }),
    isIn: (text) => text.includes(`"status":true`),
    message: JSON.stringify({ type: "message", data: { message: text } }),
    frameBytes: JSON.stringify({ type: "message", data: { message: text, username: "user0000" } }).length
  }
}
const spoken = languages[language]
if (spoken === undefined) exit(2)

interface Member {
  readonly socket: Socket
  bytes: number
}

const enter = async (index: number): Promise<Member> => {
  const socket = connect({ port: Number(port), host: "127.0.0.1", noDelay: true })
  const member: Member = { socket, bytes: 0 }
  await new Promise<void>((resolve, reject) => {
    let heard = ""
    const listen = (chunk: Buffer): void => {
      heard += chunk.toString("latin1")
      if (!spoken.isIn(heard)) return
      socket.off("data", listen)
      resolve()
    }
    socket.once("error", reject)
    socket.once("connect", () => {
      socket.write(spoken.login(`user${String(index).padStart(4, "0")}`))
      if (spoken.isIn("")) resolve()
    })
    socket.on("data", listen)
  })
  return member
}

const pause = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis))

const room: Array<Member> = []
for (let index = 0; index < memberCount; index++) room.push(await enter(index))
// The last news of who came.
await pause(500)
for (const member of room) member.socket.on("data", (chunk: Buffer) => (member.bytes += chunk.length))

const observer = room.at(-1)!
let sent = 0
const talk = (): void => {
  const arrived = Math.floor(observer.bytes / spoken.frameBytes)
  while (sent - arrived < inFlightLimit) {
    // Ten at a time by one sender, as a program that talks fast would.
    room[Math.floor(sent / 10) % senderCount]!.socket.write(spoken.message.repeat(10))
    sent += 10
  }
}
observer.socket.on("data", talk)

const total = (): number => room.reduce((sum, member) => sum + member.bytes, 0) / spoken.frameBytes
talk()
await pause(500)
const [countBefore, cpuBefore, timeBefore] = [total(), cpuUsage(), performance.now()]
await pause(Number(seconds) * 1000)
const [count, cpu, millis] = [total() - countBefore, cpuUsage(cpuBefore), performance.now() - timeBefore]
observer.socket.off("data", talk)
const expected = () => sent * (memberCount - 1)
for (let round = 0; round < 100 && total() < expected(); round++) await pause(50)

console.log(
  JSON.stringify({
    perSecond: (count / millis) * 1000,
    generatorCpu: (cpu.user + cpu.system) / 1000 / millis,
    isComplete: total() === expected()
  })
)
exit(0)
