/** Where history and files are kept, as the settings have it. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { Effect, FileSystem, Layer, Path } from "effect"
import { Attachments } from "../services/Attachments.ts"
import { History } from "../services/History.ts"
import { StorageHealth } from "../services/StorageHealth.ts"
import * as Database from "../storage/Database.ts"
import * as DataDirectory from "../storage/DataDirectory.ts"
import type { DatabaseUnavailable } from "../storage/DatabaseUnavailable.ts"
import * as FileStore from "../storage/FileStore.ts"
import * as SqlHistory from "../storage/SqlHistory.ts"
import { StorageUnavailable } from "../storage/StorageUnavailable.ts"
import { databaseUrl as databaseUrlKind } from "./SettingKind.ts"
import { SettingInvalid, Settings } from "./Settings.ts"

/** Why nothing can be kept. */
export type Failure = DatabaseUnavailable | StorageUnavailable | SettingInvalid

/** Which database the settings mean; undefined is none. */
export const databaseOptions: Effect.Effect<Database.Options | undefined, SettingInvalid, Settings | Path.Path> =
  Effect.gen(function* () {
    const { dataDir, databaseUrl, sqliteSync, storage } = yield* Settings
    const path = yield* Path.Path
    if (storage === "memory") return undefined
    if (storage === "postgres" || (storage === "auto" && databaseUrl !== undefined)) {
      if (databaseUrl !== undefined) return { kind: "postgres", url: databaseUrl }
      return yield* new SettingInvalid({ setting: "databaseUrl", value: "", expected: databaseUrlKind.expected })
    }
    const synchronous = sqliteSync === "full" ? "FULL" : "NORMAL"
    return { kind: "sqlite", file: path.join(dataDir, "parlance.db"), synchronous }
  })

const open = Effect.gen(function* () {
  const { dataDir } = yield* Settings
  const options = yield* databaseOptions
  yield* DataDirectory.inspect(dataDir)
  if (options === undefined) return Layer.merge(History.layerMemory, Attachments.layerMemory)
  const fs = yield* FileSystem.FileSystem
  const unavailable = (error: { readonly reason: { readonly _tag: string } }) =>
    new StorageUnavailable({ directory: dataDir, reason: error.reason._tag })
  yield* Effect.mapError(fs.makeDirectory(dataDir, { recursive: true, mode: DataDirectory.directoryMode }), unavailable)
  return Layer.merge(SqlHistory.layer, FileStore.layer({ directory: dataDir })).pipe(
    Layer.provide(Database.layer(options))
  )
})

/** History and files, and whether they work. */
export const layer: Layer.Layer<History | Attachments | StorageHealth, Failure, Settings> = Layer.unwrap(open).pipe(
  Layer.provide([NodeFileSystem.layer, NodePath.layer]),
  Layer.provideMerge(StorageHealth.layer)
)
