/** Members that log in one after another and then only listen: `node Idle.ts <port> <members>`. Says when all are in. */
import { connect } from "node:net"
import { argv } from "node:process"

const [port = "0", members = "0"] = argv.slice(2)

for (let index = 0; index < Number(members); index++) {
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ port: Number(port), host: "127.0.0.1" })
    socket.once("error", reject)
    const login = { command: "login", parameters: { username: `user ${index}`, stream: true } }
    socket.write(JSON.stringify({ type: "command", data: login }))
    let heard = ""
    const listen = (chunk: Buffer): void => {
      heard += chunk.toString("latin1")
      if (!heard.includes(`"status":true`)) return
      socket.off("data", listen)
      socket.resume()
      resolve()
    }
    socket.on("data", listen)
  })
}
console.log("all are in")
setInterval(() => {}, 1000)
