/**
 * The peers of one test of the conformance suite.
 *
 * - Whatever they wait for has a deadline, and what they were sent is told when the test fails.
 */
import { Effect, type Scope, Stream } from "effect"
import type { Protocol } from "../protocols/Protocol.ts"
import type * as Visitor from "../services/Visitor.ts"
import { ConformanceFailure, type Failure, wordsOf } from "./ConformanceFailure.ts"
import * as Deadline from "./Deadline.ts"
import * as FrameText from "./FrameText.ts"
import * as Peer from "./Peer.ts"
import type { Connect, Subject } from "./Subject.ts"

type Wait = ConformanceFailure | Deadline.NothingCame

/** A peer of a test. */
export interface Actor<In, Frame> {
  readonly send: (...inputs: ReadonlyArray<In>) => Effect.Effect<void>
  /** Takes frames until one satisfies `isIt`; `what` is said if none does. */
  readonly takeUntil: (isIt: (frame: Frame) => boolean, what: string) => Effect.Effect<Frame, Wait>
  /** All frames so far. */
  readonly frames: () => ReadonlyArray<Frame>
  readonly stall: () => void
  readonly leave: Effect.Effect<void>
  /** Waits until the server is done with the connection. */
  readonly over: Effect.Effect<void, Wait>
}

/** A peer that has logged in. */
export interface Member<In, Frame> extends Actor<In, Frame> {
  readonly welcome: Frame
  readonly say: (...texts: ReadonlyArray<string>) => Effect.Effect<void>
  /** The next text of somebody. */
  readonly hear: (from: string) => Effect.Effect<string, Wait>
}

type Needs = Peer.Provided | Scope.Scope

/** Where a test has its peers. */
export interface Stage<In, Packet, Frame, Key extends object> {
  readonly connect: (
    protocol: Protocol<In, Packet, Frame, Key>,
    name?: string
  ) => Effect.Effect<Actor<In, Frame>, never, Needs>
  /** Connects and logs in. */
  readonly enter: (
    protocol: Protocol<In, Packet, Frame, Key>,
    name: string
  ) => Effect.Effect<Member<In, Frame>, Wait, Needs>
  /** The texts that a visitor hears from a user, the first `count` of them. */
  readonly said: (visitor: Visitor.Visitor, from: string, count: number) => Effect.Effect<ReadonlyArray<string>, Wait>
  /** What goes wrong, with what the peers were sent. */
  readonly report: (failure: Failure) => ConformanceFailure
}

/** Registers a test under a name; the effect wants a TestClock. */
export type Test = (name: string, run: () => Effect.Effect<void, ConformanceFailure, Scope.Scope>) => void

/** How many peers are told of when a test fails: the last ones. */
const toldPeers = 4

/** An empty stage. */
export const make = <In, Packet, Frame, Key extends object>(
  subject: Subject<In, Packet, Frame, Key>
): Stage<In, Packet, Frame, Key> => {
  const actors: Array<{ readonly name: string; readonly frames: () => ReadonlyArray<Frame> }> = []
  const open: Connect<In, Packet, Frame, Key> = subject.connect ?? Peer.connect

  const connect: Stage<In, Packet, Frame, Key>["connect"] = Effect.fnUntraced(function* (protocol, name = "a peer") {
    const peer = yield* open(protocol)
    const frames = () => peer.writes.flat()
    actors.push({ name, frames })
    return {
      send: peer.send,
      frames,
      takeUntil: (isIt, what) =>
        Deadline.within(peer.takeUntil(isIt), () => `${what}, for which ${name} waited,`).pipe(
          Effect.catchTag(
            "PeerGone",
            () => new ConformanceFailure({ message: `the connection of ${name} ended, which waited for ${what}` })
          )
        ),
      stall: () => peer.stall(),
      leave: peer.leave,
      over: Deadline.within(peer.over, () => `the end of the connection of ${name}`)
    }
  })

  const enter: Stage<In, Packet, Frame, Key>["enter"] = Effect.fnUntraced(function* (protocol, name) {
    const actor = yield* connect(protocol, name)
    yield* actor.send(...subject.login(name))
    const welcome = yield* actor.takeUntil(
      (frame) => subject.isWelcome(frame) || subject.isRefusal(frame),
      "the answer to the login"
    )
    if (!subject.isWelcome(welcome)) {
      return yield* new ConformanceFailure({ message: `the login of ${name} was refused` })
    }
    return {
      ...actor,
      welcome,
      say: (...texts) => actor.send(...texts.map((text) => subject.say(text, welcome))),
      hear: (from) =>
        Effect.map(
          actor.takeUntil((frame) => subject.heard(frame)?.from === from, `a message of ${from}`),
          (frame) => subject.heard(frame)!.text
        )
    }
  })

  const said: Stage<In, Packet, Frame, Key>["said"] = Effect.fnUntraced(function* (visitor, from, count) {
    const texts: Array<string> = []
    const hear = visitor.heard.pipe(
      Stream.filter(({ event }) => event._tag === "Said" && event.message.from === from),
      Stream.take(count),
      Stream.runForEach(({ event }) =>
        Effect.sync(() => void (event._tag === "Said" && texts.push(event.message.text)))
      )
    )
    const missing = () =>
      `message ${texts.length + 1} of ${count} by ${from}, after ${FrameText.list(texts.slice(-2)).join(", ")},`
    yield* Deadline.within(hear, missing)
    return texts
  })

  const report = (failure: Failure): ConformanceFailure => {
    const lines = [wordsOf(failure)]
    for (const { frames, name } of actors.slice(-toldPeers)) {
      const sent = FrameText.list(frames(), subject.describe)
      lines.push(`${name} was sent ${sent.length === 0 ? "nothing" : "this:"}`)
      for (const line of sent) lines.push(`  ${line}`)
    }
    return new ConformanceFailure({ message: lines.join("\n") })
  }

  return { connect, enter, said, report }
}

/** Registers tests that have a chat and a stage of their own. */
export const verifier =
  <In, Packet, Frame, Key extends object>(test: Test, subject: Subject<In, Packet, Frame, Key>) =>
  (title: string, run: (stage: Stage<In, Packet, Frame, Key>) => Effect.Effect<void, Failure, Needs>): void =>
    test(`${subject.make().name} ${title}`, () => {
      const stage = make(subject)
      // No allowance is used up and nothing is paced, so that one test says one thing.
      const chat = Peer.layer({ chat: { floodRate: 0 } })
      return run(stage).pipe(Effect.mapError(stage.report), Effect.provide(chat, { local: true }))
    })
