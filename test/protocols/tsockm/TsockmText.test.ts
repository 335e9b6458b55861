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
