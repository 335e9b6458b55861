import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Server, Visitor } from "../../src/mod.ts"
import * as TestServer from "../e2e/TestServer.ts"
import { ask, client, listen, operatorClient } from "./Asking.ts"

const layer = TestServer.layer({ storage: "memory" })

const makeBot = Effect.fnUntraced(function* (name: string) {
  const { bots } = yield* operatorClient
  return (yield* bots.make({ payload: { name } })).token
})

const post = Effect.fnUntraced(function* (token: string, text: string, room = "general") {
  const { rooms } = yield* client(token)
  return yield* rooms.post({ params: { room }, payload: { text } })
})

const names: Effect.Effect<ReadonlyArray<string>, never, Server> = Effect.gen(function* () {
  const { rooms } = yield* client()
  return (yield* Effect.orDie(rooms.users())).map(({ name }) => String(name))
})

describe("bots", () => {
  it.effect("post under their names, enter the room for it, and are gone after a minute of silence", () =>
    Effect.gen(function* () {
      const token = yield* makeBot("Weather")
      const alice = yield* Visitor.make("alice")
      yield* alice.run({ _tag: "JoinRoom", room: "python", stay: true })
      const message = yield* post(token, "/join sunny", "python")
      assert.deepInclude<unknown>(
        { ...message },
        { from: "Weather", room: "python", text: "/join sunny", protocol: "embedded" }
      )
      assert.deepStrictEqual(yield* names, ["alice", "Weather"])
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual((yield* post(token, "still\r\n\u001b[2Jthere", "python")).text, "still\n␛[2Jthere")
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(yield* names, ["alice", "Weather"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* names, ["alice"])
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.live("are answered when what they post is stored, and refused when it cannot be", () =>
    Effect.gen(function* () {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "parlance-"))),
        (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
      )
      yield* Effect.gen(function* () {
        const token = yield* makeBot("Weather")
        const { number } = yield* post(token, "sunny")
        const stored = new DatabaseSync(join(folder, "parlance.db"), { readOnly: true })
        assert.deepStrictEqual({ ...stored.prepare("select max(number) as number from messages").get() }, { number })
        stored.close()
        for (const name of ["parlance.db", "parlance.db-wal", "parlance.db-shm"]) rmSync(join(folder, name))
        assert.strictEqual((yield* Effect.flip(post(token, "rainy")))._tag, "StorageFailed")
      }).pipe(Effect.scoped, Effect.provide(TestServer.layer({ dataDir: folder })))
    }).pipe(Effect.scoped)
  )

  it.effect("who listens is there as long, in the room that it listens to", () =>
    Effect.gen(function* () {
      const token = yield* makeBot("Weather")
      const heard = yield* listen("/api/v1/rooms/python/events", { authorization: `Bearer ${token}` })
      assert.strictEqual((yield* heard.event)?.event, "joined")
      yield* TestClock.adjust("10 minutes")
      const { rooms } = yield* client()
      assert.strictEqual((yield* rooms.find({ params: { room: "python" } })).memberCount, 1)
      heard.close()
      // The server hears of it a little later.
      for (let there = yield* names; there.length > 0; there = yield* names) yield* TestClock.adjust("1 minute")
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("their names are taken like anybody's", () =>
    Effect.gen(function* () {
      const token = yield* makeBot("Weather")
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Visitor.make("weather")
          assert.strictEqual((yield* Effect.flip(post(token, "rain")))._tag, "NameTaken")
        })
      )
      yield* post(token, "rain")
      assert.strictEqual((yield* Effect.flip(Visitor.make("WEATHER")))._tag, "NameTaken")
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("are refused what any user is, and know of no private rooms", () =>
    Effect.gen(function* () {
      const token = yield* makeBot("Weather")
      const alice = yield* Visitor.make("alice")
      yield* alice.run({ _tag: "JoinRoom", room: "den" })
      yield* alice.run({ _tag: "SetPrivate", isPrivate: true })
      yield* alice.run({ _tag: "Invite", name: "Weather", room: "den" }).pipe(Effect.ignore)
      const refused = (text: string, room?: string) =>
        Effect.map(Effect.flip(post(token, text, room)), ({ _tag }) => _tag)
      assert.strictEqual(yield* refused("rain", "den"), "NoSuchRoom")
      assert.strictEqual(yield* refused("rain", "nowhere"), "NoSuchRoom")
      assert.strictEqual(yield* refused(""), "TextEmpty")
      assert.strictEqual(yield* refused("x".repeat(16_385)), "TextTooLong")
      const { rooms } = yield* client(token)
      const withFile = rooms.post({ params: { room: "general" }, payload: { text: "", file: "unknown" } })
      assert.strictEqual((yield* Effect.flip(withFile))._tag, "NoSuchFile")
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("nobody posts without a bot's token", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(post("wrong", "hello")))._tag, "Unauthorized")
      const body = JSON.stringify({ text: "hello" })
      const headers = { "content-type": "application/json" }
      const { status } = yield* ask("/api/v1/rooms/general/messages", { method: "POST", body, headers })
      assert.strictEqual(status, 401)
    }).pipe(Effect.provide(layer))
  )

  it.effect("are made and revoked by the operator; the file knows no token", () =>
    Effect.gen(function* () {
      const { bots } = yield* operatorClient
      const token = yield* makeBot("Weather")
      const file = join(dirname((yield* Server).operatorPage!.file), "bots.json")
      assert.strictEqual(statSync(file).mode & 0o777, 0o600)
      assert.notInclude(readFileSync(file, "utf8"), token)
      assert.strictEqual((yield* Effect.flip(bots.make({ payload: { name: "WEATHER" } })))._tag, "BotExists")
      assert.strictEqual((yield* Effect.flip(bots.make({ payload: { name: "Server" } })))._tag, "NameReserved")
      assert.strictEqual((yield* Effect.flip(bots.make({ payload: { name: " " } })))._tag, "NameInvalid")
      yield* post(token, "rain")
      assert.deepStrictEqual<unknown>(yield* bots.list(), [{ name: "Weather", isOnline: true }])
      yield* bots.revoke({ params: { name: "Weather" } })
      assert.deepStrictEqual(yield* bots.list(), [])
      assert.deepStrictEqual(yield* names, [])
      assert.strictEqual((yield* Effect.flip(post(token, "rain")))._tag, "Unauthorized")
      assert.strictEqual((yield* Effect.flip(bots.revoke({ params: { name: "Weather" } })))._tag, "NoSuchBot")
    }).pipe(Effect.provide(layer))
  )

  it.effect("a bot that is kicked is gone, and may come back", () =>
    Effect.gen(function* () {
      const { operator } = yield* operatorClient
      const token = yield* makeBot("Weather")
      yield* post(token, "rain")
      assert.deepStrictEqual<unknown>(yield* operator.kick({ params: { peer: "Weather" } }), { killed: ["Weather"] })
      assert.deepStrictEqual(yield* names, [])
      yield* post(token, "sun")
      assert.deepStrictEqual(yield* names, ["Weather"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("send files piece by piece, and share them", () =>
    Effect.gen(function* () {
      const token = yield* makeBot("Weather")
      const { files, rooms } = yield* client(token)
      const { url } = yield* files.upload({ payload: { name: "../map.txt", sizeBytes: 10 } })
      const patch = (offset: number, body: string) =>
        ask(url, {
          method: "PATCH",
          body,
          headers: {
            "tus-resumable": "1.0.0",
            "upload-offset": String(offset),
            "content-type": "application/offset+octet-stream"
          }
        })
      assert.strictEqual((yield* patch(0, "01234")).status, 204)
      const id = (yield* patch(5, "56789")).headers.get("upload-file")!
      const message = yield* rooms.post({ params: { room: "general" }, payload: { text: "a map", file: id } })
      assert.deepInclude({ ...message.attachment }, { name: "map.txt", sizeBytes: 10 })
      const found = yield* files.find({ params: { id } })
      assert.deepInclude({ ...found }, { id, name: "map.txt", sizeBytes: 10, url: message.attachment!.url })
      assert.strictEqual((yield* ask(new URL(found.url).pathname)).text, "0123456789")
      assert.strictEqual((yield* Effect.flip(files.find({ params: { id: "unknown" } })))._tag, "NoSuchFile")
    }).pipe(Effect.provide(layer))
  )
})
