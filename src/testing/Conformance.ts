/**
 * What every protocol must do, as tests that run against any of them.
 *
 * One call per protocol: `conformance(it.effect, subject)`. It depends on no test runner; `test` is whatever registers an
 * effect under a name and runs it with a TestClock.
 */
import { Effect, Fiber, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Metrics } from "../services/Metrics.ts"
import { Sessions } from "../services/Sessions.ts"
import * as Visitor from "../services/Visitor.ts"
import { Connections } from "../transports/Connections.ts"
import * as ByteConformance from "./ByteConformance.ts"
import { check, equal } from "./ConformanceFailure.ts"
import * as Deadline from "./Deadline.ts"
import * as FrameText from "./FrameText.ts"
import * as Samples from "./Samples.ts"
import * as Stage from "./Stage.ts"
import type { Subject } from "./Subject.ts"

const isOfBytes = <In, Packet, Frame, Key extends object>(
  subject: Subject<In, Packet, Frame, Key>
): subject is Subject<In, Packet, Frame, Key> & ByteConformance.ByteSubject<Packet, Key> =>
  subject.say("x") instanceof Uint8Array

/**
 * Registers the tests of a protocol.
 *
 * What a test waits for and does not get fails it as {@link Deadline.within} does; a failure says what its peers were sent.
 */
export const conformance = <In, Packet, Frame, Key extends object>(
  test: Stage.Test,
  subject: Subject<In, Packet, Frame, Key>
): void => {
  const { name } = subject.make()
  const { carries = () => true, heardAs = (text: string) => text } = subject
  const verify = Stage.verifier(test, subject)

  verify(
    "carries every text as one message, unforged and in plain text, both ways, and does not echo it unless to confirm it",
    Effect.fnUntraced(function* ({ enter, said }) {
      const protocol = subject.make()
      const alice = yield* enter(protocol, "alice")
      const bob = yield* enter(protocol, "bob")
      const visitor = yield* Visitor.make("Visitor")
      const sayable: Array<string> = []
      for (const { heard, said } of Samples.texts) {
        if (carries(said)) {
          sayable.push(heard)
          yield* alice.say(said)
          yield* equal(yield* bob.hear("alice"), heardAs(heard))
        } else yield* check(said.includes("\n"), () => `a client cannot say ${JSON.stringify(said)}`)
        yield* visitor.run({ _tag: "Say", text: said, isLiteral: true })
        yield* equal(yield* alice.hear("Visitor"), heardAs(heard))
      }
      yield* equal(yield* said(visitor, "alice", sayable.length), sayable)
      const echoes = alice.frames().filter((frame) => subject.heard(frame)?.from === "alice")
      yield* equal(echoes.length, subject.confirms === true ? sayable.length : 0)
    })
  )

  verify(
    "refuses a name in use, also a look-alike of it, and lets the peer try again",
    Effect.fnUntraced(function* ({ connect, enter }) {
      const protocol = subject.make()
      yield* enter(protocol, "alice")
      const second = yield* connect(protocol, "the second")
      for (const name of ["alice", "ALICE", "Server", ""]) {
        yield* second.send(...subject.login(name))
        yield* second.takeUntil(subject.isRefusal, `the refusal of the name ${JSON.stringify(name)}`)
      }
      yield* second.send(...subject.login("bob"))
      yield* second.takeUntil(subject.isWelcome, "the welcome")
    })
  )

  verify(
    "gives one of five simultaneous claims the name",
    Effect.fnUntraced(function* ({ connect }) {
      const protocol = subject.make()
      const peers = yield* Effect.forEach(Array.from({ length: 5 }), () => connect(protocol))
      yield* Effect.forEach(peers, (peer) => peer.send(...subject.login("alice")), { concurrency: "unbounded" })
      const answers = yield* Effect.forEach(peers, (peer) =>
        peer.takeUntil((frame) => subject.isWelcome(frame) || subject.isRefusal(frame), "the answer to the login")
      )
      yield* equal(answers.filter(subject.isWelcome).length, 1)
    })
  )

  verify(
    "delivers nothing of a peer that has not logged in",
    Effect.fnUntraced(function* ({ connect, enter }) {
      const protocol = subject.make()
      const visitor = yield* Visitor.make("Visitor")
      const stranger = yield* connect(protocol, "the stranger")
      yield* stranger.send(subject.say("let me in"))
      if (subject.stranger !== null) yield* stranger.takeUntil(subject.isRefusal, "the refusal of what a stranger says")
      const alice = yield* enter(protocol, "alice")
      yield* alice.say("first")
      const first = visitor.heard.pipe(
        Stream.filter(({ event }) => event._tag === "Said"),
        Stream.runHead
      )
      const event = Option.getOrUndefined(yield* Deadline.within(first, () => "the first message"))?.event
      yield* equal(event?._tag === "Said" && event.message.text, "first")
    })
  )

  verify(
    "frees the name when the peer goes, and tells the others once",
    Effect.fnUntraced(function* ({ enter }) {
      const protocol = subject.make()
      const visitor = yield* Visitor.make("Visitor")
      const alice = yield* enter(protocol, "alice")
      yield* alice.leave
      yield* alice.over
      yield* enter(protocol, "alice")
      const moves = visitor.heard.pipe(
        Stream.filter(({ event }) => event._tag === "UserJoined" || event._tag === "UserLeft"),
        Stream.map(({ event }) => event._tag),
        Stream.take(4),
        Stream.runCollect
      )
      // The first is the visitor's own.
      yield* equal(yield* Deadline.within(moves, () => "the news of who came and went"), [
        "UserJoined",
        "UserJoined",
        "UserLeft",
        "UserJoined"
      ])
    })
  )

  verify(
    "keeps the order of many messages",
    Effect.fnUntraced(function* ({ enter, said }) {
      const protocol = subject.make()
      const visitor = yield* Visitor.make("Visitor")
      const alice = yield* enter(protocol, "alice")
      const texts = Array.from({ length: 100 }, (_, index) => `message ${index}`)
      yield* alice.say(...texts)
      yield* equal(yield* said(visitor, "alice", 100), texts)
    })
  )

  if (isOfBytes(subject)) ByteConformance.byteConformance(test, subject)

  verify(
    "answers junk without effect on others",
    Effect.fnUntraced(function* ({ connect, enter }) {
      const protocol = subject.make()
      const alice = yield* enter(protocol, "alice")
      const bob = yield* enter(protocol, "bob")
      for (const junk of subject.junk) {
        const mallory = yield* connect(protocol, "mallory")
        yield* mallory.send(junk)
        yield* mallory.takeUntil(subject.isRefusal, `the refusal of ${FrameText.describe(junk)}`)
        yield* alice.say("still here")
        yield* equal(yield* bob.hear("alice"), "still here")
        yield* mallory.leave
        yield* mallory.over
      }
    })
  )

  verify(
    "ends a connection that has not logged in after 15 seconds",
    Effect.fnUntraced(function* ({ connect }) {
      const protocol = subject.make()
      const peer = yield* connect(protocol)
      const metrics = yield* Metrics
      yield* TestClock.adjust("14 seconds")
      yield* equal(metrics.counts.connections, 1)
      yield* TestClock.adjust("1 second")
      yield* TestClock.adjust("5 seconds")
      yield* peer.over
      yield* equal(metrics.counts.hangups, { "login-timeout": 1 })
    })
  )

  verify(
    "ends a peer that does not read, and delivers everything to the others",
    Effect.fnUntraced(function* ({ enter }) {
      const protocol = subject.make()
      const stuck = yield* enter(protocol, "stuck")
      const bob = yield* enter(protocol, "bob")
      const visitor = yield* Visitor.make("Visitor")
      const metrics = yield* Metrics
      stuck.stall()
      const text = "x".repeat(4000)
      for (let round = 0; round < 300; round++) {
        yield* visitor.run({ _tag: "Say", text })
        yield* equal(yield* bob.hear("Visitor"), text)
      }
      yield* stuck.over
      yield* equal(metrics.counts.hangups, { slow: 1 })
    })
  )

  verify(
    "tells its peers that the server stops, and ends them also when they do not read",
    Effect.fnUntraced(function* ({ enter }) {
      const protocol = subject.make()
      const alice = yield* enter(protocol, "alice")
      const stuck = yield* enter(protocol, "stuck")
      const visitor = yield* Visitor.make("Visitor")
      stuck.stall()
      yield* visitor.run({ _tag: "Say", text: "before the end" })
      yield* alice.hear("Visitor")
      const connections = yield* Connections
      const told = alice.frames().length
      const stopping = yield* Effect.forkScoped(connections.stop)
      yield* alice.over
      yield* check(alice.frames().length > told, () => "nothing was said before the end")
      yield* TestClock.adjust("4 seconds")
      yield* Deadline.within(Fiber.join(stopping), () => "the end of all connections")
      yield* stuck.over
    })
  )

  if (subject.make().exchange !== undefined) {
    verify(
      "delivers every event, for whoever did it and whoever saw it",
      Effect.fnUntraced(function* ({ enter }) {
        const alice = yield* enter(subject.make(), "alice")
        const { outlet } = (yield* Sessions).find("alice")!
        for (const event of [...Samples.personalEvents, ...Samples.sharedEvents]) {
          yield* Effect.yieldNow
          const before = alice.frames().length
          outlet.deliver(event, "actor")
          outlet.deliver(event, "witness")
          if (event._tag === "Said") yield* alice.takeUntil(() => alice.frames().length > before, JSON.stringify(event))
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
