import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Layer } from "effect"
import { type Claimant, Directory, type NameClaim } from "../../src/services/Directory.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { Rooms } from "../../src/services/Rooms.ts"
import type { Session } from "../../src/services/Session.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import * as HeldDirectory from "./HeldDirectory.ts"
import { open } from "./Outlets.ts"

const claimOf = (keys: ReadonlyArray<string>, claimant: Claimant = {}): NameClaim => ({ keys, claimant })

describe("Directory.layer", () => {
  it.effect("gives a name to one claimant, without any wait", () =>
    Effect.gen(function* () {
      const { claim } = yield* Directory
      const claims = yield* Effect.forEach([{}, {}, {}], (claimant) =>
        Effect.map(Effect.forkChild(claim(claimOf(["alice"], claimant)), { startImmediately: true }), (fiber) =>
          fiber.pollUnsafe()
        )
      )
      assert.deepStrictEqual(claims, [Exit.succeed(true), Exit.succeed(false), Exit.succeed(false)])
      assert.isTrue(yield* claim(claimOf(["bob"])))
    }).pipe(Effect.provide(Directory.layer))
  )

  it.effect("takes a name back from the one who has it alone", () =>
    Effect.gen(function* () {
      const { claim, release } = yield* Directory
      const [first, second, third] = [claimOf(["alice"]), claimOf(["alice"]), claimOf(["alice"])]
      assert.isTrue(yield* claim(first))
      release(second)
      assert.isFalse(yield* claim(second))
      release(first)
      assert.isTrue(yield* claim(second))
      release(first)
      assert.isFalse(yield* claim(third))
    }).pipe(Effect.provide(Directory.layer))
  )

  it.effect("gives all keys of a name or none", () =>
    Effect.gen(function* () {
      const { claim, release } = yield* Directory
      const first = claimOf(["one", "two"])
      assert.isTrue(yield* claim(first))
      for (const keys of [["two"], ["three", "one"], ["three", "two"]]) assert.isFalse(yield* claim(claimOf(keys)))
      assert.isTrue(yield* claim(claimOf(["three"])))
      release(first)
      assert.isTrue(yield* claim(claimOf(["two"])))
      assert.isTrue(yield* claim(claimOf(["one"])))
    }).pipe(Effect.provide(Directory.layer))
  )

  it.effect("gives a claimant names that look like his own, and takes each back alone", () =>
    Effect.gen(function* () {
      const { claim, release } = yield* Directory
      const claimant = {}
      const [first, second, third] = [["one", "two"], ["two", "three"], ["two"]].map((keys) => claimOf(keys, claimant))
      for (const wanted of [first!, second!, third!]) assert.isTrue(yield* claim(wanted))
      release(first!)
      release(first!)
      assert.isFalse(yield* claim(claimOf(["two"])))
      assert.isTrue(yield* claim(claimOf(["one"])))
      release(third!)
      assert.isFalse(yield* claim(claimOf(["two"])))
      release(second!)
      assert.isTrue(yield* claim(claimOf(["two", "three"])))
    }).pipe(Effect.provide(Directory.layer))
  )
})

describe("Directory.isTaken()", () => {
  it.effect("says whether somebody has a name, and gives it to nobody", () =>
    Effect.gen(function* () {
      const { claim, isTaken, release } = yield* Directory
      const alice = { keys: ["alice"], claimant: {} }
      assert.deepStrictEqual([yield* isTaken(["alice"]), yield* isTaken(["alice"])], [false, false])
      assert.isTrue(yield* claim(alice))
      assert.deepStrictEqual([yield* isTaken(["bob", "alice"]), yield* isTaken(["bob"])], [true, false])
      release(alice)
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
      release: ({ keys }) => void released.push(...keys)
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
      assert.strictEqual(held.waiting(), 0)
      assert.deepStrictEqual(held.taken(), ["alice"])
    }).pipe(Effect.provide(layer(held)))
  })

  it.effect("gives a session what looks like its own name, and nobody else until it is given back", () => {
    const held = HeldDirectory.make()
    return Effect.gen(function* () {
      const sessions = yield* Sessions
      const session = yield* openAnswered(held, "alice")
      for (const [name, taken] of [
        ["ALICE", ["alice", "allce"]],
        ["\u0430lice", ["alice", "\u0430lice"]],
        ["Alice", ["alice"]]
      ] as const) {
        const renaming = yield* begin(rename(session, name))
        held.arrive(1)
        assert.strictEqual(yield* Fiber.join(renaming), name as never)
        held.arrive()
        assert.deepStrictEqual(held.taken(), taken)
        assert.strictEqual(sessions.find(name), session)
        const other = yield* begin(Effect.flip(open("alice")))
        held.arrive()
        assert.strictEqual((yield* Fiber.join(other))._tag, "NameTaken")
      }
      sessions.close(session)
      held.arrive()
      assert.deepStrictEqual(held.taken(), [])
    }).pipe(Effect.provide(layer(held)))
  })

  it.effect(
    "keeps what renames of one session have in common, in whatever order they are answered and given back",
    () => {
      const held = HeldDirectory.make()
      return Effect.gen(function* () {
        const session = yield* openAnswered(held, "alice")
        const renames = [
          yield* begin(rename(session, "\u0430lice")),
          yield* begin(Effect.flip(rename(session, "\u0430lice"))),
          yield* begin(rename(session, "Alice"))
        ] as const
        held.arrive(3)
        yield* Fiber.join(renames[0])
        assert.strictEqual((yield* Fiber.join(renames[1]))._tag, "NameTaken")
        yield* Fiber.join(renames[2])
        held.arrive()
        assert.deepStrictEqual([session.name, held.taken()], ["Alice" as never, ["alice"]])
        const interrupted = yield* begin(rename(session, "ALICE"))
        yield* Fiber.interrupt(interrupted)
        held.arrive()
        assert.deepStrictEqual([session.name, held.taken()], ["Alice" as never, ["alice"]])
      }).pipe(Effect.provide(layer(held)))
    }
  )

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
