import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as JsonSplitter from "../../src/protocols/JsonSplitter.ts"
import { cut } from "./Cut.ts"
import { awkward } from "./AwkwardJson.ts"

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

const limits: JsonSplitter.Limits = { limitBytes: 1000, depthLimit: 32, valueLimit: 10_000 }

const every: ReadonlyArray<JsonSplitter.Options> = [
  { ...limits, isStrict: true, dropsTooLarge: true },
  { ...limits, isStrict: true, dropsTooLarge: false },
  { ...limits, isStrict: false, dropsTooLarge: true },
  { ...limits, isStrict: false, dropsTooLarge: false }
]

/** What comes of reads: texts, `null` for one that was dropped, or at last the reason of a failure. */
type Outcome = string | null | { readonly reason: JsonSplitter.Reason }

const readAll = (reads: ReadonlyArray<Uint8Array>, options: JsonSplitter.Options): ReadonlyArray<Outcome> => {
  const splitter = JsonSplitter.make(options)
  const all: Array<Outcome> = []
  for (const read of reads) {
    for (let at = 0; at < read.length;) {
      const pushed = splitter.push(read, at)
      if (pushed._tag === "More") break
      if (pushed._tag === "Failed") return [...all, { reason: pushed.reason }]
      all.push(pushed._tag === "Text" ? pushed.text : null)
      at = pushed.end
    }
  }
  return all
}

describe("JsonSplitter", () => {
  it("JsonSplitter.push() splits objects cut anywhere, whatever its options", () => {
    for (const options of every) {
      const whole = bytes(awkward.join(" \n"))
      for (let at = 0; at <= whole.length; at++) {
        assert.deepStrictEqual(readAll([whole.slice(0, at), whole.slice(at)], options), awkward)
      }
      for (const size of [1, 2, 3, 7]) assert.deepStrictEqual(readAll(cut(whole, size), options), awkward)
      assert.deepStrictEqual(readAll([new Uint8Array(Buffer.from(awkward.join("")))], options), awkward)
      assert.deepStrictEqual(readAll([Buffer.from(awkward.join(""))], options), awkward)
    }
  })

  it("JsonSplitter.push() answers with a text, its end and its spacing", () => {
    const splitter = JsonSplitter.make({ ...limits, isStrict: false, dropsTooLarge: true })
    const pushed = (text: string) => splitter.push(bytes(text), 0)
    assert.deepStrictEqual(pushed(` {"a": 1}  {`), { _tag: "Text", text: `{"a": 1}`, end: 9, isSpaced: true })
    assert.deepStrictEqual(pushed(`{"a":1}`), { _tag: "Text", text: `{"a":1}`, end: 7, isSpaced: false })
    assert.deepStrictEqual(pushed(`{"a": 1}`), { _tag: "Text", text: `{"a": 1}`, end: 8, isSpaced: true })
    assert.deepStrictEqual(pushed(`{"a": "`), { _tag: "More" })
    assert.isFalse(splitter.isBetween())
    assert.deepStrictEqual(pushed(`"}`), { _tag: "Text", text: `{"a": ""}`, end: 2, isSpaced: true })
    assert.isTrue(splitter.isBetween())
  })

  it("JsonSplitter.push() refuses what JSON has only in strings, and wrong brackets, if it is strict", () => {
    const wrong: ReadonlyArray<readonly [text: string, reason: JsonSplitter.Reason]> = [
      [`{]`, "wrong-bracket"],
      [`{"a": [}`, "wrong-bracket"],
      [`{\0}`, "wrong-byte"],
      [`{ü}`, "wrong-byte"]
    ]
    for (const [text, reason] of wrong) {
      for (const dropsTooLarge of [true, false]) {
        assert.deepStrictEqual(readAll([bytes(text)], { ...limits, isStrict: true, dropsTooLarge }), [{ reason }], text)
      }
    }
    const lenient = { ...limits, isStrict: false, dropsTooLarge: false }
    assert.deepStrictEqual(readAll(cut(bytes(`{]{\0}{ü}{"a": [}]`), 1), lenient), [`{]`, `{\0}`, `{ü}`, `{"a": [}]`])
  })

  it("JsonSplitter.push() refuses what has no place to go on from", () => {
    for (const options of every) {
      for (const text of [`[1]`, `1`, `null`, `}`, `\ufeff{}`]) {
        assert.deepStrictEqual(readAll([bytes(text)], options), [{ reason: "no-object" }])
      }
      const nested = `{"a":${"[".repeat(31)}${"]".repeat(31)}}`
      assert.deepStrictEqual(readAll([bytes(nested)], options), [nested])
      assert.deepStrictEqual(readAll([bytes(`{"a":${"[".repeat(32)}`)], options), [{ reason: "too-deep" }])
      for (const text of [[0xc3, 0x28], [0xed, 0xa0, 0x80], [0xff]]) {
        const whole = Buffer.concat([bytes(`{"a": "`), Buffer.from(text), bytes(`"}`)])
        for (const size of [1, 100])
          assert.deepStrictEqual(readAll(cut(whole, size), options), [{ reason: "not-utf8" }])
      }
    }
  })

  it("JsonSplitter.push() allows the size limit and not more", () => {
    const sized = (sizeBytes: number) => `{"a": "${"x".repeat(sizeBytes - 9)}"}`
    for (const options of every) {
      for (const size of [1, 7, 999, 1000, 1001, 5000]) {
        const fits = bytes(`${sized(1000)}  ${sized(1000)}`)
        assert.deepStrictEqual(readAll(cut(fits, size), options), [sized(1000), sized(1000)])
        const excess = bytes(`${sized(1001)}${sized(3000)}{}`)
        const expected: ReadonlyArray<Outcome> = options.dropsTooLarge ? [null, null, "{}"] : [{ reason: "too-large" }]
        assert.deepStrictEqual(readAll(cut(excess, size), options), expected)
      }
    }
  })

  it("JsonSplitter.push() refuses a text that is too long before it is complete, or keeps nothing of it", () => {
    const chunk = bytes("x".repeat(600))
    const strict = JsonSplitter.make({ ...limits, isStrict: true, dropsTooLarge: false })
    strict.push(bytes(`{"a": "`), 0)
    assert.deepStrictEqual(strict.push(chunk, 0), { _tag: "More" })
    assert.deepStrictEqual(strict.push(chunk, 0), { _tag: "Failed", reason: "too-large" })
    const dropping = JsonSplitter.make({ ...limits, isStrict: false, dropsTooLarge: true })
    dropping.push(bytes(`{"a": "`), 0)
    const before = process.memoryUsage().arrayBuffers
    const large = new Uint8Array(1_000_000).fill(0x78)
    for (let count = 0; count < 200; count++) assert.deepStrictEqual(dropping.push(large, 0), { _tag: "More" })
    assert.isBelow(process.memoryUsage().arrayBuffers - before, 16 * 1024 * 1024)
    assert.deepStrictEqual(dropping.push(bytes(`"}`), 0), { _tag: "Dropped", end: 2 })
  })

  it("JsonSplitter.push() refuses a text of too many values before it is complete, however it is cut", () => {
    const items = (count: number) => `{"a":[${Array.from({ length: count }, () => "{}").join(",")}]`
    for (const options of every) {
      const few = { ...options, limitBytes: 100, valueLimit: 15 }
      for (const size of [1, 7, 1000]) {
        // Two brackets around seven, and six commas.
        assert.deepStrictEqual(readAll(cut(bytes(`${items(7)}}{}${items(7)}}`), size), few), [
          `${items(7)}}`,
          "{}",
          `${items(7)}}`
        ])
        assert.deepStrictEqual(readAll(cut(bytes(items(8)), size), few), [{ reason: "too-many" }])
        const quoted = `{"a":"${"[{,".repeat(20)}"}`
        assert.deepStrictEqual(readAll(cut(bytes(quoted), size), few), [quoted])
      }
    }
  })

  it("JsonSplitter.reset() forgets what has begun", () => {
    for (const begun of [`{"a": "`, `{"a": "\\`, `{"a":`, `{"a": [[[`, `{"a": "${"x".repeat(2000)}`]) {
      const splitter = JsonSplitter.make({ ...limits, isStrict: true, dropsTooLarge: true })
      splitter.push(bytes(begun), 0)
      splitter.reset()
      assert.isTrue(splitter.isBetween())
      assert.deepStrictEqual(splitter.push(bytes(`{"b": 1}`), 0), {
        _tag: "Text",
        text: `{"b": 1}`,
        end: 8,
        isSpaced: true
      })
    }
  })

  it.prop(
    "JsonSplitter.push() gives any object back, however it is cut",
    [Schema.Json, Schema.String],
    ([json, text]) => {
      const sent = [JSON.stringify({ text }), JSON.stringify({ json, text }, undefined, 2)]
      const size = 1 + (text.length % 5)
      for (const options of every) {
        const roomy = { ...options, limitBytes: 1_000_000, depthLimit: 1000, valueLimit: 10_000 }
        assert.deepStrictEqual(readAll(cut(bytes(sent.join("\n")), size), roomy), sent)
      }
    }
  )

  it.prop("JsonSplitter.push() does not depend on how anything is cut", [Schema.Array(Schema.Int)], ([numbers]) => {
    const alphabet = `{}[]":, \\a\0é`
    const read = bytes(`{${numbers.map((number) => alphabet[Math.abs(number) % alphabet.length]).join("")}`)
    for (const options of every) {
      const small = { ...options, limitBytes: 12, depthLimit: 3, valueLimit: 10_000 }
      assert.deepStrictEqual(readAll(cut(read, 1), small), readAll([read], small))
    }
  })
})
