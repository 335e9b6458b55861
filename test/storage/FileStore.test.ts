import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, FileSystem, Layer, Logger, PlatformError, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { Attachments } from "../../src/services/Attachments.ts"
import * as FileStore from "../../src/storage/FileStore.ts"
import { content, load, sha256, store, suite } from "../services/AttachmentsSuite.ts"

const platform = Layer.mergeAll(NodeFileSystem.layer, NodePath.layer)

const temporaryDirectory = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())

suite(
  "FileStore",
  Layer.unwrap(Effect.map(temporaryDirectory, (directory) => FileStore.layer({ directory }))).pipe(
    Layer.provide(platform)
  )
)

/** Runs with a store below a directory of its own, which has nothing else. */
const withStore = <A, E>(
  use: (directory: string) => Effect.Effect<A, E, Attachments | Scope.Scope>,
  fileSystem: Layer.Layer<FileSystem.FileSystem> = NodeFileSystem.layer
) =>
  Effect.gen(function* () {
    const directory = yield* temporaryDirectory
    const layer = FileStore.layer({ directory: join(directory, "data") }).pipe(
      Layer.provide([fileSystem, NodePath.layer])
    )
    yield* Effect.scoped(Effect.provide(use(join(directory, "data")), layer))
    assert.deepStrictEqual(readdirSync(join(directory, "data")), [])
  }).pipe(Effect.scoped, Effect.provide(platform))

const folderOf = (directory: string) => join(directory, readdirSync(directory)[0]!)
const entries = (directory: string, folder: "uploads" | "content") => readdirSync(join(folderOf(directory), folder))

const full = (method: string) =>
  PlatformError.systemError({ _tag: "Unknown", module: "FileSystem", method, description: "no space left on device" })

/** A disk on which some things fail once `breaks` says so. */
const failing = (breaks: (method: string) => boolean) =>
  Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs): FileSystem.FileSystem => {
      const unless = <A>(method: string, effect: Effect.Effect<A, PlatformError.PlatformError>) =>
        Effect.suspend(() => (breaks(method) ? Effect.fail(full(method)) : effect))
      return {
        ...fs,
        rename: (from, to) => unless("rename", fs.rename(from, to)),
        remove: (path, options) => unless("remove", fs.remove(path, options)),
        open: (path, options) =>
          Effect.map(fs.open(path, options), (file) => ({
            ...file,
            stat: file.stat,
            sync: unless("sync", file.sync),
            seek: (offset, from) => file.seek(offset, from),
            read: (buffer, options) => unless("read", file.read(buffer, options)),
            readAlloc: (size, options) => unless("readAlloc", file.readAlloc(size, options)),
            truncate: (length) => file.truncate(length),
            write: (buffer) => file.write(buffer),
            writeAll: (buffer) => unless("writeAll", file.writeAll(buffer))
          }))
      }
    })
  ).pipe(Layer.provide(NodeFileSystem.layer))

setFlagsFromString("--expose-gc")
const collectGarbage: () => void = runInNewContext("gc")

/** The memory that is really held. */
const usedBytes = (): number => {
  collectGarbage()
  const { external, heapUsed } = process.memoryUsage()
  return external + heapUsed
}

describe("FileStore", () => {
  it.effect("begin() leaves nothing behind of an upload that is dropped, even while bytes are written", () =>
    withStore((directory) =>
      Effect.gen(function* () {
        const { begin } = yield* Attachments
        const scope = yield* Scope.make()
        const upload = yield* Scope.provide(begin(8_000_000), scope)
        assert.lengthOf(entries(directory, "uploads"), 1)
        const writing = yield* Effect.forkChild(Effect.exit(upload.write(content(8_000_000), 0)), {
          startImmediately: true
        })
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(entries(directory, "uploads"), [])
        writing.interruptUnsafe()
        assert.deepStrictEqual(entries(directory, "content"), [])
      })
    )
  )

  it.effect("keep() makes one file of equal contents, and deletes it with the last that has it", () =>
    withStore((directory) =>
      Effect.gen(function* () {
        const { begin } = yield* Attachments
        const a = yield* store(content(1000), "a")
        const b = yield* store(content(1000), "b")
        assert.notStrictEqual(a.id, b.id)
        assert.deepStrictEqual(entries(directory, "content"), [sha256(content(1000))])
        assert.deepStrictEqual(entries(directory, "uploads"), [])
        const both = yield* Effect.forEach([1, 1], () => begin(500))
        for (const upload of both) yield* upload.write(content(500), 0)
        yield* Effect.forEach(both, (upload) => upload.keep("c"), { concurrency: 2 })
        assert.sameMembers(entries(directory, "content"), [sha256(content(1000)), sha256(content(500))])
      })
    )
  )

  it.effect("keep() hashes what came out of order, and anew what came twice", () =>
    withStore(() =>
      Effect.gen(function* () {
        const { begin } = yield* Attachments
        const bytes = content(2_500_000)
        const upload = yield* begin(bytes.length)
        yield* upload.write(bytes.subarray(2_000_000), 2_000_000)
        yield* upload.write(content(1_000_000, 9), 0)
        yield* upload.write(bytes.subarray(0, 1_500_000), 0)
        yield* upload.write(bytes.subarray(1_400_000, 2_100_000), 1_400_000)
        const file = yield* upload.keep("file")
        assert.strictEqual(file.sha256, sha256(bytes))
        assert.strictEqual(sha256(yield* load(file)), file.sha256)
      })
    )
  )

  it.effect("fails with StorageFailed when the directory is gone", () =>
    withStore((directory) =>
      Effect.gen(function* () {
        const { begin, find, read } = yield* Attachments
        const file = yield* store(content(1000))
        const upload = yield* begin(10)
        yield* upload.write(content(10), 0)
        rmSync(folderOf(directory), { recursive: true })
        const refused = [
          yield* Effect.flip(begin(10)),
          yield* Effect.flip(upload.keep("file")),
          yield* Effect.flip(Stream.runDrain(read(file)))
        ]
        for (const { _tag } of refused) assert.strictEqual(_tag, "StorageFailed")
        assert.isUndefined(yield* find(file.number + 1))
      })
    )
  )

  for (const method of ["writeAll", "sync", "read", "rename"]) {
    it.effect(`fails with StorageFailed when ${method} fails, and leaves nothing behind`, () =>
      Effect.suspend(() => {
        let isBroken = false
        return withStore(
          (directory) =>
            Effect.gen(function* () {
              const { begin, find } = yield* Attachments
              const backwards = Effect.gen(function* () {
                const upload = yield* begin(20)
                yield* upload.write(content(10), 10)
                yield* upload.write(content(10), 0)
                return yield* upload.keep("file")
              }).pipe(Effect.scoped)
              isBroken = true
              assert.strictEqual((yield* Effect.flip(backwards))._tag, "StorageFailed")
              assert.deepStrictEqual([...entries(directory, "uploads"), ...entries(directory, "content")], [])
              assert.isUndefined(yield* find(1))
              isBroken = false
              assert.strictEqual((yield* backwards).number, 2)
            }),
          failing((it) => isBroken && it === method)
        )
      })
    )
  }

  it.effect("says in the log that the disk fails, at most once a minute", () =>
    Effect.suspend(() => {
      const lines: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => lines.push(`${logLevel} ${String(message)}`))
      const begin = Effect.flatMap(Attachments, (it) =>
        Effect.flatMap(it.begin(10), (upload) => Effect.flip(upload.write(content(10), 0)))
      ).pipe(Effect.scoped)
      return withStore(
        () =>
          Effect.gen(function* () {
            for (let index = 0; index < 5; index++) yield* begin
            assert.lengthOf(lines, 1)
            yield* TestClock.adjust("59 seconds")
            yield* begin
            assert.lengthOf(lines, 1)
            yield* TestClock.adjust("1 second")
            yield* begin
            assert.lengthOf(lines, 2)
            for (const line of lines) assert.match(line, /^Warn Cannot store files,.*no space left on device/)
          }),
        failing((method) => method === "writeAll")
      ).pipe(Effect.provide(Logger.layer([logger])))
    })
  )

  it.effect("holds no more than a piece in memory of what comes and goes", () =>
    withStore(() =>
      Effect.gen(function* () {
        const { begin, read } = yield* Attachments
        const mebibyte = 1024 * 1024
        const sizeBytes = 64 * mebibyte
        const piece = content(65_536)
        const usedBefore = usedBytes()
        let most = 0
        const measure = (atByte: number) => {
          if (atByte % (4 * mebibyte) === 0) most = Math.max(most, usedBytes() - usedBefore)
        }
        const upload = yield* begin(sizeBytes)
        for (let atByte = 0; atByte < sizeBytes; atByte += piece.length) {
          yield* upload.write(piece, atByte)
          measure(atByte)
        }
        const file = yield* upload.keep("large")
        let readBytes = 0
        yield* Stream.runForEach(read(file), ({ length }) =>
          Effect.sync(() => {
            readBytes += length
            measure(readBytes)
          })
        )
        assert.strictEqual(readBytes, sizeBytes)
        assert.isBelow(most, 8 * mebibyte)
      })
    )
  )
})
