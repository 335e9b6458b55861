/**
 * The least that a server can do with messages that must be confirmed: it speaks as much of the packet protocol as
 * `DatagramLoad.ts` needs, over UDP. Of each sender one message is on its way; when all have confirmed it the next follows.
 */
import { createSocket } from "node:dgram"
import { confirmation, incomingHeadBytes, types } from "./Packets.ts"

interface Message {
  readonly bytes: Buffer
  /** The ports that have not confirmed it. */
  readonly missing: Set<number>
  sentAtMillis: number
}

interface Member {
  readonly cookie: Buffer
  /** What this one has said, by number. */
  readonly said: Set<number>
  readonly waiting: Array<Message>
}

const repeatMillis = 500
const host = "127.0.0.1"
const members = new Map<number, Member>()
const senders = new Map<number, Member>()
let lastMessage = 0

const socket = createSocket({
  type: "udp4",
  // What comes while messages go out must wait somewhere; the kernel gives what it allows.
  recvBufferSize: 4 * 1024 * 1024,
  // Addresses are numbers already; to look them up would cost a turn for each datagram.
  lookup: (address, _, done) => done(null, address, 4)
})

const transmit = (message: Message): void => {
  message.sentAtMillis = performance.now()
  for (const port of message.missing) socket.send(message.bytes, port, host)
}

const enter = (port: number): Member => {
  const cookie = Buffer.alloc(18)
  cookie[1] = types.cookie
  cookie.writeUInt32BE(members.size + 1, 6)
  cookie.writeUInt32BE(members.size + 1, 14)
  const member: Member = { cookie, said: new Set(), waiting: [] }
  members.set(port, member)
  return member
}

const say = (port: number, member: Member, request: Buffer): void => {
  const answer = Buffer.concat([Buffer.from([0, types.accepted]), request.subarray(10, 18)])
  socket.send(answer, port, host)
  const number = request.readUInt32BE(14)
  if (member.said.has(number)) return
  member.said.add(number)
  const bytes = Buffer.alloc(request.length)
  bytes[1] = types.incoming
  member.cookie.copy(bytes, 2, 2, 10)
  bytes.writeUInt32BE(++lastMessage, 14)
  request.copy(bytes, incomingHeadBytes - 2, 18)
  const missing = new Set(members.keys())
  missing.delete(port)
  const message: Message = { bytes, missing, sentAtMillis: 0 }
  senders.set(lastMessage, member)
  member.waiting.push(message)
  if (member.waiting.length === 1) transmit(message)
}

const confirm = (port: number, number: number): void => {
  const sender = senders.get(number)
  const first = sender?.waiting[0]
  if (sender === undefined || first === undefined || first.bytes.readUInt32BE(14) !== number) return
  first.missing.delete(port)
  if (first.missing.size > 0) return
  senders.delete(number)
  sender.waiting.shift()
  const next = sender.waiting[0]
  if (next !== undefined) transmit(next)
}

const confirmationType = confirmation(Buffer.alloc(incomingHeadBytes))[1]
const broadcastType = 11

socket.on("message", (packet, { port }) => {
  if (packet[1] === confirmationType) return confirm(port, packet.readUInt32BE(6))
  const member = members.get(port) ?? enter(port)
  if (packet[1] === broadcastType) say(port, member, packet)
  else socket.send(member.cookie, port, host)
})
setInterval(() => {
  for (const { waiting } of members.values()) {
    const first = waiting[0]
    if (first !== undefined && performance.now() - first.sentAtMillis >= repeatMillis) transmit(first)
  }
}, 100)
socket.bind(0, host, () => console.log(`listening udp://${host}:${socket.address().port}`))
