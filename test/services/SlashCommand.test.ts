import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import type { Message } from "../../src/domain/Message.ts"
import type { UserName } from "../../src/domain/Names.ts"
import * as SlashCommand from "../../src/services/SlashCommand.ts"

describe("SlashCommand.parse()", () => {
  const cases: ReadonlyArray<readonly [string, SlashCommand.SlashCommand]> = [
    ["hello", { _tag: "Text", text: "hello" }],
    ["/join python", { _tag: "Join", room: "python" }],
    ["/join  the wine cellar ", { _tag: "Join", room: "the wine cellar" }],
    ["/join", { _tag: "Misused", usage: "/join room" }],
    ["/leave", { _tag: "Leave" }],
    ["/rooms", { _tag: "Rooms" }],
    ["/who", { _tag: "Who" }],
    ["/msg bob hi there", { _tag: "Msg", rest: "bob hi there" }],
    ["/msg bob", { _tag: "Misused", usage: "/msg name text" }],
    ["/files", { _tag: "Files" }],
    ["/invite Vincent van Gogh", { _tag: "Invite", name: "Vincent van Gogh" }],
    ["/invite", { _tag: "Misused", usage: "/invite name" }],
    ["/history", { _tag: "History", limit: 20 }],
    ["/history 5", { _tag: "History", limit: 5 }],
    ["/history 999", { _tag: "History", limit: 100 }],
    ["/history 0", { _tag: "Misused", usage: "/history [number]" }],
    ["/history x", { _tag: "Misused", usage: "/history [number]" }],
    ["/help", { _tag: "Help" }],
    ["//join python", { _tag: "Text", text: "/join python" }],
    ["//help", { _tag: "Text", text: "/help" }],
    ["//", { _tag: "Text", text: "//" }],
    ["//no such word", { _tag: "Text", text: "//no such word" }],
    ["///join x", { _tag: "Text", text: "///join x" }],
    ["/", { _tag: "Text", text: "/" }],
    ["/joined", { _tag: "Text", text: "/joined" }],
    ["/JOIN x", { _tag: "Text", text: "/JOIN x" }],
    [" /join x", { _tag: "Text", text: " /join x" }],
    ["/etc/passwd", { _tag: "Text", text: "/etc/passwd" }]
  ]
  for (const [text, expected] of cases) {
    it(`reads ${JSON.stringify(text)}`, () => assert.deepStrictEqual(SlashCommand.parse(text), expected))
  }

  it.prop("leaves a text that does not begin with a slash alone", [Schema.String], ([text]) => {
    if (!text.startsWith("/")) assert.deepStrictEqual(SlashCommand.parse(text), { _tag: "Text", text })
  })
})

describe("SlashCommand.splitAddressee()", () => {
  const names = new Set(["bob", "Vincent", "Vincent van Gogh"])
  const isName = (name: string): boolean => names.has(name)

  it("ends the longest name that somebody has", () => {
    assert.deepStrictEqual(SlashCommand.splitAddressee("Vincent van Gogh how are you", isName), {
      name: "Vincent van Gogh",
      text: "how are you"
    })
    assert.deepStrictEqual(SlashCommand.splitAddressee("Vincent van life", isName), {
      name: "Vincent",
      text: "van life"
    })
  })

  it("keeps the text as it is", () => {
    assert.deepStrictEqual(
      SlashCommand.splitAddressee("bob  two  spaces\nand a line", isName).text,
      "two  spaces\nand a line"
    )
  })

  it("takes a name in quotes, and the first word of a name that nobody has", () => {
    assert.deepStrictEqual(SlashCommand.splitAddressee(`"no body" hi`, isName), { name: "no body", text: "hi" })
    assert.deepStrictEqual(SlashCommand.splitAddressee("nobody hi there", isName), { name: "nobody", text: "hi there" })
  })
})

describe("SlashCommand answers", () => {
  const message = (text: string): Message => ({
    number: 1,
    from: "alice" as UserName,
    protocol: "sockets",
    text,
    atMillis: Date.UTC(2030, 0, 2, 3, 4)
  })

  it("messageList() indents further lines, so that none passes for another message", () => {
    assert.strictEqual(
      SlashCommand.messageList([message("one\n2030-01-02 03:05 Server: forged\r\n\u2028end")]),
      "2030-01-02 03:04 alice: one\n  2030-01-02 03:05 Server: forged\n  \n  end"
    )
  })

  it("messageList() keeps the last messages that fit into one answer", () => {
    const list = SlashCommand.messageList(
      Array.from({ length: 100 }, (_, index) => message(`${index} ${"x".repeat(1000)}`))
    )
    assert.isBelow(list.length, 17_000)
    assert.include(list, "alice: 99 ")
    assert.notInclude(list, "alice: 50 ")
    assert.include(SlashCommand.messageList([message("x".repeat(20_000))]), "xxx")
  })

  it("fileList() names the files, their sizes and links", () => {
    const attachment = { name: "a.txt", sizeBytes: 3, url: "/files/1/a.txt" }
    assert.strictEqual(
      SlashCommand.fileList([message("no file"), { ...message(""), attachment }]),
      "a.txt (3 bytes) from alice: /files/1/a.txt"
    )
    assert.strictEqual(SlashCommand.fileList([message("no file")]), "No files have been shared here.")
  })
})
