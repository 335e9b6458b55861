import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { FetchHttpClient } from "effect/http"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Client } from "../../src/api/mod.ts"
import * as RunningProgram from "./RunningProgram.ts"

describe("the operator's console over HTTP", () => {
  it.live("carries out commands of the program, and stops it", () =>
    Effect.gen(function* () {
      const program = yield* RunningProgram.start()
      const token = readFileSync(join(program.folder, "admin-token"), "utf8").trim()
      const { operator } = yield* Client.make({ baseUrl: program.url("sockets"), token })
      const run = (line: string) => operator.command({ payload: { line } })
      assert.match((yield* run(":rooms")).answer, /^Room list \(2\):\n/)
      assert.match((yield* run(":nonsense")).answer, /^Error: unknown command/)
      assert.deepStrictEqual(yield* run(":cc"), { answer: "", isCleared: true })
      assert.deepStrictEqual(yield* run("  "), { answer: "", isCleared: false })
      assert.deepStrictEqual(yield* run(":exit"), { answer: "Exiting server ...", isCleared: false })
      assert.deepStrictEqual(yield* program.exit, { code: 0, signal: null })
    }).pipe(Effect.scoped, Effect.provide(FetchHttpClient.layer))
  )
})
