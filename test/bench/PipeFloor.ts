/** The least that a server can do with a file: what one connection sends goes to all others as it comes. */
import { createServer, type Socket } from "node:net"

const sockets = new Set<Socket>()

const server = createServer({ noDelay: true }, (socket) => {
  sockets.add(socket)
  socket.on("data", (bytes) => {
    for (const other of sockets) {
      if (other === socket || other.write(bytes)) continue
      socket.pause()
      other.once("drain", () => socket.resume())
    }
  })
  socket.on("close", () => sockets.delete(socket))
  socket.on("error", () => {})
})
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  if (address !== null && typeof address === "object") console.log(`listening tcp://127.0.0.1:${address.port}`)
})
