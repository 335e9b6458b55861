import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as AddressQuota from "../../src/app/api/AddressQuota.ts"

describe("AddressQuota", () => {
  it.effect("lets an address do something so many times at once, then so many times a second", () =>
    Effect.gen(function* () {
      const quota = yield* AddressQuota.make({ burst: 3, perSecond: 2 })
      const take = (key: string | undefined) => {
        const waitMillis = quota.waitMillis(key)
        if (waitMillis === 0) quota.spend(key)
        return waitMillis
      }
      assert.deepStrictEqual([take("a"), take("a"), take("a"), take("a")], [0, 0, 0, 500])
      assert.strictEqual(take("b"), 0)
      yield* TestClock.adjust(499)
      assert.strictEqual(take("a"), 1)
      yield* TestClock.adjust(1)
      assert.deepStrictEqual([take("a"), take("a")], [0, 500])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual([take("a"), take("a"), take("a"), take("a")], [0, 0, 0, 500])
    })
  )

  it.effect("counts nobody who has no key", () =>
    Effect.gen(function* () {
      const quota = yield* AddressQuota.make({ burst: 1, perSecond: 1 })
      for (let times = 1; times <= 10; times++) quota.spend(undefined)
      assert.strictEqual(quota.waitMillis(undefined), 0)
    })
  )

  it.effect("of very many addresses forgets those that came first", () =>
    Effect.gen(function* () {
      const quota = yield* AddressQuota.make({ burst: 1, perSecond: 1 })
      for (let address = 0; address <= 10_000; address++) quota.spend(String(address))
      assert.deepStrictEqual([quota.waitMillis("0"), quota.waitMillis("1")], [0, 1000])
    })
  )
})
