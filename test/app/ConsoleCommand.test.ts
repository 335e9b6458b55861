import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { type ConsoleCommand, parse, summaries } from "../../src/app/ConsoleCommand.ts"

const good: ReadonlyArray<[line: string, command: ConsoleCommand | undefined]> = [
  ["", undefined],
  [" \t ", undefined],
  [":list", { _tag: "List" }],
  ["  :list  ", { _tag: "List" }],
  [":ls", { _tag: "List" }],
  [":rooms", { _tag: "Rooms" }],
  [":info", { _tag: "Info" }],
  [":help", { _tag: "Help" }],
  [":cc", { _tag: "Clear" }],
  [":c", { _tag: "Clear" }],
  [":clean-pool", { _tag: "CleanPool" }],
  [":mute", { _tag: "Mute" }],
  [":exit", { _tag: "Exit" }],
  [":bans", { _tag: "Bans" }],
  [":kill all", { _tag: "Kill", target: { _tag: "All" } }],
  [":kill 12", { _tag: "Kill", target: { _tag: "One", peer: "12" } }],
  [":kill  Vincent van  Gogh ", { _tag: "Kill", target: { _tag: "One", peer: "Vincent van  Gogh" } }],
  [":ping\tall", { _tag: "Ping", target: { _tag: "All" } }],
  [":ping ALL", { _tag: "Ping", target: { _tag: "One", peer: "ALL" } }],
  [":say  hello  :list ", { _tag: "Say", text: "hello  :list" }],
  [":ban 192.0.2.1", { _tag: "Ban", address: "192.0.2.1", minutes: undefined }],
  [":ban ::1   90", { _tag: "Ban", address: "::1", minutes: 90 }],
  [":unban 192.0.2.1", { _tag: "Unban", address: "192.0.2.1" }],
  [":unmute", { _tag: "Unmute", verbosity: undefined }],
  ...["dev", "DEV", "D"].map((word) => [`:unmute ${word}`, { _tag: "Unmute", verbosity: "dev" }] as const),
  ...["compact", "COMPACT", "C", "tiny"].map(
    (word) => [`:unmute ${word}`, { _tag: "Unmute", verbosity: "tiny" }] as const
  ),
  [":unmute silent", { _tag: "Unmute", verbosity: "silent" }]
].map(([line, command]) => [line as string, command as ConsoleCommand | undefined])

const bad: ReadonlyArray<[line: string, mistake: string]> = [
  ["list", "UnknownCommand"],
  [":killall", "UnknownCommand"],
  [":List", "UnknownCommand"],
  [":", "UnknownCommand"],
  ["\u001b[2J", "UnknownCommand"],
  [":kill", "ArgumentMissing"],
  [":kill   ", "ArgumentMissing"],
  [":ping", "ArgumentMissing"],
  [":say", "ArgumentMissing"],
  [":ban", "ArgumentMissing"],
  [":unban", "ArgumentMissing"],
  [":list all", "ArgumentWrong"],
  [":exit now", "ArgumentWrong"],
  [":unmute loud", "ArgumentWrong"],
  [":ban 192.0.2.1 0", "ArgumentWrong"],
  [":ban 192.0.2.1 -5", "ArgumentWrong"],
  [":ban 192.0.2.1 5 minutes", "ArgumentWrong"],
  [":unban 192.0.2.1 192.0.2.2", "ArgumentWrong"],
  [`:say ${"ä".repeat(4094)}`, "LineTooLong"]
]

describe("parse()", () => {
  for (const [line, command] of good) {
    it(`reads ${JSON.stringify(line)}`, () => assert.deepStrictEqual(parse(line), Result.succeed(command)))
  }

  for (const [line, mistake] of bad) {
    it(`refuses ${JSON.stringify(line).slice(0, 40)}`, () => {
      const parsed = parse(line)
      assert.strictEqual(Result.isFailure(parsed) ? parsed.failure._tag : "none", mistake)
    })
  }

  it("names the command and how it is written", () => {
    assert.deepStrictEqual(
      parse(":ban"),
      Result.fail({ _tag: "ArgumentMissing", word: ":ban", usage: ":ban <address> [<minutes>]" })
    )
    assert.deepStrictEqual(
      parse(":ls x"),
      Result.fail({ _tag: "ArgumentWrong", word: ":ls", argument: "x", usage: ":ls" })
    )
  })

  it("takes a line of 8 KiB", () => {
    const text = "ä".repeat(4093)
    assert.deepStrictEqual(parse(`:say ${text}x`), Result.succeed({ _tag: "Say", text: `${text}x` }))
  })

  it.prop("never throws", [Schema.String], ([line]) => {
    assert.isTrue(Result.isResult(parse(line)) && Result.isResult(parse(`:kill ${line}`)))
  })

  it("knows every command that the help shows", () => {
    for (const [usage] of summaries) {
      for (const word of usage.split(", ").map((one) => one.split(" ")[0]!)) {
        const parsed = parse(word)
        assert.notStrictEqual(Result.isFailure(parsed) ? parsed.failure._tag : "none", "UnknownCommand")
      }
    }
  })
})
