/** Users of all protocols who speak and send files as fast as they can, and what the server has acknowledged to them. */
import { randomBytes } from "node:crypto"
import { Effect, type Scope } from "effect"
import * as Clients from "./Clients.ts"
import * as PacketClient from "./PacketClient.ts"
import * as TossClient from "./TossClient.ts"
import * as TsockmClient from "./TsockmClient.ts"

/** The room of the clients that take one packet at a time, where less is said. */
export const quietRoom = "quiet"

/** What is known of the server's promises, over all its lives. */
export interface Promises {
  /** Texts of messages that were acknowledged. */
  readonly texts: Set<string>
  /** Contents of files that were acknowledged, by their names. */
  readonly files: Map<string, Uint8Array>
  /** Contents of all files that were ever sent. */
  readonly sent: Map<string, Uint8Array>
  /** Numbers of messages that somebody was told, in the order in which they came. */
  readonly numbers: Array<number>
  /** Numbers that were given to files. */
  readonly fileNumbers: Array<bigint>
}

export const promises = (): Promises => ({
  texts: new Set(),
  files: new Map(),
  sent: new Map(),
  numbers: [],
  fileNumbers: []
})

type Url = (protocol: string) => string
type Load = Effect.Effect<never, never, Scope.Scope>

const utf8 = new TextEncoder()
const windowMessages = 8

/** A text or a name that nobody else uses. */
const unique = (what: string): string => `${what}-${randomBytes(8).toString("hex")}`

const newFile = ({ sent }: Promises, what: string, mostBytes: number) => {
  const file = { name: `${unique(what)}.bin`, content: randomBytes(1 + (randomBytes(4).readUInt32LE() % mostBytes)) }
  sent.set(file.name, file.content)
  return file
}

/** Speaks by 11 and 12, and sends files by 15 to 18. */
const packet = Effect.fnUntraced(function* (
  connected: Effect.Effect<PacketClient.PacketClient, never, Scope.Scope>,
  who: string,
  seen: Promises
): Effect.fn.Return<never, never, Scope.Scope> {
  const client = yield* connected
  const { session } = yield* client.login(who)
  let last = 0n
  return yield* Effect.gen(function* () {
    const texts = new Map<bigint, string>()
    for (let index = 0; index < windowMessages; index++) texts.set(++last, unique(who))
    for (const [message, text] of texts) {
      yield* client.send({ _tag: "BroadcastRequest", session, message, blob: utf8.encode(text) })
    }
    while (texts.size > 0) {
      const { message } = yield* client.next("BroadcastResponse")
      if (texts.has(message)) seen.texts.add(texts.get(message)!)
      texts.delete(message)
    }
    const { content, name } = newFile(seen, who, 8 * 1024)
    seen.fileNumbers.push(yield* client.upload(session, name, content))
    seen.files.set(name, content)
  }).pipe(Effect.forever)
})

/** Speaks with acknowledgements, and listens to everybody. */
const sockets = Effect.fnUntraced(function* (url: Url, seen: Promises): Effect.fn.Return<never, never, Scope.Scope> {
  const client = yield* Clients.sockets(url("sockets"))
  client.socket.on("message", ({ number }: { readonly number?: number }) => {
    if (number !== undefined) seen.numbers.push(number)
  })
  yield* client.ask("register", "sockets")
  return yield* Effect.gen(function* () {
    const texts = Array.from({ length: windowMessages }, () => unique("sockets"))
    const say = (message: string) => client.ask("message", { from: "sockets", message })
    const answers = yield* Effect.forEach(texts, say, { concurrency: "unbounded" })
    answers.forEach((answer, index) => {
      if ((answer as { readonly ok: boolean }).ok) seen.texts.add(texts[index]!)
    })
  }).pipe(Effect.forever)
})

/** Speaks, with a file now and then; a message is acknowledged by coming back. */
const toss = Effect.fnUntraced(function* (url: Url, seen: Promises): Effect.fn.Return<never, never, Scope.Scope> {
  const client = yield* TossClient.original(url("toss"))
  yield* client.login("toss")
  yield* client.say(`/join ${quietRoom}`)
  return yield* Effect.gen(function* () {
    const text = unique("toss")
    const file = newFile(seen, "toss", 100 * 1024)
    yield* client.say(text, file)
    yield* client.takeUntil(({ data }) => data?.message === text)
    seen.texts.add(text)
    seen.files.set(file.name, file.content)
  }).pipe(Effect.forever)
})

/** Acknowledged nothing, but it is there. */
const tsockm = Effect.fnUntraced(function* (url: Url): Effect.fn.Return<never, never, Scope.Scope> {
  const client = yield* TsockmClient.enter("head", url("tsockm"), "tsockm")
  yield* client.say(`/join ${quietRoom}`)
  return yield* Effect.forever(
    Effect.delay(
      Effect.suspend(() => client.say(unique("tsockm"))),
      "400 millis"
    )
  )
})

const chatmaster = Effect.fnUntraced(function* (url: Url): Effect.fn.Return<never, never, Scope.Scope> {
  const client = yield* Clients.chatmaster(url("chatmaster"))
  yield* client.login("chatmaster")
  yield* client.say(`/join ${quietRoom}`)
  return yield* Effect.forever(
    Effect.delay(
      Effect.suspend(() => client.say(unique("chatmaster"))),
      "300 millis"
    )
  )
})

/** Everybody at once; `url` says where the server listens. Ends when it is interrupted. */
export const run = (url: Url, seen: Promises): Effect.Effect<void> => {
  const all: ReadonlyArray<Load> = [
    packet(PacketClient.tcp(url("packet")), "tcp", seen),
    packet(PacketClient.udp(url("packet").replace("tcp:", "udp:")), "udp", seen),
    sockets(url, seen),
    toss(url, seen),
    tsockm(url),
    chatmaster(url)
  ]
  return Effect.scoped(Effect.all(all, { concurrency: "unbounded", discard: true }))
}
