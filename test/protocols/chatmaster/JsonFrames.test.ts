import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as JsonFrames from "../../../src/protocols/chatmaster/JsonFrames.ts"
import { cut } from "../Cut.ts"
import { bytes, glue } from "./Wire.ts"
import { awkward } from "../AwkwardJson.ts"

const limits: JsonFrames.Limits = { limitBytes: 1_048_576, depthLimit: 32, valueLimit: 10_000 }

interface Outcome {
  readonly texts: ReadonlyArray<string>
  readonly reason?: string
}

const readAll = (reads: ReadonlyArray<Uint8Array>, frames = JsonFrames.make(limits)): Outcome => {
  const texts: Array<string> = []
  for (const read of reads) {
    let at = 0
    while (at < read.length) {
      const pushed = frames.push(read, at)
      if (pushed._tag === "Failed") return { texts, reason: pushed.reason }
      if (pushed._tag === "More") break
      texts.push(pushed.text)
      at = pushed.end
    }
  }
  return { texts }
}

describe("JsonFrames", () => {
  it("JsonFrames.push() answers with a package and where it ends", () => {
    const pushed = JsonFrames.make(limits).push(bytes(` {"a": 1}  {`), 0)
    assert.deepStrictEqual(pushed, { _tag: "Package", text: `{"a": 1}`, end: 9, isSpaced: true })
  })

  it("JsonFrames.push() keeps a partial package", () => {
    const frames = JsonFrames.make(limits)
    assert.isTrue(frames.isBetween())
    assert.deepStrictEqual(frames.push(bytes(`{"a": "}`), 0), { _tag: "More" })
    assert.isFalse(frames.isBetween())
    assert.deepStrictEqual(frames.push(bytes(`"}`), 0), { _tag: "Package", text: `{"a": "}"}`, end: 2, isSpaced: true })
    assert.isTrue(frames.isBetween())
  })

  it("JsonFrames.push() copies what it keeps", () => {
    const frames = JsonFrames.make(limits)
    const read = bytes(`{"a": `)
    frames.push(read, 0)
    read.fill(0)
    assert.deepStrictEqual(readAll([bytes("1}")], frames).texts, [`{"a": 1}`])
  })

  it("JsonFrames.push() reads packages split at every byte", () => {
    for (const separator of ["", " ", "\r\n"]) {
      const whole = bytes(awkward.join(separator))
      for (let at = 0; at <= whole.length; at++) {
        assert.deepStrictEqual(readAll([whole.slice(0, at), whole.slice(at)]), { texts: awkward })
      }
      for (const size of [1, 2, 3, 7]) assert.deepStrictEqual(readAll(cut(whole, size)), { texts: awkward })
    }
  })

  it("JsonFrames.push() tells the original's spacing", () => {
    const isSpaced = (text: string) => {
      const pushed = JsonFrames.make(limits).push(bytes(text), 0)
      return pushed._tag === "Package" && pushed.isSpaced
    }
    assert.isTrue(isSpaced(`{"a": [1, 2], "b:c,d": "x:y"}`))
    assert.isTrue(isSpaced(`{}`))
    for (const text of [`{"a":1}`, `{"a": 1,"b": 2}`, `{"a": 1,\n "b": 2}`, `{"a": [1,2]}`]) {
      assert.isFalse(isSpaced(text), text)
    }
    const frames = JsonFrames.make(limits)
    frames.push(bytes(`{"a":`), 0)
    assert.deepStrictEqual(frames.push(bytes(` 1}`), 0), { _tag: "Package", text: `{"a": 1}`, end: 3, isSpaced: true })
  })

  it("JsonFrames.push() refuses what has no place to go on from", () => {
    const refused = [
      bytes(`[1]`),
      bytes(`1`),
      bytes(`"type"`),
      bytes(`null`),
      bytes(`\0`),
      bytes(`{}\0`),
      bytes(`\ufeff{}`),
      bytes(`{]`),
      bytes(`{"a": [}`),
      bytes(`{\0`),
      bytes(`{ü}`),
      bytes(`}`),
      glue(bytes(`{"a": "`), Uint8Array.of(0xc3, 0x28), bytes(`"}`)),
      glue(bytes(`{"a": "`), Uint8Array.of(0xed, 0xa0, 0x80), bytes(`"}`))
    ]
    for (const read of refused) assert.strictEqual(readAll([read]).reason, "malformed", String(read))
    assert.deepStrictEqual(readAll([bytes(`{} nope`)]).texts, ["{}"])
  })

  it("JsonFrames.push() allows the depth limit and not more", () => {
    const nested = (levels: number) => `{"a": ${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`
    assert.deepStrictEqual(readAll([bytes(nested(32))]).texts, [nested(32)])
    assert.strictEqual(readAll([bytes(nested(33))]).reason, "malformed")
    for (const read of [bytes(`{"a":`.repeat(200_000)), bytes(`{"a":${"[".repeat(200_000)}`)]) {
      assert.strictEqual(readAll([read]).reason, "malformed")
      assert.strictEqual(readAll(cut(read, 1000)).reason, "malformed")
    }
  })

  it("JsonFrames.push() allows the limit of values and not more", () => {
    // Two brackets and the commas between.
    const wide = (commas: number) => `{"a": [${"1,".repeat(commas)}1]}`
    assert.deepStrictEqual(readAll([bytes(wide(9998))]).texts, [wide(9998)])
    assert.strictEqual(readAll([bytes(wide(9999))]).reason, "malformed")
  })

  it("JsonFrames.push() allows the size limit and not more", () => {
    const sized = (sizeBytes: number) => `{"a": "${"x".repeat(sizeBytes - 9)}"}`
    const small = { limitBytes: 1000, depthLimit: 32, valueLimit: 10_000 }
    assert.strictEqual(sized(1000).length, 1000)
    for (const size of [1, 7, 999, 1000, 5000]) {
      const fits = glue(bytes(sized(1000)), bytes("  "), bytes(sized(1000)))
      assert.deepStrictEqual(readAll(cut(fits, size), JsonFrames.make(small)), { texts: [sized(1000), sized(1000)] })
      const excess = bytes(sized(1001))
      assert.deepStrictEqual(readAll(cut(excess, size), JsonFrames.make(small)), { texts: [], reason: "too-large" })
    }
  })

  it("JsonFrames.push() refuses a package of 2 MB before it is complete", () => {
    const frames = JsonFrames.make(limits)
    const reads = cut(bytes(`{"a": "${"x".repeat(2_000_000)}"}`), 65_536)
    assert.deepStrictEqual(readAll(reads.slice(0, 16), frames), { texts: [] })
    assert.deepStrictEqual(readAll(reads.slice(16, 17), frames), { texts: [], reason: "too-large" })
  })

  it("JsonFrames.push() takes white space between packages without limit", () => {
    const frames = JsonFrames.make({ limitBytes: 100, depthLimit: 32, valueLimit: 10_000 })
    assert.deepStrictEqual(readAll([bytes(" ".repeat(100_000)), bytes("{}")], frames), { texts: ["{}"] })
  })

  it("JsonFrames.push() reads a package near the limit a byte at a time", () => {
    const text = `{"a": "${"x".repeat(1_000_000)}"}`
    const outcome = readAll(cut(bytes(text), 1))
    assert.strictEqual(outcome.texts.length, 1)
    assert.isTrue(outcome.texts[0] === text)
  })

  it.prop(
    "JsonFrames.push() gives any object back, however it is cut",
    [Schema.Json, Schema.String],
    ([json, text]) => {
      const sent = [JSON.stringify({ json, text }), JSON.stringify({ text, json }, undefined, 2)]
      const outcome = readAll(cut(bytes(sent.join("\n")), 1 + (text.length % 5)))
      if (outcome.reason === undefined) assert.deepStrictEqual(outcome.texts, sent)
      else assert.isTrue(JSON.stringify(json).includes("[[") || JSON.stringify(json).includes("{"))
    }
  )

  it.prop("JsonFrames.push() does not depend on how anything is cut", [Schema.Array(Schema.Int)], ([numbers]) => {
    const alphabet = `{}[]":, \\a\0é`
    const read = bytes(`{${numbers.map((number) => alphabet[Math.abs(number) % alphabet.length]).join("")}`)
    assert.deepStrictEqual(readAll(cut(read, 1)), readAll([read]))
  })
})
