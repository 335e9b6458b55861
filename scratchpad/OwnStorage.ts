/** A history of one's own in front of the server: what is said is a line of a file, and is there when it starts again. */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { History, type Message, Server, StorageFailed, Visitor } from "parlance"

interface Line {
  readonly roomKey: string
  readonly message: Message
}

/** Keeps the messages of rooms as lines of JSON. */
export const layerLines = (file: string): Layer.Layer<History> =>
  Layer.effect(
    History,
    Effect.gen(function* () {
      const text = yield* Effect.promise(() => readFile(file, "utf8").catch(() => ""))
      let lines: ReadonlyArray<Line> = text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]))
      const write = (line: Line) =>
        Effect.tryPromise({
          try: () => appendFile(file, `${JSON.stringify(line)}\n`),
          catch: () => new StorageFailed()
        })
      return History.of({
        // Run once by the chat. Whoever is to be told that the message was taken waits for it.
        append: (roomKey = "", message) => {
          const line = { roomKey, message }
          lines = [...lines, line]
          return write(line)
        },
        read: (roomKey, { after = -Infinity, before = Infinity, limit }) =>
          Effect.sync(() => {
            const page = lines
              .filter((it) => it.roomKey === roomKey && it.message.number > after && it.message.number < before)
              .map(({ message }) => message)
            return after === -Infinity ? page.slice(-limit) : page.slice(0, limit)
          }),
        setPrivate: () => {},
        forget: (roomKey) => void (lines = lines.filter((it) => it.roomKey !== roomKey)),
        lastNumber: Math.max(0, ...lines.map(({ message }) => message.number)),
        sharedFiles: []
      })
    })
  )

const ports = { tossPort: 0, tsockmPort: 0, chatmasterPort: 0, packetPort: 0, httpPort: 0 }

/** A server that keeps its files in memory, and what is said in that file. */
const server = (folder: string) =>
  Server.layer({ ...ports, dataDir: folder, storage: "memory" }).pipe(
    Layer.provide(layerLines(join(folder, "history.jsonl")))
  )

const speak = Effect.gen(function* () {
  const alice = yield* Visitor.make("alice")
  yield* alice.run({ _tag: "Say", text: "is this kept?" })
}).pipe(Effect.scoped)

const remember = Effect.gen(function* () {
  const bob = yield* Visitor.make("bob")
  const reply = yield* bob.run({ _tag: "ReadHistory" })
  const messages = reply._tag === "Messages" ? reply.messages : []
  for (const { from, number, text } of messages) yield* Console.log(`${number} ${from}: ${text}`)
}).pipe(Effect.scoped)

const demonstration = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "parlance-"))),
    (folder) => Effect.promise(() => rm(folder, { recursive: true }))
  )
  yield* Effect.provide(speak, server(folder))
  yield* Console.log("The server has stopped and starts again.")
  yield* Effect.provide(remember, server(folder))
}).pipe(Effect.scoped)

if (import.meta.main) NodeRuntime.runMain(demonstration)
