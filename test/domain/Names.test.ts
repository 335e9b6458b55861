import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { lookAlikeKey, roomName, UserName, userName } from "../../src/domain/Names.ts"

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
    "\ud800",
    "\u200b",
    "\u200d\ufe0f"
  ]) {
    it(`refuses ${JSON.stringify(name)}`, () => {
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
    "SYS\u00adTEM"
  ]) {
    it(`reserves ${JSON.stringify(name)}`, () => {
      assert.strictEqual(tagOf(name), "NameReserved")
    })
  }

  it("trims and composes", () => {
    assert.deepStrictEqual(userName("  Zoe\u0308 "), Result.succeed("Zo\u00eb" as UserName))
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
    ["ﬁsh", "fish"],
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
