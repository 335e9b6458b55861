/** The program compiles its Schemas, which has to change nothing; other tests have them interpreted. */
import { assert, describe, it } from "@effect/vitest"
import type { SchemaAST } from "effect"

await import("effect/schema/SchemaJITCompiler/enable")
const PillowRequest = await import("../../../src/protocols/toss/PillowRequest.ts")
const Rules = await import("./RequestRules.ts")

/** The nodes of a Schema. */
const nodesOf = (ast: SchemaAST.AST): ReadonlyArray<SchemaAST.AST> => {
  switch (ast._tag) {
    case "Union":
      return [ast, ...ast.types.flatMap(nodesOf)]
    case "Objects":
      return [ast, ...ast.propertySignatures.flatMap(({ type }) => nodesOf(type))]
    default:
      return [ast]
  }
}

describe("PillowRequest, compiled", () => {
  it("PillowRequest.Request has nothing that keeps it from being compiled", () => {
    const tags = nodesOf(PillowRequest.Request.ast).map(({ _tag }) => _tag)
    assert.include(tags, "Objects")
    assert.notInclude(tags, "Declaration")
    assert.notInclude(tags, "Suspend")
  })

  it.prop(
    "PillowRequest.read() takes what the protocol allows, and nothing else",
    [Rules.Choices],
    ([choices]) => {
      const whole = Rules.recordOf(choices)
      assert.deepStrictEqual(Rules.summary(whole), Rules.expected(whole))
    },
    { arbitrary: { runs: 2000 } }
  )
})
