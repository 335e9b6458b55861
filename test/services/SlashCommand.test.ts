import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { type Message, ProtocolName } from "../../src/domain/Message.ts"
import type { RoomName, UserName } from "../../src/domain/Names.ts"
import * as SlashCommand from "../../src/services/SlashCommand.ts"

describe("SlashCommand.parse()", () => {
  const cases: ReadonlyArray<readonly [string, ReturnType<typeof SlashCommand.parse>]> = [
    ["hello", { _tag: "Text", text: "hello" }],
    ["/join python", { _tag: "Join", room: "python" }],
    ["/join  the wine cellar ", { _tag: "Join", room: "the wine cellar" }],
    ["/join", { _tag: "Misused", usage: "/join room" }],
    ["/leave", { _tag: "Leave" }],
    ["/rooms", { _tag: "Rooms" }],
    ["/who", { _tag: "Who" }],
    ["/msg bob hi there", { _tag: "Msg", rest: "bob hi there" }],
    ["/msg bob", { _tag: "Msg", rest: "bob" }],
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
    ["/history 1", { _tag: "History", limit: 1 }],
    ["/history 100", { _tag: "History", limit: 100 }],
    ["/history -1", { _tag: "Misused", usage: "/history [number]" }],
    ["/history 1.5", { _tag: "Misused", usage: "/history [number]" }],
    ["/history 1000", { _tag: "Misused", usage: "/history [number]" }],
    ["/history 99999999999999999999", { _tag: "Misused", usage: "/history [number]" }],
    ["/msg", { _tag: "Misused", usage: "/msg name text" }],
    ["/msg bob ", { _tag: "Msg", rest: "bob" }],
    ["/join \n ", { _tag: "Misused", usage: "/join room" }],
    ["/msg bob\nhi", { _tag: "Msg", rest: "bob\nhi" }],
    ["/leave ", { _tag: "Leave" }],
    ["/who\n", { _tag: "Who" }],
    ["//msg bob  hi ", { _tag: "Text", text: "/msg bob  hi " }],
    ["//join", { _tag: "Text", text: "/join" }],
    ["/who's there", { _tag: "Text", text: "/who's there" }],
    ["/leave\0", { _tag: "Text", text: "/leave\0" }],
    ["/msg\u200b bob hi", { _tag: "Text", text: "/msg\u200b bob hi" }],
    ["/constructor", { _tag: "Text", text: "/constructor" }],
    ["//help", { _tag: "Text", text: "/help" }],
    ["//", { _tag: "Text", text: "//" }],
    ["//no such word", { _tag: "Text", text: "//no such word" }],
    ["///join x", { _tag: "Text", text: "///join x" }],
    ["/", { _tag: "Text", text: "/" }],
    ["/joined", { _tag: "Text", text: "/joined" }],
    ["/me waves  twice ", { _tag: "Me", text: "waves  twice" }],
    ["/me", { _tag: "Misused", usage: "/me text" }],
    ["/JOIN x", { _tag: "Misused", usage: "/join room - or //JOIN to say that" }],
    ["/mgs bob secret", { _tag: "Misused", usage: "/msg name text - or //mgs to say that" }],
    ["/msgs bob secret", { _tag: "Misused", usage: "/msg name text - or //msgs to say that" }],
    ["/MSG bob secret", { _tag: "Misused", usage: "/msg name text - or //MSG to say that" }],
    ["/jion x", { _tag: "Misused", usage: "/join room - or //jion to say that" }],
    ["/hlep", { _tag: "Misused", usage: "/help - or //hlep to say that" }],
    ["//mgs bob secret", { _tag: "Text", text: "/mgs bob secret" }],
    ["/whoa", { _tag: "Text", text: "/whoa" }],
    ["/ms bob", { _tag: "Text", text: "/ms bob" }],
    ["/mgs, bob", { _tag: "Text", text: "/mgs, bob" }],
    ["/j0in x", { _tag: "Text", text: "/j0in x" }],
    ["/jöin x", { _tag: "Text", text: "/jöin x" }],
    ["/x/y", { _tag: "Text", text: "/x/y" }],
    [" /join x", { _tag: "Text", text: " /join x" }],
    ["/etc/passwd", { _tag: "Text", text: "/etc/passwd" }]
  ]
  for (const [text, expected] of cases) {
    it(`reads ${JSON.stringify(text)}`, () => assert.deepStrictEqual(SlashCommand.parse(text), expected))
  }

  it("takes each word that /help tells, and /help tells how to use it", () => {
    const lines = SlashCommand.help.split("\n")
    assert.lengthOf(lines, 10)
    for (const line of lines) {
      const [word] = line.split(" ")
      assert.notStrictEqual(SlashCommand.parse(word!)._tag, "Text", word)
      assert.deepStrictEqual(SlashCommand.parse(`/${word}`), { _tag: "Text", text: word! })
    }
  })

  it.prop("never throws, and takes one slash at most from a text", [Schema.String], ([rest]) => {
    for (const text of [`/${rest}`, `//${rest}`, `/msg ${rest}`, `//join ${rest}`]) {
      const parsed = SlashCommand.parse(text)
      if (parsed._tag === "Text") assert.include([text, text.slice(1)], parsed.text)
    }
  })

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

describe("SlashCommand.splitAddressee() of much", () => {
  it("looks for no longer name than there can be", () => {
    let asked = 0
    const split = SlashCommand.splitAddressee("a ".repeat(8000), () => ++asked < 0)
    assert.isBelow(asked, 200)
    assert.strictEqual(split.name, "a")
  })

  it("finds a name of 64 characters with spaces", () => {
    const name = "🎉 ".repeat(32).trim()
    assert.deepStrictEqual(
      SlashCommand.splitAddressee(`${name} hi`, (it) => it === name),
      { name, text: "hi" }
    )
  })
})

describe("SlashCommand answers", () => {
  const message = (text: string): Message => ({
    number: 1,
    from: "alice" as UserName,
    protocol: ProtocolName.make("sockets"),
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

  for (const [what, separator] of [
    ["next line", "\u0085"],
    ["vertical tab", "\v"],
    ["form feed", "\f"]
  ] as const) {
    it(`messageList() indents what follows a ${what}`, () => {
      const list = SlashCommand.messageList([message(`one${separator}2030-01-02 03:05 Server: forged`)])
      assert.notInclude(list, `${separator}2030`)
    })
  }

  it("fileList() lets no name of a file pass for another line", () => {
    const attachment = { name: "a.txt\nb.txt (1 bytes) from Server: http://evil", sizeBytes: 3, url: "/files/1" }
    const lines = SlashCommand.fileList([{ ...message(""), attachment }]).split("\n")
    assert.isTrue(lines.slice(1).every((line) => line.startsWith("  ")))
  })

  // What one answer may have: the text of one message with its lines indented, and some more.
  const answerLimit = 17_000
  const many = Array.from({ length: 10_000 }, (_, index) => index)

  it("messageList() is bounded for a message of many lines", () => {
    assert.isBelow(SlashCommand.messageList([message("\n".repeat(16_384))]).length, 50_000)
  })

  it("roomList() is bounded, and begins with the default rooms", () => {
    const rooms = many.map((index) => ({
      name: `room ${index}` as RoomName,
      isPrivate: false,
      isMember: false,
      memberCount: 1
    }))
    const list = SlashCommand.roomList(rooms)
    assert.isTrue(list.startsWith("Rooms:\nroom 0 (1)\nroom 1 (1)\n"))
    assert.isBelow(list.length, answerLimit)
  })

  it("userList() is bounded", () => {
    const users = many.map((number) => ({
      number,
      name: `user ${number}` as UserName,
      protocol: ProtocolName.make("toss")
    }))
    assert.isBelow(SlashCommand.userList("general", users).length, answerLimit)
  })

  it("fileList() is bounded", () => {
    const attachment = { name: "x".repeat(1000), sizeBytes: 3, url: "/files/1" }
    const shared: Message = { ...message(""), attachment }
    const list = SlashCommand.fileList(Array.from({ length: 100 }, () => shared))
    assert.isBelow(list.length, answerLimit)
  })
})
