/**
 * One file from a sender to a receiver: `node FileLoad.ts <pipe|toss> <port> <megabytes> <server's pid>`. Prints as JSON how
 * many seconds passed from its first byte to its last, and whether all of them came.
 */
import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { argv } from "node:process"
import { usage } from "./Processes.ts"

/** What is reported, as one line of JSON. */
export interface FileRound {
  readonly seconds: number
  /** Of the server, until whoever gets the file has all of it. */
  readonly cpuSeconds: number | undefined
  readonly isWhole: boolean
}

const [kind = "", ...numbers] = argv.slice(2)
const [port = 0, megabytes = 0, pid = 0] = numbers.map(Number)
const piece = Buffer.alloc(1_000_000, "0123456789abcdef")
const sizeBytes = megabytes * piece.length

const join = async (name: string): Promise<Socket> => {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true })
  await once(socket, "connect")
  if (kind === "toss") {
    const data = `username|l${name.length}|${name};`
    socket.write(`action|l6|log-in;data|s${data.length}|${data};`)
    await once(socket, "data")
  }
  return socket
}

const write = async (socket: Socket, bytes: string | Buffer): Promise<void> => {
  if (!socket.write(bytes)) await once(socket, "drain")
}

const receiver = await join("receiver")
const sender = await join("sender")
// The sender's log-in, and its own copy of the file.
if (kind === "toss") await once(receiver, "data")
const receive = (socket: Socket) => {
  const heard = { bytes: 0 }
  const all = new Promise<void>((resolve) => {
    socket.on("data", (bytes: Buffer) => {
      heard.bytes += bytes.length
      if (heard.bytes >= sizeBytes) resolve()
    })
  })
  return { heard, all }
}
const [received, echoed] = [receive(receiver), receive(sender)]
const cpuBefore = usage(pid).cpuSeconds
const before = performance.now()
if (kind === "toss") {
  const fields = `attachment|f${sizeBytes}|`
  await write(sender, `action|l12|send-message;data|s${fields.length + sizeBytes + 6}|${fields}`)
}
for (let count = 0; count < megabytes; count++) await write(sender, piece)
if (kind === "toss") await write(sender, "a.bin;;")
await received.all
const seconds = (performance.now() - before) / 1000
if (kind === "toss") await echoed.all
const cpu = usage(pid).cpuSeconds
const cpuSeconds = cpu === undefined || cpuBefore === undefined ? undefined : cpu - cpuBefore
const round: FileRound = { seconds, cpuSeconds, isWhole: received.heard.bytes - sizeBytes < 1000 }
console.log(JSON.stringify(round))
process.exit(0)
