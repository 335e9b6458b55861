/**
 * Members that log in and then only listen: `node Idle.ts <language> <port> <members> <room size> <at once> <prefix of their
 * names> <seconds>`.
 *
 * With a room size of 0, or with a language that cannot ask for a room, all stay where a login puts them. Prints a line of
 * JSON when all are in and nothing more comes, or when the seconds are over.
 */
import { argv } from "node:process"
import { language, type LanguageName } from "./Languages.ts"
import { enter, type Member, pause, silence } from "./Member.ts"

/** What is reported. */
export interface Crowding {
  /** Until the last was in, and until a half of them were. */
  readonly seconds: number
  readonly halfSeconds: number
  /** How many came in, and whether all did. */
  readonly entered: number
  readonly isWhole: boolean
  /** Members who were hung up on. */
  readonly dropped: number
}

const [name = "", port, memberCount, roomSize, atOnce, prefix = "", limitSeconds] = argv.slice(2)
const count = Number(memberCount)
const spoken = language(name as LanguageName)
const limitMillis = Number(limitSeconds) * 1000

const begun = performance.now()
let halfSeconds = NaN
let dropped = 0
let next = 0
const members: Array<Member> = []
const enterAll = async (): Promise<void> => {
  while (next < count) {
    const index = next++
    const room = Number(roomSize) === 0 ? undefined : `${prefix}${Math.floor(index / Number(roomSize))}`
    const member = await enter(
      Number(port),
      spoken,
      `${prefix}${String(index).padStart(4, "0")}`,
      room,
      2 * limitMillis
    )
    member.socket.once("close", () => dropped++)
    members.push(member)
    if (members.length === Math.floor(count / 2)) halfSeconds = (performance.now() - begun) / 1000
  }
}
const refused = (): void => {
  dropped++
}
const all = Promise.all(Array.from({ length: Number(atOnce) }, () => enterAll().catch(refused)))
await Promise.race([all, pause(limitMillis)])
const seconds = (performance.now() - begun) / 1000
const [entered, isWhole] = [members.length, members.length === count]
if (isWhole) await silence(members)
const crowding: Crowding = { seconds, halfSeconds, entered, isWhole, dropped }
console.log(JSON.stringify(crowding))
setInterval(() => {}, 1000)
