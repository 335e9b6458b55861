import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))

/** Runs an example from the sources, to its end. */
const run = (file: string) =>
  Effect.callback<{ readonly code: number | null; readonly printed: string }>((resume) => {
    const child = spawn(process.execPath, ["--conditions=parlance-source", file], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"]
    })
    let printed = ""
    for (const output of [child.stdout, child.stderr]) {
      output.setEncoding("utf8").on("data", (text: string) => {
        printed += text
      })
    }
    child.on("close", (code) => resume(Effect.succeed({ code, printed })))
    return Effect.sync(() => child.kill())
  })

it.live("the moderation policy refuses, replaces and answers", () =>
  Effect.gen(function* () {
    const { code, printed } = yield* run("scratchpad/Moderation.ts")
    assert.deepStrictEqual(printed.trim().split("\n"), [
      `mallory <- {"type":"session","data":{"status":false,"reason":"This name needs its password.","code":"wrong-password"}}`,
      `alice <- {"type":"session","data":{"status":true,"channels":["general","python"]}}`,
      `bob <- {"type":"session","data":{"status":true,"channels":["general","python"]}}`,
      `bob <- {"type":"error","data":{"error_type":"message","message":"Links are not allowed here.","code":"no-links"}}`,
      `alice <- {"type":"message","data":{"message":"****, what a day","username":"bob"}}`,
      `bob <- {"type":"message","data":{"message":"Be kind.\\nPost no links.","username":"Server"}}`
    ])
    assert.strictEqual(code, 0)
  })
)

it("README shows the hooks of the moderation policy", () => {
  const source = readFileSync(`${root}scratchpad/Moderation.ts`, "utf8")
  const hooks = source.slice(source.indexOf("// What is said"), source.indexOf("/** A server that"))
  assert.include(readFileSync(`${root}README.md`, "utf8"), hooks.trim())
})
