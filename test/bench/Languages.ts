/**
 * What the load says to each server, and how it counts what comes without reading it.
 *
 * - A counter looks at no more than it must: a byte count where all frames of a run have one length, the head of each
 *   frame on a WebSocket.
 */

import * as Packets from "./Packets.ts"

const text = "x".repeat(99)

/** Counts deliveries in what one member reads. */
export interface Counter {
  readonly read: (bytes: Buffer, length: number) => void
  readonly count: () => number
}

export interface Language {
  /** What is sent on connecting. */
  readonly hello: string
  /** What to send next to log in, given what was heard and how often something was sent: or to wait, or that it is done. */
  readonly logIn: (heard: string, name: string, said: number) => Buffer | "wait" | "in"
  /** A message, as it is sent by whoever heard this at login. */
  readonly message: (heard: string) => Buffer
  /** Whether a message comes back to its sender too. */
  readonly isEchoed: boolean
  readonly counter: () => Counter
  /** What moves a member out of the common room. */
  readonly join?: (room: string) => { readonly bytes: Buffer; readonly answer: string }
}

const byLength = (frameBytes: number) => (): Counter => {
  let bytes = 0
  return {
    read: (_, length) => {
      bytes += length
    },
    count: () => bytes / frameBytes
  }
}

/** Counts WebSocket frames of 126 to 65,535 bytes: messages. News of who came and pings are shorter. */
const byFrame = (): Counter => {
  let count = 0
  let skip = 0
  const head: Array<number> = []
  return {
    read: (bytes, length) => {
      let at = 0
      while (at < length) {
        if (skip > 0) {
          const step = Math.min(skip, length - at)
          skip -= step
          at += step
          continue
        }
        head.push(bytes[at++] ?? 0)
        if (head.length < 2) continue
        const size = (head[1] ?? 0) & 127
        if (size === 127) throw new Error("A frame is longer than 65535 bytes")
        if (size === 126 && head.length < 4) continue
        if (size === 126) count++
        skip = size === 126 ? (head[2] ?? 0) * 256 + (head[3] ?? 0) : size
        head.length = 0
      }
    },
    count: () => count
  }
}

/** Counts incoming messages among the answers to one's own. */
const byPacket = (): Counter => {
  const messageBytes = Packets.incomingHeadBytes + text.length
  let count = 0
  // Of the packet that the last read ended in: its bytes so far, and its type's.
  let rest = 0
  let type = -1
  return {
    read: (bytes, length) => {
      let at = -rest
      while (at < length) {
        if (at + 1 >= length) break
        if (at + 1 >= 0) type = bytes[at + 1] ?? -1
        if (type !== Packets.types.incoming && type !== Packets.types.accepted) throw new Error(`A packet ${type} came`)
        const isMessage = type === Packets.types.incoming
        const size = isMessage ? messageBytes : Packets.acceptedBytes
        if (at + size > length) break
        if (isMessage) count++
        at += size
      }
      rest = length - at
    },
    count: () => count
  }
}

/** A client's frame; the mask is zero, which leaves the payload as it is. */
const webSocketFrame = (payload: string): Buffer => {
  const body = Buffer.from(payload)
  const head = body.length < 126 ? [0x81, 128 + body.length] : [0x81, 254, body.length >> 8, body.length & 255]
  return Buffer.concat([Buffer.from(head), Buffer.alloc(4), body])
}

const chatmasterLogin = (username: string): Buffer =>
  Buffer.from(JSON.stringify({ type: "command", data: { command: "login", parameters: { username, stream: true } } }))

const line: Language = {
  hello: "",
  logIn: () => "in",
  message: () => Buffer.from(`${text}\n`),
  isEchoed: false,
  counter: byLength(100)
}

const chatmaster: Language = {
  hello: "",
  logIn: (heard, name, said) => (said === 0 ? chatmasterLogin(name) : heard.includes(`"status":true`) ? "in" : "wait"),
  message: () => Buffer.from(JSON.stringify({ type: "message", data: { message: text } })),
  isEchoed: false,
  counter: byLength(JSON.stringify({ type: "message", data: { message: text, username: "user0000" } }).length),
  join: (channel) => ({
    bytes: Buffer.from(JSON.stringify({ type: "command", data: { command: "join", parameters: { channel } } })),
    answer: "user_joined"
  })
}

const sockets: Language = {
  hello: [
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
    "Host: 127.0.0.1",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}`,
    "\r\n"
  ].join("\r\n"),
  logIn: (heard, name, said) => {
    if (said === 0) return heard.includes(`0{"sid"`) ? webSocketFrame("40") : "wait"
    if (said === 1) return heard.includes(`40{"sid"`) ? webSocketFrame(`42["register","${name}"]`) : "wait"
    return heard.includes(`42["register",true]`) ? "in" : "wait"
  },
  message: () => webSocketFrame(`42["message",{"from":"user0000","message":"${text}"}]`),
  isEchoed: false,
  counter: byFrame,
  join: (room) => ({ bytes: webSocketFrame(`42["join","${room}"]`), answer: `42["join"` })
}

const packet: Language = {
  hello: "",
  logIn: (heard, name, said) => (said === 0 ? Packets.sessionRequest(name) : heard.length >= 18 ? "in" : "wait"),
  message: (heard) => Packets.broadcast(Packets.sessionOf(Buffer.from(heard, "latin1")), 1, text),
  isEchoed: false,
  counter: byPacket
}

const slip = (key: string, type: string, value: string): string => `${key}|${type}${value.length}|${value};`

const tossRequest = (action: string, data: string): Buffer =>
  Buffer.from(slip("action", "l", action) + slip("data", "s", data))

/** A message to a member, announcement and all. */
const tossResponse = (): string => {
  const said =
    slip("message", "l", text) + slip("username", "l", "user0000") + slip("time", "d", new Date(0).toISOString())
  const announced = slip("action", "l", "send-message") + slip("status", "n", "100") + slip("data", "s", said)
  const chunks = slip("data", "s", slip("chunks", "n", String(announced.length)))
  return slip("action", "l", "chunks") + chunks + slip("status", "n", "100") + announced
}

const toss: Language = {
  hello: "",
  logIn: (heard, name, said) =>
    said === 0 ? tossRequest("log-in", slip("username", "l", name)) : heard.includes("|log-in;") ? "in" : "wait",
  message: () => tossRequest("send-message", slip("message", "l", text)),
  isEchoed: true,
  counter: byLength(tossResponse().length)
}

const languages: Readonly<Record<string, Language>> = { line, chatmaster, sockets, packet, toss }

/** The language of this name, or throws. */
export const language = (name: string): Language => {
  const found = languages[name]
  if (found === undefined) throw new Error(`Cannot speak ${name}`)
  return found
}
