import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { lookAlikeKey, RoomName, roomName, UserName, userName } from "../../src/domain/Names.ts"

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
    "محمد",
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
    "ᏚᎬᏒᏙᎬᏒ"
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

  it("UserName and RoomName accept what userName() and roomName() make, and nothing else", () => {
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

describe("roomName()", () => {
  it("takes a reserved user name, for rooms are not users", () => {
    assert.isTrue(Result.isSuccess(roomName("server")))
  })

  it("refuses control characters and what is too long", () => {
    for (const name of ["", "a\tb", "x".repeat(65)]) assert.isTrue(Result.isFailure(roomName(name)))
  })
})
