import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { lookAlikeKey, RoomName, roomName, uniqueKeys, UserName, userName } from "../../src/domain/Names.ts"
import { source } from "./ConfusablesSource.ts"
import * as Normalised from "./Normalised.ts"

const tagOf = (text: string): string =>
  Result.match(userName(text), { onFailure: ({ _tag }) => _tag, onSuccess: () => "ok" })

describe("userName()", () => {
  for (const name of [
    "alice",
    "Vincent van Gogh",
    "Вася",
    "李",
    "Zoë",
    "O'Neill",
    "a|b::c",
    "👩‍👩‍👧",
    "Анна",
    "李雷",
    "محمد",
    "प्रिया",
    "இயக்குநர்",
    "มัทนา",
    "Tiếng Việt",
    "မြို့",
    "ಫ಼ೋಂ",
    "שָׁלוֹם",
    "1\ufe0f\u20e3",
    "a\u0316\u0317\u0318\u0319",
    "a\u0316\ufe0f\u0317\ufe0f\u0318\ufe0f\u0319\ufe0f",
    `a${"\ufe0f".repeat(63)}`,
    "Servet",
    "Server 2",
    "systemd",
    "observer",
    "x".repeat(64),
    "🎉".repeat(64)
  ]) {
    it(`takes ${JSON.stringify(name)}`, () => {
      assert.deepStrictEqual(userName(name), Result.succeed(name as UserName))
    })
  }

  for (const name of [
    "",
    "   ",
    "x".repeat(65),
    "🎉".repeat(65),
    "a\nb",
    "a\0b",
    "a\u007fb",
    "a\u202eb",
    "a\u200fb",
    "a\u2066b",
    "a\u2028b",
    "a\u2029b",
    "a\tb",
    "a\u0085b",
    "a\u061cb",
    "\u202aa",
    "a\u2069",
    "\ud800",
    "a\udc00b",
    "\ue000",
    "\uffff",
    "\u0378",
    "\u200b",
    "\u200d\ufe0f",
    "\u2800",
    "\u0301",
    "\u0301abc",
    "\ufe0f\u0301abc",
    "\u2060\u0301abc",
    `a${"\u0315".repeat(5)}`,
    `a${"\u0301".repeat(5)}`,
    "a\u0315\u0316\ufe0f\u0317\u0318\ufe0f\u0319b",
    "a\u0315\u0316\u2060\u0317\u0318\u200d\u0319b",
    "x".repeat(100_000)
  ]) {
    it(`refuses ${JSON.stringify(name.slice(0, 70))}`, () => {
      assert.strictEqual(tagOf(name), "NameInvalid")
    })
  }

  for (const name of [
    "Server",
    "SERVER",
    " server ",
    "ｓｅｒｖｅｒ",
    "Ѕеrvеr",
    "ser\u200bver",
    "s\u00e9rver",
    "5erver",
    "system",
    "ѕуѕтем",
    "SYS\u00adTEM",
    "sys\u200btem",
    "\u2060server",
    "sеrνer",
    "ＳＹＳＴＥＭ",
    "𝓢𝓮𝓻𝓿𝓮𝓻",
    "ⓢⓔⓡⓥⓔⓡ",
    "ſerver",
    "sy5tem",
    "SΥSTEM",
    "SYSΤΕΜ",
    "Server\u0301",
    "Server\u2800",
    "ꓢꓰꓣꓦꓰꓣ",
    "ᏚᎬᏒᏙᎬᏒ",
    "[Server]",
    "Server:",
    "Server|",
    "Server™",
    "$erver!",
    "S.e.r.v.e.r",
    "ⓢⓔⓡⓥⓔⓡ!",
    "Տerver",
    "Serverꓸ",
    "<Տy5tem>",
    "Systern",
    "- system -"
  ]) {
    it(`reserves ${JSON.stringify(name)}`, () => {
      assert.strictEqual(tagOf(name), "NameReserved")
    })
  }

  it("trims and composes", () => {
    assert.deepStrictEqual(userName("  Zoe\u0308 "), Result.succeed("Zo\u00eb" as UserName))
  })

  it("counts code points, after composing and trimming", () => {
    assert.strictEqual(tagOf(` ${"e\u0301".repeat(64)} `), "ok")
    assert.strictEqual(tagOf("e\u0301".repeat(65)), "NameInvalid")
    assert.strictEqual(tagOf("q\u0301".repeat(33)), "NameInvalid")
  })

  it("looks at nothing but the length of more than 256 units", () => {
    const work = Normalised.count()
    for (const text of ["x".repeat(257), ` ${"e\u0301".repeat(128)}`, Normalised.endless, " ".repeat(100_000)]) {
      assert.strictEqual(tagOf(text), "NameInvalid")
      assert.isTrue(Result.isFailure(roomName(text)))
      assert.strictEqual(lookAlikeKey(text), "")
      assert.isFalse(Schema.is(UserName)(text) || Schema.is(RoomName)(text))
    }
    assert.strictEqual(work.units(), 0)
    assert.strictEqual(tagOf(`${" ".repeat(128)}${"e\u0301".repeat(64)}`), "ok")
    work.restore()
  })

  it("UserName and RoomName accept what userName() and roomName() make, and what they took before", () => {
    for (const name of ["[Server]", "Тom\u0316\u0317\u0318\u0319\u031c", "\u0301x"]) {
      assert.notStrictEqual(tagOf(name), "ok")
      assert.isTrue(Schema.is(UserName)(name) && Schema.is(RoomName)(name))
    }

    assert.isTrue(Schema.is(UserName)("Zo\u00eb"))
    for (const text of ["Zoe\u0308", " bob", "", "Server", "a\nb", 1]) assert.isFalse(Schema.is(UserName)(text))
    assert.isTrue(Schema.is(RoomName)("Server"))
    assert.isFalse(Schema.is(RoomName)("general "))
  })

  it("takes what it has made of every code point", () => {
    for (let point = 0; point < 0x20000; point++) {
      if (/\p{Cn}|\p{Lo}/u.test(String.fromCodePoint(point))) continue
      const name = userName(`a${String.fromCodePoint(point)}`)
      if (Result.isSuccess(name)) assert.isTrue(Schema.is(UserName)(name.success), point.toString(16))
    }
  })

  it.prop("never throws, and takes what it has made", [Schema.String], ([text]) => {
    const name = userName(text)
    if (Result.isFailure(name)) return
    assert.deepStrictEqual(userName(name.success), name)
    assert.isTrue(Schema.is(UserName)(name.success))
  })
})

describe("lookAlikeKey()", () => {
  for (const [one, other] of [
    ["alice", "ALICE"],
    ["alice", "ａｌｉｃｅ"],
    ["Straße", "STRASSE"],
    ["STRA\u1e9eE", "strasse"],
    ["ﬁsh", "fish"],
    ["ŒUVRE", "œuvre"],
    ["Ⅷ", "viii"],
    ["ὈΔΥΣΣΕΎΣ", "ὀδυσσεύς"],
    ["ⓐⓑⓒ", "abc"],
    ["ｶ", "カ"],
    ["李\ufe00", "李"],
    ["al\u200bice", "alice"],
    ["Vincent van Gogh", "vincent  VAN\u00a0gogh"],
    ["Zo\u00eb", "zoe\u0308"]
  ] as const) {
    it(`is the same for ${JSON.stringify(one)} and ${JSON.stringify(other)}`, () => {
      assert.strictEqual(lookAlikeKey(one), lookAlikeKey(other))
    })
  }

  it("stays what it is, for it is stored", () => {
    const keys = Object.entries({
      dev1: "dev1",
      "\u0130zmir": "i\u0307zmir",
      "[Server]": "[server]",
      "\u0430lice": "\u0430lice",
      mm: "mm",
      "Ｉl|": "il|",
      "ẞ\u200d2\u2800": "ss2",
      "a\u0301\u0302\u0303\u0304\u0305b": "\u00e1\u0302\u0303\u0304\u0305b"
    })
    for (const [name, key] of keys) assert.strictEqual(lookAlikeKey(name), key)
  })

  it("differs for other names", () => {
    assert.strictEqual(new Set(["alice", "al ice", "alicé", "bob", "Вася"].map(lookAlikeKey)).size, 5)
  })

  it("is its own key for every code point", () => {
    for (let point = 0; point < 0x20000; point++) {
      const key = lookAlikeKey(`a${String.fromCodePoint(point)}b`)
      if (lookAlikeKey(key) !== key) assert.fail(`U+${point.toString(16)}: ${JSON.stringify(key)}`)
    }
  })

  it.prop("is its own key", [Schema.String], ([text]) => {
    assert.strictEqual(lookAlikeKey(lookAlikeKey(text)), lookAlikeKey(text))
  })
})

describe("uniqueKeys()", () => {
  const keysOf = (name: string) => uniqueKeys(name as UserName)
  const meet = (one: string, other: string) => keysOf(one).some((key) => keysOf(other).includes(key))

  for (const [one, other] of [
    ["alice", "аlice"],
    ["alice", "ALICE"],
    ["alice", "аliсе"],
    ["alice", "a1ice"],
    ["Alice", "АLICЕ"],
    ["ivan", "іvan"],
    ["Ivan", "lvan"],
    ["Ivan", "іVAN"],
    ["mike", "Мike"],
    ["modern", "rnodern"],
    ["bob", "b0b"],
    ["paypal", "ρаураl"],
    ["Zoë", "Zoё".replace("ё", "е\u0308")],
    ["O'Neill", "O’Neill"],
    ["a b", "a\u3000b"],
    ["alice", "аl\u200bice"]
  ] as const) {
    it(`has one in common for ${JSON.stringify(one)} and ${JSON.stringify(other)}`, () => {
      assert.isTrue(meet(one, other))
    })
  }

  it("has none in common for names that look different", () => {
    const names = [
      "Анна",
      "Anna",
      "Иван",
      "Ivan",
      "李雷",
      "محمد",
      "محمود",
      "alicé",
      "alice",
      "bob",
      "rob",
      "Tom",
      "Tim"
    ]
    for (const one of names) for (const other of names) assert.strictEqual(meet(one, other), one === other)
  })

  it("begins with the look-alike key", () => {
    for (const name of ["alice", "аlice", "ALICE", "mm", "Ⅷ"]) assert.strictEqual(keysOf(name)[0], lookAlikeKey(name))
    assert.deepStrictEqual([keysOf("alice"), keysOf("mm")], [["alice"], ["mm", "rnrn"]])
    assert.deepStrictEqual(keysOf("АLICE"), ["аlice", "allce", "alice"])
  })

  it("knows what Unicode says of characters that look alike", () => {
    assert.strictEqual(readFileSync(new URL("../../src/domain/Confusables.ts", import.meta.url), "utf8"), source())
  })
})

describe("roomName()", () => {
  it("takes a reserved user name, for rooms are not users", () => {
    assert.isTrue(Result.isSuccess(roomName("server")))
  })

  it("refuses control characters and what is too long", () => {
    for (const name of ["", "a\tb", "x".repeat(65)]) assert.isTrue(Result.isFailure(roomName(name)))
  })
})
