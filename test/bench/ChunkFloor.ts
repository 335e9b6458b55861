/**
 * The least that a server can do with packets of one size: `node ChunkFloor.ts <tcp|udp> <request's bytes> <response's
 * bytes>` answers each with one of another size, which begins as the request does.
 */
import { createSocket } from "node:dgram"
import { createServer } from "node:net"
import { argv } from "node:process"

const [carrier = "", ...numbers] = argv.slice(2)
const [requestBytes = 0, responseBytes = 0] = numbers.map(Number)
const headBytes = 14
const responseType = 18

const answer = (requests: Buffer): Buffer => {
  const count = Math.floor(requests.length / requestBytes)
  const responses = Buffer.alloc(count * responseBytes)
  for (let index = 0; index < count; index++) {
    const from = index * requestBytes
    requests.copy(responses, index * responseBytes, from, from + headBytes)
    responses[index * responseBytes + 1] = responseType
  }
  return responses
}

if (carrier === "tcp") {
  const server = createServer({ noDelay: true }, (socket) => {
    let rest: Buffer = Buffer.alloc(0)
    socket.on("data", (chunk: Buffer) => {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      rest = bytes.subarray(bytes.length - (bytes.length % requestBytes))
      if (bytes.length >= requestBytes) socket.write(answer(bytes))
    })
    socket.on("error", () => {})
  })
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    if (address !== null && typeof address === "object") console.log(`listening tcp://127.0.0.1:${address.port}`)
  })
} else {
  // Addresses are numbers already; to look them up would cost a turn for each datagram.
  const socket = createSocket({ type: "udp4", lookup: (address, _, done) => done(null, address, 4) })
  socket.on("message", (request, { address, port }) => socket.send(answer(request), port, address))
  socket.bind(0, "127.0.0.1", () => console.log(`listening udp://127.0.0.1:${socket.address().port}`))
}
