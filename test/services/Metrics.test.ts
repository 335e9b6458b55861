import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import type { Rejection } from "../../src/domain/Rejection.ts"
import { Metrics } from "../../src/services/Metrics.ts"
import { Chat } from "../../src/services/Chat.ts"
import { layer, login, say, trio } from "./Recorder.ts"

describe("Metrics.snapshot", () => {
  it.effect("is of its moment: later counts do not change it", () =>
    Effect.gen(function* () {
      const metrics = yield* Metrics
      const before = yield* metrics.snapshot
      metrics.counts.messages++
      metrics.hungUp("slow")
      metrics.hungUp("slow")
      assert.deepStrictEqual([before.messages, before.hangups], [0, {}])
      const after = yield* metrics.snapshot
      assert.deepStrictEqual([after.messages, after.hangups], [1, { slow: 2 }])
    }).pipe(Effect.provide(Metrics.layer))
  )

  it.effect("counts logins, sessions, messages and deliveries", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { counts, snapshot } = yield* Metrics
      const { alice, bob } = yield* trio
      // Each was told of its own login twice, and of every later one.
      assert.strictEqual(counts.deliveries, 6 + 3)
      yield* alice.run(say("to three"))
      yield* alice.run({ _tag: "Tell", to: "bob", text: "to one" })
      assert.strictEqual(counts.deliveries, 9 + 3 + 1)
      yield* chat.logout(bob.session)
      yield* chat.logout(bob.session)
      const { logins, messages, sessions } = yield* snapshot
      assert.deepStrictEqual({ logins, messages, sessions }, { logins: 3, messages: 2, sessions: 2 })
    }).pipe(Effect.provide(layer()))
  )

  it.effect("counts every refusal once, that of a slash command and of a question too", () =>
    Effect.gen(function* () {
      const { counts } = yield* Metrics
      const alice = yield* login("alice")
      const refusals: ReadonlyArray<Effect.Effect<unknown, Rejection, Chat>> = [
        login("ALICE"),
        alice.run(say("")),
        alice.run({ _tag: "Rename", name: "Server" }),
        alice.run(say("/join a\u2028b")),
        alice.run(say("/invite nobody")),
        alice.run(say("/join")),
        alice.run(say("/msg nobody hello")),
        alice.run({ _tag: "ReadHistory", room: "nowhere" })
      ]
      const found: Array<number> = []
      for (const refusal of refusals) {
        assert.isTrue(Result.isFailure(yield* Effect.result(refusal)))
        found.push(counts.rejections)
      }
      assert.deepStrictEqual(found, [1, 2, 3, 4, 5, 6, 7, 8])
    }).pipe(Effect.provide(layer()))
  )
})
