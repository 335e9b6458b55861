/**
 * Clients of `packet` over TCP, each of which says something to the next one (9) again and again, and waits for the answers
 * (10): `node AckLoad.ts <work as JSON>`.
 *
 * An answer says that the message is stored as safely as the server's settings promise. Every message must be answered and
 * must come to its addressee, once.
 */
import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { argv, cpuUsage, exit } from "node:process"
import { text } from "./Languages.ts"
import { pause } from "./Member.ts"
import * as Packets from "./Packets.ts"
import { usage } from "./Processes.ts"

/** What is asked for. */
export interface AckWork {
  readonly port: number
  readonly clients: number
  /** How many messages of a client are on their way at a time. */
  readonly window: number
  readonly seconds: number
  /** The server's, which must run with `Lateness.ts`. */
  readonly pid: number
}

/** What is reported, as one line of JSON. */
export interface AckRound {
  readonly perSecond: number
  readonly p50Millis: number
  readonly p99Millis: number
  /** Shares of one core. */
  readonly loadCpu: number
  readonly serverCpu: number | undefined
  readonly isComplete: boolean
}

const warmUpMillis = 700
const patienceMillis = 10_000

interface Client {
  readonly socket: Socket
  readonly user: number
  readonly session: Buffer
  sent: number
  answered: number
  heard: number
  /** When each of the last messages was sent, by its number. */
  readonly sentMillis: Float64Array
}

const lengths = new Map<number, number>([
  [Packets.types.delivered, Packets.acceptedBytes],
  [Packets.types.incoming, Packets.incomingHeadBytes + text.length]
])

const run = async (): Promise<AckRound> => {
  const { clients: clientCount, pid, port, seconds, window } = JSON.parse(argv[2] ?? "") as AckWork
  const clients: Array<Client> = []
  for (let index = 0; index < clientCount; index++) {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true })
    socket.write(Packets.sessionRequest(`client${index}`))
    const [cookie] = (await once(socket, "data")) as [Buffer]
    clients.push({
      socket,
      user: Packets.userOf(cookie),
      session: Packets.sessionOf(cookie),
      sent: 0,
      answered: 0,
      heard: 0,
      sentMillis: new Float64Array(window)
    })
  }

  let [isOver, isMeasuring, count] = [false, false, 0]
  const waits: Array<number> = []
  const begin = (client: Client, addressee: Client): void => {
    const request = Packets.tell(client.session, addressee.user, 0, text)
    let rest: Buffer = Buffer.alloc(0)
    const say = (messages: number): void => {
      if (isOver || messages === 0) return
      const now = performance.now()
      const requests = Array.from({ length: messages }, () => {
        const bytes = Buffer.from(request)
        bytes.writeUInt32BE(client.sent, Packets.tellNumberAt)
        client.sentMillis[client.sent++ % window] = now
        return bytes
      })
      client.socket.write(Buffer.concat(requests))
    }
    client.socket.on("data", (read: Buffer) => {
      const now = performance.now()
      const bytes = rest.length === 0 ? read : Buffer.concat([rest, read])
      let [at, answers] = [0, 0]
      while (at + 2 <= bytes.length) {
        const type = bytes.readUInt16BE(at)
        const size = lengths.get(type)
        if (size === undefined) throw new Error(`A packet came: ${bytes.toString("latin1", at, at + 80)}`)
        if (at + size > bytes.length) break
        if (type === Packets.types.delivered) {
          answers++
          const message = bytes.readUInt32BE(at + 6)
          if (isMeasuring) waits.push(now - (client.sentMillis[message % window] ?? NaN))
        } else client.heard++
        at += size
      }
      rest = bytes.subarray(at)
      client.answered += answers
      if (isMeasuring) count += answers
      say(answers)
    })
    say(window)
  }
  for (const [index, client] of clients.entries()) begin(client, clients[(index + 1) % clients.length]!)
  await pause(warmUpMillis)

  isMeasuring = true
  process.kill(pid, "SIGUSR2")
  const [before, cpuBefore, beforeMillis] = [usage(pid), cpuUsage(), performance.now()]
  await pause(seconds * 1000)
  const [after, cpu, millis] = [usage(pid), cpuUsage(cpuBefore), performance.now() - beforeMillis]
  process.kill(pid, "SIGUSR2")
  isMeasuring = false
  isOver = true
  const isComplete = () =>
    clients.every(({ answered, sent }, index) => {
      const addressee = clients[(index + 1) % clients.length]
      return answered === sent && addressee?.heard === sent
    })
  for (let waited = 0; waited < patienceMillis && !isComplete(); waited += 50) await pause(50)
  waits.sort((a, b) => a - b)
  const isKnown = before.cpuSeconds !== undefined && after.cpuSeconds !== undefined
  return {
    perSecond: (count / millis) * 1000,
    p50Millis: waits[Math.floor(waits.length / 2)] ?? NaN,
    p99Millis: waits[Math.floor(waits.length * 0.99)] ?? NaN,
    loadCpu: (cpu.user + cpu.system) / 1000 / millis,
    serverCpu: isKnown ? (((after.cpuSeconds ?? 0) - (before.cpuSeconds ?? 0)) * 1000) / millis : undefined,
    isComplete: isComplete()
  }
}

console.log(JSON.stringify(await run()))
exit(0)
