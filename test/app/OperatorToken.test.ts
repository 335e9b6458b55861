import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { OperatorToken } from "../../src/app/OperatorToken.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "parlance-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const open = (directory: string) =>
  OperatorToken.use((token) => Effect.succeed(token)).pipe(Effect.provide(OperatorToken.layer(directory)))

describe("OperatorToken", () => {
  it.effect("is made once, and kept where only its owner can read it", () =>
    Effect.gen(function* () {
      const directory = join(yield* folder, "deep", "data")
      const first = yield* open(directory)
      const token = Redacted.value(first.token)
      assert.match(token, /^[\w-]{32}$/)
      assert.strictEqual(readFileSync(first.file, "utf8"), `${token}\n`)
      assert.strictEqual(statSync(first.file).mode & 0o777, 0o600)
      const second = yield* open(directory)
      assert.deepStrictEqual([first.isNew, second.isNew], [true, false])
      assert.strictEqual(Redacted.value(second.token), token)
    }).pipe(Effect.scoped)
  )

  it.effect("is the right one with every character, and no other is", () =>
    Effect.gen(function* () {
      const { isRight, token } = yield* open(yield* folder)
      const right = Redacted.value(token)
      assert.isTrue(isRight(right))
      for (const wrong of ["", right.slice(1), `${right} `, right.toUpperCase(), `x${right.slice(1)}`]) {
        assert.isFalse(isRight(wrong) && wrong !== right, wrong)
      }
    }).pipe(Effect.scoped)
  )

  it.effect("is closed to others again when somebody has opened its file", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      const { file } = yield* open(directory)
      chmodSync(file, 0o644)
      yield* open(directory)
      assert.strictEqual(statSync(file).mode & 0o777, 0o600)
    }).pipe(Effect.scoped)
  )

  it.effect("may be written by the operator, if it is long enough", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      writeFileSync(join(directory, "admin-token"), "  correct horse battery staple \n")
      assert.isTrue((yield* open(directory)).isRight("correct horse battery staple"))
      writeFileSync(join(directory, "admin-token"), "short")
      const { message } = yield* Effect.flip(open(directory))
      assert.match(message, /admin-token has fewer than 16 characters; delete it to get another$/)
    }).pipe(Effect.scoped)
  )

  it.effect("says why it cannot be kept", () =>
    Effect.gen(function* () {
      const directory = yield* folder
      writeFileSync(join(directory, "file"), "")
      const { message } = yield* Effect.flip(open(join(directory, "file")))
      assert.match(message, /^Cannot store anything in .*: admin-token: (EEXIST|ENOTDIR)$/)
    }).pipe(Effect.scoped)
  )

  it.effect("is never right where there is none", () =>
    Effect.gen(function* () {
      const { isRight } = yield* OperatorToken
      assert.isFalse(isRight(""))
    }).pipe(Effect.provide(OperatorToken.layerNone))
  )
})
