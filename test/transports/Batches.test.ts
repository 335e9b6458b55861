import { assert, describe, it } from "@effect/vitest"
import * as Batches from "../../src/transports/Batches.ts"
import * as TcpCarrier from "../../src/transports/TcpCarrier.ts"

const frame = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe("Batches", () => {
  it("finds and joins what waits once for those for whom the same frames wait", () => {
    const batches = Batches.make((it: Uint8Array) => it.length)
    const join = TcpCarrier.makeJoin()
    const [a, b, c] = [frame("a"), frame("b"), frame("c")]
    const first = batches([a, b], false)
    assert.deepStrictEqual({ ...first }, { frames: [a, b], sizeBytes: 2, totalBytes: 2, rest: [] })
    assert.strictEqual(batches([a, b], false), first)
    const bytes = join(first.frames)!
    assert.strictEqual(text(bytes), "ab")
    assert.strictEqual(join(batches([a, b], false).frames), bytes)
    for (const [frames, expected] of [
      [[a], "a"],
      [[b, a], "ba"],
      [[a, b, c], "abc"],
      [[a, c], "ac"],
      [[frame("a"), frame("c")], "ac"]
    ] as const) {
      assert.strictEqual(text(join(batches(frames, false).frames)!), expected)
    }
    assert.strictEqual(text(bytes), "ab")
  })

  it("takes at most 64 KiB and a frame, and one frame at least", () => {
    const batches = Batches.make((it: string) => it.length)
    const waiting = Array.from({ length: 5 }, () => "x".repeat(30_000))
    assert.deepStrictEqual(
      { ...batches(waiting, false) },
      { frames: waiting.slice(0, 3), sizeBytes: 90_000, totalBytes: 150_000, rest: waiting.slice(3) }
    )
    const large = ["x".repeat(100_000), "y"]
    assert.deepStrictEqual(
      { ...batches(large, false) },
      { frames: large.slice(0, 1), sizeBytes: 100_000, totalBytes: 100_001, rest: ["y"] }
    )
    assert.strictEqual(batches(large, true).frames, large)
    const many = Array.from({ length: 20 }, () => "x".repeat(30_000))
    assert.deepStrictEqual(
      [batches(many, true), batches(many, false)].map(({ frames }) => frames.length),
      [9, 3]
    )
  })
})
