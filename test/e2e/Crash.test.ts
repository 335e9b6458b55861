/** The server is killed at random moments, and starts again: what it has acknowledged is there. */
import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Random, type Scope } from "effect"
import * as Clients from "./Clients.ts"
import * as CrashLoad from "./CrashLoad.ts"
import * as PacketClient from "./PacketClient.ts"
import * as RunningProgram from "./RunningProgram.ts"

// Each has a server and a folder of its own, and they take turns on the cores.
const lanes = 4
const killsPerLane = 25

interface Recorded {
  readonly number: number
  readonly message: string
}

type Url = (protocol: string) => string

/** All that was said in a room, by the cursor. */
const history = Effect.fnUntraced(function* (client: Clients.Sockets, room: string) {
  const all: Array<Recorded> = []
  for (;;) {
    const after = all.at(-1)?.number ?? 0
    const answer = yield* client.ask("history", { room, after, limit: 100 })
    const { messages } = answer as { readonly messages: ReadonlyArray<Recorded> }
    if (messages.length === 0) return all
    all.push(...messages)
  }
})

/** Reads what the server has, and compares it with what it has promised. */
const verify = Effect.fnUntraced(function* (
  url: Url,
  folder: string,
  seen: CrashLoad.Promises,
  checked: Set<string>
): Effect.fn.Return<void, never, Scope.Scope> {
  const reader = yield* Clients.sockets(url("sockets"))
  yield* reader.ask("register", "reader")
  yield* reader.ask("join", { room: CrashLoad.quietRoom })
  const messages = [...(yield* history(reader, "general")), ...(yield* history(reader, CrashLoad.quietRoom))]
  assert.strictEqual(new Set(messages.map(({ number }) => number)).size, messages.length)
  // Files of packet come without a text.
  const texts = messages.map(({ message }) => message).filter((text) => text !== "")
  assert.deepStrictEqual(
    texts.filter((text, index) => texts.indexOf(text) !== index),
    []
  )
  const stored = new Set(texts)
  assert.deepStrictEqual(
    Array.from(seen.texts).filter((text) => !stored.has(text)),
    []
  )

  const fetcher = yield* PacketClient.tcp(url("packet"))
  const { session } = yield* fetcher.login("fetcher")
  const entries = existsSync(join(folder, "files")) ? readdirSync(join(folder, "files"), { recursive: true }) : []
  assert.deepStrictEqual(
    entries.map(String).filter((entry) => /uploads./.test(entry)),
    []
  )
  const found = new Set<string>()
  const list = Effect.gen(function* () {
    yield* fetcher.send({ _tag: "FilesRequest", session })
    for (const file of (yield* fetcher.next("FilesResponse")).files) {
      yield* fetcher.send({ _tag: "FileDataRequest", session, file })
      const { name, sizeBytes } = yield* fetcher.next("FileDataResponse")
      assert.strictEqual(sizeBytes, seen.sent.get(name)?.length)
      found.add(name)
      if (checked.has(name)) continue
      checked.add(name)
      const content = yield* fetcher.download(session, file)
      assert.isTrue(Buffer.from(content).equals(seen.sent.get(name)!))
    }
  })
  yield* list
  const blob = new TextEncoder().encode(`/join ${CrashLoad.quietRoom}`)
  yield* fetcher.send({ _tag: "BroadcastRequest", session, message: 1n, blob })
  yield* fetcher.next("BroadcastResponse")
  yield* list
  assert.deepStrictEqual(
    Array.from(seen.files.keys()).filter((name) => !found.has(name)),
    []
  )
})

/** One life of the server: what it promised before is checked, then it makes new promises until it is killed. */
const live = Effect.fnUntraced(function* (
  folder: string,
  seen: CrashLoad.Promises,
  checked: Set<string>,
  flags: ReadonlyArray<string>
) {
  const server = yield* RunningProgram.startIn(folder, ...flags)
  yield* Effect.scoped(verify(server.url, folder, seen, checked))
  const before = Math.max(0, ...seen.numbers)
  const known = seen.numbers.length
  const users = yield* Effect.forkScoped(CrashLoad.run(server.url, seen))
  const promised = seen.files.size
  yield* Effect.sleep("5 millis").pipe(Effect.repeat({ until: () => seen.files.size > promised }))
  yield* Effect.sleep(yield* Random.nextBetween(0, 300))
  server.child.kill("SIGKILL")
  yield* server.exit
  yield* Fiber.interrupt(users)
  assert.isTrue(seen.numbers.slice(known).every((number) => number > before))
}, Effect.scoped)

const lane = Effect.fnUntraced(function* (flags: ReadonlyArray<string>) {
  const folder = yield* RunningProgram.folder
  const seen = CrashLoad.promises()
  const checked = new Set<string>()
  for (let round = 0; round < killsPerLane; round++) yield* live(folder, seen, checked, flags)
  const server = yield* RunningProgram.startIn(folder, ...flags)
  yield* verify(server.url, folder, seen, checked)
  assert.strictEqual(new Set(seen.fileNumbers).size, seen.fileNumbers.length)
  return { texts: seen.texts.size, files: seen.files.size }
}, Effect.scoped)

describe("a server that is killed", () => {
  it.live(
    `has after each of ${lanes * killsPerLane} times all that it has acknowledged, and gives no number twice`,
    () =>
      Effect.gen(function* () {
        const flags = ["--upload-limit", "64", "--history-limit", "1000000"]
        const all = yield* Effect.all(
          Array.from({ length: lanes }, () => lane(flags)),
          { concurrency: "unbounded" }
        )
        // Something must have been promised, or nothing was tested.
        for (const { files, texts } of all) {
          assert.isAtLeast(files, killsPerLane)
          assert.isAtLeast(texts, killsPerLane * 8)
        }
      }),
    600_000
  )
})
