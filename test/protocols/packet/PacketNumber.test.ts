import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { U64 } from "../../../src/protocols/packet/PacketField.ts"
import * as PacketNumber from "../../../src/protocols/packet/PacketNumber.ts"

const File = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: PacketNumber.fileLimit - 1 }))

describe("PacketNumber", () => {
  const rows: ReadonlyArray<readonly [file: number, wire: bigint]> = [
    [0, 0n],
    [1, 1n],
    [0xffff, 0xffffn],
    [0x1_0000, 0x1_0000_0000n],
    [0x1_2345, 0x1_0000_2345n],
    [0xffff_ffff, 0xffff_0000_ffffn],
    [PacketNumber.fileLimit - 1, 0xffff_ffff_0000_ffffn]
  ]
  for (const [file, wire] of rows) {
    it(`PacketNumber.wireNumber() of ${file} is ${wire}, and back`, () => {
      assert.strictEqual(PacketNumber.wireNumber(file), wire)
      assert.strictEqual(PacketNumber.fileNumber(wire), file)
    })
  }

  it("PacketNumber.fileNumber() of a number that no file has is undefined", () => {
    for (const wire of [-1n, 0x1_0000n, 0x8000_0000n, 0xffff_0000n, 2n ** 64n - 1n, 2n ** 64n]) {
      assert.isUndefined(PacketNumber.fileNumber(wire))
    }
  })

  it.prop("PacketNumber.wireNumber() leaves bits 16 to 31 free and loses nothing", [File], ([file]) => {
    const wire = PacketNumber.wireNumber(file)
    assert.strictEqual(wire & 0xffff_0000n, 0n)
    assert.isTrue(wire < 2n ** 64n)
    assert.strictEqual(PacketNumber.fileNumber(wire), file)
  })

  it.prop("PacketNumber marks transactions and keeps the other 63 bits", [U64], ([random]) => {
    const download = PacketNumber.downloadTransaction(random)
    const upload = PacketNumber.uploadTransaction(random)
    assert.deepStrictEqual([download >> 1n, upload >> 1n], [random >> 1n, random >> 1n])
    assert.deepStrictEqual([PacketNumber.isUpload(download), PacketNumber.isUpload(upload)], [false, true])
  })

  it("PacketNumber.uploadTransaction() stays within 64 bits", () => {
    assert.strictEqual(PacketNumber.downloadTransaction(2n ** 64n + 3n), 2n)
    assert.strictEqual(PacketNumber.uploadTransaction(-1n), 2n ** 64n - 1n)
  })

  it("PacketNumber.chunkLength() is 256 for all chunks but the last", () => {
    const lengths = (sizeBytes: number) =>
      Array.from({ length: PacketNumber.chunkCount(sizeBytes) }, (_, chunk) =>
        PacketNumber.chunkLength(sizeBytes, chunk)
      )
    assert.deepStrictEqual(lengths(0), [])
    assert.deepStrictEqual(lengths(1), [1])
    assert.deepStrictEqual(lengths(256), [256])
    assert.deepStrictEqual(lengths(257), [256, 1])
    assert.deepStrictEqual(lengths(1000), [256, 256, 256, 232])
    for (const chunk of [-1, 4, 0xffff_ffff]) assert.isUndefined(PacketNumber.chunkLength(1000, chunk))
    assert.strictEqual(PacketNumber.chunkCount(0xffff_ffff), 16_777_216)
    assert.strictEqual(PacketNumber.chunkLength(0xffff_ffff, 16_777_215), 255)
  })
})
