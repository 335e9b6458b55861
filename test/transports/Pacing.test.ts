/** What paced peers that read promptly are told when more comes than they can be sent. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import Sqids from "sqids"
import { Hangup } from "../../src/domain/Hangup.ts"
import { embedded } from "../../src/domain/Message.ts"
import type { ByteFrame } from "../../src/protocols/Protocol.ts"
import * as ChatMasterProtocol from "../../src/protocols/chatmaster/ChatMasterProtocol.ts"
import * as TossProtocol from "../../src/protocols/toss/TossProtocol.ts"
import * as TsockmId from "../../src/protocols/tsockm/TsockmId.ts"
import * as TsockmProtocol from "../../src/protocols/tsockm/TsockmProtocol.ts"
import { Chat } from "../../src/services/Chat.ts"
import { Metrics } from "../../src/services/Metrics.ts"
import type { Session } from "../../src/services/Session.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import * as Visitor from "../../src/services/Visitor.ts"
import { Peer } from "../../src/testing/mod.ts"
import { command, message as chatMasterMessage } from "../protocols/chatmaster/Peer.ts"
import * as Toss from "../protocols/toss/Client.ts"
import { authorOf, bodies, request } from "../protocols/tsockm/Links.ts"
import { bytes, seeded } from "../protocols/tsockm/Wire.ts"
import { turn } from "./Turn.ts"

type Needs = Peer.Provided | Scope.Scope

/** What a peer has heard: texts with their authors where they are in the packet, and who came and went. */
interface Heard {
  readonly texts: ReadonlyArray<string>
  readonly presence: ReadonlyArray<string>
}

/** A peer that reads all that it is sent, in the way of an original. */
interface Listener {
  /** Takes what has been written since this was last called, and does what an original does then. */
  readonly listen: Effect.Effect<Heard, never, Needs>
  readonly say: (text: string) => Effect.Effect<void, never, Needs>
  readonly peer: Peer.Peer<Uint8Array, ByteFrame>
}

interface Language {
  readonly name: string
  /** Whether the author is sent what it says. */
  readonly echoes?: boolean
  readonly enter: (name: string) => Effect.Effect<Listener, never, Needs>
}

const text = (frame: ByteFrame): string => (frame instanceof Uint8Array ? Buffer.from(frame).toString() : "")

const reading = (peer: Peer.Peer<Uint8Array, ByteFrame>): (() => ReadonlyArray<ByteFrame>) => {
  let at = 0
  return () => {
    const writes = peer.writes.slice(at)
    at += writes.length
    assert.isTrue(writes.every((frames) => frames.length === 1))
    return writes.flat()
  }
}

const longText = 16_000

const toss = (): Language => {
  const protocol = TossProtocol.make({ nowMillis: () => 0 })
  return {
    name: "toss",
    echoes: true,
    enter: Effect.fnUntraced(function* (name) {
      const peer = yield* Peer.connect(protocol)
      const read = reading(peer)
      const reader = Toss.reader()
      const announce = Effect.fnUntraced(function* (what: Uint8Array) {
        yield* peer.send(Toss.announce(what))
        const before = peer.writes.length
        // The acknowledgement is behind what waits already.
        for (let waited = 0; waited < 200; waited++) {
          yield* turn
          if (peer.writes.slice(before - 1).some(([frame]) => text(frame!) === Toss.acknowledgement)) break
          yield* TestClock.adjust("50 millis")
        }
        yield* peer.send(what)
      })
      yield* announce(Toss.logIn(name))
      return {
        listen: Effect.sync(() => {
          const responses = read().flatMap((frame) => reader.push(frame as Uint8Array))
          const of = (action: string) => responses.filter((response) => response.action === action)
          return {
            texts: of("send-message").map(({ data }) => `${data!.username}: ${data!.message}`),
            presence: ["log-in", "log-out"].flatMap((action) =>
              of(action).flatMap(({ data }) => (data?.username === undefined ? [] : [`${action} ${data.username}`]))
            )
          }
        }),
        say: (said) => announce(Toss.message(said)),
        peer
      }
    })
  }
}

interface Package {
  readonly type: string
  readonly data: {
    readonly event_type?: string
    readonly username?: string
    readonly message?: string
    readonly current_users?: ReadonlyArray<string>
  }
}

const chatmaster = (): Language => {
  const protocol = ChatMasterProtocol.make()
  return {
    name: "chatmaster",
    enter: Effect.fnUntraced(function* (name) {
      const peer = yield* Peer.connect(protocol)
      const read = reading(peer)
      yield* peer.send(bytes(command("login", `{"username": "${name}"}`)))
      return {
        listen: Effect.sync(() => {
          const packages = read().map((frame) => JSON.parse(text(frame)) as Package)
          const messages = packages.flatMap(({ data, type }) =>
            type === "message" ? [`${data.username}: ${data.message}`] : []
          )
          return {
            // To a crowd it is a remark of the server.
            texts: messages.filter((it) => !/^Server: .* has (joined|left) general\.$/.test(it)),
            presence: [
              ...packages.flatMap(({ data }) =>
                /^user_(joined|left)$/.test(data.event_type ?? "") ? [`${data.event_type} ${data.username}`] : []
              ),
              ...messages.filter((it) => /^Server: .* has (joined|left) general\.$/.test(it))
            ]
          }
        }),
        say: (said) => peer.send(bytes(chatMasterMessage(said))),
        peer
      }
    })
  }
}

const tsockm = (asks: boolean): Effect.Effect<Language> =>
  Effect.gen(function* () {
    const random = seeded(7)
    const clock = yield* TestClock.testClockWith(Effect.succeed)
    const protocol = TsockmProtocol.make({
      nowMillis: () => clock.currentTimeMillisUnsafe(),
      randomBytes: (count) => Uint8Array.from({ length: count }, () => random(256)),
      encoder: new Sqids(TsockmId.options)
    })
    const once = Effect.fnUntraced(function* (packet: string) {
      const peer = yield* Peer.connect(protocol)
      yield* peer.send(bytes(packet))
      yield* peer.leave
      yield* peer.over
    })
    return {
      name: asks ? "tsockm, asking" : "tsockm, silent",
      enter: Effect.fnUntraced(function* (name) {
        const peer = yield* Peer.connect(protocol)
        const read = reading(peer)
        yield* peer.send(bytes(request.connect(7, name)))
        yield* TestClock.adjust("40 millis")
        const [, secret = ""] = /::([^:|]+)\|/.exec(peer.writes.flat().map(text).join()) ?? []
        let begun = ""
        return {
          listen: Effect.gen(function* () {
            const texts: Array<string> = []
            const presence: Array<string> = []
            for (const packet of read().map(text)) {
              const body = bodies([packet])[0]!
              if (packet.startsWith("RES::MSG")) {
                begun += body
                if (packet.length < 1000) {
                  const isPresence = begun.endsWith(" has joined the chat")
                  if (isPresence) presence.push(begun)
                  else
                    texts.push(
                      / were? left out here/.test(begun) || / was left out here/.test(begun)
                        ? `Server: ${begun}`
                        : begun
                    )
                  begun = ""
                }
                if (asks) yield* once(request.of(7, "GET_PEER", secret, authorOf(packet)))
              } else if (packet.startsWith("REQ::NTFY_KILL")) {
                presence.push("gone")
                if (asks) yield* once(request.of(7, "GET_PEER", secret, body))
              }
            }
            return { texts, presence }
          }),
          say: (said) => once(request.of(7, "MSG", secret, said)),
          peer
        }
      })
    }
  })

/** How many a line says were left out. */
const leftOut = (texts: ReadonlyArray<string>) => {
  let messages = 0
  let notices = 0
  for (const line of texts) {
    if (!/^Server: .* left out here/.test(line)) continue
    assert.include(line, "/history")
    messages += Number(/(\d+) messages?\b/.exec(line)?.[1] ?? 0)
    notices += Number(/(\d+) notices? of/.exec(line)?.[1] ?? 0)
  }
  return { messages, notices }
}

const languages: ReadonlyArray<Effect.Effect<Language>> = [
  Effect.sync(toss),
  Effect.sync(chatmaster),
  tsockm(true),
  tsockm(false)
]

/** Lets time pass in small steps, in each of which `listen` takes what was written. */
const pass = Effect.fnUntraced(function* <R>(
  millis: number,
  listen: (atMillis: number) => Effect.Effect<void, never, R>
) {
  const clock = yield* TestClock.testClockWith(Effect.succeed)
  for (let passed = 0; passed < millis; passed += 10) {
    yield* TestClock.adjust("10 millis")
    yield* turn
    yield* listen(clock.currentTimeMillisUnsafe())
  }
})

const room = (options?: Parameters<typeof Peer.layer>[0]) =>
  Peer.layer({ ...options, chat: { connectionsPerAddress: 5000, newConnectionsPerAddress: 5000, ...options?.chat } })

describe("A paced peer of ChatMaster", () => {
  it.effect("knows who is there when it has heard all that it is sent", () =>
    Effect.gen(function* () {
      const { listen, peer } = yield* chatmaster().enter("listener")
      const chat = yield* Chat
      const outlet = { deliver: () => {}, hangUp: () => {}, queuedBytes: () => 0 }
      const random = seeded(11)
      const there = new Map<string, Session>()
      for (let round = 0; round < 600; round++) {
        const name = `user${random(60)}`
        const session = there.get(name)
        if (session === undefined) there.set(name, yield* chat.login({ name, protocol: embedded, address: "", outlet }))
        else {
          yield* chat.logout(session)
          there.delete(name)
        }
        yield* pass(10, () => Effect.asVoid(listen))
      }
      yield* pass(10_000, () => Effect.asVoid(listen))
      const packages = peer.writes.flat().map((frame) => JSON.parse(text(frame)) as Package)
      const last = packages.findLast(({ data }) => data.current_users !== undefined)
      assert.deepStrictEqual(last?.data.current_users?.toSorted(), ["listener", ...there.keys()].toSorted())
      const heard = packages.filter(({ data }) => /^user_(joined|left)$/.test(data.event_type ?? "")).length
      const messages = packages.flatMap(({ data }) => (data.message === undefined ? [] : [`Server: ${data.message}`]))
      assert.isAbove(leftOut(messages).notices, 100)
      assert.strictEqual(heard + leftOut(messages).notices, 600)
    }).pipe(Effect.provide(room()))
  )
})

const isText = /^(?:\w+: )?(\d+) x+$/

describe("A paced peer that reads promptly", () => {
  for (const make of languages) {
    it.effect("is not cut when three users say long texts at the permitted rate, and hears or is told of all", () =>
      Effect.gen(function* () {
        const language = yield* make
        const listener = yield* language.enter("listener")
        const speakers = yield* Effect.forEach(["one", "two", "three"], Visitor.make)
        yield* pass(2000, () => Effect.asVoid(listener.listen))
        const saidAt: Array<number> = []
        const heard: Array<string> = []
        const delays: Array<number> = []
        const listen = Effect.fnUntraced(function* (atMillis: number) {
          const { texts } = yield* listener.listen
          heard.push(...texts)
          for (const it of texts) {
            const number = isText.exec(it)?.[1]
            if (number !== undefined) delays.push(atMillis - saidAt[Number(number)]!)
          }
        })
        const clock = yield* TestClock.testClockWith(Effect.succeed)
        for (let round = 0; round < 60; round++) {
          for (const speaker of speakers) {
            const number = `${saidAt.length} `
            saidAt.push(clock.currentTimeMillisUnsafe())
            const said = yield* Effect.result(
              speaker.run({ _tag: "Say", text: number + "x".repeat(longText - number.length) })
            )
            assert.strictEqual(said._tag, "Success", language.name)
          }
          yield* pass(500, listen)
        }
        yield* pass(15_000, listen)
        assert.deepStrictEqual((yield* Metrics).counts.hangups, {}, language.name)
        const whole = heard.filter((it) => isText.test(it))
        assert.isTrue(whole.every((it) => it.replace(/^\w+: /, "").length === longText))
        const { messages } = leftOut(heard)
        assert.strictEqual(whole.length + messages, saidAt.length, language.name)
        assert.isAbove(whole.length, 10)
        // It begins in 5 s, and takes a while: 17 packets of tsockm at up to 130 ms each.
        assert.isBelow(Math.max(...delays), 7_500, language.name)
        // Toss and ChatMaster can be sent all of it.
        if (language.name.startsWith("tsockm")) assert.isAbove(messages, 0)
      }).pipe(Effect.provide(room()))
    )

    it.effect("hears a message within seconds after 2,000 logins, and is told how many it was not told of", () =>
      Effect.gen(function* () {
        const language = yield* make
        const listener = yield* language.enter("listener")
        yield* pass(2000, () => Effect.asVoid(listener.listen))
        const chat = yield* Chat
        const outlet = { deliver: () => {}, hangUp: () => {}, queuedBytes: () => 0 }
        const all = yield* Effect.forEach(Array.from({ length: 2000 }), (_, index) =>
          chat.login({ name: `user${index}`, protocol: embedded, address: "", outlet })
        )
        const texts: Array<string> = []
        const presence: Array<string> = []
        const listen = Effect.fnUntraced(function* () {
          const heard = yield* listener.listen
          texts.push(...heard.texts)
          presence.push(...heard.presence)
        })
        yield* pass(500, listen)
        yield* chat.run(all[0]!, { _tag: "Say", text: "hello" })
        let waited = 0
        while (!texts.some((it) => it.endsWith("hello")) && waited < 60_000) {
          yield* pass(100, listen)
          waited += 100
        }
        assert.isAtMost(waited, 6000, language.name)
        yield* pass(6000, listen)
        assert.strictEqual(presence.length + leftOut(texts).notices, 2000, language.name)
        assert.strictEqual(leftOut(texts).messages, 0)
        assert.deepStrictEqual((yield* Metrics).counts.hangups, {})
      }).pipe(Effect.provide(room()))
    )

    it.effect("gets the last words of the server, whatever waits", () =>
      Effect.gen(function* () {
        const language = yield* make
        const { listen, peer } = yield* language.enter("listener")
        yield* pass(2000, () => Effect.asVoid(listen))
        const visitor = yield* Visitor.make("Visitor")
        const sessions = yield* Sessions
        for (let index = 0; index < 150; index++) yield* visitor.run({ _tag: "Say", text: `room ${index}` })
        yield* turn
        sessions.find("listener")!.outlet.hangUp(new Hangup({ reason: "killed" }))
        yield* pass(5000, () => Effect.void)
        yield* peer.over
        assert.match(text(peer.writes.at(-1)![0]!), /COMM_END|operator|killed/, language.name)
      }).pipe(Effect.provide(room({ chat: { floodRate: 0 } })))
    )

    it.effect("gets all that is for it alone, whatever else there is", () =>
      Effect.gen(function* () {
        const language = yield* make
        const listener = yield* language.enter("listener")
        yield* pass(2000, () => Effect.asVoid(listener.listen))
        const visitor = yield* Visitor.make("Visitor")
        const texts: Array<string> = []
        const listen = Effect.fnUntraced(function* () {
          texts.push(...(yield* listener.listen).texts)
        })
        for (let index = 0; index < 150; index++) {
          yield* visitor.run({ _tag: "Say", text: `room ${index}` })
          if (index % 10 === 0) yield* visitor.run({ _tag: "Say", text: `/msg listener direct ${index}` })
          if (index % 50 === 0) yield* listener.say(`own ${index}`)
          if (index % 50 === 25) yield* listener.say("/rooms")
        }
        yield* pass(60_000, listen)
        const count = (is: RegExp) => texts.filter((it) => is.test(it)).length
        assert.strictEqual(count(/\(private\) direct \d+$/), 15, language.name)
        assert.strictEqual(count(/own \d+$/), language.echoes === true ? 3 : 0, language.name)
        assert.strictEqual(count(/general/), 3, language.name)
        const { messages } = leftOut(texts)
        assert.strictEqual(count(/room \d+$/) + messages, 150, language.name)
        assert.isAbove(messages, 20)
      }).pipe(Effect.provide(room({ chat: { floodRate: 0 } })))
    )
  }
})
