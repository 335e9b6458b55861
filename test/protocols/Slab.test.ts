import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Slab from "../../src/protocols/Slab.ts"

const utf8 = new TextEncoder()

const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0

const texts = Array.from({ length: 500 }, (_, index) => ["x", "é", "漢", "🎉", "\ud800"][index % 5]!.repeat(index))

describe("Slab", () => {
  it.prop("Slab.encode() writes what TextEncoder writes", [Schema.String], ([text]) => {
    assert.isTrue(isSame(Slab.encode(text), utf8.encode(text)))
  })

  it("Slab.encode() writes into no bytes that somebody has", () => {
    const frames = texts.map((text) => Slab.encode(text))
    for (const [index, text] of texts.entries()) assert.isTrue(isSame(frames[index]!, utf8.encode(text)), text)
  })

  it("Slab.take() gives bytes that are zero and nobody else has", () => {
    const taken = texts.map((_, index) => Slab.take(index * 10))
    for (const [index, bytes] of taken.entries()) {
      assert.isTrue(bytes.length === index * 10 && bytes.every((byte) => byte === 0))
      bytes.fill(index)
    }
    for (const [index, bytes] of taken.entries()) assert.isTrue(bytes.every((byte) => byte === index % 256))
  })

  it("Slab keeps no more than 4 KiB alive for a frame, unless that is larger", () => {
    for (const text of texts) {
      const frame = Slab.encode(text)
      assert.isAtMost(frame.buffer.byteLength, Math.max(4096, frame.length))
    }
  })
})
