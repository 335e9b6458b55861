/** What the load says to each server, and how it counts what comes. */
import * as Counters from "./Counters.ts"
import * as Packets from "./Packets.ts"

/** The text that is sent where nobody looks at it. */
export const text = "x".repeat(99)

export interface Language {
  /** What is sent on connecting. */
  readonly hello: string
  /** What to send next to log in, given what was heard and how often something was sent: or to wait, or that it is done. */
  readonly logIn: (heard: string, name: string, said: number) => Buffer | "wait" | "in"
  /** A message, as it is sent by whoever heard this at login. */
  readonly message: (heard: string, text: string) => Buffer
  /** Whether a message comes back to its sender too. */
  readonly isEchoed: boolean
  /** Counts messages of which each text is as long as {@link text}. */
  readonly counter: () => Counters.Counter
  /** What must be sent now and then, lest the server take a member for dead. */
  readonly keepAlive?: Buffer
  /** What moves a member out of the common room. */
  readonly join?: (room: string) => { readonly bytes: Buffer; readonly answer: string }
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
  logIn: (heard) => (heard === "" ? "wait" : "in"),
  message: (_, text) => Buffer.from(`${text}\n`),
  isEchoed: false,
  counter: Counters.byLength(100)
}

const chatmaster: Language = {
  hello: "",
  logIn: (heard, name, said) => (said === 0 ? chatmasterLogin(name) : heard.includes(`"status":true`) ? "in" : "wait"),
  message: (_, text) => Buffer.from(JSON.stringify({ type: "message", data: { message: text } })),
  isEchoed: false,
  counter: Counters.byLength(JSON.stringify({ type: "message", data: { message: text, username: "user0000" } }).length),
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
  message: (_, text) => webSocketFrame(`42["message",{"from":"user0000","message":"${text}"}]`),
  isEchoed: false,
  counter: Counters.byWebSocketFrame,
  keepAlive: webSocketFrame("3"),
  join: (room) => ({ bytes: webSocketFrame(`42["join","${room}"]`), answer: `42["join"` })
}

const packet: Language = {
  hello: "",
  logIn: (heard, name, said) => (said === 0 ? Packets.sessionRequest(name) : heard.length >= 18 ? "in" : "wait"),
  message: (heard, text) => Packets.broadcast(Packets.sessionOf(Buffer.from(heard, "latin1")), 1, text),
  isEchoed: false,
  counter: Counters.byPacket(text.length)
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
  message: (_, text) => tossRequest("send-message", slip("message", "l", text)),
  isEchoed: true,
  counter: Counters.byLength(tossResponse().length)
}

const tsockmRequest = (action: string, body: string): Buffer =>
  Buffer.from(`REQ::${action}::200::client::client::127.0.0.1::${body}`)

// All that is asked comes on the communication socket, where the end of a text is the begin of the next request.
const tsockm: Language = {
  hello: "",
  logIn: (heard, name, said) =>
    said === 0 ? tsockmRequest("COMM", name) : heard.includes("RES::COMM::200") ? "in" : "wait",
  message: (_, text) => tsockmRequest("MSG", text),
  isEchoed: false,
  counter: Counters.byTsockm(text.length)
}

const nats: Language = {
  hello: "",
  logIn: (heard, _, said) => {
    if (said > 0) return heard.includes("PONG") ? "in" : "wait"
    return heard.includes("INFO")
      ? Buffer.from(`CONNECT {"verbose":false,"pedantic":false,"echo":false}\r\nSUB room 1\r\nPING\r\n`)
      : "wait"
  },
  message: (_, text) => Buffer.from(`PUB room ${text.length}\r\n${text}\r\n`),
  isEchoed: false,
  counter: Counters.byNats(`MSG room 1 ${text.length}\r\n${text}\r\n`.length)
}

const irc: Language = {
  hello: "",
  logIn: (heard, name, said) => {
    if (said === 0) return Buffer.from(`NICK ${name}\r\nUSER user 0 * :user\r\n`)
    if (said === 1) return heard.includes(" 001 ") ? Buffer.from("JOIN #room\r\n") : "wait"
    return heard.includes(" 366 ") ? "in" : "wait"
  },
  message: (_, text) => Buffer.from(`PRIVMSG #room :${text}\r\n`),
  isEchoed: false,
  counter: Counters.byLength(`:user0000!~user@127.0.0.1 PRIVMSG #room :${text}\r\n`.length)
}

const languages = { line, chatmaster, sockets, packet, toss, tsockm, nats, irc } as const

/** The name of a language that a load speaks. */
export type LanguageName = keyof typeof languages

/** The language of this name. */
export const language = (name: LanguageName): Language => languages[name]
