import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Layer } from "effect"
import { Directory } from "../../src/services/Directory.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { Rooms } from "../../src/services/Rooms.ts"
import type { Session } from "../../src/services/Session.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import * as HeldDirectory from "./HeldDirectory.ts"
import { open } from "./Outlets.ts"

describe("Directory.layer", () => {
  it.effect("gives a name to one claimant, without any wait", () =>
    Effect.gen(function* () {
      const { claim } = yield* Directory
      const claims = yield* Effect.forEach([{}, {}, {}], (claimant) =>
        Effect.map(Effect.forkChild(claim("alice", claimant), { startImmediately: true }), (fiber) =>
          fiber.pollUnsafe()
        )
      )
      assert.deepStrictEqual(claims, [Exit.succeed(true), Exit.succeed(false), Exit.succeed(false)])
      assert.isTrue(yield* claim("bob", {}))
    }).pipe(Effect.provide(Directory.layer))
  )

  it.effect("takes a name back from the one who has it alone", () =>
    Effect.gen(function* () {
      const { claim, release } = yield* Directory
      const [alice, other] = [{}, {}]
      assert.isTrue(yield* claim("alice", alice))
      release("alice", other)
      assert.isFalse(yield* claim("alice", other))
      release("alice", alice)
      assert.isTrue(yield* claim("alice", other))
      release("alice", alice)
      assert.isFalse(yield* claim("alice", alice))
    }).pipe(Effect.provide(Directory.layer))
  )
})

describe("Directory.isTaken()", () => {
  it.effect("says whether somebody has a name, and gives it to nobody", () =>
    Effect.gen(function* () {
      const { claim, isTaken, release } = yield* Directory
      const alice = {}
      assert.deepStrictEqual([yield* isTaken(["alice"]), yield* isTaken(["alice"])], [false, false])
      assert.isTrue(yield* claim("alice", alice))
      assert.deepStrictEqual([yield* isTaken(["bob", "alice"]), yield* isTaken(["bob"])], [true, false])
      release("alice", alice)
      assert.isFalse(yield* isTaken(["alice"]))
    }).pipe(Effect.provide(Directory.layer))
  )
})

/** Begins something, and lets nobody answer yet. */
const begin = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.forkChild(Effect.uninterruptible(effect), { startImmediately: true })

const layer = (held: HeldDirectory.HeldDirectory, limits: Partial<Limits> = {}) =>
  Layer.mergeAll(Sessions.layerNoDeps, Rooms.layer).pipe(
    Layer.provide([held.layer, Layer.succeed(Limits, { ...defaults, ...limits })])
  )

const rename = Effect.fnUntraced(function* (session: Session, name: string) {
  const sessions = yield* Sessions
  const claim = yield* sessions.claim(name, session)
  return yield* Effect.fromResult(sessions.rename(session, claim))
})

/** Opens a session whose claim is answered. */
const openAnswered = Effect.fnUntraced(function* (held: HeldDirectory.HeldDirectory, name: string) {
  const opening = yield* begin(open(name))
  held.arrive()
  return yield* Fiber.join(opening)
})

const isInterrupted = <A, E>(fiber: Fiber.Fiber<A, E>): boolean => {
  const exit = fiber.pollUnsafe()
  return exit !== undefined && Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
}

describe("Sessions.claim() of a directory that takes time", () => {
  it.effect("gives a name to the first of two, and to nobody before it is answered", () => {
    const held = HeldDirectory.make()
    return Effect.gen(function* () {
      const sessions = yield* Sessions
      const first = yield* begin(open("alice"))
      const second = yield* begin(Effect.flip(open("ALICE")))
      assert.strictEqual(held.waiting(), 2)
      assert.deepStrictEqual([sessions.find("alice"), sessions.count()], [undefined, 0])
      held.arrive()
      const session = yield* Fiber.join(first)
      assert.strictEqual((yield* Fiber.join(second))._tag, "NameTaken")
      assert.strictEqual(sessions.find("alice"), session)
      sessions.close(session)
      held.arrive()
      assert.deepStrictEqual(held.taken(), [])
    }).pipe(Effect.provide(layer(held)))
  })

  it.effect("is given back when it is interrupted, whatever is answered afterwards", () => {
    const held = HeldDirectory.make()
    return Effect.gen(function* () {
      const { claim } = yield* Sessions
      const fiber = yield* begin(claim("alice"))
      yield* Fiber.interrupt(fiber)
      assert.isTrue(isInterrupted(fiber))
      held.arrive(1)
      assert.deepStrictEqual(held.taken(), ["alice"])
      held.arrive()
      assert.deepStrictEqual(held.taken(), [])
    }).pipe(Effect.provide(layer(held)))
  })

  it.effect("is given back when it had been interrupted before it was answered", () => {
    const held = HeldDirectory.make({ isStubborn: true })
    return Effect.gen(function* () {
      const { claim } = yield* Sessions
      const fiber = yield* begin(claim("alice"))
      fiber.interruptUnsafe()
      assert.isUndefined(fiber.pollUnsafe())
      held.arrive()
      assert.isTrue(isInterrupted(fiber))
      assert.deepStrictEqual(held.taken(), ["alice"])
      held.arrive()
      assert.deepStrictEqual(held.taken(), [])
    }).pipe(Effect.provide(layer(held)))
  })

  it.effect("is given back when the directory has a defect", () => {
    const released: Array<string> = []
    const broken = Layer.succeed(Directory, {
      claim: () => Effect.die(new Error("oops")),
      isTaken: () => Effect.succeed(false),
      release: (key) => void released.push(key)
    })
    return Effect.gen(function* () {
      const { claim } = yield* Sessions
      assert.isTrue(Exit.hasDies(yield* Effect.exit(claim("alice"))))
      assert.deepStrictEqual(released, ["alice"])
    }).pipe(Effect.provide(Sessions.layerNoDeps.pipe(Layer.provide(broken))))
  })

  it.effect("asks for no name that nobody may have, nor for a session's own", () => {
    const held = HeldDirectory.make()
    return Effect.gen(function* () {
      const sessions = yield* Sessions
      const session = yield* openAnswered(held, "alice")
      for (const name of ["", "Server", "a\nb", "alice"]) yield* Effect.flip(sessions.claim(name, session))
      assert.strictEqual(yield* rename(session, "ALICE"), "ALICE" as never)
      assert.strictEqual(held.waiting(), 0)
      assert.deepStrictEqual(held.taken(), ["alice"])
      // The first claim holds for the name in any letters.
      sessions.close(session)
      held.arrive()
      assert.deepStrictEqual(held.taken(), [])
    }).pipe(Effect.provide(layer(held)))
  })

  it.effect("is given back when there are as many sessions as there may be", () => {
    const held = HeldDirectory.make()
    return Effect.gen(function* () {
      const first = yield* begin(open("alice"))
      const second = yield* begin(Effect.flip(open("bob")))
      held.arrive(2)
      yield* Fiber.join(first)
      assert.strictEqual((yield* Fiber.join(second))._tag, "ServerFull")
      assert.deepStrictEqual(held.taken(), ["alice", "bob"])
      held.arrive()
      assert.deepStrictEqual(held.taken(), ["alice"])
    }).pipe(Effect.provide(layer(held, { sessionLimit: 1 })))
  })

  it.effect("is given back when the session that is to be renamed has been closed", () => {
    const held = HeldDirectory.make()
    return Effect.gen(function* () {
      const sessions = yield* Sessions
      const session = yield* openAnswered(held, "alice")
      const renaming = yield* begin(Effect.flip(rename(session, "bob")))
      sessions.close(session)
      held.arrive(2)
      assert.deepStrictEqual(held.taken(), ["bob"])
      assert.strictEqual((yield* Fiber.join(renaming))._tag, "NotLoggedIn")
      assert.strictEqual(session.name, "alice" as never)
      assert.isUndefined(sessions.find("bob"))
      held.arrive()
      assert.deepStrictEqual(held.taken(), [])
    }).pipe(Effect.provide(layer(held)))
  })

  it.effect("of two renames of one session keeps the one that was answered last", () => {
    const held = HeldDirectory.make()
    return Effect.gen(function* () {
      const sessions = yield* Sessions
      const session = yield* openAnswered(held, "alice")
      const renames = [yield* begin(rename(session, "bob")), yield* begin(rename(session, "carol"))]
      assert.strictEqual(yield* rename(session, "Alice"), "Alice" as never)
      held.arrive()
      for (const fiber of renames) yield* Fiber.join(fiber)
      assert.strictEqual(session.name, "carol" as never)
      assert.deepStrictEqual(
        [sessions.find("alice"), sessions.find("bob"), sessions.find("carol")],
        [undefined, undefined, session]
      )
      held.arrive()
      assert.deepStrictEqual(held.taken(), ["carol"])
    }).pipe(Effect.provide(layer(held)))
  })
})
