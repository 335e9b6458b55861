import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { plainText } from "../../src/domain/PlainText.ts"

describe("plainText()", () => {
  const cases: ReadonlyArray<readonly [given: string, made: string]> = [
    ["", ""],
    ["two\nlines\tand a tab", "two\nlines\tand a tab"],
    ["grüße 👩‍👩‍👧 \u2028\u202e \ud800", "grüße 👩‍👩‍👧 \u2028\u202e \ud800"],
    ["two\r\nlines\r\n", "two\nlines\n"],
    ["\r\r\n\n\r", "␍\n\n␍"],
    ["\u001b[2J\u001b]0;title\u0007", "␛[2J␛]0;title␇"],
    ["\0\u0001\u0008\u000b\u000c\u000e\u001f\u007f", "␀␁␈␋␌␎␟␡"],
    ["\u0080\u009b2J\u009d\u0085\u009f\u00a0", "\ufffd\ufffd2J\ufffd\ufffd\ufffd\u00a0"]
  ]
  for (const [given, made] of cases) {
    it(`makes ${JSON.stringify(made)} of ${JSON.stringify(given)}`, () => {
      assert.strictEqual(plainText(given), made)
    })
  }

  const Awkward = Schema.Array(Schema.Union([Schema.String, Schema.Literals(["\r", "\n", "\r\n", "\u001b", "\u009b"])]))
  it.effect.prop("leaves no control but line feeds and tabs, and what it has made as it is", [Awkward], ([parts]) =>
    Effect.sync(() => {
      const text = plainText(parts.join(""))
      assert.notMatch(text.replaceAll("\n", "").replaceAll("\t", ""), /\p{Cc}/u)
      assert.strictEqual(plainText(text), text)
    })
  )
})
