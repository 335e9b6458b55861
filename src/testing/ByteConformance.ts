/** What every protocol of bytes must do, wherever a read ends and whatever is in it. */
import { Effect, Random } from "effect"
import { TestClock } from "effect/testing"
import type { Link } from "../protocols/Link.ts"
import type { ByteFrame } from "../protocols/Protocol.ts"
import { Metrics } from "../services/Metrics.ts"
import * as Visitor from "../services/Visitor.ts"
import { equal } from "./ConformanceFailure.ts"
import * as Stage from "./Stage.ts"
import type { Subject } from "./Subject.ts"

/** A protocol of bytes, and how a client of it speaks. */
export type ByteSubject<Packet, Key extends object> = Subject<Uint8Array, Packet, ByteFrame, Key>

/** A link of which nothing is heard. */
const deaf: Link<ByteFrame> = { id: "deaf", address: "127.0.0.1", isReliable: true, send: () => {}, end: () => {} }

/** Registers the tests of a protocol of bytes. */
export const byteConformance = <Packet, Key extends object>(
  test: Stage.Test,
  subject: ByteSubject<Packet, Key>
): void => {
  const verify = Stage.verifier(test, subject)

  // Sends a login and messages by reads of its own, in as few sendings as a client needs.
  const speak = Effect.fnUntraced(function* (
    peer: Stage.Actor<Uint8Array, ByteFrame>,
    texts: ReadonlyArray<string>,
    send: (bytes: Uint8Array) => Effect.Effect<void>
  ) {
    const login = subject.login("alice")
    if (subject.saysByWelcome !== true) {
      return yield* send(Buffer.concat([...login, ...texts.map((text) => subject.say(text))]))
    }
    yield* send(Buffer.concat(login))
    const welcome = yield* peer.takeUntil(subject.isWelcome, "the welcome")
    yield* send(Buffer.concat(texts.map((text) => subject.say(text, welcome))))
  })

  verify(
    "reads a login and a message split at every byte",
    Effect.fnUntraced(function* ({ connect, said }) {
      const protocol = subject.make()
      const visitor = yield* Visitor.make("Visitor")
      const { length } = Buffer.concat([...subject.login("alice"), subject.say("héllo 🎉")])
      for (let at = 0; at <= length; at++) {
        const peer = yield* connect(protocol)
        yield* speak(peer, ["héllo 🎉"], (bytes) =>
          peer.send(...[bytes.subarray(0, at), bytes.subarray(at)].filter((part) => part.length > 0))
        )
        yield* equal(yield* said(visitor, "alice", 1), ["héllo 🎉"])
        yield* peer.leave
        yield* peer.over
      }
      const peer = yield* connect(protocol)
      yield* speak(peer, ["héllo 🎉"], (bytes) => peer.send(...Array.from(bytes, (byte) => Uint8Array.of(byte))))
      yield* equal(yield* said(visitor, "alice", 1), ["héllo 🎉"])
    })
  )

  verify(
    "keeps nothing of a read that is overwritten when it has been dealt with",
    Effect.fnUntraced(function* ({ connect, said }) {
      const visitor = yield* Visitor.make("Visitor")
      const { length } = Buffer.concat([...subject.login("alice"), subject.say("hello"), subject.say("again")])
      for (let size = 1; size < length; size += 1 + (size >> 2)) {
        const peer = yield* connect(subject.make())
        yield* speak(
          peer,
          ["hello", "again"],
          Effect.fnUntraced(function* (bytes) {
            for (let at = 0; at < bytes.length; at += size) {
              const read = Uint8Array.from(bytes.subarray(at, at + size))
              yield* peer.send(read)
              read.fill(0x78)
            }
          })
        )
        yield* equal(yield* said(visitor, "alice", 2), ["hello", "again"])
        yield* peer.leave
        yield* peer.over
      }
    })
  )

  verify(
    "never throws at mutated bytes",
    Effect.fnUntraced(function* () {
      const bytes = Buffer.concat([...subject.login("alice"), subject.say("hello")])
      for (let round = 0; round < 2000; round++) {
        const protocol = subject.make()
        const conversation = protocol.converse(deaf)
        const reader = protocol.reader()
        const receiveAll = (packets: ReadonlyArray<Packet>) => packets.forEach((packet) => conversation.receive(packet))
        conversation.open()
        const input = Uint8Array.from(bytes)
        const flips = yield* Random.nextIntBetween(1, 8)
        for (let flip = 0; flip < flips; flip++) {
          input[yield* Random.nextIntBetween(0, input.length)] = yield* Random.nextIntBetween(0, 256)
        }
        const cut = yield* Random.nextIntBetween(0, input.length)
        receiveAll(reader.read(input.subarray(0, cut)))
        receiveAll(reader.read(input.subarray(cut)))
        receiveAll(reader.finish?.() ?? [])
      }
    }, Random.withSeed("Parlance"))
  )

  verify(
    "keeps the order of many messages in one read",
    Effect.fnUntraced(function* ({ connect, said }) {
      const visitor = yield* Visitor.make("Visitor")
      const peer = yield* connect(subject.make())
      const texts = Array.from({ length: 100 }, (_, index) => `message ${index}`)
      yield* peer.send(...subject.login("alice"))
      const welcome = yield* peer.takeUntil(subject.isWelcome, "the welcome")
      yield* peer.send(Buffer.concat(texts.map((text) => subject.say(text, welcome))))
      yield* equal(yield* said(visitor, "alice", 100), texts)
    })
  )

  verify(
    "does not let a byte a second extend the time to log in",
    Effect.fnUntraced(function* ({ connect }) {
      const metrics = yield* Metrics
      const peer = yield* connect(subject.make())
      const bytes = Buffer.concat(subject.login("a rather long name, so that it takes more than fifteen seconds"))
      for (let second = 0; second < 14; second++) {
        yield* peer.send(bytes.subarray(second, second + 1))
        yield* TestClock.adjust("1 second")
      }
      yield* equal(metrics.counts.connections, 1)
      yield* TestClock.adjust("6 seconds")
      yield* peer.over
      yield* equal(metrics.counts.hangups, { "login-timeout": 1 })
    })
  )
}
