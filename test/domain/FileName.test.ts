import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { fileName, limitBytes } from "../../src/domain/FileName.ts"

const sizeBytes = (text: string) => new TextEncoder().encode(text).length

describe("fileName()", () => {
  const cases: ReadonlyArray<readonly [given: string, made: string]> = [
    ["report.pdf", "report.pdf"],
    ["Übersicht (2) – été.tar.gz", "Übersicht (2) – été.tar.gz"],
    ["👩‍👩‍👧.png", "👩‍👩‍👧.png"],
    ["../../etc/passwd", "passwd"],
    ["/etc/passwd", "passwd"],
    ["C:\\Windows\\system32\\cmd.exe", "cmd.exe"],
    ["..\\../mixed.txt", "mixed.txt"],
    ["..", "file"],
    ["", "file"],
    ["folder/", "file"],
    [" . . ", "file"],
    [".bashrc", "bashrc"],
    ["name. . ", "name"],
    ["stream.txt:hidden", "stream.txt_hidden"],
    ["a\r\nSet-Cookie: b", "a__Set-Cookie_ b"],
    ["a\u0000b\u007f.txt", "a_b_.txt"],
    ['"quoted"; <x>|?*', "_quoted_; _x____"],
    ["photo\u202egpj.exe", "photo_gpj.exe"],
    ["\ufeffzero\u200bwidth", "_zero_width"],
    ["half\ud800.txt", "half\ufffd.txt"],
    ["e\u0301.txt", "\u00e9.txt"],
    ["CON", "_CON"],
    ["nul.tar.gz", "_nul.tar.gz"],
    ["Com1 .txt", "_Com1 .txt"],
    ["lpt².log", "_lpt².log"],
    ["conout$", "_conout$"],
    ["console.log", "console.log"],
    ["com10.txt", "com10.txt"],
    ["-rf", "_-rf"],
    ["~root", "_~root"]
  ]
  for (const [given, made] of cases) {
    it(`makes ${JSON.stringify(made)} of ${JSON.stringify(given)}`, () => {
      assert.strictEqual(fileName(given), made)
    })
  }

  it("cuts the stem of what is too long, between characters, and keeps the extension", () => {
    assert.strictEqual(fileName(`${"a".repeat(300)}.jpeg`), `${"a".repeat(250)}.jpeg`)
    assert.strictEqual(fileName(`${"😀".repeat(100)}.png`), `${"😀".repeat(62)}.png`)
    assert.strictEqual(fileName("a".repeat(300)), "a".repeat(255))
    assert.strictEqual(fileName(`x.${"a".repeat(300)}`), `x.${"a".repeat(253)}`)
    assert.strictEqual(fileName(`${"a".repeat(254)} ${"b".repeat(50)}`), "a".repeat(254))
    assert.strictEqual(fileName(`${"a".repeat(255)}`), "a".repeat(255))
    assert.strictEqual(fileName(`nul${" ".repeat(300)}x`), "_nul")
    assert.strictEqual(fileName(`nul${" ".repeat(300)}x.txt`), `_nul${" ".repeat(247)}.txt`)
  })

  it("takes no longer for a text that is made to take long", () => {
    assert.strictEqual(fileName(`a${".".repeat(4_000_000)}b`).length, limitBytes)
    assert.strictEqual(fileName(`a${"\u0301\u0316".repeat(2_000_000)}.b`).slice(-2), ".b")
    assert.strictEqual(fileName("/".repeat(4_000_000)), "file")
  })

  const unsafe = /[/\\\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069<>:"|?*]|^[\s.~-]|[\s.]$/u
  const Awkward = Schema.Array(
    Schema.Union([
      Schema.String,
      Schema.Literals([
        "/",
        "\\",
        "..",
        ".",
        " ",
        "con",
        "nul",
        "COM1",
        "-",
        "~",
        "\u202e",
        "\u0000",
        "\ud83d",
        "\u0338"
      ]),
      Schema.Literals(["é".repeat(130), "a".repeat(250), " ".repeat(200), ".".repeat(100), "😀".repeat(60)])
    ])
  )
  it.effect.prop("is never empty, never too long, always safe, and stays as it is", [Awkward], ([parts]) =>
    Effect.sync(() => {
      const name = fileName(parts.join(""))
      assert.notStrictEqual(name, "")
      assert.isAtMost(sizeBytes(name), limitBytes)
      assert.isTrue(name.isWellFormed())
      assert.notMatch(name, unsafe)
      assert.notMatch(name, /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i)
      assert.strictEqual(fileName(name), name)
    })
  )
})
