/** The chat that the first page of Socket.IO's own tutorial makes, but that a message does not come back to its author. */
import { createServer } from "node:http"
import { Server } from "socket.io"

const http = createServer()
const io = new Server(http)
io.on("connection", (socket) => {
  socket.on("register", () => socket.emit("register", true))
  socket.on("message", (message: unknown) => socket.broadcast.emit("message", message))
})
http.listen(0, "127.0.0.1", () => {
  const address = http.address()
  if (address !== null && typeof address === "object") console.log(`listening http://127.0.0.1:${address.port}`)
})
