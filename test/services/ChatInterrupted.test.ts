import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { MaxOpsBeforeYield } from "effect/Scheduler"
import { lookAlikeKey } from "../../src/domain/Names.ts"
import { Attachments } from "../../src/services/Attachments.ts"
import { Chat } from "../../src/services/Chat.ts"
import { Directory, type NameClaim } from "../../src/services/Directory.ts"
import { History } from "../../src/services/History.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import * as Visitor from "../../src/services/Visitor.ts"
import { login } from "./Recorder.ts"

/** A chat whose directory answers a claim after some operations, and what that has. */
const make = () => {
  const claims = new Map<string, NameClaim>()
  const state = { claims, operations: 0 }
  const claim = (claim: NameClaim) =>
    Effect.suspend(() => Effect.repeat(Effect.void, { times: state.operations })).pipe(
      Effect.map(() => {
        const isGiven = !claim.keys.some((key) => claims.has(key))
        if (isGiven) for (const key of claim.keys) claims.set(key, claim)
        return isGiven
      })
    )
  const release = (claim: NameClaim) => {
    for (const key of claim.keys) if (claims.get(key) === claim) claims.delete(key)
  }
  const layer = Chat.layerNoDirectory.pipe(
    Layer.provideMerge(Layer.mergeAll(History.layerMemory, Attachments.layerMemory)),
    Layer.provide(
      Layer.succeed(Directory, {
        claim,
        isTaken: (keys) => Effect.sync(() => keys.some((key) => claims.has(key))),
        release
      })
    ),
    Layer.provide(Layer.succeed(Limits, { ...defaults, floodRate: 0 }))
  )
  return { state, layer }
}

type Subject = ReturnType<typeof make>

/** Does something again and again with a fiber that often yields, and interrupts it in ever another turn. */
const anywhere = <A, E, R, E2, R2>(
  { state }: Subject,
  effect: Effect.Effect<A, E, R>,
  reset: Effect.Effect<void, E2, R2>
) =>
  Effect.gen(function* () {
    const ends = new Set<string>()
    for (state.operations = 0; state.operations < 16; state.operations++) {
      for (let turns = 0; turns < 24; turns++) {
        const fiber = yield* Effect.provideService(effect, MaxOpsBeforeYield, 5).pipe(
          Effect.forkChild({ startImmediately: true })
        )
        for (let turn = 0; turn < turns; turn++) yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
        const names = yield* loggedIn
        assert.sameMembers([...state.claims.keys()], names.map(lookAlikeKey))
        ends.add(names.join())
        yield* reset
      }
    }
    return ends
  })

const loggedIn = Effect.map(Sessions, ({ all }) => Array.from(all(), ({ name }) => name as string))

describe("Chat interrupted anywhere", () => {
  it.effect("login() has a name and a session, or neither", () => {
    const subject = make()
    return Effect.gen(function* () {
      const chat = yield* Chat
      const { find } = yield* Sessions
      // Whoever is interrupted after that does not learn that he was logged in.
      const leave = Effect.suspend(() => {
        const session = find("bob")
        return session === undefined ? Effect.void : chat.logout(session)
      })
      const ends = yield* anywhere(subject, login("bob"), leave)
      assert.deepStrictEqual(ends, new Set(["", "bob"]))
    }).pipe(Effect.provide(subject.layer))
  })

  it.effect("run() Rename has the one name or the other", () => {
    const subject = make()
    return Effect.gen(function* () {
      const alice = yield* login("alice")
      const rename = (name: string) => alice.run({ _tag: "Rename", name })
      const ends = yield* anywhere(subject, rename("bob"), Effect.ignore(rename("alice")))
      assert.deepStrictEqual(ends, new Set(["alice", "bob"]))
    }).pipe(Effect.provide(subject.layer))
  })

  it.effect("Visitor.make() leaves nobody behind when the visit has ended", () => {
    const subject = make()
    return Effect.gen(function* () {
      const seen = new Set<string>()
      const chat = yield* Chat
      chat.watch(({ _tag }) => seen.add(_tag))
      const visit = Effect.scoped(Effect.andThen(Visitor.make("bob"), Effect.never))
      const ends = yield* anywhere(subject, visit, Effect.void)
      assert.deepStrictEqual(ends, new Set([""]))
      assert.deepStrictEqual(seen, new Set(["UserJoined", "UserLeft"]))
    }).pipe(Effect.provide(subject.layer))
  })
})
