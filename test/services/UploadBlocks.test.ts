import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { type Block, blockBytes, limitOpen, UploadBlocks } from "../../src/services/UploadBlocks.ts"
import { content } from "./AttachmentsSuite.ts"

const ordered = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Blocks of a file, and those that were passed on while `isRoom`. */
const blocksOf = (sizeBytes: number) => {
  const passed: Array<Block> = []
  const room = { isRoom: true }
  const blocks = new UploadBlocks(sizeBytes, (block) => room.isRoom && passed.push(block) > 0)
  return { blocks, passed, room, indices: () => passed.map(({ index }) => index) }
}

describe("UploadBlocks", () => {
  it("put() passes on what is full, and what nothing came to for longest when there are too many", () => {
    const { blocks, indices } = blocksOf(10 * blockBytes)
    blocks.put(content(2 * blockBytes + 1), 0)
    assert.deepStrictEqual(indices(), [0, 1])
    for (const index of [5, 6, 7]) blocks.put(content(1), index * blockBytes)
    blocks.put(content(1), 2 * blockBytes + 1)
    blocks.put(content(1), 8 * blockBytes)
    assert.deepStrictEqual(indices(), [0, 1, 5])
  })

  it("put() says how many bytes have a place, and goes on with the rest when there is room", () => {
    const { blocks, indices, room } = blocksOf(10 * blockBytes)
    room.isRoom = false
    const bytes = content(6 * blockBytes)
    const putBytes = blocks.put(bytes, 10)
    assert.strictEqual(putBytes, limitOpen * blockBytes - 10)
    // The last of them is still open for what is its own.
    assert.strictEqual(blocks.put(content(10), limitOpen * blockBytes - 10), 10)
    assert.strictEqual(blocks.put(content(10), 9 * blockBytes), 0)
    room.isRoom = true
    blocks.passFull()
    assert.deepStrictEqual(indices(), [1, 2, 3])
    const rest = bytes.subarray(putBytes)
    assert.strictEqual(blocks.put(rest, 10 + putBytes), rest.length)
    assert.deepStrictEqual([blocks.takeOldest()?.index, blocks.takeOldest()?.index], [0, 6])
    assert.isUndefined(blocks.takeOldest())
  })

  it("put() uses the memory of blocks again that were given back, but not of one that is passed on", () => {
    const { blocks, passed } = blocksOf(4 * blockBytes)
    blocks.put(content(blockBytes), 0)
    blocks.put(content(blockBytes, 1), blockBytes)
    assert.notStrictEqual(passed[0]?.bytes, passed[1]?.bytes)
    assert.deepStrictEqual(passed[0]?.bytes, content(blockBytes))
    blocks.recycle(passed[0]!)
    blocks.put(content(blockBytes, 2), 2 * blockBytes)
    assert.strictEqual(passed[2]?.bytes, passed[0]?.bytes)
    assert.deepStrictEqual(passed[2]?.bytes, content(blockBytes, 2))
  })

  const sizeBytes = 8 * blockBytes + 100
  const Piece = Schema.Struct({
    at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: sizeBytes })),
    sizeBytes: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: blockBytes + 10 })),
    isRoom: Schema.Boolean
  })
  it.effect.prop("put() puts each byte in its place, and has few blocks open", [Schema.Array(Piece)], ([pieces]) =>
    Effect.sync(() => {
      const { blocks, passed, room } = blocksOf(sizeBytes)
      const stored = new Uint8Array(sizeBytes)
      const expected = new Uint8Array(sizeBytes)
      const store = (block: Block): void => {
        block.coverage.forEachRange((from, to) => {
          stored.set(block.bytes.subarray(from, to), block.index * blockBytes + from)
        })
        blocks.recycle(block)
      }
      for (const [index, piece] of pieces.entries()) {
        room.isRoom = piece.isRoom
        const wanted = Math.min(piece.sizeBytes, sizeBytes - piece.at)
        const bytes = new Uint8Array(wanted).fill(index + 1)
        const putBytes = blocks.put(bytes, piece.at)
        if (piece.isRoom) assert.strictEqual(putBytes, wanted)
        bytes.fill(255)
        expected.fill(index + 1, piece.at, piece.at + putBytes)
        for (const block of passed.splice(0)) store(block)
      }
      const rest = ordered(limitOpen).map(() => blocks.takeOldest())
      assert.isUndefined(blocks.takeOldest())
      for (const block of rest) if (block !== undefined) store(block)
      assert.isTrue(Buffer.from(stored).equals(expected))
    })
  )
})
