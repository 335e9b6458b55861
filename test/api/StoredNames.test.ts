/** Names that were stored when there were fewer rules for them. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Server, Settings, Visitor } from "../../src/mod.ts"
import * as Database from "../../src/storage/Database.ts"
import { digestOf } from "../../src/app/Token.ts"
import { general, type RoomName } from "../../src/domain/Names.ts"
import * as TestServer from "../e2e/TestServer.ts"
import { ask, client, operatorClient } from "./Asking.ts"

const stacked = "Zalgo\u0316\u0317\u0318\u0319\u031c"
const rooms = [
  { key: "dev1", name: "dev1" },
  { key: "i\u0307zmir", name: "\u0130zmir" },
  { key: "[server]", name: "[Server]" },
  { key: "zalgo\u0316\u0317\u0318\u0319\u031c", name: stacked },
  { key: "\u0301", name: "\u0301" }
]
const authors = ["[Server]", "Server:", "\u054ferver", "\u0430lice", stacked, "\u0301x"]
const token = "parlance-token"

const messages = rooms.flatMap((room) => authors.map((author) => ({ author, room })))

/** A data directory with rooms, messages and bots of such names, whose keys are those of before. */
const directory = Effect.gen(function* () {
  const directory = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "parlance-"))),
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
  )
  mkdirSync(directory, { recursive: true })
  const bots = authors.map((name, index) => ({ name, sha256: digestOf(`${token}${index}`).toString("hex") }))
  writeFileSync(join(directory, "bots.json"), JSON.stringify({ bots }))
  yield* Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = messages.map(({ author, room }, index) => ({
      number: index + 1,
      room_key: room.key,
      room_name: room.name,
      sender: author,
      protocol: "toss",
      body: `${index + 1} of ${author}`,
      at_millis: Date.now()
    }))
    yield* Effect.forEach(rows, (row) => sql`insert into messages ${sql.insert(row)}`)
    yield* sql`update counters set last_number = ${rows.length} where name = 'messages'`
  }).pipe(Effect.provide(Database.layer({ kind: "sqlite", file: join(directory, "parlance.db") })), Effect.orDie)
  return directory
})

const layer = Layer.unwrap(Effect.map(directory, (dataDir) => TestServer.layer({ dataDir, storage: "sqlite" })))

describe("names that were stored before", () => {
  it.effect("are read and shown, in the rooms in which they were", () =>
    Effect.gen(function* () {
      const alice = yield* Visitor.make("alice")
      for (const { key, name } of rooms.slice(0, 3)) {
        yield* alice.run({ _tag: "JoinRoom", room: name })
        for (const room of [name, key]) {
          const reply = yield* alice.run({ _tag: "ReadHistory", room })
          const read = reply._tag === "Messages" ? reply.messages : []
          assert.deepStrictEqual<unknown>(
            read.map((message) => [message.from, message.room]),
            authors.map((author) => [author, name])
          )
          const answered = yield* ask(`/api/v1/rooms/${encodeURIComponent(room)}/messages`)
          const page = JSON.parse(answered.text)
          assert.deepStrictEqual(
            page.messages.map(({ from }: { from: string }) => from),
            authors
          )
        }
      }
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("are those of bots, which are shown and can be revoked", () =>
    Effect.gen(function* () {
      const { bots } = yield* operatorClient
      assert.deepStrictEqual<unknown>(
        (yield* bots.list()).map(({ name }) => name),
        authors
      )
      const { rooms } = yield* client(`${token}0`)
      const refused = yield* Effect.flip(rooms.post({ params: { room: "general" }, payload: { text: "hello" } }))
      assert.strictEqual(refused._tag, "NameReserved")
      yield* bots.revoke({ params: { name: "[server]" } })
      assert.strictEqual((yield* bots.list()).length, authors.length - 1)
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("are those of default rooms, which can be entered", () =>
    Effect.gen(function* () {
      const alice = yield* Visitor.make("alice")
      yield* alice.run({ _tag: "JoinRoom", room: stacked })
      const reply = yield* alice.run({ _tag: "ReadHistory" })
      assert.strictEqual(reply._tag === "Messages" ? reply.messages.length : 0, authors.length)
    }).pipe(
      Effect.scoped,
      Effect.provide(
        Layer.unwrap(
          Effect.map(directory, (dataDir) => {
            const ports = { tossPort: 0, tsockmPort: 0, chatmasterPort: 0, packetPort: 0, httpPort: 0 }
            const values = Settings.config({ ...ports, dataDir, storage: "sqlite" })
            const before = Effect.map(values, (values) => ({ ...values, rooms: [general, stacked as RoomName] }))
            return Layer.provide(Server.layerNoSettings, Layer.effect(Settings, before))
          })
        )
      )
    )
  )
})
