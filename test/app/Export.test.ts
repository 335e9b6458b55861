import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Sink, Stdio } from "effect"
import { join } from "node:path"
import { SqlClient } from "effect/sql"
import * as Export from "../../src/app/Export.ts"
import { Settings } from "../../src/app/Settings.ts"
import { Message } from "../../src/domain/Message.ts"
import * as Database from "../../src/storage/Database.ts"
import { directory } from "../storage/Databases.ts"

const decode = Schema.decodeUnknownSync(Message)

describe("Export", () => {
  it.effect("run() writes messages as the API gives them, with their times in UTC", () =>
    Effect.gen(function* () {
      const dataDir = yield* directory
      yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`insert into messages ${sql.insert({
          number: 7,
          room_key: "general",
          room_name: "general",
          sender: "ann",
          protocol: "toss",
          body: "a map",
          at_millis: 1000,
          file_name: "map.png",
          file_size_bytes: 5,
          file_url: "http://127.0.0.1/files/x",
          file_number: 3
        })}`
      }).pipe(Effect.provide(Database.layer({ kind: "sqlite", file: join(dataDir, "parlance.db") })))
      let written = ""
      const sink = Sink.forEach((text: string | Uint8Array) =>
        Effect.sync(() => {
          written += String(text)
        })
      )
      yield* Export.run("general").pipe(
        Effect.provide([Settings.layer({ dataDir }), Stdio.layerTest({ stdout: () => sink })])
      )
      const message = {
        number: 7,
        from: "ann",
        protocol: "toss",
        text: "a map",
        atMillis: 1000,
        room: "general",
        attachment: { name: "map.png", sizeBytes: 5, url: "http://127.0.0.1/files/x", file: 3 }
      }
      assert.deepStrictEqual(JSON.parse(written), { ...message, at: "1970-01-01T00:00:01.000Z" })
      assert.deepStrictEqual<unknown>(decode(JSON.parse(written)), message)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
  )
})
