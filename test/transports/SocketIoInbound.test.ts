import { assert, describe, it } from "@effect/vitest"
import { Effect, Latch, Stream } from "effect"
import type { SocketIoPacket } from "../../src/protocols/SocketIoPacket.ts"
import { SocketIoInbound } from "../../src/transports/SocketIoInbound.ts"
import { turn } from "./Turn.ts"

const make = () => {
  const source = new SocketIoInbound({ limitEvents: 4, limitBytes: 100 })
  const heard: Array<ReadonlyArray<string> | "end"> = []
  const flowing = Latch.makeUnsafe(true)
  const names = (packets: ReadonlyArray<SocketIoPacket>) =>
    packets.map((packet) => (packet._tag === "Event" ? packet.name : packet._tag))
  const listen = Effect.andThen(
    Stream.runForEachArray(source.inbound.stream, (events) => {
      heard.push(names(events))
      return flowing.await
    }),
    Effect.sync(() => void heard.push("end"))
  )
  return {
    source,
    heard,
    flowing,
    start: Effect.forkChild(Effect.andThen(flowing.await, listen), { startImmediately: true }),
    push: (...events: ReadonlyArray<string>) =>
      events.map((name) => {
        source.expect(10)
        return source.push({ _tag: "Event", name, args: [] })
      })
  }
}

describe("SocketIoInbound", () => {
  it.effect("SocketIoInbound.push() has what comes together handed over together, in order", () =>
    Effect.gen(function* () {
      const { heard, push, start } = make()
      push("a")
      yield* start
      push("b", "c")
      assert.deepStrictEqual(heard, [])
      yield* turn
      push("d")
      yield* turn
      assert.deepStrictEqual(heard, [["a", "b", "c"], ["d"]])
    })
  )

  it.effect("SocketIoInbound.push() waits for what Socket.IO does in the ticks of the same read", () =>
    Effect.gen(function* () {
      const { heard, push, start } = make()
      yield* start
      for (const name of ["a", "b", "c"]) process.nextTick(push, name)
      yield* turn
      assert.deepStrictEqual(heard, [["a", "b", "c"]])
    })
  )

  it.effect("SocketIoInbound keeps what comes while nobody pulls, and the end too", () =>
    Effect.gen(function* () {
      const { flowing, heard, push, source, start } = make()
      flowing.closeUnsafe()
      yield* start
      push("a")
      yield* turn
      assert.deepStrictEqual(heard, [])
      flowing.openUnsafe()
      yield* turn
      flowing.closeUnsafe()
      assert.deepStrictEqual(heard, [["a"]])
      push("b")
      yield* turn
      push("c")
      source.end()
      push("too late")
      yield* turn
      assert.deepStrictEqual(heard, [["a"], ["b"]])
      flowing.openUnsafe()
      yield* turn
      source.end()
      yield* turn
      assert.deepStrictEqual(heard, [["a"], ["b"], ["c"], "end"])
    })
  )

  it.effect("SocketIoInbound.push() tells when more waits than may, in events or in bytes", () =>
    Effect.gen(function* () {
      const { push, source, start } = make()
      assert.deepStrictEqual(push("a", "b", "c", "d", "e"), [true, true, true, true, false])
      yield* start
      yield* turn
      assert.deepStrictEqual(push("f", "g"), [true, true])
      source.expect(90)
      assert.isFalse(source.push({ _tag: "Event", name: "h", args: [] }))
      yield* turn
      source.expect(1_000)
      assert.isTrue(source.push({ _tag: "Event", name: "alone", args: [] }))
      assert.deepStrictEqual(push("i"), [false])
    })
  )
})
