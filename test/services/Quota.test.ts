import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { addressKey, banKey, Quota } from "../../src/services/Quota.ts"

const layer = (limits: Partial<Limits>) =>
  Quota.layer.pipe(Layer.provide(Layer.succeed(Limits, { ...defaults, ...limits })))

describe("addressKey()", () => {
  it("is the address for IPv4, and the /64 for IPv6", () => {
    assert.strictEqual(addressKey("192.0.2.7"), "192.0.2.7")
    assert.strictEqual(addressKey("::ffff:192.0.2.7"), "192.0.2.7")
    assert.strictEqual(addressKey("2001:db8:1:2:3:4:5:6"), addressKey("2001:db8:1:2::1"))
    assert.notStrictEqual(addressKey("2001:db8:1:2::1"), addressKey("2001:db8:1:3::1"))
  })

  it("is the /64 of an address that names its link", () => {
    assert.isDefined(addressKey("fe80::1%eth0"))
    assert.strictEqual(addressKey("fe80::1%eth0"), addressKey("fe80::2%eth0"))
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

  it.effect("counts the connections of an IPv6 /64 and of an IPv4-mapped address together", () =>
    Effect.gen(function* () {
      const quota = yield* Quota
      for (const address of ["2001:db8::1", "2001:db8::2", "192.0.2.1", "::ffff:192.0.2.1"]) {
        assert.isDefined(quota.admit(address), address)
      }
      for (const address of ["2001:db8::3", "192.0.2.1", "::ffff:192.0.2.1"]) {
        assert.isUndefined(quota.admit(address), address)
      }
      assert.isDefined(quota.admit("2001:db8:0:1::3"))
      assert.strictEqual(quota.count(), 3)
    }).pipe(Effect.provide(layer({ connectionsPerAddress: 2 })))
  )

  it.effect("admits anew as each connection of the window gets old enough", () =>
    Effect.gen(function* () {
      const quota = yield* Quota
      const admits = () => {
        const release = quota.admit("192.0.2.1")
        release?.()
        return release !== undefined
      }
      assert.isTrue(admits())
      yield* TestClock.adjust("400 millis")
      assert.deepStrictEqual([admits(), admits()], [true, false])
      yield* TestClock.adjust("599 millis")
      assert.isFalse(admits())
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual([admits(), admits()], [true, false])
    }).pipe(Effect.provide(layer({ newConnectionsPerAddress: 2, newConnectionsWindowMillis: 1000 })))
  )

  it.effect("remembers an address while a connection of it is open, and gives the memory back after", () =>
    Effect.gen(function* () {
      const quota = yield* Quota
      const release = quota.admit("192.0.2.1")!
      for (let count = 0; count < 1000; count++) quota.admit(`198.51.${count >> 8}.${count & 255}`)!()
      assert.strictEqual(quota.count(), 1001)
      yield* TestClock.adjust("30 minutes")
      assert.strictEqual(quota.count(), 1)
      release()
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(quota.count(), 0)
    }).pipe(Effect.provide(layer({})))
  )

  it.effect("remembers 10,000 addresses, of those that have gone the last", () =>
    Effect.gen(function* () {
      const quota = yield* Quota
      const address = (number: number) => `198.${number >> 16}.${(number >> 8) & 255}.${number & 255}`
      const release = quota.admit("192.0.2.1")!
      for (let number = 0; number < 12_000; number++) quota.admit(address(number))!()
      assert.strictEqual(quota.count(), 10_000)
      // Those that are connected count on, and so do those that went last; the first are new again.
      assert.isUndefined(quota.admit("192.0.2.1"))
      assert.isUndefined(quota.admit(address(11_999)))
      assert.isUndefined(quota.admit(address(2001)))
      assert.isDefined(quota.admit(address(2000)))
      release()
      assert.isUndefined(quota.admit("192.0.2.1"))
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(quota.count(), 1)
    }).pipe(Effect.provide(layer({ newConnectionsPerAddress: 1 })))
  )

  it.effect("forgets nobody who is connected, however many there are", () =>
    Effect.gen(function* () {
      const quota = yield* Quota
      const address = (number: number) => `198.${number >> 16}.${(number >> 8) & 255}.${number & 255}`
      const releases = Array.from({ length: 10_002 }, (_, number) => quota.admit(address(number)))
      assert.strictEqual(quota.count(), 10_002)
      assert.isUndefined(quota.admit(address(0)))
      for (const release of releases) release!()
      assert.strictEqual(quota.count(), 10_000)
    }).pipe(Effect.provide(layer({ connectionsPerAddress: 1 })))
  )

  it.effect("does not remember an address that it refuses", () =>
    Effect.gen(function* () {
      const quota = yield* Quota
      assert.isUndefined(quota.admit("192.0.2.1"))
      assert.strictEqual(quota.count(), 0)
    }).pipe(Effect.provide(layer({ connectionsPerAddress: 0 })))
  )

  it.effect("does not count loopback", () =>
    Effect.gen(function* () {
      const quota = yield* Quota
      for (let count = 0; count < 1000; count++) assert.isDefined(quota.admit("127.0.0.1"))
      assert.strictEqual(quota.count(), 0)
    }).pipe(Effect.provide(Quota.layer))
  )
})

describe("banKey()", () => {
  it("is an IPv4 or loopback address itself, and the /64 of an IPv6 address", () => {
    assert.strictEqual(banKey("192.0.2.7"), "192.0.2.7")
    assert.strictEqual(banKey("::ffff:192.0.2.7"), "192.0.2.7")
    assert.strictEqual(banKey("127.0.0.1"), "127.0.0.1")
    assert.strictEqual(banKey("::1"), "::1")
    assert.strictEqual(banKey("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64")
  })

  it("can be written as it is shown", () => {
    assert.strictEqual(banKey(banKey("2001:db8:1:2:3:4:5:6")!), "2001:db8:1:2::/64")
    assert.strictEqual(banKey("2001:db8:0:0::/64"), banKey("2001:db8::1"))
  })

  it("is undefined for what is no IP address", () => {
    for (const text of ["", "all", "192.0.2.0/24", "192.0.2.7/64", "example.org", "/run/socket"]) {
      assert.isUndefined(banKey(text), text)
    }
  })
})

describe("Quota.ban()", () => {
  it.effect("keeps an address out until it is over", () =>
    Effect.gen(function* () {
      const quota = yield* Quota
      assert.deepStrictEqual(quota.ban("192.0.2.1", 60_000), { address: "192.0.2.1", untilMillis: 60_000 })
      assert.isUndefined(quota.admit("192.0.2.1"))
      assert.isUndefined(quota.admit("::ffff:192.0.2.1"))
      assert.isUndefined(quota.admitBriefly("192.0.2.1"))
      assert.isDefined(quota.admit("192.0.2.2"))
      yield* TestClock.adjust("59999 millis")
      assert.isUndefined(quota.admit("192.0.2.1"))
      assert.lengthOf(quota.bans(), 1)
      yield* TestClock.adjust("1 millis")
      assert.isDefined(quota.admit("192.0.2.1"))
      assert.deepStrictEqual(quota.bans(), [])
      assert.isFalse(quota.unban("192.0.2.1"))
    }).pipe(Effect.provide(Quota.layer))
  )

  it.effect("keeps a /64 and loopback out for good, until the ban is lifted", () =>
    Effect.gen(function* () {
      const quota = yield* Quota
      quota.ban("2001:db8::1", Infinity)
      quota.ban("127.0.0.1", Infinity)
      yield* TestClock.adjust("1000 days")
      assert.isUndefined(quota.admit("2001:db8::2"))
      assert.isUndefined(quota.admit("127.0.0.1"))
      assert.isDefined(quota.admit("127.0.0.2"))
      assert.isDefined(quota.admit(""))
      assert.deepStrictEqual(
        quota.bans().map(({ address }) => address),
        ["2001:db8:0:0::/64", "127.0.0.1"]
      )
      assert.isTrue(quota.unban("2001:db8:0:0::/64"))
      assert.isTrue(quota.unban("127.0.0.1"))
      assert.isDefined(quota.admit("2001:db8::2"))
      assert.isDefined(quota.admit("127.0.0.1"))
    }).pipe(Effect.provide(Quota.layer))
  )

  it.effect("replaces the ban that there is, and bans nothing that is no IP address", () =>
    Effect.gen(function* () {
      const quota = yield* Quota
      quota.ban("192.0.2.1", Infinity)
      quota.ban("192.0.2.1", 1000)
      assert.isUndefined(quota.ban("nonsense", Infinity))
      assert.deepStrictEqual(quota.bans(), [{ address: "192.0.2.1", untilMillis: 1000 }])
      yield* TestClock.adjust("1 second")
      assert.isFalse(quota.isBanned("192.0.2.1"))
    }).pipe(Effect.provide(Quota.layer))
  )
})
