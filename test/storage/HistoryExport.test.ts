import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { lookAlikeKey, type RoomName, type UserName } from "../../src/domain/Names.ts"
import { StorageHealth } from "../../src/services/StorageHealth.ts"
import * as Database from "../../src/storage/Database.ts"
import * as HistoryExport from "../../src/storage/HistoryExport.ts"
import { append, message } from "../services/HistorySuite.ts"
import { file, run } from "./Databases.ts"
import { begin, onEach } from "./Histories.ts"

const numbersOf = (sql: SqlClient.SqlClient, room?: string) =>
  Effect.map(Stream.runCollect(HistoryExport.messages(sql, room)), (all) => all.map((it) => it.number))

onEach("HistoryExport", (test) => {
  test("messages() reads all of a room by any of its names, or of everything, oldest first", (sql) =>
    Effect.gen(function* () {
      const room = "Grüße Alle" as RoomName
      yield* Effect.scoped(
        Effect.gen(function* () {
          const history = yield* begin(sql)
          for (let number = 1; number <= 1000; number++)
            void history.append(lookAlikeKey(room), message(number, { room }))
          void history.append("other", message(1001))
          void history.append(undefined, message(1002, { to: "bob" as UserName }))
          void history.append("secret", message(1003))
          history.setPrivate("secret", true)
        })
      )
      yield* begin(sql)
      const all = Array.from({ length: 1003 }, (_, index) => index + 1)
      for (const name of [room, "GRÜSSE  alle", lookAlikeKey(room)]) {
        assert.deepStrictEqual(yield* numbersOf(sql, name), all.slice(0, 1000))
      }
      assert.deepStrictEqual(yield* numbersOf(sql, "secret"), [1003])
      assert.deepStrictEqual(yield* numbersOf(sql, "nowhere"), [])
      assert.deepStrictEqual(yield* numbersOf(sql), all)
    }))
})

describe("HistoryExport", () => {
  it.effect("messages() reads while a server has the database", () =>
    Effect.gen(function* () {
      const options = yield* file
      yield* run(options, (sql) =>
        Effect.gen(function* () {
          const history = yield* begin(sql)
          yield* append(history, "room", message(1))
          const read = Effect.flatMap(SqlClient.SqlClient, (reader) => numbersOf(reader, "room"))
          assert.deepStrictEqual(yield* Effect.provide(read, Database.layerReader(options)), [1])
        })
      )
    }).pipe(Effect.scoped, Effect.provide([NodeFileSystem.layer, StorageHealth.layer]))
  )
})
