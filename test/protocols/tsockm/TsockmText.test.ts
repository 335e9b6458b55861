import { assert, describe, it } from "@effect/vitest"
import Sqids from "sqids"
import * as TsockmId from "../../../src/protocols/tsockm/TsockmId.ts"
import * as TsockmText from "../../../src/protocols/tsockm/TsockmText.ts"
import { bytes, seeded, textOf } from "./Wire.ts"

describe("TsockmText", () => {
  it("TsockmText.split() keeps every text, character and limit", () => {
    const random = seeded(7)
    for (let round = 0; round < 3000; round++) {
      const text = textOf(random, 200)
      const limitBytes = 4 + random(100)
      const pieces = TsockmText.split(text, limitBytes)
      assert.strictEqual(pieces.join(""), text)
      const whole = new Intl.Segmenter().segment(text)
      let at = 0
      for (const piece of pieces) {
        assert.isAtMost(bytes(piece).length, limitBytes)
        assert.isTrue(piece.isWellFormed() && (piece !== "" || text === ""))
        const grapheme = whole.containing(at)
        const isLong = grapheme !== undefined && bytes(grapheme.segment).length > limitBytes
        assert.isTrue(grapheme === undefined || grapheme.index === at || isLong, JSON.stringify([text, at]))
        at += piece.length
      }
    }
  })

  it("TsockmText.split() divides only what must be", () => {
    assert.deepStrictEqual(TsockmText.split("", 10), [""])
    assert.deepStrictEqual(TsockmText.split("abcdefgh", 8), ["abcdefgh"])
    assert.deepStrictEqual(TsockmText.split("abcdefghi", 8), ["abcdefgh", "i"])
    assert.deepStrictEqual(TsockmText.split("abc🎉🎉", 8), ["abc🎉", "🎉"])
    assert.deepStrictEqual(TsockmText.split("abe\u0301", 4), ["ab", "e\u0301"])
    assert.deepStrictEqual(TsockmText.split("🎉🎉", 0), ["🎉", "🎉"])
    assert.deepStrictEqual(
      TsockmText.split("a" + "\u0301".repeat(5), 5).map((piece) => piece.length),
      [3, 2, 1]
    )
  })

  it("TsockmText.name() leaves nothing that separates or cuts", () => {
    assert.strictEqual(TsockmText.name("alice"), "alice")
    assert.strictEqual(TsockmText.name("Živa 🎉"), "Živa 🎉")
    assert.strictEqual(TsockmText.name("a::b|c#d"), "a：：b｜c＃d")
    assert.strictEqual(TsockmText.name("1ª Īna はな"), "1a I\u0304na は?")
    assert.strictEqual(TsockmText.name("a\u0000\nb\u007f"), "ab")
    assert.strictEqual(TsockmText.name(""), "?")
    const random = seeded(9)
    for (let round = 0; round < 3000; round++) {
      const name = TsockmText.name(textOf(random, 20))
      assert.isTrue(name !== "" && !/[:|#\p{Cc}]/u.test(name) && !bytes(name).includes(0xaa), JSON.stringify(name))
    }
    for (let code = 0; code < 0x30000; code++) {
      if (code >= 0xd800 && code < 0xe000) continue
      const name = TsockmText.name(String.fromCodePoint(code))
      assert.isTrue(!/[:|#]/.test(name) && !bytes(name).includes(0xaa))
    }
  })

  it("TsockmText.shown() is a text that originals show to its end, and links that stay links", () => {
    const same = ["", "hello", "a:b", "😀 には|#", "http://127.0.0.1:8080/files/x/a%20b.txt", "a\nb"]
    for (const text of same) assert.strictEqual(TsockmText.shown(text), text)
    const shown: ReadonlyArray<readonly [text: string, shown: string]> = [
      ["std::vector", "std:\u200b:vector"],
      [":::", ":\u200b:\u200b:"],
      ["1ª Ī は語 नमस्ते प", "1a I\u0304 は? नमस्ते ?"],
      ["see http://[::1]:8080/files/x, ::", "see http://[0:0:0:0:0:0:0:1]:8080/files/x, :\u200b:"],
      ["http://[2001:db8::a:1]/", "http://[2001:db8:0:0:0:0:a:1]/"],
      ["https://u@[fe80::]/", "https://u@[fe80:0:0:0:0:0:0:0]/"],
      ["http://[::ffff:10.0.0.1]/", "http://[0:0:0:0:0:ffff:10.0.0.1]/"],
      ["http://[1::2::3]/a::b", "http://[1%3A:2%3A:3]/a%3A:b"],
      ["http://x/語/は", "http://x/%E8%AA%9E/は"],
      ["[::1]", "[:\u200b:1]"],
      ["a::http://x::y b::c", "a:\u200b:http://x%3A:y b:\u200b:c"]
    ]
    for (const [text, expected] of shown) assert.strictEqual(TsockmText.shown(text), expected)
    const random = seeded(13)
    for (let round = 0; round < 3000; round++) {
      const parts = Array.from(
        { length: random(4) },
        () => textOf(random, 20) + ["", " ", "http://[::", "://"][random(4)]!
      )
      const text = parts.join("")
      const whole = TsockmText.shown(text)
      assert.isTrue(!whole.includes("::") && !bytes(whole).includes(0xaa), JSON.stringify(text))
      assert.strictEqual(TsockmText.shown(whole), whole)
      if (!text.includes("::") && !bytes(text).includes(0xaa)) assert.strictEqual(whole, text)
    }
  })

  it("TsockmText.shown() takes no longer than the text is long", () => {
    for (const unit of ["a.", "a", "a:", "::", "http://[", "http://[::", "[::]:"]) {
      const text = unit.repeat(16_000 / unit.length) + "::"
      assert.isAtMost(TsockmText.shown(text).length, 4 * text.length)
    }
  })

  it("TsockmText.address() is dotted or a word", () => {
    assert.strictEqual(TsockmText.address("127.0.0.1", 6969, "server"), "127.0.0.1:6969")
    assert.strictEqual(TsockmText.address("::ffff:10.0.0.7", 1, "client"), "10.0.0.7:1")
    assert.strictEqual(TsockmText.address("::FFFF:10.0.0.7", 1, "client"), "10.0.0.7:1")
    for (const host of ["::1", "::ffff:a00:7", "fe80::1%eth0", "localhost", ""]) {
      assert.strictEqual(TsockmText.address(host, 6969, "client"), "client")
    }
  })
})

describe("TsockmId", () => {
  const encoder = new Sqids(TsockmId.options)

  it("TsockmId.make() is a text of letters and digits that holds its numbers", () => {
    const random = seeded(7)
    const ids = new Set<string>()
    for (let round = 0; round < 2000; round++) {
      const numbers = Uint8Array.from({ length: TsockmId.idBytes }, () => random(256))
      const id = TsockmId.make(encoder, numbers)
      assert.match(id, /^[A-Za-z0-9]{20,32}$/)
      const hex = encoder.decode(id).map((number) => number.toString(16).padStart(10, "0"))
      assert.strictEqual(hex.join(""), Buffer.from(numbers).toString("hex"))
      ids.add(id)
    }
    assert.strictEqual(ids.size, 2000)
    assert.strictEqual(TsockmId.make(encoder, new Uint8Array(20).fill(255)).length, 32)
  })

  it("TsockmId.signature() is short and longer than any origin", () => {
    const random = seeded(8)
    for (let round = 0; round < 2000; round++) {
      const signature = TsockmId.signature(encoder, Uint8Array.from([random(256), random(256), random(256)]))
      assert.match(signature, /^[A-Za-z0-9]{8,12}$/)
    }
    assert.strictEqual(TsockmId.signature(encoder, Uint8Array.from([1, 2, 3])).length, 8)
  })

  it("TsockmId.keyOf() takes an id out of all that a login answers", () => {
    assert.strictEqual(TsockmId.keyOf("ID|zoe#SIG"), "ID")
    assert.strictEqual(TsockmId.keyOf("ID"), "ID")
    assert.strictEqual(TsockmId.keyOf("|"), "")
  })
})
