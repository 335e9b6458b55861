/**
 * What every protocol must do, as tests that run against any of them.
 *
 * One call per protocol: `conformance(it.effect, subject)`. It depends on no test runner; `test` is whatever registers an
 * effect under a name and runs it with a TestClock.
 */
import { Effect, Fiber, Option, type Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Metrics } from "../services/Metrics.ts"
import { Sessions } from "../services/Sessions.ts"
import * as Visitor from "../services/Visitor.ts"
import { Connections } from "../transports/Connections.ts"
import * as ByteConformance from "./ByteConformance.ts"
import { check, equal, type Failure } from "./ConformanceFailure.ts"
import * as Peer from "./Peer.ts"
import * as Samples from "./Samples.ts"
import type { Connect, Subject } from "./Subject.ts"

/** Registers a test, as `it.effect` does. */
export type Test = (name: string, run: () => Effect.Effect<void, Failure, Scope.Scope>) => void

const isOfBytes = <In, Packet, Frame, Key extends object>(
  subject: Subject<In, Packet, Frame, Key>
): subject is Subject<In, Packet, Frame, Key> & ByteConformance.ByteSubject<Packet, Key> =>
  subject.say("x") instanceof Uint8Array

/** Registers the tests of a protocol. */
export const conformance = <In, Packet, Frame, Key extends object>(
  test: Test,
  subject: Subject<In, Packet, Frame, Key>
): void => {
  const { name } = subject.make()
  const connect: Connect<In, Packet, Frame, Key> = subject.connect ?? Peer.connect
  // No allowance is used up and nothing is paced, so that one test says one thing.
  const calm = { chat: { floodRate: 0 } }

  const verify = (
    title: string,
    run: Effect.Effect<void, Failure, Peer.Provided | Scope.Scope>,
    limits: Parameters<typeof Peer.layer>[0] = calm
  ): void => test(`${name} ${title}`, () => run.pipe(Effect.provide(Peer.layer(limits))))

  const enter = Effect.fnUntraced(function* (protocol: ReturnType<typeof subject.make>, user: string) {
    const peer = yield* connect(protocol)
    yield* peer.send(...subject.login(user))
    const welcome = yield* peer.takeUntil(subject.isWelcome)
    const say = (...texts: ReadonlyArray<string>) => peer.send(...texts.map((text) => subject.say(text, welcome)))
    return { ...peer, say }
  })

  const hear = (peer: Peer.Peer<In, Frame>, from: string): Effect.Effect<string, Peer.PeerGone> =>
    Effect.map(
      peer.takeUntil((frame) => subject.heard(frame)?.from === from),
      (frame) => subject.heard(frame)!.text
    )

  // The texts that a visitor hears from a user, the first `count` of them.
  const said = (visitor: Visitor.Visitor, from: string, count: number): Effect.Effect<ReadonlyArray<string>> =>
    visitor.heard.pipe(
      Stream.map(({ event }) =>
        event._tag === "Said" && event.message.from === from ? event.message.text : undefined
      ),
      Stream.filter((text) => text !== undefined),
      Stream.take(count),
      Stream.runCollect
    )

  verify(
    "carries every text as one message, unforged and in plain text, both ways, and does not echo it unless to confirm it",
    Effect.gen(function* () {
      const protocol = subject.make()
      const alice = yield* enter(protocol, "alice")
      const bob = yield* enter(protocol, "bob")
      const visitor = yield* Visitor.make("Visitor")
      for (const { heard, said } of Samples.texts) {
        yield* alice.say(said)
        yield* equal(yield* hear(bob, "alice"), heard)
        yield* visitor.run({ _tag: "Say", text: said, isLiteral: true })
        yield* equal(yield* hear(alice, "Visitor"), heard)
      }
      const heard = Samples.texts.map((text) => text.heard)
      yield* equal(yield* said(visitor, "alice", heard.length), heard)
      const echoes = alice.writes.flat().filter((frame) => subject.heard(frame)?.from === "alice")
      yield* equal(echoes.length, subject.confirms === true ? Samples.texts.length : 0)
    })
  )

  verify(
    "refuses a name in use, also a look-alike of it, and lets the peer try again",
    Effect.gen(function* () {
      const protocol = subject.make()
      yield* enter(protocol, "alice")
      const second = yield* connect(protocol)
      for (const name of ["alice", "ALICE", "Server", ""]) {
        yield* second.send(...subject.login(name))
        yield* second.takeUntil(subject.isRefusal)
      }
      yield* second.send(...subject.login("bob"))
      yield* second.takeUntil(subject.isWelcome)
    })
  )

  verify(
    "gives one of five simultaneous claims the name",
    Effect.gen(function* () {
      const protocol = subject.make()
      const peers = yield* Effect.forEach(Array.from({ length: 5 }), () => connect(protocol))
      yield* Effect.forEach(peers, (peer) => peer.send(...subject.login("alice")), { concurrency: "unbounded" })
      const answers = yield* Effect.forEach(peers, (peer) =>
        peer.takeUntil((frame) => subject.isWelcome(frame) || subject.isRefusal(frame))
      )
      yield* equal(answers.filter(subject.isWelcome).length, 1)
    })
  )

  verify(
    "delivers nothing of a peer that has not logged in",
    Effect.gen(function* () {
      const protocol = subject.make()
      const visitor = yield* Visitor.make("Visitor")
      const stranger = yield* connect(protocol)
      yield* stranger.send(subject.say("let me in"))
      yield* stranger.takeUntil(subject.isRefusal)
      const alice = yield* enter(protocol, "alice")
      yield* alice.say("first")
      const first = visitor.heard.pipe(
        Stream.filter(({ event }) => event._tag === "Said"),
        Stream.runHead
      )
      const event = (yield* first).pipe(Option.getOrUndefined)?.event
      yield* equal(event?._tag === "Said" && event.message.text, "first")
    })
  )

  verify(
    "frees the name when the peer goes, and tells the others once",
    Effect.gen(function* () {
      const protocol = subject.make()
      const visitor = yield* Visitor.make("Visitor")
      const alice = yield* enter(protocol, "alice")
      yield* alice.leave
      yield* alice.over
      yield* enter(protocol, "alice")
      const moves = yield* visitor.heard.pipe(
        Stream.filter(({ event }) => event._tag === "UserJoined" || event._tag === "UserLeft"),
        Stream.map(({ event }) => event._tag),
        Stream.take(4),
        Stream.runCollect
      )
      // The first is the visitor's own.
      yield* equal(moves, ["UserJoined", "UserJoined", "UserLeft", "UserJoined"])
    })
  )

  verify(
    "keeps the order of many messages",
    Effect.gen(function* () {
      const protocol = subject.make()
      const visitor = yield* Visitor.make("Visitor")
      const alice = yield* enter(protocol, "alice")
      const texts = Array.from({ length: 100 }, (_, index) => `message ${index}`)
      yield* alice.say(...texts)
      yield* equal(yield* said(visitor, "alice", 100), texts)
    })
  )

  if (isOfBytes(subject)) ByteConformance.byteConformance(verify, subject, said)

  verify(
    "answers junk without effect on others",
    Effect.gen(function* () {
      const protocol = subject.make()
      const alice = yield* enter(protocol, "alice")
      const bob = yield* enter(protocol, "bob")
      for (const junk of subject.junk) {
        const mallory = yield* connect(protocol)
        yield* mallory.send(junk)
        yield* mallory.takeUntil(subject.isRefusal)
        yield* alice.say("still here")
        yield* equal(yield* hear(bob, "alice"), "still here")
        yield* mallory.leave
        yield* mallory.over
      }
    })
  )

  verify(
    "ends a connection that has not logged in after 15 seconds",
    Effect.gen(function* () {
      const protocol = subject.make()
      const peer = yield* connect(protocol)
      const metrics = yield* Metrics
      yield* TestClock.adjust("14 seconds")
      yield* equal(metrics.counts.connections, 1)
      yield* TestClock.adjust("1 second")
      yield* Effect.all([peer.over, TestClock.adjust("5 seconds")], { concurrency: "unbounded" })
      yield* equal(metrics.counts.hangups, { "login-timeout": 1 })
    })
  )

  verify(
    "ends a peer that does not read, and delivers everything to the others",
    Effect.gen(function* () {
      const protocol = subject.make()
      const stuck = yield* enter(protocol, "stuck")
      const bob = yield* enter(protocol, "bob")
      const visitor = yield* Visitor.make("Visitor")
      const metrics = yield* Metrics
      stuck.stall()
      const text = "x".repeat(4000)
      for (let round = 0; round < 300; round++) {
        yield* visitor.run({ _tag: "Say", text })
        yield* equal(yield* hear(bob, "Visitor"), text)
      }
      yield* stuck.over
      yield* equal(metrics.counts.hangups, { slow: 1 })
    })
  )

  verify(
    "tells its peers that the server stops, and ends them also when they do not read",
    Effect.gen(function* () {
      const protocol = subject.make()
      const alice = yield* enter(protocol, "alice")
      const stuck = yield* enter(protocol, "stuck")
      const visitor = yield* Visitor.make("Visitor")
      stuck.stall()
      yield* visitor.run({ _tag: "Say", text: "before the end" })
      yield* hear(alice, "Visitor")
      const connections = yield* Connections
      const told = alice.writes.length
      const stopping = yield* Effect.forkScoped(connections.stop)
      yield* alice.over
      yield* check(alice.writes.length > told, () => "nothing was said before the end")
      yield* TestClock.adjust("4 seconds")
      yield* Fiber.join(stopping)
      yield* stuck.over
    })
  )

  if (subject.make().exchange !== undefined) {
    verify(
      "delivers every event, for whoever did it and whoever saw it",
      Effect.gen(function* () {
        const alice = yield* enter(subject.make(), "alice")
        const { outlet } = (yield* Sessions).find("alice")!
        for (const event of [...Samples.personalEvents, ...Samples.sharedEvents]) {
          yield* Effect.yieldNow
          const before = alice.writes.length
          outlet.deliver(event, "actor")
          outlet.deliver(event, "witness")
          if (event._tag === "Said") yield* alice.takeUntil(() => alice.writes.length > before)
        }
      })
    )
    return
  }

  test(`${name} renders every event, for whoever did it and whoever saw it`, () =>
    Effect.gen(function* () {
      const protocol = subject.make()
      for (let variant = 0; variant < protocol.variants; variant++) {
        for (const event of Samples.sharedEvents) {
          const seen = protocol.render(event, "witness", variant)
          protocol.render(event, "actor", variant)
          yield* check(event._tag !== "Said" || seen.length > 0, () => `nothing is told of ${JSON.stringify(event)}`)
          for (const frame of seen) yield* check(protocol.sizeBytes(frame) > 0, () => "a frame counts for nothing")
        }
      }
      for (const event of Samples.personalEvents) protocol.converse().present(event)
    }))
}
