/** What is acknowledged has been stored, and nobody else waits for that. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Census } from "../../src/services/Census.ts"
import type { SocketIoPacket } from "../../src/protocols/SocketIoPacket.ts"
import * as Visitor from "../../src/services/Visitor.ts"
import { Peer, type Subject } from "../../src/testing/mod.ts"
import * as HeldHistory from "../services/HeldHistory.ts"
import * as Subjects from "../testing/Subjects.ts"
import { response } from "../protocols/packet/Links.ts"
import { turn } from "./Turn.ts"

interface Acknowledging<In, Frame> {
  readonly subject: Subject<In, Frame>
  /** Whether a frame acknowledges a message; if there is none, only a refusal is told. */
  readonly isAcknowledgement?: (frame: Frame) => boolean
  readonly isRefusal?: (frame: Frame) => boolean
  readonly say?: (text: string) => In
}

/** A chat with a peer of a subject and a visitor, and what the peer has been sent since it last said something. */
const scene = Effect.fnUntraced(function* <In, Frame>({
  isAcknowledgement,
  isRefusal,
  say,
  subject
}: Acknowledging<In, Frame>) {
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

const verify = <In, Frame>(name: string, subject: Acknowledging<In, Frame>) => {
  const acknowledgement = subject.isAcknowledgement === undefined ? "nothing" : "acknowledgement"

  it.effect(`${name}: a message goes out at once, and is acknowledged when it is stored`, () => {
    const history = HeldHistory.make()
    return Effect.gen(function* () {
      const { say, told } = yield* scene(subject)
      yield* Visitor.make("Visitor")
      const { counts } = yield* Census
      const before = counts.deliveries
      yield* say("hello")
      assert.strictEqual(counts.deliveries, before + 2)
      assert.strictEqual(yield* told, "nothing")
      history.store()
      assert.strictEqual(yield* told, acknowledgement)
    }).pipe(Effect.provide(Peer.layer({ history: history.layer })))
  })

  it.effect(`${name}: a message that cannot be stored is refused`, () => {
    const history = HeldHistory.make()
    return Effect.gen(function* () {
      const { say, told } = yield* scene(subject)
      yield* say("hello")
      history.loseFirst()
      assert.strictEqual(yield* told, "refusal")
    }).pipe(Effect.provide(Peer.layer({ history: history.layer })))
  })
}

describe("acknowledgements", () => {
  verify("toss", { subject: Subjects.toss, isAcknowledgement: (frame) => Subjects.toss.heard(frame) !== undefined })
  verify("packet", {
    subject: Subjects.packet,
    isAcknowledgement: (frame) => response(frame)._tag === "BroadcastResponse"
  })
  // An error on its communication socket would end the client, so it is told in words.
  verify("tsockm", {
    subject: Subjects.tsockm,
    isRefusal: (frame) => Buffer.from(frame).toString().endsWith("::Server cannot store this now.")
  })
  verify<SocketIoPacket, SocketIoPacket>("sockets", {
    subject: Subjects.sockets,
    say: (message) => ({ _tag: "Event", name: "message", args: [{ from: "", message }], ack: 7 }),
    isAcknowledgement: (frame) => frame._tag === "Ack"
  })

  it.effect("toss: messages are answered in the order in which they came", () => {
    const history = HeldHistory.make()
    return Effect.gen(function* () {
      const { say, told } = yield* scene({ subject: Subjects.toss })
      yield* say("one")
      yield* say("/invite nobody")
      assert.strictEqual(yield* told, "nothing")
      history.store()
      assert.strictEqual(yield* told, "refusal")
    }).pipe(Effect.provide(Peer.layer({ history: history.layer })))
  })

  it.effect("chatmaster acknowledges nothing, so nothing waits", () => {
    const history = HeldHistory.make()
    return Effect.gen(function* () {
      const { say, told } = yield* scene({ subject: Subjects.chatmaster })
      yield* say("hello")
      history.loseFirst()
      assert.strictEqual(yield* told, "nothing")
    }).pipe(Effect.provide(Peer.layer({ history: history.layer })))
  })
})
