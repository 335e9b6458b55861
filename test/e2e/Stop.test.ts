import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { connect } from "node:net"
import * as Clients from "./Clients.ts"
import * as Program from "./RunningProgram.ts"
import * as TossClient from "./TossClient.ts"

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
        const server = yield* Program.start("--outbox-limit-bytes", "64MiB")
        const alice = yield* Clients.chatmaster(server.url("chatmaster"))
        const bob = yield* Clients.sockets(server.url("sockets"))
        yield* alice.command("login", { username: "alice", stream: true })
        yield* alice.takeUntil(({ type }) => type === "session")
        yield* bob.ask("register", "bob")
        yield* Effect.forEach(
          Array.from({ length: 50 }, (_, index) => index),
          (index) => deaf(server.url("chatmaster"), `deaf ${index}`),
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

  it.live("closes toss with close-server for its users, and without a word for whoever is none", () =>
    Effect.gen(function* () {
      const server = yield* Program.start()
      const alice = yield* TossClient.original(server.url("toss"))
      const stranger = yield* TossClient.original(server.url("toss"))
      const bob = yield* TossClient.original(server.url("toss"))
      yield* alice.login("alice")
      yield* bob.login("bob")
      yield* alice.takeUntil(({ action }) => action === "log-in")
      server.child.kill("SIGINT")
      for (const client of [alice, bob]) {
        const { action, status } = yield* client.take
        assert.deepStrictEqual([action, status], ["close-server", 101])
      }
      for (const client of [alice, bob, stranger]) yield* client.closed
      assert.strictEqual((yield* server.exit).code, 0)
      assert.strictEqual(stranger.socket.bytesRead, 0)
    }).pipe(Effect.scoped)
  )
})
