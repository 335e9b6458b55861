/**
 * A moderation policy: words that are replaced, links that are refused, names that need a password, and a command of its own.
 * It starts a server on free ports, has users try it, prints what they are told, and ends.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Logger, Redacted } from "effect"
import { type Hooks, lookAlikeKey, Policy, Server } from "parlance"

// What is said, on every protocol.
const words: Hooks = {
  message: ({ text }) =>
    /https?:/i.test(text)
      ? Policy.refuse({ code: "no-links", reason: "Links are not allowed here." })
      : Effect.succeed(text.replace(/\bdarn\b/gi, "****")),
  commands: [{ name: "rules", help: "show the rules", handler: () => Effect.succeed("Be kind.\nPost no links.") }]
}

// Whose name needs a password. The keys of names are those of their look-alikes too: ALICE is alice.
const passwords = new Map([[lookAlikeKey("alice"), Redacted.make("open sesame")]])
const accounts: Hooks = {
  login: ({ credential, name }) => {
    const password = passwords.get(lookAlikeKey(name))
    const isRight = password === undefined || (credential && Redacted.value(credential)) === Redacted.value(password)
    return isRight ? Effect.void : Policy.refuse({ code: "wrong-password", reason: "This name needs its password." })
  }
}

/** A server that obeys both, one after another. */
const layer = Layer.unwrap(
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "moderation-"))),
      (dataDir) => Effect.sync(() => rmSync(dataDir, { recursive: true }))
    ),
    (dataDir) => {
      const ports = { tossPort: 0, tsockmPort: 0, chatmasterPort: 0, packetPort: 0, httpPort: 0 }
      return Server.layer({ ...ports, storage: "memory", dataDir }).pipe(
        Layer.provide(Policy.layer(Policy.all(accounts, words)))
      )
    }
  )
)

/** A user of ChatMaster 3000. */
const client = Effect.fnUntraced(function* (who: string) {
  const { addresses } = yield* Server
  const url = new URL(addresses.find(({ protocol }) => protocol === "chatmaster")!.url)
  const socket = yield* Effect.acquireRelease(
    Effect.sync(() => connect(Number(url.port), url.hostname).setEncoding("utf8")),
    (socket) => Effect.sync(() => socket.destroy())
  )
  let heard = ""
  socket.on("data", (text: string) => (heard += text))
  const send = (type: string, data: object) => Effect.sync(() => void socket.write(JSON.stringify({ type, data })))
  /** Waits for a package in which this stands, and prints it. */
  const hears = (text: string) =>
    Effect.callback<void>((resume) => {
      const look = () => {
        const found = heard.split(/(?<=\})(?=\{)/).find((json) => json.includes(text))
        if (found === undefined) return
        socket.off("data", look)
        resume(Console.log(`${who} <- ${found}`))
      }
      socket.on("data", look)
      look()
    }).pipe(Effect.timeout("10 seconds"))
  return {
    login: (parameters: object) => send("command", { command: "login", parameters: { ...parameters, stream: true } }),
    say: (message: string) => send("message", { message }),
    hears
  }
})

const program = Effect.gen(function* () {
  const mallory = yield* client("mallory")
  yield* mallory.login({ username: "ALICE", password: "guess" })
  yield* mallory.hears("wrong-password")

  const alice = yield* client("alice")
  yield* alice.login({ username: "alice", password: "open sesame" })
  yield* alice.hears(`"status":true`)

  const bob = yield* client("bob")
  yield* bob.login({ username: "bob" })
  yield* bob.hears(`"status":true`)
  yield* bob.say("look at https://example.com")
  yield* bob.hears("no-links")
  yield* bob.say("darn, what a day")
  yield* alice.hears("what a day")
  yield* bob.say("/rules")
  yield* bob.hears("Be kind.")
}).pipe(Effect.scoped)

program.pipe(Effect.provide(Layer.provideMerge(layer, Logger.layer([]))), NodeRuntime.runMain)
