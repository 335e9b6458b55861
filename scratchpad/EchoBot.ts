/** A bot in the process of its server: it says again what anybody says, to the room or to whoever told it alone. */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Stream } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Server, Visitor } from "parlance"

/** Logs in as Echo and answers for as long as this runs. */
export const echo = Effect.gen(function* () {
  const bot = yield* Visitor.make("Echo")
  yield* Stream.runForEach(bot.heard, ({ as, event }) => {
    if (event._tag === "Missed") return Console.log(`Echo was too slow for ${event.count} events.`)
    if (event._tag !== "Said" || as === "actor") return Effect.void
    const { from, text, to } = event.message
    // Who speaks too fast is refused, as anybody is.
    return Effect.ignore(to === undefined ? bot.say(text) : bot.tell(from, text))
  })
}).pipe(Effect.scoped)

/** A folder for what a server keeps, which goes with the scope. */
const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "parlance-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true }))
)

const ports = { tossPort: 0, tsockmPort: 0, chatmasterPort: 0, packetPort: 0, httpPort: 0 }

const server = Layer.unwrap(Effect.map(folder, (dataDir) => Server.layer({ ...ports, dataDir, storage: "memory" })))

const demonstration = Effect.gen(function* () {
  yield* Effect.forkScoped(echo, { startImmediately: true })
  const ada = yield* Visitor.make("ada")
  yield* ada.say("hello")
  yield* ada.tell("Echo", "psst")
  yield* ada.heard.pipe(
    Stream.filter(({ as, event }) => event._tag === "Said" && as === "witness"),
    Stream.take(2),
    Stream.runForEach(({ event }) => {
      if (event._tag !== "Said") return Effect.void
      const { from, text, to } = event.message
      return Console.log(`${from} ${to === undefined ? "says" : `tells ${to}`}: ${text}`)
    })
  )
}).pipe(Effect.scoped, Effect.provide(server))

if (import.meta.main) NodeRuntime.runMain(demonstration)
