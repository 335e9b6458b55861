/** Connections that end while something is under way: whole or not at all, and in the order in which the others hear it. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Scheduler, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Hangup } from "../../src/domain/Hangup.ts"
import { Metrics } from "../../src/services/Metrics.ts"
import { Directory } from "../../src/services/Directory.ts"
import { History } from "../../src/services/History.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import * as Visitor from "../../src/services/Visitor.ts"
import { Peer, type Subject } from "../../src/testing/mod.ts"
import { Connections } from "../../src/transports/Connections.ts"
import * as Subjects from "../testing/Subjects.ts"
import { turn } from "./Turn.ts"

const killed = new Hangup({ reason: "killed" })

const enter = Effect.fnUntraced(function* <In, Packet, Frame, Key extends object>(
  subject: Subject<In, Packet, Frame, Key>,
  protocol: ReturnType<typeof subject.make>,
  name: string
) {
  const peer = yield* (subject.connect ?? Peer.connect)(protocol)
  yield* peer.send(...subject.login(name))
  const welcome = yield* peer.takeUntil(subject.isWelcome)
  return { ...peer, say: (text: string) => peer.send(subject.say(text, welcome)) }
})

/** What a visitor hears of others: who says what, who comes and who goes. */
const lineOf = (event: Visitor.Heard["event"]): string | undefined => {
  if (event._tag === "Said") return `${event.message.from}: ${event.message.text}`
  return event._tag === "UserLeft" ? `${event.user.name} left` : undefined
}

const heardBy = (visitor: Visitor.Visitor, count: number) =>
  visitor.heard.pipe(
    Stream.map(({ event }) => lineOf(event)),
    Stream.filter((line) => line !== undefined),
    Stream.take(count),
    Stream.runCollect
  )

/** Has the outlet of a session do something when it is told something. */
const whenTold = (sessions: Sessions["Service"], name: string, act: () => void): void => {
  const { outlet } = sessions.find(name)!
  const { deliver } = outlet
  Object.assign(outlet, {
    deliverAll: undefined,
    deliver: (...told: Parameters<typeof deliver>) => {
      act()
      deliver.apply(outlet, told)
    }
  })
}

const verify = <In, Packet, Frame, Key extends object>(
  name: string,
  subject: Subject<In, Packet, Frame, Key>
): void => {
  it.effect(`${name}: who is killed inside the delivery of an event leaves behind that event, for everybody`, () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const protocol = subject.make()
      // The victim is told first, the third last.
      yield* enter(subject, protocol, "victim")
      const bob = yield* enter(subject, protocol, "bob")
      const third = yield* Visitor.make("third")
      yield* turn
      whenTold(sessions, "victim", () => sessions.find("victim")?.outlet.hangUp(killed))
      yield* bob.say("one")
      yield* turn
      yield* turn
      assert.isUndefined(sessions.find("victim"))
      yield* bob.say("two")
      yield* turn
      assert.deepStrictEqual(yield* heardBy(third, 3), ["bob: one", "victim left", "bob: two"])
    }).pipe(Effect.provide(Peer.layer({ chat: { floodRate: 0 } })))
  )
}

describe("a kill inside the delivery of an event", () => {
  verify("chatmaster", Subjects.chatmaster)
  verify("packet", Subjects.packet)
  verify("sockets", Subjects.sockets)
  verify("toss", Subjects.toss)
  verify("tsockm", Subjects.tsockm)
})

/** A directory whose claims are answered when the test says so. */
const heldDirectory = () => {
  const answers: Array<Deferred.Deferred<void>> = []
  const layer = Layer.effect(
    Directory,
    Effect.map(Directory, (directory) =>
      Directory.of({
        ...directory,
        claim: (claim) =>
          Effect.suspend(() => {
            const answer = Deferred.makeUnsafe<void>()
            answers.push(answer)
            return Effect.andThen(Deferred.await(answer), directory.claim(claim))
          })
      })
    )
  ).pipe(Layer.provide(Directory.layer))
  return {
    layer,
    waiting: () => answers.length,
    answer: () => {
      for (const answer of answers.splice(0)) Deferred.doneUnsafe(answer, Effect.void)
    }
  }
}

describe("a kill while something is waited for", () => {
  for (const [name, subject] of [
    ["chatmaster", Subjects.chatmaster],
    ["tsockm", Subjects.tsockm],
    ["packet", Subjects.packet]
  ] as const) {
    it.effect(`${name}: of a login whose claim is held nobody hears, and the name is free`, () => {
      const directory = heldDirectory()
      return Effect.gen(function* () {
        const { counts } = yield* Metrics
        const visiting = yield* Effect.forkChild(Visitor.make("visitor"), { startImmediately: true })
        directory.answer()
        const visitor = yield* Fiber.join(visiting)
        // oxlint-disable-next-line typescript/no-explicit-any -- each with its own frames
        const { login, make } = subject as Subject<any, any, any, any>
        const peer = yield* Peer.connect(make())
        yield* peer.send(...login("alice"))
        yield* TestClock.adjust("50 millis")
        assert.strictEqual(directory.waiting(), 1)
        yield* peer.leave
        // What is read is taken in order: the end waits for the login, so it takes somebody else to end it.
        yield* (yield* Connections).stop.pipe(Effect.forkChild({ startImmediately: true }))
        yield* peer.over
        directory.answer()
        yield* turn
        assert.strictEqual(counts.sessions, 1)
        const anew = yield* Effect.forkChild(Visitor.make("alice"), { startImmediately: true })
        directory.answer()
        yield* Fiber.join(anew)
        const came = visitor.heard.pipe(
          Stream.filter(({ event }) => event._tag === "UserJoined" || event._tag === "UserLeft"),
          Stream.map(({ event }) =>
            "user" in event && event.user !== undefined ? `${event._tag} ${(event.user as { name: string }).name}` : ""
          ),
          Stream.take(2),
          Stream.runCollect
        )
        assert.deepStrictEqual(yield* came, ["UserJoined visitor", "UserJoined alice"])
      }).pipe(Effect.provide(Peer.layer({ directory: directory.layer })))
    })
  }

  it.effect("inside a waiting step ends the wait, and nothing of the rest is carried out", () => {
    const never = Layer.effect(
      History,
      Effect.map(History, (history) => History.of({ ...history, read: () => Effect.never }))
    ).pipe(Layer.provide(History.layerMemory))
    return Effect.gen(function* () {
      const sessions = yield* Sessions
      const { counts } = yield* Metrics
      const subject = Subjects.chatmaster
      const alice = yield* enter(subject, subject.make(), "alice")
      const visitor = yield* Visitor.make("visitor")
      yield* alice.say("before")
      yield* alice.say("/history")
      yield* alice.say("behind it")
      sessions.find("alice")!.outlet.hangUp(killed)
      yield* alice.over
      assert.deepStrictEqual(counts.hangups, { killed: 1 })
      assert.deepStrictEqual(yield* heardBy(visitor, 2), ["alice: before", "alice left"])
    }).pipe(Effect.provide(Peer.layer({ history: never, chat: { floodRate: 0 } })))
  })

  it.effect("then a stop, then the end of the layer while what waits is sent: one end, one leave", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const services = yield* Layer.buildWithScope(Peer.layer(), scope)
      yield* Effect.gen(function* () {
        const sessions = yield* Sessions
        const { counts } = yield* Metrics
        const connections = yield* Connections
        const subject = Subjects.chatmaster
        const alice = yield* enter(subject, subject.make(), "alice")
        const visitor = yield* Visitor.make("visitor")
        alice.stall()
        yield* visitor.run({ _tag: "Say", text: "what waits" })
        yield* turn
        sessions.find("alice")!.outlet.hangUp(killed)
        yield* Effect.yieldNow
        yield* turn
        assert.isUndefined(sessions.find("alice"))
        assert.strictEqual(counts.connections, 1)
        const stopping = yield* Effect.forkChild(connections.stop, { startImmediately: true })
        yield* turn
        assert.strictEqual(counts.connections, 1)
        yield* Scope.close(scope, Exit.void)
        yield* alice.over
        yield* Fiber.join(stopping)
        assert.strictEqual(counts.connections, 0)
        assert.deepStrictEqual(counts.hangups, { killed: 1 })
      }).pipe(Effect.provideContext(services), Effect.scoped)
    })
  )
})

describe("many packets in one read", () => {
  for (const operations of [3, 16, 2048]) {
    it.effect(
      `a kill by somebody else ends what is carried out behind a prefix, ${operations} operations at a time`,
      () =>
        Effect.gen(function* () {
          const sessions = yield* Sessions
          const subject = Subjects.chatmaster
          const alice = yield* enter(subject, subject.make(), "alice")
          const visitor = yield* Visitor.make("visitor")
          const told: Array<string> = []
          const limit = 40
          const { outlet } = visitor.session
          const { deliver } = outlet
          Object.assign(outlet, {
            deliverAll: undefined,
            deliver: (...[event, as]: Parameters<typeof deliver>) => {
              const line = lineOf(event)
              if (line !== undefined) told.push(line)
              if (told.length === limit) sessions.find("alice")?.outlet.hangUp(killed)
              deliver.apply(outlet, [event, as])
            }
          })
          const texts = Array.from({ length: 5000 }, (_, index) => String(index))
          yield* alice.send(Buffer.concat(texts.map((text) => subject.say(text))))
          yield* alice.over
          yield* turn
          assert.strictEqual(told.at(-1), "alice left")
          const said = told.slice(0, -1)
          assert.isAtLeast(said.length, limit)
          assert.deepStrictEqual(
            said,
            texts.slice(0, said.length).map((text) => `alice: ${text}`)
          )
          if (operations < 100) assert.isBelow(said.length, 5000)
        }).pipe(
          Effect.provide(
            Peer.layer({ chat: { floodRate: 0 } }).pipe(
              Layer.provide(Layer.succeed(Scheduler.MaxOpsBeforeYield, operations))
            )
          )
        )
    )
  }
})
