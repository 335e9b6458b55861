import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { ProtocolName } from "../../src/domain/Message.ts"
import { Refusals } from "../../src/services/Refusals.ts"

const from = { protocol: ProtocolName.make("toss"), name: "alice", address: "192.0.2.1" } as const

describe("Refusals", () => {
  it.effect("has the last 200, the newest first", () =>
    Effect.gen(function* () {
      const refusals = yield* Refusals
      assert.deepStrictEqual(refusals.recent(), [])
      refusals.add(from, "TextEmpty")
      assert.deepStrictEqual(refusals.recent(), [{ ...from, atMillis: 0, code: "TextEmpty" }])
      for (let second = 1; second <= 205; second++) {
        yield* TestClock.adjust("1 second")
        refusals.add(from, "Flooding")
      }
      const times = refusals.recent().map(({ atMillis }) => atMillis / 1000)
      assert.deepStrictEqual([times.length, times[0], times[1], times.at(-1)], [200, 205, 204, 6])
    }).pipe(Effect.provide(Refusals.layer))
  )

  it.effect("shortens the names that were asked for", () =>
    Effect.gen(function* () {
      const refusals = yield* Refusals
      refusals.add({ ...from, name: "x".repeat(100_000) }, "NameInvalid")
      assert.strictEqual(refusals.recent()[0]?.name, "x".repeat(64))
    }).pipe(Effect.provide(Refusals.layer))
  )
})
