/**
 * Sessions over UDP in one room, some of whom talk: `node DatagramLoad.ts <port> <sessions> <senders> <seconds> <server's
 * pid>`.
 *
 * - Each session has a port of its own and confirms what it hears. Senders take turns; of all that they say no more
 *   deliveries are missing than eight messages for each of them have.
 * - A broadcast that is not answered for 200 ms is sent again. What a session hears twice counts once.
 * - At the end every session must have heard every message that was not its own.
 */
import { argv, cpuUsage, exit } from "node:process"
import { connect, type DatagramPeer, enter, repeatMillis } from "./DatagramPeer.ts"
import { pause } from "./Member.ts"
import * as Packets from "./Packets.ts"
import { usage } from "./Processes.ts"

/** What is reported, as one line of JSON. */
export interface DatagramRound {
  readonly perSecond: number
  /** Shares of one core. */
  readonly loadCpu: number
  readonly serverCpu: number | undefined
  /** Messages that came again, because they or their confirmation were lost. */
  readonly repeated: number
  readonly isComplete: boolean
}

const inFlightPerSender = 8
const warmUpMillis = 500
const text = "x".repeat(99)

interface Unanswered {
  readonly packet: Buffer
  readonly from: DatagramPeer
  sentAtMillis: number
}

const run = async (): Promise<DatagramRound> => {
  const [port = 0, sessionCount = 0, senderCount = 0, seconds = 0, pid = 0] = argv.slice(2).map(Number)
  const room: Array<DatagramPeer> = []
  for (let index = 0; index < sessionCount; index++) {
    room.push(await enter(await connect(port), `user${String(index).padStart(4, "0")}`))
  }
  const senderOf = new Map(room.slice(0, senderCount).map(({ user }, index) => [user, index]))
  const counts = new Uint32Array(sessionCount)
  // By session and sender: numbers of messages rise, and only the last one can come again.
  const last = new Float64Array(sessionCount * senderCount).fill(-1)
  const sentBy = Array.from({ length: senderCount }, () => 0)
  const unanswered = new Map<number, Unanswered>()
  let [sent, delivered, repeated] = [0, 0, 0]
  let isOver = false

  const talk = (): void => {
    if (isOver) return
    const deliveriesEach = sessionCount - 1
    while ((sent + 1) * deliveriesEach - delivered <= senderCount * inFlightPerSender * deliveriesEach) {
      const index = sent % senderCount
      const from = room[index]
      if (from === undefined) throw new Error("Nobody talks")
      const packet = Packets.broadcast(from.session, ++sent, text)
      sentBy[index] = (sentBy[index] ?? 0) + 1
      unanswered.set(sent, { packet, from, sentAtMillis: performance.now() })
      from.socket.send(packet)
    }
  }
  const hear = (index: number, { socket }: DatagramPeer, packet: Buffer): void => {
    const type = packet[1]
    if (type === Packets.types.accepted) unanswered.delete(packet.readUInt32BE(6))
    if (type === Packets.types.error) throw new Error(`Refused: ${packet.toString("latin1")}`)
    if (type !== Packets.types.incoming) return
    const sender = senderOf.get(packet.readUInt32BE(6))
    if (sender === undefined) throw new Error("Somebody else talks")
    socket.send(Packets.confirmation(packet))
    const number = packet.readUInt32BE(14)
    const lane = index * senderCount + sender
    if (number <= (last[lane] ?? 0)) {
      repeated++
      return
    }
    last[lane] = number
    counts[index] = (counts[index] ?? 0) + 1
    delivered++
    // The one that hears least would do, but to find it costs more.
    if (index === sessionCount - 1) talk()
  }
  for (const [index, peer] of room.entries()) peer.socket.on("message", (packet: Buffer) => hear(index, peer, packet))
  setInterval(() => {
    const now = performance.now()
    for (const it of unanswered.values()) {
      if (now - it.sentAtMillis < repeatMillis) continue
      it.sentAtMillis = now
      it.from.socket.send(it.packet)
    }
    talk()
  }, 50)
  talk()
  await pause(warmUpMillis)

  const [countBefore, before, cpuBefore, millisBefore] = [delivered, usage(pid), cpuUsage(), performance.now()]
  await pause(seconds * 1000)
  const [count, after, cpu, millis] = [
    delivered - countBefore,
    usage(pid),
    cpuUsage(cpuBefore),
    performance.now() - millisBefore
  ]
  isOver = true
  const isComplete = () => counts.every((it, index) => it === sent - (sentBy[index] ?? 0))
  for (let round = 0; round < 100 && !isComplete(); round++) await pause(50)
  await pause(100)
  const isKnown = before.cpuSeconds !== undefined && after.cpuSeconds !== undefined
  return {
    perSecond: (count / millis) * 1000,
    loadCpu: (cpu.user + cpu.system) / 1000 / millis,
    serverCpu: isKnown ? (((after.cpuSeconds ?? 0) - (before.cpuSeconds ?? 0)) * 1000) / millis : undefined,
    repeated,
    isComplete: isComplete()
  }
}

console.log(JSON.stringify(await run()))
exit(0)
