/**
 * A server dies at every single step of its work: nothing that it asks of the disk or the database is done any more. The
 * next one must find every file whole or not at all, and nothing that it has to warn of.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { Attachments, type StoredFile } from "../../src/services/Attachments.ts"
import { content, load, sha256, store } from "../services/AttachmentsSuite.ts"
import { type Breaks, contents, running, uploads, withPlace } from "./FileStores.ts"

/** Dies at the step of a number, counted from 0, before it is done or after. */
const death = (step: number): { readonly breaks: Breaks; readonly isDead: () => boolean } => {
  let steps = 0
  return { breaks: () => steps++ >= step, isDead: () => steps > step }
}

interface Known {
  /** Files that were there for sure. */
  readonly kept: Array<StoredFile>
  /** The greatest number that anybody was told. */
  greatest: number
}

const keep = Effect.fnUntraced(function* (known: Known, sizeBytes: number, seed: number) {
  const { begin } = yield* Attachments
  yield* TestClock.adjust(1)
  const upload = yield* begin(sizeBytes)
  assert.isAbove(upload.number, known.greatest)
  known.greatest = upload.number
  yield* upload.write(content(sizeBytes, seed), 0)
  known.kept.push(yield* upload.keep(`${seed}`))
}, Effect.scoped)

const check = Effect.fnUntraced(function* (directory: string, known: Known, limitBytes: number) {
  const sql = yield* SqlClient.SqlClient
  const { find } = yield* Attachments
  const rows = yield* sql<{ number: number; sha256: string; size_bytes: number }>`select * from files`
  let bytes = 0
  for (const { number, sha256: digest, size_bytes } of rows) {
    const file = yield* find(number)
    assert.strictEqual(file?.sha256, digest)
    assert.strictEqual(sha256(yield* load(file!)), digest)
    bytes += size_bytes
  }
  assert.isAtMost(bytes, limitBytes)
  assert.sameMembers([...contents(directory)], [...new Set(rows.map((row) => row.sha256))])
  assert.deepStrictEqual(uploads(directory), [])
  const next = yield* store(content(1, 99))
  assert.isAbove(next.number, known.greatest)
  known.greatest = next.number
  return new Set(rows.map(({ number }) => number))
})

const silent = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const lines: Array<unknown> = []
    return effect.pipe(
      Effect.provide(Logger.layer([Logger.make(({ message }) => lines.push(message))])),
      Effect.tap(() => Effect.sync(() => assert.deepStrictEqual(lines, [])))
    )
  })

const limits = { filesLimitBytes: 1000, fileMillis: 100_000 }

describe("FileStore that dies at any step", () => {
  for (const [name, seeds] of [
    ["that keeps a file", [1]],
    ["that keeps a content again", [7]],
    ["that keeps a file for which the oldest must go", [1, 2, 3]]
  ] as const) {
    it.effect(name, () =>
      Effect.gen(function* () {
        let isDead = true
        let step = 0
        for (; isDead; step++) {
          isDead = yield* withPlace((directory) =>
            Effect.gen(function* () {
              const known: Known = { kept: [], greatest: 0 }
              yield* running(directory, keep(known, 400, 7), { limits })
              const dying = death(step)
              const before = known.kept.length
              const work = Effect.forEach(seeds, (seed) => keep(known, 400, seed), { discard: true })
              yield* Effect.ignore(running(directory, work, { limits, breaks: dying.breaks }))
              const present = yield* silent(running(directory, check(directory, known, 1000), { limits }))
              // What was kept goes only when there are newer ones: at most the one under way is unknown.
              for (const file of known.kept.slice(-1)) assert.isTrue(present.has(file.number), `step ${step}`)
              assert.isAtLeast(present.size, Math.min(known.kept.length, 2) - (known.kept.length > before ? 1 : 0))
              return dying.isDead()
            })
          )
        }
        // Every step was one of many.
        assert.isAbove(step, 15)
      })
    )
  }

  it.effect("that deletes what is too old", () =>
    Effect.gen(function* () {
      let isDead = true
      let step = 0
      for (; isDead; step++) {
        isDead = yield* withPlace((directory) =>
          Effect.gen(function* () {
            const known: Known = { kept: [], greatest: 0 }
            yield* running(directory, Effect.andThen(keep(known, 300, 1), keep(known, 300, 1)), { limits })
            yield* TestClock.adjust(99_000)
            yield* running(directory, keep(known, 300, 2), { limits })
            yield* TestClock.adjust(1_000)
            const dying = death(step)
            yield* Effect.ignore(running(directory, Effect.void, { limits, breaks: dying.breaks }))
            const present = yield* silent(running(directory, check(directory, known, 1000), { limits }))
            assert.deepStrictEqual([...present], [known.kept[2]!.number])
            return dying.isDead()
          })
        )
      }
      assert.isAbove(step, 10)
    })
  )
})
