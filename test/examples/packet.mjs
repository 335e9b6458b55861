import { createSocket } from "node:dgram"

const server = createSocket("udp4")
const packet = (type, ...fields) => Buffer.concat([Buffer.from([0, type]), ...fields])
const text = (string) => Buffer.concat([Buffer.from([0, Buffer.byteLength(string)]), Buffer.from(string)])

let session
server.on("message", (answer) => {
  if (answer[1] === 2 && session === undefined) {
    session = answer.subarray(10)
    setInterval(() => server.send(packet(4, session)), 10_000)
    server.send(packet(11, session, Buffer.alloc(8, 1), text("hello from UDP")))
  } else if (answer[1] === 13) {
    server.send(packet(14, answer.subarray(10, 18)))
    console.log(answer.subarray(20).toString())
  }
})
server.connect(9400, "127.0.0.1", () => server.send(packet(1, text("dave"))))
