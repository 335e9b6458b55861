import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Latch, Layer } from "effect"
import { TestClock } from "effect/testing"
import type { SharedEvent } from "../../src/domain/Event.ts"
import * as PacketCodec from "../../src/protocols/packet/PacketCodec.ts"
import * as PacketProtocol from "../../src/protocols/packet/PacketProtocol.ts"
import type { Request } from "../../src/protocols/packet/PacketRequest.ts"
import { Attachments } from "../../src/services/Attachments.ts"
import { Chat } from "../../src/services/Chat.ts"
import { Directory } from "../../src/services/Directory.ts"
import { History } from "../../src/services/History.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { Metrics } from "../../src/services/Metrics.ts"
import { Quota } from "../../src/services/Quota.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import { Turn } from "../../src/services/Turn.ts"
import * as Visitor from "../../src/services/Visitor.ts"
import { Connections } from "../../src/transports/Connections.ts"
import * as Datagrams from "../../src/transports/Datagrams.ts"
import { codes, type RecordingLink, tags, texts, udp } from "../protocols/packet/Links.ts"
import { utf8 } from "../protocols/packet/Wire.ts"
import { slowWrites } from "../services/ChangedAttachments.ts"
import * as HeldDirectory from "../services/HeldDirectory.ts"
import { turn } from "./Turn.ts"

const layer = (
  directory: Layer.Layer<Directory> = Directory.layer,
  limits: Partial<Limits> = {},
  attachments: Layer.Layer<Attachments> = Attachments.layerMemory
) =>
  Connections.layer.pipe(
    Layer.provideMerge(Chat.layerNoDirectory),
    Layer.provide([History.layerMemory, attachments, directory]),
    Layer.provide(Layer.succeed(Limits, { ...defaults, floodRate: 0, ...limits }))
  )

/** A server of datagrams, and what all are told. */
const serve = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const connections = yield* Connections
  const chat = yield* Chat
  let last = 0n
  const protocol = PacketProtocol.make({
    nowMillis: () => clock.currentTimeMillisUnsafe(),
    random: () => (last += 7919n)
  })
  const service = yield* connections.serve(protocol)
  const receive = yield* Datagrams.make(service)
  const events: Array<SharedEvent> = []
  chat.watch((event) => void events.push(event))
  const bring = (link: RecordingLink, ...requests: ReadonlyArray<Request>) =>
    receive(requests.map((request) => ({ link, bytes: PacketCodec.writeRequest(request) }))).pipe(
      Effect.provideService(Turn, service.context.turn),
      Effect.andThen(turn)
    )
  return { bring, events, receive, interpreter: service.interpreter }
})

const request = (name: string): Request => ({ _tag: "SessionRequest", name })
const confirm = (message: bigint): Request => ({ _tag: "IncomingMessageResponse", message })
const say = (session: bigint, text: string): Request => ({
  _tag: "BroadcastRequest",
  session,
  message: BigInt(text.length),
  blob: utf8(text)
})

const numbersOf = (link: RecordingLink) => {
  const [cookie, greeting] = link.sent()
  if (cookie?._tag !== "SessionCookie" || greeting?._tag !== "IncomingMessage") {
    return assert.fail("Expected a cookie and a greeting")
  }
  return { user: Number(cookie.user), session: cookie.session, greeting: greeting.message }
}

describe("a session request in a datagram", () => {
  it.effect("of anybody takes no name and no place, is told to nobody, and leaves nothing, however many come", () =>
    Effect.gen(function* () {
      const { bring, events, interpreter, receive } = yield* serve
      const { counts } = yield* Metrics
      const sessions = yield* Sessions
      const quota = yield* Quota
      const payloads = Array.from({ length: 20_000 }, (_, index) => ({
        link: udp(index % 60_000, `203.${index >> 8}.1.${index & 255}`),
        bytes: PacketCodec.writeRequest(request(`spoofed ${index}`))
      }))
      yield* receive(payloads)
      yield* turn
      assert.deepStrictEqual([sessions.count(), counts.sessions, counts.logins, quota.count()], [0, 0, 0, 0])
      assert.deepStrictEqual([events, interpreter.pendingCount], [[], 0])
      // Their names are everybody's, and whoever is there is logged in.
      const visitor = yield* Visitor.make("spoofed 19999")
      const link = udp(1, "192.0.2.1")
      yield* bring(link, request("spoofed 19998"))
      const { greeting } = numbersOf(link)
      yield* bring(link, confirm(greeting))
      assert.strictEqual(sessions.count(), 2)
      assert.strictEqual(quota.count(), 1)
      yield* visitor.run({ _tag: "Say", text: "hello" })
      yield* turn
      assert.deepStrictEqual(texts(link.sent()), ["hello"])
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )

  it.effect("makes a user of the number in its cookie, which nobody else gets", () =>
    Effect.gen(function* () {
      const { bring, events } = yield* serve
      const sessions = yield* Sessions
      const [here, there] = [udp(1), udp(2)]
      yield* bring(here, request("ada"))
      yield* bring(there, request("bob"))
      const [ada, bob] = [numbersOf(here), numbersOf(there)]
      const visitor = yield* Visitor.make("visitor")
      yield* bring(there, confirm(bob.greeting))
      yield* bring(here, confirm(ada.greeting))
      const numbers = Array.from(sessions.all(), ({ name, number }) => [name, number])
      assert.deepStrictEqual(numbers, [
        ["visitor", sessions.find("visitor")!.number],
        ["bob", bob.user],
        ["ada", ada.user]
      ] as never)
      assert.strictEqual(new Set(numbers.map(([, number]) => number)).size, 3)
      // The number was given before, and the order is still that of the logins.
      assert.isTrue(ada.user < bob.user && bob.user < sessions.find("visitor")!.number)
      const joined = events.findLast((event) => event._tag === "UserJoined")
      assert.deepStrictEqual(joined?.members, ["visitor", "bob", "ada"] as never)
      yield* visitor.run({ _tag: "Tell", to: ada.user, text: "psst" })
      yield* turn
      assert.deepStrictEqual([texts(here.sent()), texts(there.sent())], [["psst"], []])
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )

  it.effect("loses its name to whoever comes before it is proven", () =>
    Effect.gen(function* () {
      const { bring } = yield* serve
      const sessions = yield* Sessions
      const link = udp(1)
      yield* bring(link, request("ada"))
      const { greeting, session } = numbersOf(link)
      const visitor = yield* Visitor.make("ADA")
      yield* bring(link, say(session, "hello"), confirm(greeting))
      const errors = link.sent()
      assert.deepStrictEqual(
        [codes(errors), tags(errors)],
        [
          [3, 3],
          ["Error", "Error"]
        ]
      )
      assert.isTrue(errors.every((error) => error._tag === "Error" && error.requestType === 1))
      yield* bring(link, request("ada"))
      assert.deepStrictEqual(codes(link.sent()), [3])
      assert.deepStrictEqual([sessions.count(), sessions.find("ada")?.name], [1, "ADA" as never])
      assert.isDefined(visitor)
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )

  it.effect("is refused at once where its address is banned, or the server is full", () =>
    Effect.gen(function* () {
      const { bring } = yield* serve
      const { ban } = yield* Quota
      const sessions = yield* Sessions
      ban("192.0.2.1", Infinity)
      const [banned, other] = [udp(1, "192.0.2.1"), udp(1)]
      yield* bring(banned, request("ada"))
      assert.deepStrictEqual(codes(banned.sent()), [13])
      yield* Visitor.make("visitor")
      yield* bring(other, request("a name that is long enough"))
      assert.deepStrictEqual(codes(other.sent()), [11])
      assert.strictEqual(sessions.count(), 1)
    }).pipe(Effect.scoped, Effect.provide(layer(Directory.layer, { sessionLimit: 1 })))
  )

  it.effect("is forgotten after 30 seconds, and a session that it has become is not", () =>
    Effect.gen(function* () {
      const { bring } = yield* serve
      const sessions = yield* Sessions
      const [here, there] = [udp(1), udp(2)]
      yield* bring(here, request("ada"))
      yield* bring(there, request("bob"))
      const [ada, bob] = [numbersOf(here), numbersOf(there)]
      yield* TestClock.adjust("29 seconds")
      yield* bring(there, confirm(bob.greeting))
      yield* TestClock.adjust("1 second")
      yield* bring(here, confirm(ada.greeting))
      assert.deepStrictEqual(
        Array.from(sessions.all(), ({ name }) => name as string),
        ["bob"]
      )
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )
})

it.effect("what has proven a session is carried out before what comes behind it, however long it takes", () => {
  const latch = Latch.makeUnsafe()
  return Effect.gen(function* () {
    const { bring, events, interpreter } = yield* serve
    const [here, there] = [udp(1), udp(2)]
    for (const link of [here, there]) yield* bring(link, request(link.id))
    const [ada, bob] = [numbersOf(here), numbersOf(there)]
    yield* bring(here, { _tag: "UploadRequest", session: ada.session, sizeBytes: 2, name: "a.bin" })
    yield* bring(here, say(ada.session, "1"), say(ada.session, "22"))
    yield* bring(there, say(bob.session, "333"))
    const said = () => events.flatMap((event) => (event._tag === "Said" ? [event.message.text] : []))
    assert.deepStrictEqual(said(), ["333"])
    yield* latch.open
    yield* Effect.repeat(turn, { until: () => interpreter.pendingCount === 0 })
    assert.deepStrictEqual(said(), ["333", "1", "22"])
    const answers = tags(here.sent()).filter((tag) => tag !== "IncomingMessage")
    assert.deepStrictEqual(answers, ["TransferResponse", "BroadcastResponse", "BroadcastResponse"])
  }).pipe(Effect.scoped, Effect.provide(layer(Directory.layer, {}, slowWrites(Effect.void, latch.await))))
})

describe("a session whose name is claimed on another machine", () => {
  const names = Effect.map(Sessions, ({ all }) => Array.from(all(), ({ name }) => name as string))

  it.effect("is logged in before what has proven it and what comes meanwhile, in order", () => {
    const held = HeldDirectory.make()
    return Effect.gen(function* () {
      const { bring, events, interpreter } = yield* serve
      const [here, there] = [udp(1), udp(2)]
      yield* bring(here, request("ada"), request("ada"))
      assert.deepStrictEqual([here.sent(), interpreter.pendingCount], [[], 2])
      held.arrive()
      yield* turn
      const [cookie, , again] = here.sent()
      assert.deepStrictEqual(again, cookie)
      if (cookie?._tag !== "SessionCookie") return assert.fail("Expected a cookie")
      const { session } = cookie
      yield* bring(here, say(session, "1"), say(session, "22"), request("ada"))
      yield* bring(there, say(session, "333"), { _tag: "SessionPreserve", session })
      assert.deepStrictEqual(here.sent(), [cookie])
      assert.deepStrictEqual([there.sent(), yield* names, events], [[], [], []])
      held.arrive()
      yield* turn
      assert.deepStrictEqual(yield* names, ["ada"])
      assert.deepStrictEqual(
        events.map((event) => (event._tag === "Said" ? event.message.text : event._tag)),
        ["UserJoined", "1", "22", "333"]
      )
      // It has moved before the answers to what came first were there.
      assert.deepStrictEqual(here.sent(), [])
      assert.deepStrictEqual(tags(there.sent()).toSorted(), ["BroadcastResponse", "SessionCookie"])
      assert.strictEqual(interpreter.pendingCount, 0)
    }).pipe(Effect.scoped, Effect.provide(layer(held.layer)))
  })

  it.effect("is told that the name has gone, and none of what came is carried out", () => {
    const held = HeldDirectory.make()
    return Effect.gen(function* () {
      const { bring, events } = yield* serve
      const [here, there] = [udp(1), udp(2)]
      yield* bring(here, request("ada"))
      yield* bring(there, request("ADA"))
      held.arrive()
      yield* turn
      const [ada, eve] = [numbersOf(here), numbersOf(there)]
      yield* bring(there, confirm(eve.greeting))
      yield* bring(here, say(ada.session, "1"), say(ada.session, "22"))
      held.arrive()
      yield* turn
      assert.deepStrictEqual([codes(here.sent()), there.sent(), yield* names], [[3], [], ["ADA"]])
      assert.deepStrictEqual(
        events.map(({ _tag }) => _tag),
        ["UserJoined"]
      )
      yield* bring(here, say(ada.session, "333"))
      assert.deepStrictEqual(codes(here.sent()), [3])
    }).pipe(Effect.scoped, Effect.provide(layer(held.layer)))
  })

  it.effect("gets its cookie when its request comes again while its own name is asked for", () => {
    const held = HeldDirectory.make()
    return Effect.gen(function* () {
      const { bring } = yield* serve
      const link = udp(1)
      yield* bring(link, request("ada"))
      held.arrive()
      yield* turn
      const { greeting, session, user } = numbersOf(link)
      // The login is the first to arrive.
      const isThere = bring(link, request("ada"))
      yield* bring(link, confirm(greeting))
      yield* isThere
      held.arrive()
      yield* turn
      assert.deepStrictEqual(link.sent(), [{ _tag: "SessionCookie", user: BigInt(user), session }])
      // And the other way round.
      const other = udp(2)
      yield* bring(other, request("bob"))
      held.arrive()
      yield* turn
      const bob = numbersOf(other)
      yield* bring(other, request("bob"), confirm(bob.greeting))
      held.arrive()
      yield* turn
      assert.deepStrictEqual(tags(other.sent()), ["SessionCookie"])
      assert.deepStrictEqual(yield* names, ["ada", "bob"])
    }).pipe(Effect.scoped, Effect.provide(layer(held.layer)))
  })
})
