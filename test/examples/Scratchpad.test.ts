/** The programs of `scratchpad`, each run as a process. */
import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const folder = fileURLToPath(new URL("../../scratchpad/", import.meta.url))

/** Runs a program to its end, from the sources; gives what it has printed. Fails unless it ends in good order. */
const run = async (name: string): Promise<string> => {
  const args = ["--conditions=parlance-source", join(folder, `${name}.ts`)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 })
  return stdout
}

/** What each prints, among other things. */
const programs: Readonly<Record<string, ReadonlyArray<string>>> = {
  Bridge: ["carl hears of tina: hello from TsockM", "tina hears of carl: hello from ChatMaster"],
  EchoBot: ["Echo says: hello", "Echo tells ada: psst"],
  LineProtocol: [
    "alice heard: * Who are you? Say: nick <name>",
    "alice heard: ! Say first who you are: nick <name>",
    "alice heard: * Welcome, alice!",
    "alice heard: * You are in general.",
    "alice heard: * bob has come.",
    "alice heard: <bob> hello from JSON",
    `bob heard: {"type":"message","data":{"message":"hello from a line","username":"alice"}}`
  ],
  Moderation: [
    `mallory <- {"type":"session","data":{"status":false,"reason":"This name needs its password.","code":"wrong-password"}}`,
    `alice <- {"type":"session","data":{"status":true,"channels":["general","python"]}}`,
    `bob <- {"type":"session","data":{"status":true,"channels":["general","python"]}}`,
    `bob <- {"type":"error","data":{"error_type":"message","message":"Links are not allowed here.","code":"no-links"}}`,
    `alice <- {"type":"message","data":{"message":"****, what a day","username":"bob"}}`,
    `bob <- {"type":"message","data":{"message":"Be kind.\\nPost no links.","username":"Server"}}`
  ],
  OnePort: ["hello from my own route", "alice hears Bot: welcome to my application"],
  OwnStorage: ["The server has stopped and starts again.", "1 alice: is this kept?"],
  TimeoutTest: ["A silent session ended after 30 s, and its name was free."]
}

describe("scratchpad", () => {
  it("has a test of each program", () => {
    const names = readdirSync(folder).filter((file) => file.endsWith(".ts"))
    assert.sameMembers(
      names,
      Object.keys(programs).map((name) => `${name}.ts`)
    )
  })

  for (const [name, lines] of Object.entries(programs)) {
    it(`${name}.ts shows what it is an example of, and ends`, { timeout: 90_000 }, async () => {
      const printed = (await run(name)).split("\n")
      assert.deepStrictEqual(
        printed.filter((line) => lines.includes(line)),
        lines
      )
    })
  }
})
