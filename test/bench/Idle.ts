/**
 * Members that log in one after another and then only listen: `node Idle.ts <language> <port> <members> <room size>`.
 * Prints a line when all are in. With a room size of 0 all stay in the room where a login puts them.
 */
import { argv } from "node:process"
import { language } from "./Languages.ts"
import { enter, type Member, silence } from "./Member.ts"

const [name = "", ...numbers] = argv.slice(2)
const [port = 0, memberCount = 0, roomSize = 0] = numbers.map(Number)
const spoken = language(name)

const members: Array<Member> = []
for (let index = 0; index < memberCount; index++) {
  const room = roomSize === 0 ? undefined : `room${Math.floor(index / roomSize)}`
  const member = await enter(port, spoken, `user${String(index).padStart(4, "0")}`, room)
  member.socket.once("close", () => {
    throw new Error("A member was hung up on")
  })
  members.push(member)
}
await silence(members)
console.log("all are in")
setInterval(() => {}, 1000)
