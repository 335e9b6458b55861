/** File stores for tests: on disks and databases that may fail, and begun again on what another has left. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { Effect, FileSystem, Layer, PlatformError, type Scope } from "effect"
import { SqlClient, SqlError, type Statement } from "effect/sql"
import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import type { Attachments } from "../../src/services/Attachments.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { StorageHealth } from "../../src/services/StorageHealth.ts"
import * as Database from "../../src/storage/Database.ts"
import * as FileStore from "../../src/storage/FileStore.ts"
import { directory as temporary } from "./Databases.ts"

export const platform = Layer.mergeAll(NodeFileSystem.layer, NodePath.layer)

/** Says whether a call fails, or never ends, that was about to do something or, after that, has done it. */
export type Breaks = (call: string, moment: "before" | "after") => boolean | "hangs"

const diskFull = (method: string) =>
  PlatformError.systemError({ _tag: "Unknown", module: "FileSystem", method, description: "no space left on device" })

const databaseGone = () =>
  new SqlError.SqlError({ reason: new SqlError.ConnectionError({ cause: undefined, message: "connection lost" }) })

const breaking =
  (breaks: Breaks) =>
  <A, E, E2, R>(
    call: string,
    effect: Effect.Effect<A, E, R>,
    error: (call: string) => E2
  ): Effect.Effect<A, E | E2, R> =>
    Effect.suspend((): Effect.Effect<A, E | E2, R> => {
      const broken = breaks(call, "before")
      if (broken === "hangs") return Effect.never
      if (broken) return Effect.fail(error(call))
      return Effect.tap(effect, () => (breaks(call, "after") ? Effect.fail(error(call)) : Effect.void))
    })

/** A disk on which some calls fail. */
export const failingDisk = (breaks: Breaks): Layer.Layer<FileSystem.FileSystem> =>
  Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs): FileSystem.FileSystem => {
      const when = breaking(breaks)
      return {
        ...fs,
        makeDirectory: (path, options) => when("makeDirectory", fs.makeDirectory(path, options), diskFull),
        rename: (from, to) => when("rename", fs.rename(from, to), diskFull),
        remove: (path, options) => when("remove", fs.remove(path, options), diskFull),
        open: (path, options) =>
          Effect.map(when("open", fs.open(path, options), diskFull), (file) => ({
            ...file,
            stat: file.stat,
            sync: when("sync", file.sync, diskFull),
            seek: (offset, from) => file.seek(offset, from),
            read: (buffer, options) => when("read", file.read(buffer, options), diskFull),
            readAlloc: (size, options) => when("read", file.readAlloc(size, options), diskFull),
            truncate: (length) => file.truncate(length),
            write: (buffer) => when("write", file.write(buffer), diskFull),
            writeAll: (buffer) => when("write", file.writeAll(buffer), diskFull)
          }))
      }
    })
  ).pipe(Layer.provide(NodeFileSystem.layer))

/** A database of which some calls fail: single statements, and transactions. */
export const failingDatabase = (breaks: Breaks): Layer.Layer<SqlClient.SqlClient, never, SqlClient.SqlClient> =>
  Layer.effect(
    SqlClient.SqlClient,
    Effect.map(SqlClient.SqlClient, (sql) => {
      const when = breaking(breaks)
      return new Proxy(sql, {
        // A template is a statement; anything else is a name.
        apply: (_, self, parts) => {
          const part: Statement.Statement<object> = Reflect.apply(sql, self, parts)
          return Array.isArray(parts[0]) ? when("statement", part, databaseGone) : part
        },
        get: (_, key) =>
          key === "withTransaction"
            ? <A, E, R>(effect: Effect.Effect<A, E, R>) =>
                when("transaction", sql.withTransaction(effect), databaseGone)
            : Reflect.get(sql, key)
      })
    })
  )

export interface Options {
  readonly limits?: Partial<Limits>
  readonly breaks?: Breaks
}

const never: Breaks = () => false

/** Runs with a store that is begun on what there is in a directory and a database, and ends it. */
export const running = <A, E, R>(
  directory: string,
  use: Effect.Effect<A, E, R>,
  { breaks = never, limits = {} }: Options = {}
) => {
  const layer = FileStore.layer({ directory }).pipe(
    Layer.provide([failingDisk(breaks), NodePath.layer, failingDatabase(breaks)]),
    Layer.provideMerge(StorageHealth.layer),
    Layer.provide(Layer.succeed(Limits, { ...defaults, ...limits })),
    Layer.fresh
  )
  return Effect.scoped(Effect.provide(use, layer))
}

/** Runs with a directory and a database of its own, that may be used by one store after another. */
export const withPlace = <A, E>(
  use: (directory: string) => Effect.Effect<A, E, SqlClient.SqlClient | FileSystem.FileSystem | Scope.Scope>
) =>
  Effect.gen(function* () {
    const directory = join(yield* temporary, "data")
    const database = Database.layer({ kind: "sqlite", file: ":memory:" })
    return yield* Effect.scoped(Effect.provide(use(directory), database))
  }).pipe(Effect.scoped, Effect.provide(platform))

/** Runs with a store that has a directory and a database of its own. */
export const withStore = <A, E>(
  use: (directory: string) => Effect.Effect<A, E, Attachments | StorageHealth | SqlClient.SqlClient | Scope.Scope>,
  options?: Options
) => withPlace((directory) => running(directory, use(directory), options))

/** The one folder below `files` of a directory. */
export const folderOf = (directory: string): string => {
  const files = join(directory, "files")
  return join(files, readdirSync(files)[0]!)
}

export const contentPath = (directory: string, sha256: string): string =>
  join(folderOf(directory), "content", sha256.slice(0, 2), sha256)

export const uploads = (directory: string): ReadonlyArray<string> => readdirSync(join(folderOf(directory), "uploads"))

/** The digests of the contents that are there. */
export const contents = (directory: string): ReadonlyArray<string> => {
  const folder = join(folderOf(directory), "content")
  if (!existsSync(folder)) return []
  return readdirSync(folder).flatMap((prefix) => readdirSync(join(folder, prefix)))
}
