import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { parts } from "../../src/web/state/Links.ts"

describe("Links", () => {
  const found: ReadonlyArray<readonly [text: string, links: ReadonlyArray<string>]> = [
    ["no link at all", []],
    ["https://example.org", ["https://example.org"]],
    ["see http://example.org/a?b=c#d, please.", ["http://example.org/a?b=c#d"]],
    ["(https://example.org/x)", ["https://example.org/x"]],
    ["https://en.wikipedia.org/wiki/Slip_(disambiguation)", ["https://en.wikipedia.org/wiki/Slip_(disambiguation)"]],
    ["“https://example.org/a”!", ["https://example.org/a"]],
    ["<https://example.org/a>", ["https://example.org/a"]],
    ["www.example.org.", ["www.example.org"]],
    ["a https://one.example b https://two.example", ["https://one.example", "https://two.example"]],
    ["https://", []],
    ["javascript:alert(1) data:text/html,x file:///etc/passwd", []],
    ["xhttps://example.org", []],
    ["**https://example.org/b**", ["https://example.org/b"]]
  ]
  for (const [text, links] of found) {
    it(`parts() finds ${links.length === 0 ? "nothing" : links.join(" and ")} in ${text}`, () => {
      assert.deepStrictEqual(
        parts(text).flatMap((part) => (part.url === undefined ? [] : [part.text])),
        links
      )
    })
  }

  it("parts() leads to the address without a scheme by https", () => {
    assert.deepStrictEqual(parts("www.example.org"), [{ text: "www.example.org", url: "https://www.example.org/" }])
  })

  const Texts = Schema.Array(
    Schema.Union([Schema.String, Schema.Literals(["https://", "www.", "http://a.b/(", ")", ".", "javascript:", " "])])
  )
  it.effect.prop("parts() loses nothing, and leads nowhere but to web pages", [Texts], ([pieces]) =>
    Effect.sync(() => {
      const text = pieces.join("")
      const found = parts(text)
      assert.strictEqual(found.map((part) => part.text).join(""), text)
      for (const { url } of found) if (url !== undefined) assert.match(url, /^https?:\/\//)
    })
  )
})
