import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Metrics, Policy, Quota } from "../../src/mod.ts"
import * as ChatMasterProtocol from "../../src/protocols/chatmaster/ChatMasterProtocol.ts"
import { hookTimeoutMillis } from "../../src/services/Policy.ts"
import { Peer } from "../../src/testing/mod.ts"
import { Connections } from "../../src/transports/Connections.ts"

const address = "192.0.2.1"
const text = (frames: ReadonlyArray<Uint8Array>): string => frames.map((frame) => Buffer.from(frame).toString()).join()

const layer = (connect: () => ReturnType<typeof Policy.refuse> | Effect.Effect<void>) =>
  Peer.layer({ chat: { connectionsPerAddress: 1 } }).pipe(Layer.provide(Policy.layer({ connect })))

describe("Connections.accept() while the policy is asked", () => {
  it.effect("takes a place of the address, and gives it back when the policy refuses", () => {
    const answer = Deferred.makeUnsafe<void>()
    return Effect.gen(function* () {
      const { counts } = yield* Metrics
      const protocol = ChatMasterProtocol.make()
      const first = yield* Peer.connect(protocol, { address })
      const second = yield* Peer.connect(protocol, { address })
      yield* second.over
      assert.include(text(second.writes.flat()), "too many connections")
      assert.deepStrictEqual([counts.connections, counts.connectionsRefused], [0, 1])
      yield* Deferred.succeed(answer, undefined)
      yield* first.over
      assert.include(text(first.writes.flat()), `"message":"No.","code":"no"`)
      assert.deepStrictEqual([counts.connections, counts.connectionsRefused], [0, 2])
      const third = yield* Peer.connect(protocol, { address })
      yield* third.over
      assert.include(text(third.writes.flat()), `"code":"no"`)
    }).pipe(
      Effect.provide(layer(() => Effect.andThen(Deferred.await(answer), Policy.refuse({ code: "no", reason: "No." }))))
    )
  })

  it.effect("gives the place back when it is cut off, or has waited too long", () =>
    Effect.gen(function* () {
      const { admit } = yield* Quota
      const protocol = ChatMasterProtocol.make()
      const scope = yield* Scope.make()
      const peer = yield* Peer.connect(protocol, { address }).pipe(Scope.provide(scope))
      assert.isUndefined(admit(address))
      yield* Scope.close(scope, Exit.void)
      yield* peer.over
      assert.deepStrictEqual(peer.writes, [])
      const slow = yield* Peer.connect(protocol, { address })
      yield* TestClock.adjust(hookTimeoutMillis)
      yield* slow.over
      assert.include(text(slow.writes.flat()), `"code":"policy-failed"`)
      assert.isFunction(admit(address))
    }).pipe(Effect.provide(layer(() => Effect.never)))
  )

  it.effect("refuses whom an operator has banned meanwhile, and everybody when the server stops", () => {
    const answer = Deferred.makeUnsafe<void>()
    return Effect.gen(function* () {
      const quota = yield* Quota
      const { stop } = yield* Connections
      const protocol = ChatMasterProtocol.make()
      const banned = yield* Peer.connect(protocol, { address })
      quota.ban(address, Infinity)
      yield* Deferred.succeed(answer, undefined)
      yield* banned.over
      assert.include(text(banned.writes.flat()), "this address is banned")
      yield* stop
      const late = yield* Peer.connect(protocol, { address: "192.0.2.2" })
      yield* late.over
      assert.deepStrictEqual(late.writes, [])
    }).pipe(Effect.provide(layer(() => Deferred.await(answer))))
  })
})
