import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Deadline, Peer } from "parlance/testing"
import { conforms, lineProtocol } from "../../scratchpad/LineProtocol.ts"

describe("scratchpad/LineProtocol.ts", () => {
  conforms(it.effect)

  const text = (frame: unknown) => Buffer.from(frame as Uint8Array).toString()

  it.effect("a line that does not end is refused after a minute, and the next one is read", () =>
    Effect.gen(function* () {
      const alice = yield* Peer.connect(lineProtocol)
      yield* alice.send(Buffer.from("nick alice\nhalf a li"))
      yield* TestClock.adjust("59 seconds")
      assert.notInclude(alice.writes.flat().map(text).join(""), "must end")
      yield* TestClock.adjust("1 second")
      yield* Deadline.within(
        alice.takeUntil((frame) => text(frame).startsWith("! A line must end")),
        () => "the refusal"
      )
      yield* alice.send(Buffer.from("/who\n"))
      yield* Deadline.within(
        alice.takeUntil((frame) => text(frame).includes("alice (line)")),
        () => "the answer"
      )
    }).pipe(Effect.provide(Peer.layer()))
  )

  it.effect("a line that is too long is refused when it ends, and the next one is read", () =>
    Effect.gen(function* () {
      const alice = yield* Peer.connect(lineProtocol)
      yield* alice.send(Buffer.from("nick alice\n"), Buffer.from("x".repeat(20_001)), Buffer.from("x\n/who\n"))
      const heard: Array<string> = []
      yield* Deadline.within(
        alice.takeUntil((frame) => heard.push(text(frame)) > 0 && text(frame).includes("alice (line)")),
        () => "the answer"
      )
      assert.lengthOf(
        heard.filter((line) => line.startsWith("! A line has at most")),
        1
      )
    }).pipe(Effect.provide(Peer.layer()))
  )
})
