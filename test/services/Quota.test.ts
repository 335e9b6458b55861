import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { addressKey, allowance, Quota } from "../../src/services/Quota.ts"

describe("allowance()", () => {
  it("gives the burst at once, then one per gap", () => {
    const { take } = allowance(2, 5)
    assert.deepStrictEqual(
      Array.from({ length: 7 }, () => take(1000)),
      [0, 0, 0, 0, 0, 500, 500]
    )
    assert.strictEqual(take(1499), 1)
    assert.strictEqual(take(1500), 0)
    assert.strictEqual(take(1500), 500)
    assert.deepStrictEqual(
      Array.from({ length: 6 }, () => take(60_000)),
      [0, 0, 0, 0, 0, 500]
    )
  })

  it("of 0 per second gives whatever is asked", () => {
    const { take } = allowance(0, 1)
    for (let count = 0; count < 1000; count++) assert.strictEqual(take(0), 0)
  })
})

describe("addressKey()", () => {
  it("is the address for IPv4, and the /64 for IPv6", () => {
    assert.strictEqual(addressKey("192.0.2.7"), "192.0.2.7")
    assert.strictEqual(addressKey("::ffff:192.0.2.7"), "192.0.2.7")
    assert.strictEqual(addressKey("2001:db8:1:2:3:4:5:6"), addressKey("2001:db8:1:2::1"))
    assert.notStrictEqual(addressKey("2001:db8:1:2::1"), addressKey("2001:db8:1:3::1"))
  })

  it("exempts loopback and what is no IP address", () => {
    for (const address of ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "", "/run/socket"]) {
      assert.isUndefined(addressKey(address), address)
    }
  })
})

describe("Quota.admit()", () => {
  it.effect("admits 16 connections of an address at a time, and one more for each that goes", () =>
    Effect.gen(function* () {
      const quota = yield* Quota
      const releases = Array.from({ length: 16 }, () => quota.admit("192.0.2.1"))
      assert.isTrue(releases.every((release) => release !== undefined))
      assert.isUndefined(quota.admit("192.0.2.1"))
      assert.isDefined(quota.admit("192.0.2.2"))
      releases[0]!()
      releases[0]!()
      assert.isDefined(quota.admit("192.0.2.1"))
      assert.isUndefined(quota.admit("192.0.2.1"))
    }).pipe(Effect.provide(Quota.layer))
  )

  it.effect("admits 32 new connections of an address in 10 minutes, then forgets it", () =>
    Effect.gen(function* () {
      const quota = yield* Quota
      for (let count = 0; count < 32; count++) quota.admit("192.0.2.1")!()
      assert.isUndefined(quota.admit("192.0.2.1"))
      yield* TestClock.adjust("599 seconds")
      assert.isUndefined(quota.admit("192.0.2.1"))
      assert.strictEqual(quota.count(), 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(quota.count(), 0)
      assert.isDefined(quota.admit("192.0.2.1"))
    }).pipe(Effect.provide(Quota.layer))
  )

  it.effect("does not count loopback", () =>
    Effect.gen(function* () {
      const quota = yield* Quota
      for (let count = 0; count < 1000; count++) assert.isDefined(quota.admit("127.0.0.1"))
      assert.strictEqual(quota.count(), 0)
    }).pipe(Effect.provide(Quota.layer))
  )
})
