import { assert, describe, it } from "@effect/vitest"
import { parse } from "../../src/services/SlashCommand.ts"
import { isCommand, plain } from "../../src/web/state/SlashWords.ts"

describe("SlashWords", () => {
  const texts = [
    "hello",
    "/",
    "/me",
    "/join",
    "/join attic",
    "/joint",
    "/jion x",
    "//jion x",
    "/me waves",
    "/WHO",
    "/who\nx",
    "//join x",
    "//",
    "// note"
  ]
  const more = ["/leave", "/rooms", "/who", "/msg bob hi", "/files", "/invite bob", "/history 5", "/help", "///who"]
  for (const text of [...texts, ...more]) {
    it(`the page reads ${JSON.stringify(text)} as the server does`, () => {
      const parsed = parse(text)
      assert.strictEqual(isCommand(text), parsed._tag !== "Text" && parsed._tag !== "Me")
      if (parsed._tag === "Text") assert.strictEqual(plain(text, "alice"), parsed.text)
      if (parsed._tag === "Me") assert.strictEqual(plain(text, "alice"), `* alice ${parsed.text}`)
    })
  }
})
