import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { decodeAll, type Dialect, each, valuesOf } from "../protocols/Dialects.ts"
import { mutant, pieces, seeded } from "./Mutation.ts"

const Seed = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 31 }))
const options = { arbitrary: { runs: 300 } }

const fuzzDialect = <Value>(dialect: Dialect<Value>): void => {
  const { canSay, encoders, isOfMessages = false, name, schema } = dialect
  it.effect.prop(
    `${name}: whatever comes is read or refused, in the same way however it is cut`,
    [schema, Seed],
    ([value, seed]) =>
      Effect.gen(function* () {
        const random = seeded(seed)
        const samples = encoders.map((encode) => encode(value))
        const input = mutant(random, samples)
        const whole = yield* decodeAll(dialect, [input])
        const hasMalformed = whole.some(Result.isFailure)
        if (!isOfMessages && !hasMalformed) {
          const cut = yield* decodeAll(dialect, pieces(random, input))
          // Where a failure costs the rest of its read, it matters where that ends.
          if (!cut.some(Result.isFailure)) assert.deepStrictEqual(valuesOf(cut), valuesOf(whole))
        }
        // What was read can be said again, and is the same then.
        for (const decoded of whole) {
          if (Result.isFailure(decoded) || !canSay(decoded.success)) continue
          const again = yield* decodeAll(dialect, [encoders[0]!(decoded.success)])
          assert.deepStrictEqual(valuesOf(again), [decoded.success])
        }
      }),
    options
  )
}

describe("fuzz", () => each(fuzzDialect))
