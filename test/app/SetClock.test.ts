/**
 * The time of the day is set back and forward by ten minutes under everything that the server does: all of it happens when
 * it happens if nobody sets it, to the step.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Protocols from "../../src/app/Protocols.ts"
import * as PacketCodec from "../../src/protocols/packet/PacketCodec.ts"
import { Metrics } from "../../src/services/Metrics.ts"
import { Deadline, LossyNetwork, Peer, SkewedClock, type Subject } from "../../src/testing/mod.ts"
import * as Subjects from "../testing/Subjects.ts"
import { response } from "../protocols/packet/Links.ts"

const stepMillis = 50
const steps = 50_000 / stepMillis

/** By how much the clock is set, by step. */
type Sets = Readonly<Record<number, number>>

const never: Sets = {}
const tenMinutes = 600_000
/** Back and forward, while people log in, within a burst, while frames wait, and before time-outs are over. */
const often: Sets = {
  0: -tenMinutes,
  31: tenMinutes,
  64: -tenMinutes,
  205: -tenMinutes,
  207: 2 * tenMinutes,
  302: -tenMinutes,
  500: tenMinutes
}

/** Waits for something while time passes. */
const passing = <A, E, R>(effect: Effect.Effect<A, E, R>) => Deadline.within(effect, () => "it", "5 seconds")

/** What is to be seen behind a step. */
interface Happened {
  readonly connections: number
  readonly hangups: object
  readonly messages: number
  readonly rejections: number
  readonly sessions: number
  readonly alice: number
  readonly bob: number
  readonly mute: number
}

/** What happens, step by step, if two talk, one does not log in and one does not read. */
const transcript = <In, Packet, Frame, Key extends object>(
  subject: Subject<In, Packet, Frame, Key>,
  make: Effect.Effect<ReturnType<typeof subject.make>>,
  sets: Sets
) =>
  SkewedClock.use((clock) =>
    Effect.gen(function* () {
      const protocol = yield* make
      const { counts } = yield* Metrics
      const enter = Effect.fnUntraced(function* (name: string) {
        const peer = yield* (subject.connect ?? Peer.connect)(protocol)
        const welcome = yield* passing(
          Effect.andThen(peer.send(...subject.login(name)), peer.takeUntil(subject.isWelcome))
        )
        return { ...peer, writes: peer.writes, say: (text: string) => peer.send(subject.say(text, welcome)) }
      })
      clock.set(sets[0] ?? 0)
      const mute = yield* Peer.connect(protocol)
      const [alice, bob, deaf] = [yield* enter("alice"), yield* enter("bob"), yield* enter("deaf")]
      const happened: Array<Happened> = []
      for (let step = 1; step < steps; step++) {
        clock.set(sets[step] ?? 0)
        // A burst, as many as may come each second, and more than may come.
        if (step > 60 && step % 10 === 0 && step < 500) yield* alice.say(`hello ${step}`)
        if (step === 60 || step === 700) for (let count = 0; count < 8; count++) yield* alice.say(`burst ${count}`)
        if (step === 300) deaf.stall()
        yield* TestClock.adjust(stepMillis)
        const { connections, hangups, messages, rejections, sessions } = counts
        happened.push({
          connections,
          hangups: { ...hangups },
          messages,
          rejections,
          sessions,
          alice: alice.writes.length,
          bob: bob.writes.length,
          mute: mute.writes.length
        })
      }
      return happened
    }).pipe(Effect.provide(Peer.layer()))
  )

describe("When the time of the day is set", () => {
  const verify = <In, Packet, Frame, Key extends object>(
    subject: Subject<In, Packet, Frame, Key>,
    make: () => Effect.Effect<ReturnType<typeof subject.make>>
  ): void => {
    it.effect(`${subject.make().name} goes on as if it were not`, () =>
      Effect.gen(function* () {
        const made = make()
        const expected = yield* transcript(subject, made, never)
        const last = expected.at(-1)!
        assert.isAtLeast(last.messages, 50)
        assert.isAtLeast(last.rejections, 3)
        assert.isAtLeast(last.bob, 50)
        assert.containsAllKeys(last.hangups, ["login-timeout"])
        assert.isBelow(last.connections, expected[0]!.connections - 1)
        assert.deepStrictEqual(yield* transcript(subject, made, often), expected)
      })
    )
  }
  verify(Subjects.toss, Protocols.toss)
  verify(Subjects.tsockm, Protocols.tsockm)
  verify(Subjects.chatmaster, Protocols.chatmaster)
  verify(Subjects.packet, Protocols.packet)
  verify(Subjects.sockets, () => Protocols.sockets)

  /** All datagrams of three sessions: one talks, one confirms nothing, one says nothing. */
  const datagrams = (sets: Sets): Effect.Effect<ReadonlyArray<string>, never, Scope.Scope> =>
    SkewedClock.use((clock) =>
      Effect.gen(function* () {
        const { counts } = yield* Metrics
        const conditions = { loss: 0, duplication: 0, reordering: 0, latencyMillis: 10, jitterMillis: 0, lateMillis: 1 }
        const network = yield* LossyNetwork.make(yield* Protocols.packet(), { seed: 1, conditions })
        const sessions: Array<string> = []
        const enter = Effect.fnUntraced(function* (name: string) {
          const received: Array<Uint8Array> = []
          const address = `192.0.2.1:${4000 + name.length}`
          const peer = network.join(address, (bytes) => void received.push(bytes))
          for (const bytes of Subjects.packet.login(name)) peer.send(bytes)
          yield* TestClock.adjust(stepMillis)
          const welcome = received.find(Subjects.packet.isWelcome)!
          const cookie = response(welcome)
          // An address has to show that it has got the cookie, or it is sent little.
          if (cookie._tag === "SessionCookie") {
            peer.send(PacketCodec.writeRequest({ _tag: "SessionPreserve", session: cookie.session }))
          }
          return { say: (text: string) => peer.send(Subjects.packet.say(text, welcome)) }
        })
        const [alice] = [yield* enter("alice"), yield* enter("bob"), yield* enter("silent")]
        for (let step = 1; step < steps; step++) {
          clock.set(sets[step] ?? 0)
          if (step % 100 === 0 && step < 500) alice.say(`hello ${step}`)
          yield* TestClock.adjust(stepMillis)
          sessions.push(`${step} ${counts.sessions}`)
        }
        assert.deepStrictEqual(network.defects, [])
        return [...network.trace.map((it) => `${it.atMillis} ${it.direction} ${it.address}`), ...sessions]
      }).pipe(Effect.provide(Peer.layer()))
    )

  it.effect("packet sends again over datagrams, and ends sessions, as if it were not", () =>
    Effect.gen(function* () {
      const expected = yield* datagrams(never)
      assert.include(expected, "1 3")
      assert.strictEqual(expected.at(-1), `${steps - 1} 1`)
      assert.isAbove(expected.filter((line) => line.includes("from server")).length, 10)
      assert.deepStrictEqual(yield* datagrams(often), expected)
    })
  )
})

describe("When the process was stopped", () => {
  it.effect("whoever has not logged in gets one pass of the sweeper more, and then ends", () =>
    SkewedClock.use((clock) =>
      Effect.gen(function* () {
        const { counts } = yield* Metrics
        const protocol = yield* Protocols.chatmaster()
        const [late] = [yield* Peer.connect(protocol), yield* Peer.connect(protocol)]
        yield* TestClock.adjust("5 seconds")
        clock.stop(40_000)
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual([counts.connections, counts.hangups], [2, {}])
        yield* late.send(...Subjects.chatmaster.login("late"))
        yield* late.takeUntil(Subjects.chatmaster.isWelcome)
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual([counts.connections, counts.hangups], [1, { "login-timeout": 1 }])
      }).pipe(Effect.provide(Peer.layer()))
    )
  )

  it.effect("whoever does not read gets it too, and a session of packet", () =>
    SkewedClock.use((clock) =>
      Effect.gen(function* () {
        const { counts } = yield* Metrics
        const protocol = yield* Protocols.packet()
        const alice = yield* Peer.connect(protocol)
        yield* alice.send(...Subjects.packet.login("alice"))
        const welcome = yield* alice.takeUntil(Subjects.packet.isWelcome)
        const deaf = yield* Peer.connect(protocol)
        yield* deaf.send(...Subjects.packet.login("deaf"))
        yield* deaf.takeUntil(Subjects.packet.isWelcome)
        deaf.stall()
        yield* alice.send(Subjects.packet.say("hello", welcome))
        yield* TestClock.adjust("5 seconds")
        clock.stop(40_000)
        yield* TestClock.adjust("100 millis")
        assert.strictEqual(counts.sessions, 2)
        // What has come is read before the next pass.
        yield* alice.send(Subjects.packet.say("again", welcome))
        yield* TestClock.adjust("900 millis")
        assert.deepStrictEqual([counts.sessions, counts.connections, counts.hangups], [1, 2, {}])
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual([counts.sessions, counts.connections, counts.hangups], [1, 1, { slow: 1 }])
      }).pipe(Effect.provide(Peer.layer()))
    )
  )
})
