import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Utf8 from "../../src/protocols/Utf8.ts"

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const strictly = (bytes: Uint8Array): string | undefined => {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** What is decoded of bytes that stand among others, of a Buffer and of an array. */
const decoded = (bytes: Uint8Array): ReadonlyArray<string | undefined> => {
  const around = Buffer.concat([Buffer.from([0xff]), bytes, Buffer.from([0xff])])
  return [
    Utf8.decode(Buffer.from(bytes)),
    Utf8.decode(new Uint8Array(bytes)),
    Utf8.decode(around, 1, around.length - 1),
    Utf8.decode(new Uint8Array(around), 1, around.length - 1)
  ]
}

const assertDecoded = (bytes: Uint8Array): void => {
  const text = strictly(bytes)
  assert.deepStrictEqual(decoded(bytes), [text, text, text, text], Buffer.from(bytes).toString("hex"))
}

describe("Utf8", () => {
  it.prop("Utf8.decode() gives any text back", [Schema.String], ([text]) => {
    assertDecoded(Buffer.from(text))
    assertDecoded(Buffer.from(`${"x".repeat(40)}${text}`))
    assert.strictEqual(Utf8.decode(Buffer.from(text)), text.toWellFormed())
  })

  it.prop("Utf8.decode() takes any bytes as a strict decoder does", [Schema.Uint8Array], ([bytes]) => {
    assertDecoded(bytes)
  })

  it("Utf8.decode() refuses what is not UTF-8, and nothing else", () => {
    for (const hex of ["80", "c328", "c0af", "eda080", "f4908080", "e282", "6180", "ff", `${"61".repeat(40)}c3`]) {
      assert.deepStrictEqual(decoded(Buffer.from(hex, "hex")), [undefined, undefined, undefined, undefined], hex)
    }
    for (const text of ["", "\ufffd", "\ufeffa", "\0", "é", "🎉", "\uffff", "x".repeat(33), "�é".repeat(20)]) {
      assert.deepStrictEqual(decoded(Buffer.from(text)), [text, text, text, text])
    }
  })
})
