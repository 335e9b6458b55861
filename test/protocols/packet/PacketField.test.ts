import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as ByteReader from "../../../src/protocols/ByteReader.ts"
import { fields, Text } from "../../../src/protocols/packet/PacketField.ts"
import { requests, responses } from "../../../src/protocols/packet/PacketLayout.ts"
import { bytes, seeded } from "./Wire.ts"

describe("PacketField", () => {
  it("a total field is a value of its Schema, whatever its bytes are, and one that is not may be none", () => {
    const random = seeded(9_400_3)
    for (const [schema, { decode, isTotal, read }] of fields) {
      const outcomes = { decoded: 0, refused: 0 }
      for (let round = 0; round < 2000; round++) {
        const content = Uint8Array.from({ length: 16 }, () => random())
        content.set([0, random() % (schema === Text ? 8 : 2)])
        const reader = ByteReader.make(content)
        const encoded = read(reader)
        assert.isFalse(reader.isPastEnd)
        const decoded = decode(encoded)
        outcomes[Result.isSuccess(decoded) ? "decoded" : "refused"]++
        if (isTotal) assert.deepStrictEqual(decoded, Result.succeed(encoded))
      }
      assert.isAbove(outcomes.decoded, 0)
      assert.strictEqual(outcomes.refused > 0, !isTotal)
    }
  })

  it("Text is UTF-8 with all that is in it, a byte order mark too", () => {
    const { decode } = fields.get(Text)!
    for (const [hex, text] of [
      ["", ""],
      ["efbbbf c3a9 00", "\ufeffé\0"],
      ["f09f8e89", "🎉"]
    ] as const) {
      assert.deepStrictEqual(decode(bytes(hex)), Result.succeed(text))
    }
    for (const hex of ["c3", "c328", "c0af", "eda080", "f4908080", "ff"]) {
      const decoded = decode(bytes(hex))
      assert.isTrue(Result.isFailure(decoded) && decoded.failure.message === "a name is not UTF-8", hex)
    }
  })

  it("only packets with a text have something to decode", () => {
    const tags = [requests, responses].flatMap(({ byTag }) =>
      [...byTag.values()].filter(({ isTotal }) => !isTotal).map(({ tag }) => tag)
    )
    assert.sameMembers(tags, ["SessionRequest", "UploadRequest", "Error", "UserDataResponse", "FileDataResponse"])
  })
})
