/** A user of each protocol, by real clients, in the terms of all. */
import { Effect, type Scope } from "effect"
import { Server } from "../../src/mod.ts"
import * as Clients from "./Clients.ts"
import * as PacketClient from "./PacketClient.ts"
import * as TestServer from "./TestServer.ts"
import * as TossClient from "./TossClient.ts"
import * as TsockmClient from "./TsockmClient.ts"

export interface Heard {
  readonly from: string
  readonly text: string
}

/** A user of one protocol, in the terms of all. */
export interface User {
  readonly name: string
  readonly say: (text: string) => Effect.Effect<void>
  /** The next message of another user. */
  readonly hears: Effect.Effect<Heard>
  /** Waits until it has been told, or has found out, that somebody is there; or has gone. */
  readonly seesCome: (name: string) => Effect.Effect<void>
  readonly seesGo: (name: string) => Effect.Effect<void>
}

/** Comes to a running server. */
export type Enter = Effect.Effect<User, never, Scope.Scope | Server>

/** A user that can share files. */
export interface Sharer extends User {
  readonly share: (text: string, file: { readonly name: string; readonly content: Uint8Array }) => Effect.Effect<void>
}

export const toss: Effect.Effect<Sharer, never, Scope.Scope | Server> = Effect.gen(function* () {
  const client = yield* TossClient.original(yield* TestServer.urlOf("toss"))
  yield* client.login("Toss")
  const sees = (wanted: string) => (name: string) =>
    Effect.asVoid(client.takeUntil(({ action, data }) => action === wanted && data?.username === name))
  return {
    name: "Toss",
    say: client.say,
    share: (text, file) => client.say(text, file),
    hears: Effect.map(
      client.takeUntil(({ action, data }) => action === "send-message" && data?.username !== "Toss"),
      ({ data }) => ({ from: data!.username!, text: data!.message! })
    ),
    seesCome: sees("log-in"),
    seesGo: sees("log-out")
  }
})

export const tsockm: Enter = Effect.gen(function* () {
  const client = yield* TsockmClient.enter("head", yield* TestServer.urlOf("tsockm"), "Tsockm")
  let read = 0
  const next = (is: (line: string) => boolean): Effect.Effect<string> =>
    Effect.suspend(() => {
      const at = client.shown().findIndex((line, index) => index >= read && is(line))
      if (at < 0) return Effect.andThen(Effect.sleep("10 millis"), next(is))
      read = at + 1
      return Effect.succeed(client.shown()[at]!)
    })
  const line = (is: (line: string) => boolean) => next(is).pipe(Effect.timeout("10 seconds"), Effect.orDie)
  return {
    name: "Tsockm",
    say: client.say,
    hears: Effect.map(
      line((it) => /^(?!Server)\w+: /.test(it)),
      (it) => ({ from: it.slice(0, it.indexOf(": ")), text: it.slice(it.indexOf(": ") + 2) })
    ),
    seesCome: (name) => Effect.asVoid(line((it) => it === `Server: ${name} has joined the chat`)),
    seesGo: (name) => Effect.asVoid(line((it) => it === `${name} has died`))
  }
})

export const chatmaster: Enter = Effect.gen(function* () {
  const client = yield* Clients.chatmaster(yield* TestServer.urlOf("chatmaster"))
  yield* client.login("ChatMaster")
  const told = (type: string) => (name: string) =>
    Effect.asVoid(client.takeUntil(({ data }) => data["event_type"] === type && data["username"] === name))
  return {
    name: "ChatMaster",
    say: client.say,
    hears: Effect.map(
      client.takeUntil(({ data, type }) => type === "message" && data["username"] !== "Server"),
      ({ data }) => ({ from: data["username"] as string, text: data["message"] as string })
    ),
    seesCome: told("user_joined"),
    seesGo: told("user_left")
  }
})

export const packet: Enter = Effect.gen(function* () {
  const { addresses } = yield* Server
  const url = addresses.find(({ protocol, url }) => protocol === "packet" && url.startsWith("udp:"))!.url
  const client = yield* PacketClient.udp(url)
  const { session } = yield* client.login("Packet")
  let lastMessage = 0n
  const names = new Map<bigint, string>()
  const heard = new Set<bigint>()
  const nameOf = Effect.fnUntraced(function* (user: bigint) {
    yield* client.send({ _tag: "UserDataRequest", session, user })
    const { name } = yield* client.next("UserDataResponse")
    names.set(user, name)
    return name
  })
  const all = Effect.gen(function* () {
    yield* client.send({ _tag: "UsersRequest", session })
    return yield* Effect.forEach((yield* client.next("UsersResponse")).users, nameOf)
  })
  const finds = (name: string, isThere: boolean) =>
    all.pipe(
      Effect.delay("20 millis"),
      Effect.repeat({ until: (found) => found.includes(name) === isThere }),
      Effect.timeout("10 seconds"),
      Effect.orDie,
      Effect.asVoid
    )
  return {
    name: "Packet",
    say: (text) =>
      client.send({ _tag: "BroadcastRequest", session, message: ++lastMessage, blob: new TextEncoder().encode(text) }),
    hears: Effect.gen(function* () {
      // What is confirmed late comes twice, which the number of a message tells.
      const { blob, message, user } = yield* client
        .next("IncomingMessage")
        .pipe(Effect.repeat({ until: (it) => !heard.has(it.message) }))
      heard.add(message)
      return { from: names.get(user) ?? (yield* nameOf(user)), text: Buffer.from(blob).toString() }
    }),
    seesCome: (name) => finds(name, true),
    seesGo: (name) => finds(name, false)
  }
})

interface Message {
  readonly from: string
  readonly message: string
}

export const sockets: Enter = Effect.gen(function* () {
  const client = yield* Clients.sockets(yield* TestServer.urlOf("sockets"))
  yield* client.ask("register", "Sockets")
  const told = (text: string) =>
    client.from("Server").pipe(Effect.repeat({ until: (it) => it.includes(text) }), Effect.asVoid)
  return {
    name: "Sockets",
    say: (message) => client.emit("message", { from: "Sockets", message }),
    hears: Effect.map(
      client.takeUntil(({ args, name }) => name === "message" && (args[0] as Message).from !== "Server"),
      ({ args }) => ({ from: (args[0] as Message).from, text: (args[0] as Message).message })
    ),
    seesCome: (name) => told(`${name} has joined`),
    seesGo: (name) => told(`${name} left`)
  }
})
