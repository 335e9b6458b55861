/**
 * A protocol of one's own in one file, served beside another one: lines of text, for whoever has telnet or nc.
 *
 * `nick alice` logs in; from then on every line is a message. What comes back are lines too: `<bob> hello` is a message,
 * `* …` the server's word, `! …` a refusal.
 *
 * Run it with `node scratchpad/LineProtocol.ts` (after `npm run build`); test/examples/LineProtocol.test.ts tests it.
 */
import { connect } from "node:net"
import { Console, Context, Effect, Layer, Queue, References } from "effect"
import {
  type ByteProtocol,
  Chat,
  Connections,
  type Conversation,
  explain,
  Listener,
  Listeners,
  type PersonalEvent,
  ProtocolName,
  type Reader,
  type SharedEvent,
  type Steps
} from "parlance"
import { conformance, type Subject } from "parlance/testing"

/** What comes: a line, or what is none. Malformed input is a packet of its own kind, never an exception. */
export type Line =
  | { readonly _tag: "Line"; readonly text: string }
  | { readonly _tag: "TooLong" }
  | { readonly _tag: "Unfinished" }

/** A line ends within this time of its beginning, and has no more bytes than this. */
const lineTimeoutMillis = 60_000
const lineLimitBytes = 20_000
const lineFeed = 0x0a

const reader = (): Reader.Reader<Uint8Array, Line> => {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
  let begun = Buffer.alloc(0)
  let isTooLong = false
  // A view of a read is valid for this one call, so what stays is a copy.
  const take = (bytes: Uint8Array): void => {
    isTooLong ||= begun.length + bytes.length > lineLimitBytes
    begun = isTooLong ? Buffer.alloc(0) : Buffer.concat([begun, bytes])
  }
  const end = (line: Line): Line => {
    const ended: Line = isTooLong ? { _tag: "TooLong" } : line
    begun = Buffer.alloc(0)
    isTooLong = false
    return ended
  }
  return {
    read: (bytes) => {
      const lines: Array<Line> = []
      let from = 0
      for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, from)) {
        take(bytes.subarray(from, at))
        lines.push(end({ _tag: "Line", text: decoder.decode(begun).replace(/\r$/, "") }))
        from = at + 1
      }
      if (from < bytes.length) take(bytes.subarray(from))
      return lines
    },
    get readTimeoutMillis() {
      return begun.length > 0 || isTooLong ? lineTimeoutMillis : undefined
    },
    // The time of a line is over, or the peer has gone within it.
    finish: () => (begun.length > 0 || isTooLong ? [end({ _tag: "Unfinished" })] : [])
  }
}

const utf8 = new TextEncoder()
const frame = (line: string): Uint8Array => utf8.encode(`${line}\n`)
const remark = (text: string): ReadonlyArray<Uint8Array> => text.split("\n").map((line) => frame(`* ${line}`))
const refusal = (text: string): ReadonlyArray<Uint8Array> => [frame(`! ${text.replaceAll("\n", " ")}`)]

/** A text on one line: its line ends are shown as their picture, so that nobody can forge a line. */
const onOneLine = (text: string): string => text.replaceAll("\n", "␊")

const shared = (event: SharedEvent, isActor: boolean): ReadonlyArray<Uint8Array> => {
  switch (event._tag) {
    case "Said": {
      const { attachment, from, text, to } = event.message
      const file = attachment === undefined ? "" : ` [${attachment.name} ${attachment.url}]`
      const mark = to === undefined ? "" : " (private)"
      return isActor ? [] : [frame(`<${from.replaceAll(">", "›")}>${mark} ${onOneLine(text + file)}`)]
    }
    case "UserJoined":
      return remark(isActor ? `You are in ${event.room}.` : `${event.user.name} has come.`)
    case "UserLeft":
      return isActor ? [] : remark(`${event.user.name} has gone.`)
    case "UserRenamed":
      return remark(`${event.oldName} is ${event.user.name} now.`)
    case "RoomChanged":
      return remark(`${event.room} is ${event.isPrivate ? "private" : "open to everybody"} now.`)
    case "Announced":
      return remark(event.text)
    case "ServerStopping":
      return remark("The server stops.")
  }
}

const personal = (event: PersonalEvent): ReadonlyArray<Uint8Array> => {
  switch (event._tag) {
    case "LoggedIn":
      return remark(`Welcome, ${event.user.name}!`)
    case "RoomLeft":
      return remark(`You left ${event.left} and are in ${event.current}.`)
    case "Noticed":
      return remark(event.text)
    case "Invited":
      return remark(`${event.by} invites you to ${event.room}.`)
  }
}

const say = (frames: ReadonlyArray<Uint8Array>): Steps<Uint8Array> =>
  frames.map((frame) => ({ _tag: "Send", frame }) as const)

const converse = (): Conversation<Line, Uint8Array> => {
  let isIn = false
  const refuse = (text: string) => say(refusal(text))
  return {
    variant: 0,
    isPaced: false,
    isExempt: false,
    open: () => say(remark("Who are you? Say: nick <name>")),
    receive: (line) => {
      // A peer that sends too many faults is hung up on.
      if (line._tag === "TooLong") return [{ _tag: "Fault" }, ...refuse(`A line has at most ${lineLimitBytes} bytes.`)]
      if (line._tag === "Unfinished") return refuse("A line must end, and within a minute.")
      const refused = (rejection: Parameters<typeof explain>[0]) => refuse(explain(rejection))
      if (isIn) {
        return [{ _tag: "Run", command: { _tag: "Say", text: line.text }, replied: () => [], refused }]
      }
      const name = /^nick (.*)$/.exec(line.text)?.[1]
      return name === undefined ? refuse("Say first who you are: nick <name>") : [{ _tag: "Login", name, refused }]
    },
    present: (event) => {
      isIn ||= event._tag === "LoggedIn"
      return personal(event)
    },
    farewell: (reason) => refusal(`The connection is closed: ${reason}.`)
  }
}

/** The protocol, as a value: the server needs no more to speak it. */
export const lineProtocol: ByteProtocol<Line> = {
  name: ProtocolName.make("line"),
  variants: 1,
  gapMillis: () => 0,
  reader,
  converse,
  render: (event, as) => shared(event, as === "actor"),
  sizeBytes: (frame) => frame.length
}

const textOf = (frame: unknown): string => (frame instanceof Uint8Array ? new TextDecoder().decode(frame) : "")

/** How a client of it speaks: all that the conformance suite must know. */
export const subject: Subject<Uint8Array, Line, Uint8Array> = {
  make: () => lineProtocol,
  login: (name) => [frame(`nick ${name}`)],
  say: frame,
  // A line has no line end in it; of others they are heard as their picture.
  carries: (text) => !text.includes("\n"),
  heardAs: onOneLine,
  heard: (frame) => {
    const [, from, text] = /^<([^>]*)> (.*)\n$/s.exec(textOf(frame)) ?? []
    return from === undefined || text === undefined ? undefined : { from, text }
  },
  isWelcome: (frame) => textOf(frame).startsWith("* Welcome, "),
  isRefusal: (frame) => textOf(frame).startsWith("! "),
  junk: ["\n", "nick\n", "NICK alice\n", `${"x".repeat(3000)}\n`, "\u0000\u0001\n"].map((text) => utf8.encode(text))
}

/** Registers what every protocol must do as tests; `test` is `it.effect` of @effect/vitest, or alike. */
export const conforms = (test: Parameters<typeof conformance>[0]): void => conformance(test, subject)

/** A client over a socket: what it says, and what it hears, read by read. */
const client = Effect.fnUntraced(function* (address: string) {
  const reads = yield* Queue.unbounded<string>()
  const { hostname, port } = new URL(address)
  const socket = yield* Effect.acquireRelease(
    Effect.sync(() => connect({ host: hostname, port: Number(port) })),
    (socket) => Effect.sync(() => socket.destroy())
  )
  socket.setEncoding("utf8").on("data", (text) => Queue.offerUnsafe(reads, String(text)))
  return {
    say: (text: string) => Effect.sync(() => void socket.write(text)),
    /** All that it hears until it hears this. */
    hear: Effect.fnUntraced(function* (text: string) {
      let heard = ""
      while (!heard.includes(text)) heard += yield* Queue.take(reads)
      return heard.trimEnd()
    })
  }
})

/** The port of it, when it is open. */
export class Lines extends Context.Service<Lines, Listener.Bound>()("parlance/scratchpad/LineProtocol/Lines") {}

/** The protocol and another one on ports of their own, of one chat. A whole `Server.layer()` would do in place of these. */
const layer = Layer.mergeAll(
  Listener.tcp(Lines, lineProtocol, { port: 0 }),
  Listeners.chatmaster({ port: 0, gapMillis: 0 })
).pipe(Layer.provide(Connections.layer), Layer.provide(Chat.layer))

const urlOf = ({ addresses }: Listener.Bound): string => addresses[0]!.url

/** A client of each speaks. Gives what they heard. */
export const program = Effect.gen(function* () {
  const alice = yield* client(urlOf(yield* Lines))
  const bob = yield* client(urlOf(yield* Listeners.ChatMaster))
  const asked = yield* alice.hear("nick <name>")
  yield* alice.say("hello?\nnick alice\n")
  const welcomed = yield* alice.hear("Welcome, alice!")
  yield* bob.hear(`"request":"login"`)
  yield* bob.say(`{"type":"command","data":{"command":"login","parameters":{"username":"bob"}}}`)
  const came = yield* alice.hear("bob has come.")
  yield* alice.say("hello from a line\n")
  const bobHeard = yield* bob.hear("hello from a line")
  yield* bob.say(`{"type":"message","data":{"message":"hello from JSON"}}`)
  const said = yield* alice.hear("<bob> hello from JSON")
  return [
    ...[asked, welcomed, came, said].flatMap((heard) => heard.split("\n")).map((line) => `alice heard: ${line}`),
    `bob heard: ${bobHeard.slice(bobHeard.lastIndexOf(`{"type":"message"`))}`
  ]
})

if (import.meta.main) {
  await program.pipe(
    Effect.flatMap((lines) => Effect.forEach(lines, (line) => Console.log(line))),
    Effect.scoped,
    Effect.provide(layer),
    Effect.provideService(References.MinimumLogLevel, "Warn"),
    Effect.runPromise
  )
}
