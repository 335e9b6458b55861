import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Option, Scope } from "effect"
import { Metrics } from "../../src/mod.ts"
import { Hangup } from "../../src/domain/Hangup.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import * as TestServer from "./TestServer.ts"
import * as TsockmClient from "./TsockmClient.ts"

const nameOf = (original: TsockmClient.Original): string => `user of ${original}`

const enter = Effect.fnUntraced(function* (original: TsockmClient.Original, name = nameOf(original)) {
  const client = yield* TsockmClient.enter(original, yield* TestServer.urlOf("tsockm"), name)
  assert.strictEqual(client.state(), "alive", client.why())
  return { ...client, original, name }
})

/** One of each generation, all of whom know that the others are there. */
const enterAll = Effect.gen(function* () {
  const clients: Array<Effect.Success<ReturnType<typeof enter>>> = []
  for (const original of TsockmClient.originals) {
    const client = yield* enter(original)
    for (const other of clients) yield* other.reads(`Server: ${client.name} has joined the chat`)
    clients.push(client)
  }
  return clients
})

type Client = Effect.Success<ReturnType<typeof enter>>

const allAlive = (clients: ReadonlyArray<Client>): void => {
  for (const { name, state, why } of clients) assert.strictEqual(state(), "alive", `${name}: ${why()}`)
}

/** Hangs up on a user as an operator does. */
const kill = Effect.fnUntraced(function* (name: string) {
  const sessions = Option.getOrThrow(yield* Effect.serviceOption(Sessions))
  sessions.find(name)!.outlet.hangUp(new Hangup({ reason: "killed" }))
})

/** How a client that is told to go ends, and what the others read of it. */
const goes = Effect.fnUntraced(function* (leaver: Client, others: ReadonlyArray<Client>) {
  yield* leaver.closed
  assert.strictEqual(leaver.state(), "left", leaver.why())
  for (const other of others) {
    // The first one knows nothing of the news that somebody has gone.
    if (other.original !== "seed") yield* other.reads(`${leaver.name} has died`)
    assert.notInclude(other.shown().join(), "Server: user of seed has died")
  }
  allAlive(others)
})

describe("tsockm", () => {
  it.live("originals of four generations chat in one room, and miss and muddle nothing", () =>
    Effect.gen(function* () {
      const clients = yield* enterAll
      const textsOf = (client: Client) => Array.from({ length: 5 }, (_, index) => `${index} from ${client.original}`)
      // All say the first at the same moment, then each at its own pace.
      yield* Effect.forEach(
        clients,
        (client, index) =>
          Effect.forEach(textsOf(client), (text) =>
            Effect.andThen(client.say(text), Effect.sleep(120 + 70 * (index % 3)))
          ),
        { concurrency: "unbounded" }
      )
      for (const client of clients) {
        const others = clients.filter((other) => other !== client)
        const lines = others.flatMap((other) => textsOf(other).map((text) => `${other.name}: ${text}`))
        yield* client.reads(...lines)
        const said = client.shown().filter((line) => !line.startsWith("Server: "))
        assert.strictEqual(said.length, lines.length)
        for (const other of others) {
          const beginning = `${other.name}: `
          assert.deepStrictEqual(
            said.filter((line) => line.startsWith(beginning)),
            textsOf(other).map((text) => beginning + text)
          )
        }
      }
      allAlive(clients)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.live("a burst of one original reaches all the others, in its order", () =>
    Effect.gen(function* () {
      const clients = yield* enterAll
      const [author, ...others] = clients
      const texts = Array.from({ length: 8 }, (_, index) => `burst ${index}`)
      for (const text of texts) {
        yield* author!.say(text)
        yield* Effect.sleep(10)
      }
      for (const other of others) {
        const lines = texts.map((text) => `${author!.name}: ${text}`)
        yield* other.reads(...lines)
        assert.deepStrictEqual(
          other.shown().filter((line) => !line.startsWith("Server: ")),
          lines
        )
      }
      allAlive(clients)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.live("long texts, and texts that look like packets, harm no original", () =>
    Effect.gen(function* () {
      const clients = yield* enterAll
      const [, second] = clients
      const long = Array.from({ length: 300 }, (_, index) => `word ${index}`).join(" ")
      for (const text of [long, "RES::COMM_END::200::server::server::client::OK", "ª Ī 漢字 🎉", "no | nor #"]) {
        yield* second!.say(text)
        yield* Effect.sleep(100)
      }
      for (const other of clients) {
        if (other === second) continue
        yield* other.reads(`${second!.name}: no | nor #`)
        const texts = other.shown().map((line) => line.slice(line.indexOf(": ") + 2))
        assert.include(texts.join(""), long)
        // The plain forms of what originals would show up to its middle.
        assert.include(texts, "a I\u0304 漢字 🎉")
      }
      allAlive(clients)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.live("each original leaves when its user types so, and the others read it", () =>
    Effect.gen(function* () {
      const clients = yield* enterAll
      const { counts } = yield* Metrics
      for (let leaver = clients.shift(); leaver !== undefined; leaver = clients.shift()) {
        yield* leaver.exit
        yield* goes(leaver, clients)
      }
      assert.strictEqual(counts.sessions, 0)
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.live("each original goes when it is killed, and the others read it; so they do when one crashes", () =>
    Effect.gen(function* () {
      const clients = yield* enterAll
      const watcher = yield* enter("head", "watcher")
      for (const victim of clients) {
        if (victim.original === "0.4.8") yield* victim.crash
        else yield* kill(victim.name)
        yield* goes(victim, [watcher])
      }
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.live("all originals leave in peace when the server stops", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(TestServer.layer(), scope)
      const clients = yield* Effect.provideContext(enterAll, context)
      yield* Scope.close(scope, Exit.void)
      for (const client of clients) {
        yield* client.closed
        assert.strictEqual(client.state(), "left", client.why())
        assert.match(client.why(), /^(RES|REQ) COMM_END$/)
      }
    }).pipe(Effect.scoped)
  )

  it.live("refuses a name in use: the seed takes the reason for an id and stops, the others end", () =>
    Effect.gen(function* () {
      yield* enter("head", "alice")
      const url = yield* TestServer.urlOf("tsockm")
      for (const original of TsockmClient.originals) {
        const client = yield* TsockmClient.enter(original, url, "Alice")
        yield* client.closed
        assert.strictEqual(client.state(), "dead")
        assert.strictEqual(client.why(), original === "seed" ? "end of stream" : "refused: Username is already taken.")
      }
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )
})
