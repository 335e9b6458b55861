import { io } from "socket.io-client"

const socket = io("http://127.0.0.1:8080")
socket.on("message", ({ from, message }) => console.log(`${from}: ${message}`))
socket.emit("register", "bob", (accepted) => {
  if (accepted) socket.emit("message", { from: "bob", message: "hello from Socket.IO" })
})
