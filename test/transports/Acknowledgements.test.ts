/** What is acknowledged has been stored, and nobody else waits for that. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Metrics } from "../../src/services/Metrics.ts"
import type { ByteFrame } from "../../src/protocols/Protocol.ts"
import type { SocketIoPacket } from "../../src/protocols/SocketIoPacket.ts"
import * as Visitor from "../../src/services/Visitor.ts"
import { Peer, type Subject } from "../../src/testing/mod.ts"
import * as HeldHistory from "../services/HeldHistory.ts"
import * as Subjects from "../testing/Subjects.ts"
import { response } from "../protocols/packet/Links.ts"
import { turn } from "./Turn.ts"

interface Told<In, Frame> {
  /** Whether a frame acknowledges a message; if there is none, only a refusal is told. */
  readonly isAcknowledgement?: (frame: Frame) => boolean
  readonly isRefusal?: (frame: Frame) => boolean
  readonly say?: (text: string) => In
}

/** A chat with a peer of a subject and a visitor, and what the peer has been sent since it last said something. */
const scene = Effect.fnUntraced(function* <In, Packet, Frame, Key extends object>(
  subject: Subject<In, Packet, Frame, Key>,
  { isAcknowledgement, isRefusal, say }: Told<In, Frame> = {}
) {
  const peer = yield* (subject.connect ?? Peer.connect)(subject.make())
  yield* peer.send(...subject.login("alice"))
  const welcome = yield* peer.takeUntil(subject.isWelcome)
  yield* turn
  let seen = peer.writes.length
  return {
    say: Effect.fnUntraced(function* (text: string) {
      seen = peer.writes.length
      yield* peer.send(say?.(text) ?? subject.say(text, welcome))
      yield* turn
    }),
    /** In a word, what has been sent. */
    told: Effect.gen(function* () {
      yield* turn
      yield* TestClock.adjust("10 millis")
      yield* turn
      const frames = peer.writes.slice(seen).flat()
      if (frames.some(isRefusal ?? subject.isRefusal)) return "refusal"
      return frames.some((frame) => isAcknowledgement?.(frame) === true) ? "acknowledgement" : "nothing"
    })
  }
})

const verify = <In, Packet, Frame, Key extends object>(
  name: string,
  subject: Subject<In, Packet, Frame, Key>,
  told: Told<In, Frame>
) => {
  const acknowledgement = told.isAcknowledgement === undefined ? "nothing" : "acknowledgement"

  it.effect(`${name}: a message goes out at once, and is acknowledged when it is stored`, () => {
    const history = HeldHistory.make()
    return Effect.gen(function* () {
      const { say, told: heard } = yield* scene(subject, told)
      yield* Visitor.make("Visitor")
      const { counts } = yield* Metrics
      const before = counts.deliveries
      yield* say("hello")
      assert.strictEqual(counts.deliveries, before + 2)
      assert.strictEqual(yield* heard, "nothing")
      history.store()
      assert.strictEqual(yield* heard, acknowledgement)
    }).pipe(Effect.provide(Peer.layer({ history: history.layer })))
  })

  it.effect(`${name}: a message that cannot be stored is refused`, () => {
    const history = HeldHistory.make()
    return Effect.gen(function* () {
      const { say, told: heard } = yield* scene(subject, told)
      yield* say("hello")
      history.loseFirst()
      assert.strictEqual(yield* heard, "refusal")
    }).pipe(Effect.provide(Peer.layer({ history: history.layer })))
  })
}

describe("acknowledgements", () => {
  verify("toss", Subjects.toss, { isAcknowledgement: (frame: ByteFrame) => Subjects.toss.heard(frame) !== undefined })
  verify("packet", Subjects.packet, {
    isAcknowledgement: (frame: Uint8Array) => response(frame)._tag === "BroadcastResponse"
  })
  // An error on its communication socket would end the client, so it is told in words.
  verify("tsockm", Subjects.tsockm, {
    isRefusal: (frame: Uint8Array) => Buffer.from(frame).toString().endsWith("::Server cannot store this now.")
  })
  verify("sockets", Subjects.sockets, {
    say: (message): SocketIoPacket => ({ _tag: "Event", name: "message", args: [{ from: "", message }], ack: 7 }),
    isAcknowledgement: (frame: SocketIoPacket) => frame._tag === "Ack"
  })

  it.effect("toss: messages are answered in the order in which they came", () => {
    const history = HeldHistory.make()
    return Effect.gen(function* () {
      const { say, told } = yield* scene(Subjects.toss)
      yield* say("one")
      yield* say("/invite nobody")
      assert.strictEqual(yield* told, "nothing")
      history.store()
      assert.strictEqual(yield* told, "refusal")
    }).pipe(Effect.provide(Peer.layer({ history: history.layer })))
  })

  it.effect("packet: a peer that has closed its side gets its last acknowledgement before the end", () => {
    const history = HeldHistory.make()
    return Effect.gen(function* () {
      const subject = Subjects.packet
      const peer = yield* Peer.connect(subject.make())
      yield* peer.send(...subject.login("alice"))
      const welcome = yield* peer.takeUntil(subject.isWelcome)
      yield* peer.send(subject.say("hello", welcome))
      yield* peer.leave
      yield* turn
      const { counts } = yield* Metrics
      assert.deepStrictEqual([counts.sessions, counts.connections], [0, 1])
      history.store()
      yield* peer.over
      assert.strictEqual(response(peer.writes.flat().at(-1)!)._tag, "BroadcastResponse")
    }).pipe(Effect.provide(Peer.layer({ history: history.layer })))
  })

  it.effect("packet: a peer whose message is never stored is waited for no longer than a drain takes", () => {
    const history = HeldHistory.make()
    return Effect.gen(function* () {
      const subject = Subjects.packet
      const { counts } = yield* Metrics
      const peer = yield* Peer.connect(subject.make())
      yield* peer.send(...subject.login("alice"))
      const welcome = yield* peer.takeUntil(subject.isWelcome)
      yield* peer.send(subject.say("hello", welcome))
      yield* peer.leave
      yield* TestClock.adjust("1999 millis")
      assert.strictEqual(counts.connections, 1)
      yield* TestClock.adjust("1 millis")
      yield* peer.over
      assert.strictEqual(counts.connections, 0)
    }).pipe(Effect.provide(Peer.layer({ history: history.layer })))
  })

  it.effect("chatmaster acknowledges nothing, so nothing waits", () => {
    const history = HeldHistory.make()
    return Effect.gen(function* () {
      const { say, told } = yield* scene(Subjects.chatmaster)
      yield* say("hello")
      history.loseFirst()
      assert.strictEqual(yield* told, "nothing")
    }).pipe(Effect.provide(Peer.layer({ history: history.layer })))
  })
})
