/** That the lock file is whole, so that `npm ci` passes on every platform and with a registry that has not all of them. */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

const Lock = Schema.Struct({
  packages: Schema.Record(
    Schema.String,
    Schema.Struct({ optionalDependencies: Schema.optional(Schema.Record(Schema.String, Schema.String)) })
  )
})

const { packages } = Schema.decodeUnknownSync(Lock)(
  JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8"))
)

describe("package-lock.json", () => {
  // npm leaves out what the registry of whoever writes the file does not have, and `npm ci` then refuses the file.
  it("has every platform's package of a binary", () => {
    const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
    assert.include(wanted, "@effect/tsgo-darwin-arm64")
    assert.deepStrictEqual(
      wanted.filter((name) => packages[`node_modules/${name}`] === undefined),
      []
    )
  })
})
