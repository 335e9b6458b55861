/**
 * Schemas that are interpreted, as for whoever embeds the readers and has not asked for compiled ones, which has to change
 * nothing. All other tests have them compiled, as the program has.
 */
import { afterAll, assert, describe, it } from "@effect/vitest"

const compile = globalThis.Function
let refused = 0
// Nothing is compiled where this cannot be called.
const refuse = () => {
  refused++
  throw new Error("Nothing is made of texts here")
}
globalThis.Function = refuse as unknown as FunctionConstructor
afterAll(() => void (globalThis.Function = compile))

const Rules = await import("./RequestRules.ts")

describe("PillowRequest, interpreted", () => {
  it.prop("PillowRequest.read() takes what the protocol allows, and nothing else", [Rules.Choices], Rules.check, {
    arbitrary: { runs: 2000 }
  })

  it("has compiled nothing", () => {
    assert.isAbove(refused, 0)
  })
})
