import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Clients from "./Clients.ts"
import * as TestServer from "./TestServer.ts"

const root = fileURLToPath(new URL("../../", import.meta.url))
const readme = readFileSync(join(root, "README.md"), "utf8")
const example = (name: string): string => readFileSync(join(root, "test/examples", name), "utf8")
const hasNetcat = spawnSync("nc", ["-h"]).error === undefined

/** Runs an example with the ports of a test server in place of the default ones; gives what it prints, as it comes. */
const run = Effect.fnUntraced(function* (command: string, name: string) {
  const chatmaster = new URL(yield* TestServer.urlOf("chatmaster")).port
  const toss = new URL(yield* TestServer.urlOf("toss")).port
  const tsockm = new URL(yield* TestServer.urlOf("tsockm")).port
  const packet = new URL(yield* TestServer.urlOf("packet")).port
  const http = new URL(yield* TestServer.urlOf("sockets")).port
  // Beside the project, so that its packages are found.
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(root, "scratchpad", ".example-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  )
  const file = join(folder, name)
  writeFileSync(
    file,
    example(name)
      .replaceAll("9000", chatmaster)
      .replaceAll("8080", http)
      .replaceAll("8000", toss)
      .replaceAll("9400", packet)
      .replaceAll("6969", tsockm)
  )
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => spawn(command, [file], { cwd: tmpdir(), stdio: ["ignore", "pipe", "inherit"], detached: true })),
    (child) =>
      Effect.sync(() => {
        // The whole group: a shell and what it runs.
        if (child.exitCode === null) process.kill(-child.pid!, "SIGKILL")
      })
  )
  let printed = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text
  })
  const prints = (text: string) =>
    Effect.callback<void>((resume) => {
      const look = () => {
        if (!printed.includes(text)) return
        child.stdout.off("data", look)
        resume(Effect.void)
      }
      child.stdout.on("data", look)
      look()
    }).pipe(Effect.timeout("10 seconds"))
  return { prints }
})

/** What each example says, as whom, and what it prints of an answer. */
const examples = [
  { file: "terminal.sh", by: "sh", user: "alice", says: "hello from a terminal", heard: `"message":"hello back"` },
  {
    file: "toss.sh",
    by: "sh",
    user: "carol",
    says: "hello from Slip",
    heard: "message|l10|hello back;username|l3|bob;"
  },
  { file: "tsockm.sh", by: "sh", user: "erin", says: "hello from TsockM", heard: "::hello back" },
  { file: "packet.mjs", by: process.execPath, user: "dave", says: "hello from UDP", heard: "hello back" }
]

describe("README", () => {
  it("shows the examples that are tested", () => {
    for (const name of [
      ...examples.map(({ file }) => file),
      "browser.mjs",
      "Greeter.ts",
      "Greeter.test.ts",
      "Pong.ts"
    ]) {
      assert.include(readme, example(name), name)
    }
  })

  for (const { by, file, heard, says, user } of examples) {
    const title = `${file} by ${by === "sh" ? "nc (skipped without it)" : "node"}: logs in, speaks and hears`
    it.live.skipIf(by === "sh" && !hasNetcat)(title, () =>
      Effect.gen(function* () {
        const bob = yield* Clients.sockets(yield* TestServer.urlOf("sockets"))
        yield* bob.ask("register", "bob")
        const hello = yield* Effect.forkScoped(bob.from(user), { startImmediately: true })
        const terminal = yield* run(by, file)
        assert.strictEqual(yield* Fiber.join(hello), says)
        yield* bob.emit("message", { from: "bob", message: "hello back" })
        yield* terminal.prints(heard)
      }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
    )
  }

  it.live("sockets by socket.io-client: registers, speaks and hears", () =>
    Effect.gen(function* () {
      const alice = yield* Clients.chatmaster(yield* TestServer.urlOf("chatmaster"))
      yield* alice.login("alice")
      const browser = yield* run(process.execPath, "browser.mjs")
      const heard = yield* alice.takeUntil(({ type }) => type === "message")
      assert.deepStrictEqual(heard.data, { message: "hello from Socket.IO", username: "bob" })
      yield* alice.say("hello back")
      yield* browser.prints("alice: hello back")
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )
})
