/**
 * The least that a chat server in Node can do: lines from anybody to everybody else.
 *
 * `node Floor.ts turn` gathers what a turn of the event loop brings and writes once per recipient; `node Floor.ts message`
 * writes each message by itself. No names, no rooms, no limits, no protocol; whoever has come gets a line end.
 */
import { createServer, type Socket } from "node:net"

const isPerTurn = process.argv[2] === "turn"
const sockets = new Map<Socket, Array<Buffer>>()
let isScheduled = false

const flush = (): void => {
  isScheduled = false
  for (const [socket, frames] of sockets) {
    if (frames.length > 0) socket.write(Buffer.concat(frames))
    frames.length = 0
  }
}

const broadcast = (from: Socket, line: Buffer): void => {
  for (const [socket, frames] of sockets) {
    if (socket === from) continue
    if (isPerTurn) frames.push(line)
    else socket.write(line)
  }
  if (isPerTurn && !isScheduled) {
    isScheduled = true
    setImmediate(flush)
  }
}

const server = createServer({ noDelay: true }, (socket) => {
  let rest: Buffer = Buffer.alloc(0)
  sockets.set(socket, [])
  socket.write("\n")
  socket.on("data", (chunk: Buffer) => {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10)) {
      broadcast(socket, bytes.subarray(0, end + 1))
      bytes = bytes.subarray(end + 1)
    }
    rest = bytes
  })
  socket.on("close", () => sockets.delete(socket))
  socket.on("error", () => {})
})
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  if (address !== null && typeof address === "object") console.log(`listening tcp://127.0.0.1:${address.port}`)
})
