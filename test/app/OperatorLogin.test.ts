import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { OperatorLogin } from "../../src/app/OperatorLogin.ts"
import { OperatorToken } from "../../src/app/OperatorToken.ts"

const layer = OperatorLogin.layer.pipe(
  Layer.provide(
    Layer.succeed(
      OperatorToken,
      OperatorToken.of({ file: "", token: Redacted.make("right"), isNew: false, isRight: (token) => token === "right" })
    )
  )
)

const tried = Effect.fnUntraced(function* (address: string, token = "wrong") {
  const login = yield* OperatorLogin
  return yield* login.check(token, address).pipe(
    Effect.as("in"),
    Effect.catch((error) => Effect.succeed(error._tag === "Unauthorized" ? "no" : `wait ${error.retryAfterMillis}`))
  )
})

describe("OperatorLogin", () => {
  it.effect("a login lasts for twelve hours, or until it ends", () =>
    Effect.gen(function* () {
      const login = yield* OperatorLogin
      const [one, other] = [login.begin(), login.begin()]
      assert.isTrue(login.isOpen(one))
      assert.isFalse(login.isOpen("guess"))
      login.end(other)
      assert.isFalse(login.isOpen(other))
      yield* TestClock.adjust("719 minutes")
      assert.isTrue(login.isOpen(one))
      yield* TestClock.adjust("1 minute")
      assert.isFalse(login.isOpen(one))
    }).pipe(Effect.provide(layer))
  )

  it.effect("of more than a hundred logins the oldest end", () =>
    Effect.gen(function* () {
      const login = yield* OperatorLogin
      const ids = Array.from({ length: 101 }, () => login.begin())
      assert.deepStrictEqual(
        [ids[0], ids[1], ids[100]].map((id) => login.isOpen(id!)),
        [false, true, true]
      )
    }).pipe(Effect.provide(layer))
  )

  it.effect("the tries of one address, or of one IPv6 network, are no other's", () =>
    Effect.gen(function* () {
      for (let tries = 1; tries <= 5; tries++) assert.strictEqual(yield* tried("2001:db8::1"), "no")
      assert.strictEqual(yield* tried("2001:db8::2", "right"), "wait 10000")
      assert.strictEqual(yield* tried("2001:db8:0:1::1", "right"), "in")
      assert.strictEqual(yield* tried("127.0.0.1"), "no")
    }).pipe(Effect.provide(layer))
  )

  it.effect("a right token costs no try", () =>
    Effect.gen(function* () {
      for (let tries = 1; tries <= 20; tries++) assert.strictEqual(yield* tried("192.0.2.1", "right"), "in")
      assert.strictEqual(yield* tried("192.0.2.1"), "no")
    }).pipe(Effect.provide(layer))
  )
})
