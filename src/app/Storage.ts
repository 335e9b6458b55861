/**
 * Where history and files are kept.
 *
 * A `History`, `Attachments` or `StorageHealth` that is provided in front is used instead.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { Effect, FileSystem, Layer, Path, Redacted } from "effect"
import { Attachments } from "../services/Attachments.ts"
import { isProvided, unlessProvided } from "../services/DefaultLayer.ts"
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

type Parts = History | Attachments | StorageHealth

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

const layerHealth = unlessProvided(StorageHealth, StorageHealth.layer)

const layerMemoryOnly = Layer.merge(
  unlessProvided(History, History.layerMemory),
  unlessProvided(Attachments, Attachments.layerMemory)
)

/** Keeps nothing when the process ends. */
export const layerMemory: Layer.Layer<Parts> = Layer.merge(layerMemoryOnly, layerHealth)

const make = (directory: string): Effect.Effect<void, StorageUnavailable, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.mapError(
      fs.makeDirectory(directory, { recursive: true, mode: DataDirectory.directoryMode }),
      ({ reason }) => new StorageUnavailable({ directory, reason: reason._tag })
    )
  )

// What neither of both needs is not opened.
const layerDatabase = (directory: string, options: Database.Options) =>
  Layer.unwrap(
    Effect.gen(function* () {
      if ((yield* isProvided(History)) && (yield* isProvided(Attachments))) return layerMemoryOnly
      yield* DataDirectory.inspect(directory)
      yield* make(directory)
      return Layer.merge(
        unlessProvided(History, SqlHistory.layer),
        unlessProvided(Attachments, FileStore.layer({ directory }))
      ).pipe(Layer.provide(Database.layer(options)))
    })
  ).pipe(Layer.provide([NodeFileSystem.layer, NodePath.layer]), Layer.provideMerge(layerHealth))

/** Keeps messages in an SQLite database, and the contents of files, in a folder. */
export const layerSqlite = (options: {
  readonly directory: string
  /** `FULL` survives a power cut too, and is slower; `NORMAL` if nothing is said. */
  readonly synchronous?: "NORMAL" | "FULL"
}): Layer.Layer<Parts, Failure> =>
  Layer.unwrap(
    Effect.map(Path.Path, (path) => {
      const { directory, synchronous = "NORMAL" } = options
      return layerDatabase(directory, { kind: "sqlite", file: path.join(directory, "parlance.db"), synchronous })
    })
  ).pipe(Layer.provide(NodePath.layer))

/** Keeps messages in a PostgreSQL database (`postgres://user:password@host:5432/database`), the contents of files in a folder. */
export const layerPostgres = (options: {
  readonly url: string | Redacted.Redacted
  readonly directory: string
}): Layer.Layer<Parts, Failure> => {
  const url = typeof options.url === "string" ? Redacted.make(options.url) : options.url
  return layerDatabase(options.directory, { kind: "postgres", url })
}

/** Keeps them as the settings have it. */
export const layer: Layer.Layer<Parts, Failure, Settings> = Layer.unwrap(
  Effect.gen(function* () {
    const { dataDir } = yield* Settings
    const options = yield* databaseOptions
    if (options !== undefined) return layerDatabase(dataDir, options)
    yield* DataDirectory.inspect(dataDir)
    return layerMemory
  })
).pipe(Layer.provide(NodePath.layer))
