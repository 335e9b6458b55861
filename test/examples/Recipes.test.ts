/** The recipes of the testing kit: that they are what the docstrings say, and do what they say. */
import { readdirSync, readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { clockJump } from "./recipes/ClockJump.ts"
import { loss } from "./recipes/Loss.ts"
import { slowPeer } from "./recipes/SlowPeer.ts"
import { timeOut } from "./recipes/TimeOut.ts"
import { twoServers } from "./recipes/TwoServers.ts"

const folder = new URL("recipes/", import.meta.url)
const source = new URL("../../src/testing/", import.meta.url)

/** The snippets in the docstrings of a file. */
const snippets = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/^ \* ```ts\n((?: \*.*\n)*?) \* ```$/gm)].map(([, lines = ""]) => lines.replaceAll(/^ \* ?/gm, ""))

describe("recipes", () => {
  it("are in the docstrings of the kit, word by word", () => {
    const written = readdirSync(source, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) => snippets(readFileSync(new URL(file, source), "utf8")))
    const recipes = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), "utf8"))
    assert.lengthOf(recipes, 5)
    assert.sameMembers(written, recipes)
  })

  it.effect("a time-out", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* timeOut, { isOpen: true, hangups: { "login-timeout": 1 } })
    })
  )

  it.effect("loss", () =>
    Effect.gen(function* () {
      const first = yield* loss
      assert.include(first.answers, "SessionCookie")
      assert.include(first.trace, "lost")
      assert.deepStrictEqual(first.defects, [])
      assert.deepStrictEqual(yield* loss, first)
    })
  )

  it.effect("a jump of the clock", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* clockJump, { isOpen: true, hangups: { "login-timeout": 1 } })
    })
  )

  it.effect("two servers", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* twoServers, { from: "alice", text: "said on this one" })
    })
  )

  it.effect("a slow peer", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* slowPeer, { heard: 300 * 4000, hangups: { slow: 1 } })
    })
  )
})
