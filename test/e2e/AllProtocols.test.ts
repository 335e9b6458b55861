import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { Server } from "../../src/mod.ts"
import * as Clients from "./Clients.ts"
import * as PacketClient from "./PacketClient.ts"
import * as TestServer from "./TestServer.ts"
import * as TossClient from "./TossClient.ts"
import * as TsockmClient from "./TsockmClient.ts"

interface Heard {
  readonly from: string
  readonly text: string
}

/** A user of one protocol, in the terms of all. */
interface User {
  readonly name: string
  readonly say: (text: string) => Effect.Effect<void>
  /** The next message of another user. */
  readonly hears: Effect.Effect<Heard>
  /** Waits until it has been told, or has found out, that somebody is there; or has gone. */
  readonly seesCome: (name: string) => Effect.Effect<void>
  readonly seesGo: (name: string) => Effect.Effect<void>
}

type Enter = Effect.Effect<User, never, Scope.Scope | Server>

interface Sharer extends User {
  readonly share: (text: string, file: { readonly name: string; readonly content: Uint8Array }) => Effect.Effect<void>
}

const toss: Effect.Effect<Sharer, never, Scope.Scope | Server> = Effect.gen(function* () {
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

const tsockm: Enter = Effect.gen(function* () {
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

const chatmaster: Enter = Effect.gen(function* () {
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

const packet: Enter = Effect.gen(function* () {
  const { addresses } = yield* Server
  const url = addresses.find(({ protocol, url }) => protocol === "packet" && url.startsWith("udp:"))!.url
  const client = yield* PacketClient.udp(url)
  const { session } = yield* client.login("Packet")
  // Over UDP an address has to show that it has got the cookie.
  yield* client.send({ _tag: "SessionPreserve", session })
  yield* client.next("SessionCookie")
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

const sockets: Enter = Effect.gen(function* () {
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

/** Lets all come, one after another, each in a scope of its own; those who are there see it. */
const enterAll = Effect.gen(function* () {
  const users: Array<User & { readonly leave: Effect.Effect<void> }> = []
  const enter = Effect.fnUntraced(function* <U extends User>(enter: Effect.Effect<U, never, Scope.Scope | Server>) {
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const user = yield* enter.pipe(Effect.provideService(Scope.Scope, scope))
    for (const other of users) yield* other.seesCome(user.name)
    users.push({ ...user, leave: Scope.close(scope, Exit.void) })
    return user
  })
  const sharer = yield* enter(toss)
  for (const other of [tsockm, chatmaster, packet, sockets]) yield* enter(other)
  return { users, sharer }
})

describe("users of all protocols", () => {
  it.live("see each other come, hear each other, and see each other leave", () =>
    Effect.gen(function* () {
      const { users } = yield* enterAll
      for (const author of users) {
        const text = `hello from ${author.name}: ñ 漢字 🎉`
        yield* author.say(text)
        for (const user of users) {
          if (user !== author) assert.deepStrictEqual(yield* user.hears, { from: author.name, text }, user.name)
        }
      }
      // A peer over UDP says nothing when it goes, so it is the last.
      const inOrder = users.toSorted((one, other) => Number(one.name === "Packet") - Number(other.name === "Packet"))
      for (const [index, user] of inOrder.entries()) {
        yield* user.leave
        for (const other of inOrder.slice(index + 1)) yield* other.seesGo(user.name)
      }
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.live("all speak at the same moment, and all hear the others once, in their order and under the right names", () =>
    Effect.gen(function* () {
      const { users } = yield* enterAll
      const textsOf = ({ name }: User) => ["one", "two", "three"].map((text) => `${text} of ${name}`)
      yield* Effect.forEach(
        users,
        (user) => Effect.forEach(textsOf(user), (text) => Effect.andThen(user.say(text), Effect.sleep("150 millis"))),
        { concurrency: "unbounded" }
      )
      for (const user of users) {
        const others = users.filter((other) => other !== user)
        const heard = yield* Effect.replicateEffect(user.hears, others.length * 3)
        for (const other of others) {
          const texts = heard.filter(({ from }) => from === other.name).map(({ text }) => text)
          assert.deepStrictEqual(texts, textsOf(other), `${user.name} hears ${other.name}`)
        }
      }
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.live("all get a file of one of them, with a link to it", () =>
    Effect.gen(function* () {
      const { sharer, users } = yield* enterAll
      const content = Uint8Array.from({ length: 10_000 }, (_, index) => (index * 31) & 0xff)
      yield* sharer.share("look", { name: "a b.bin", content })
      for (const user of users.filter(({ name }) => name !== sharer.name)) {
        const { from, text } = yield* user.hears
        assert.strictEqual(from, sharer.name)
        const [, url = ""] = /^look\s.*\ba b\.bin\b.* (http[^\s\]]+)/.exec(text) ?? []
        assert.notStrictEqual(url, "", `${user.name} hears ${text}`)
        const fetched = yield* Effect.promise(async () => Buffer.from(await (await fetch(url)).arrayBuffer()))
        assert.deepStrictEqual(fetched, Buffer.from(content))
      }
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )
})
