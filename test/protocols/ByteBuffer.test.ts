import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { ByteBuffer } from "../../src/protocols/ByteBuffer.ts"

const numbers = (from: number, count: number): Uint8Array => Uint8Array.from({ length: count }, (_, at) => from + at)

const memoryBytes = (buffer: ByteBuffer): number => buffer.view().buffer.byteLength

describe("ByteBuffer", () => {
  it("ByteBuffer.append() copies what comes, ByteBuffer.take() gives it away", () => {
    const buffer = new ByteBuffer()
    const read = numbers(1, 5)
    assert.isTrue(buffer.append(read))
    assert.isTrue(buffer.append(read, 1, 3))
    assert.isTrue(buffer.add(9))
    read.fill(0)
    assert.strictEqual(buffer.sizeBytes, 8)
    assert.deepStrictEqual([...buffer.view()], [1, 2, 3, 4, 5, 2, 3, 9])
    assert.deepStrictEqual([...buffer.take()], [1, 2, 3, 4, 5, 2, 3, 9])
    assert.strictEqual(buffer.sizeBytes, 0)
    assert.strictEqual(buffer.take().length, 0)
  })

  it("ByteBuffer.drop() forgets the front, whose room is used again", () => {
    const buffer = new ByteBuffer()
    for (let round = 0; round < 1000; round++) {
      buffer.append(numbers(0, 50))
      buffer.drop(round === 0 ? 10 : 50)
      assert.deepStrictEqual([...buffer.view()], [...numbers(10, 40)])
    }
    assert.isAtMost(memoryBytes(buffer), 256)
  })

  it("ByteBuffer takes no more than its limit, nor room for more", () => {
    for (const limitBytes of [0, 1, 63, 64, 65, 1000]) {
      const buffer = new ByteBuffer(limitBytes)
      const other = new ByteBuffer(limitBytes)
      for (let count = 0; count < limitBytes; count++) assert.isTrue(buffer.add(count))
      assert.isFalse(buffer.add(1))
      assert.isFalse(buffer.append(numbers(0, 1)))
      assert.strictEqual(buffer.sizeBytes, limitBytes)
      assert.isTrue(buffer.append(new Uint8Array(0)))
      assert.isFalse(other.append(new Uint8Array(limitBytes + 1)))
      assert.strictEqual(other.sizeBytes, 0)
      assert.isTrue(other.append(new Uint8Array(limitBytes)))
      if (limitBytes > 0) {
        assert.isAtMost(memoryBytes(buffer), limitBytes)
        assert.isAtMost(memoryBytes(other), limitBytes)
        buffer.drop(1)
        assert.isTrue(buffer.add(7))
        assert.isFalse(buffer.add(7))
      }
    }
  })

  it("ByteBuffer gets new memory only each time that it has doubled", () => {
    const buffer = new ByteBuffer()
    const memories = new Set<ArrayBufferLike>()
    for (let count = 0; count < 100_000; count++) {
      buffer.add(count)
      memories.add(buffer.view().buffer)
    }
    assert.isBelow(memories.size, 13)
    assert.isBelow(memoryBytes(buffer), 200_001)
  })

  it("ByteBuffer lets large memory go when it is empty", () => {
    const buffer = new ByteBuffer()
    for (const empty of [() => buffer.take(), () => buffer.drop(buffer.sizeBytes)]) {
      buffer.append(new Uint8Array(100_000))
      empty()
      buffer.add(1)
      assert.isAtMost(memoryBytes(buffer), 256)
      empty()
    }
  })

  const Act = Schema.Struct({
    isDrop: Schema.Boolean,
    size: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 700 }))
  })

  it.prop("ByteBuffer holds what an array would hold", [Schema.Array(Act)], ([acts]) => {
    const buffer = new ByteBuffer(1000)
    let expected: Array<number> = []
    for (const [index, { isDrop, size }] of acts.entries()) {
      if (isDrop) {
        const dropped = Math.min(size, expected.length)
        buffer.drop(dropped)
        expected = expected.slice(dropped)
      } else {
        const more = numbers(index, size)
        const fits = expected.length + size <= 1000
        assert.strictEqual(buffer.append(more), fits)
        if (fits) expected.push(...more)
      }
      assert.strictEqual(buffer.sizeBytes, expected.length)
      assert.deepStrictEqual([...buffer.view()], expected)
    }
  })
})
