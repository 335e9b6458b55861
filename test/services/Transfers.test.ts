import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import type { Session } from "../../src/services/Session.ts"
import * as Transfers from "../../src/services/Transfers.ts"
import { layer, login } from "./Recorder.ts"

/** Work that notes how it ends, and holds something until it does. */
const workOf = (ended: Array<string>, name: string, work: Effect.Effect<void, string> = Effect.never) =>
  Effect.onExit(work, (exit) => Effect.sync(() => ended.push(`${name} ${Exit.isSuccess(exit) ? "done" : "ended"}`)))

const setup = Effect.gen(function* () {
  const transfers = yield* Transfers.make<string>()
  const ended: Array<string> = []
  const alice = (yield* login("alice")).session
  const bob = (yield* login("bob")).session
  const begin = (session: Session, key: number, name: string, work?: Effect.Effect<void, string>) =>
    transfers.start(session, key, name, () => workOf(ended, name, work))
  return { alice, begin, bob, ended, transfers }
})

describe("Transfers", () => {
  it.effect("start() adds one, and ends what has its key", () =>
    Effect.gen(function* () {
      const { alice, begin, bob, ended, transfers } = yield* setup
      begin(alice, 1, "a")
      begin(alice, 2, "b")
      begin(bob, 1, "c")
      assert.deepStrictEqual(
        [transfers.find(alice, 1), transfers.find(alice, 2), transfers.find(bob, 1), transfers.find(bob, 2)],
        ["a", "b", "c", undefined]
      )
      begin(alice, 1, "d")
      assert.deepStrictEqual(ended, ["a ended"])
      assert.strictEqual(transfers.find(alice, 1), "d")
      assert.deepStrictEqual([transfers.count(), transfers.count(alice), transfers.count(bob)], [3, 2, 1])
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )

  it.effect("one that ends by itself is forgotten, however it ends", () =>
    Effect.gen(function* () {
      const { alice, begin, ended, transfers } = yield* setup
      begin(alice, 1, "at once", Effect.void)
      begin(alice, 2, "later", Effect.yieldNow)
      begin(alice, 3, "failing", Effect.fail("no"))
      begin(alice, 4, "failing later", Effect.andThen(Effect.yieldNow, Effect.fail("no")))
      assert.strictEqual(transfers.count(), 2)
      yield* Effect.yieldNow
      assert.strictEqual(transfers.count(), 0)
      assert.deepStrictEqual(ended, ["at once done", "failing ended", "later done", "failing later ended"])
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )

  it.effect("what start() gives ends that one, and not another of its key", () =>
    Effect.gen(function* () {
      const { alice, begin, ended, transfers } = yield* setup
      const first = begin(alice, 1, "a")
      first()
      first()
      assert.deepStrictEqual([ended, transfers.count()], [["a ended"], 0])
      begin(alice, 1, "b")
      first()
      assert.strictEqual(transfers.find(alice, 1), "b")
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )

  it.effect("release() takes the key; it goes on, and ends with its session only", () =>
    Effect.gen(function* () {
      const { alice, begin, bob, ended, transfers } = yield* setup
      begin(alice, 1, "a")
      begin(bob, 1, "b")
      assert.deepStrictEqual([transfers.release(alice, 1), transfers.release(alice, 1)], ["a", undefined])
      assert.deepStrictEqual([transfers.count(), transfers.find(alice, 1)], [1, undefined])
      transfers.drop(alice, 1)
      begin(alice, 1, "c")
      transfers.drop(alice, 1)
      assert.deepStrictEqual(ended, ["c ended"])
      transfers.dropAll(alice)
      transfers.dropAll(alice)
      assert.deepStrictEqual(ended, ["c ended", "a ended"])
      assert.strictEqual(transfers.find(bob, 1), "b")
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )

  it.effect("one that says that it is over is forgotten at once", () =>
    Effect.gen(function* () {
      const { alice, transfers } = yield* setup
      let over = (): void => {}
      transfers.start(alice, 1, "a", (it) => {
        over = it
        return Effect.never
      })
      assert.strictEqual(transfers.count(), 1)
      over()
      over()
      assert.deepStrictEqual([transfers.count(), transfers.find(alice, 1)], [0, undefined])
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )

  it.effect("all end with the scope, and then there are no more", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { alice, begin, bob, ended, transfers } = yield* Scope.provide(setup, scope)
      begin(alice, 1, "a")
      begin(bob, 1, "b")
      transfers.release(alice, 1)
      assert.isTrue(transfers.isOpen())
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual([ended, transfers.count(), transfers.isOpen()], [["a ended", "b ended"], 0, false])
    }).pipe(Effect.provide(layer()))
  )
})
