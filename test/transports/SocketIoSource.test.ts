import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { SocketIoPacket } from "../../src/protocols/SocketIoPacket.ts"
import { SocketIoSource } from "../../src/transports/SocketIoSource.ts"

const ticks = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))

const make = () => {
  const source = new SocketIoSource({ limitEvents: 4, limitBytes: 100 })
  const heard: Array<ReadonlyArray<string> | "end"> = []
  let onTake = (): void => {}
  const names = (packets: ReadonlyArray<SocketIoPacket>) =>
    packets.map((packet) => (packet._tag === "Event" ? packet.name : packet._tag))
  const start = (): void =>
    source.start({
      take: (events) => {
        heard.push(names(events))
        onTake()
      },
      ended: () => {
        heard.push("end")
      }
    })
  return {
    source,
    heard,
    start,
    onTake: (act: () => void) => {
      onTake = act
    },
    push: (...events: ReadonlyArray<string>) =>
      events.map((name) => {
        source.expect(10)
        return source.push({ _tag: "Event", name, args: [] })
      })
  }
}

describe("SocketIoSource", () => {
  it.effect("SocketIoSource.push() has what comes together handed over together, in order", () =>
    Effect.gen(function* () {
      const { heard, push, start } = make()
      push("a")
      start()
      push("b", "c")
      assert.deepStrictEqual(heard, [])
      yield* ticks
      push("d")
      yield* ticks
      assert.deepStrictEqual(heard, [["a", "b", "c"], ["d"]])
    })
  )

  it.effect("SocketIoSource.push() waits for what Socket.IO does in the ticks of the same read", () =>
    Effect.gen(function* () {
      const { heard, push, start } = make()
      start()
      for (const name of ["a", "b", "c"]) process.nextTick(push, name)
      yield* ticks
      assert.deepStrictEqual(heard, [["a", "b", "c"]])
    })
  )

  it.effect("SocketIoSource.pause() keeps what comes until it is resumed, and the end too", () =>
    Effect.gen(function* () {
      const { heard, onTake, push, source, start } = make()
      source.pause()
      start()
      push("a")
      yield* ticks
      assert.deepStrictEqual(heard, [])
      onTake(() => source.pause())
      source.resume()
      yield* ticks
      assert.deepStrictEqual(heard, [["a"]])
      push("b")
      source.end()
      push("too late")
      yield* ticks
      assert.deepStrictEqual(heard, [["a"]])
      source.resume()
      yield* ticks
      assert.deepStrictEqual(heard, [["a"], ["b"]])
      source.resume()
      yield* ticks
      source.resume()
      source.end()
      yield* ticks
      assert.deepStrictEqual(heard, [["a"], ["b"], "end"])
    })
  )

  it.effect("SocketIoSource.pause() counts between a read and its hand-over", () =>
    Effect.gen(function* () {
      const { heard, push, source, start } = make()
      start()
      push("a")
      source.pause()
      yield* ticks
      assert.deepStrictEqual(heard, [])
      source.resume()
      yield* ticks
      assert.deepStrictEqual(heard, [["a"]])
    })
  )

  it.effect("SocketIoSource.stop() hands over nothing any more", () =>
    Effect.gen(function* () {
      const { heard, onTake, push, source, start } = make()
      start()
      onTake(() => source.stop())
      push("a")
      yield* ticks
      push("b")
      source.end()
      yield* ticks
      assert.deepStrictEqual(heard, [["a"]])
    })
  )

  it.effect("SocketIoSource.push() tells when more waits than may, in events or in bytes", () =>
    Effect.gen(function* () {
      const { push, source, start } = make()
      assert.deepStrictEqual(push("a", "b", "c", "d", "e"), [true, true, true, true, false])
      start()
      yield* ticks
      assert.deepStrictEqual(push("f", "g"), [true, true])
      source.expect(90)
      assert.isFalse(source.push({ _tag: "Event", name: "h", args: [] }))
      yield* ticks
      source.expect(1_000)
      assert.isTrue(source.push({ _tag: "Event", name: "alone", args: [] }))
      assert.deepStrictEqual(push("i"), [false])
    })
  )
})
