import { assert, describe, it } from "@effect/vitest"
import * as SharedBatch from "../../src/transports/SharedBatch.ts"

const frame = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe("SharedBatch", () => {
  it("joins frames, and gives the same bytes for the same frames", () => {
    const join = SharedBatch.make()
    const [a, b, c] = [frame("a"), frame("b"), frame("c")]
    const first = join([a, b])
    assert.strictEqual(text(first), "ab")
    assert.strictEqual(join([a, b]), first)
    assert.strictEqual(join([a]), a)
    assert.strictEqual(join([a, b]), first)
    for (const [frames, expected] of [
      [[b, a], "ba"],
      [[a, b, c], "abc"],
      [[a, c], "ac"],
      [[frame("a"), frame("c")], "ac"]
    ] as const) {
      assert.strictEqual(text(join(frames)), expected)
    }
    assert.strictEqual(text(first), "ab")
  })
})
