import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { spawn } from "node:child_process"
import { connect } from "node:net"
import { fileURLToPath } from "node:url"
import * as Clients from "./Clients.ts"

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url))

/** Starts the program; gives its ports once it listens. */
const start = Effect.gen(function* () {
  const flags = [
    "--chatmaster-port",
    "0",
    "--http-port",
    "0",
    "--flood-rate",
    "0",
    "--log-level",
    "none",
    "--outbox-limit-bytes",
    "64MiB"
  ]
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, [main, ...flags], { stdio: ["ignore", "pipe", "inherit"] })),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  const line = yield* Effect.callback<string>((resume) => {
    child.stdout.setEncoding("utf8").once("data", (text: string) => resume(Effect.succeed(text)))
  })
  const url = (protocol: string): string => new RegExp(`${protocol} (\\S+?)(,|\\s)`).exec(line)![1]!
  const exit = Effect.callback<{ readonly code: number | null; readonly signal: string | null }>((resume) => {
    child.once("exit", (code, signal) => resume(Effect.succeed({ code, signal })))
  })
  return { child, exit, chatmaster: url("chatmaster"), sockets: url("sockets") }
})

const deaf = (url: string, name: string) =>
  Effect.acquireRelease(
    Effect.callback<ReturnType<typeof connect>>((resume) => {
      const { hostname, port } = new URL(url)
      const socket = connect(Number(port), hostname, () => resume(Effect.succeed(socket)))
      socket.on("error", () => {})
      socket.pause()
      socket.write(
        JSON.stringify({ type: "command", data: { command: "login", parameters: { username: name, stream: true } } })
      )
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )

describe("the end of the server", () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it.live(`${signal} tells both protocols and ends within 5 s with code 0, also with 50 peers that never read`, () =>
      Effect.gen(function* () {
        const server = yield* start
        const alice = yield* Clients.chatmaster(server.chatmaster)
        const bob = yield* Clients.sockets(server.sockets)
        yield* alice.command("login", { username: "alice", stream: true })
        yield* alice.takeUntil(({ type }) => type === "session")
        yield* bob.ask("register", "bob")
        yield* Effect.forEach(
          Array.from({ length: 50 }, (_, index) => index),
          (index) => deaf(server.chatmaster, `deaf ${index}`),
          { concurrency: "unbounded", discard: true }
        )
        // More than the kernel buffers for a peer, so that something waits for each of them in the server.
        const text = "x".repeat(16_000)
        for (let round = 0; round < 640; round++) yield* bob.ask("message", { from: "bob", message: text })
        const exit = yield* Effect.forkScoped(server.exit, { startImmediately: true })
        const before = performance.now()
        server.child.kill(signal)
        yield* alice.takeUntil(({ data }) => data["username"] === "Server")
        assert.strictEqual(
          yield* bob.from("Server").pipe(Effect.repeat({ until: (it) => it.includes("stopping") })),
          "The server is stopping."
        )
        yield* alice.closed
        yield* bob.closed
        const { code } = yield* Fiber.join(exit)
        assert.strictEqual(code, 0)
        assert.isBelow(performance.now() - before, 5000)
      }).pipe(Effect.scoped)
    )
  }
})
