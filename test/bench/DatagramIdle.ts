/**
 * Sessions over UDP, each on a port of its own, of which nothing comes: `node DatagramIdle.ts <port> <sessions> <prefix of
 * their names>`. Prints a line when all are there.
 */
import { argv } from "node:process"
import { connect, enter } from "./DatagramPeer.ts"

const [port = "", count = "", prefix = ""] = argv.slice(2)
const atOnce = 20

for (let index = 0; index < Number(count); index += atOnce) {
  const names = Array.from({ length: Math.min(atOnce, Number(count) - index) }, (_, more) => `${prefix}${index + more}`)
  await Promise.all(names.map(async (name) => enter(await connect(Number(port)), name)))
}
console.log("all are in")
setInterval(() => {}, 1000)
