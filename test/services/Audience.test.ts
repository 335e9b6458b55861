import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import type { SharedEvent } from "../../src/domain/Event.ts"
import * as Audience from "../../src/services/Audience.ts"
import { Census } from "../../src/services/Census.ts"
import { Rooms } from "../../src/services/Rooms.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import { type Kept, opening } from "./Outlets.ts"

const setUp = Effect.gen(function* () {
  const { open } = yield* Sessions
  const rooms = yield* Rooms
  const { counts } = yield* Census
  const observed: Array<SharedEvent> = []
  const audience = Audience.make(counts, (event) => void observed.push(event))
  const three = ["alice", "bob", "carol"].map((name) => Result.getOrThrow(open(opening(name, rooms.general))))
  const kept = () => three.map(({ outlet }) => (outlet as Kept).kept)
  return { audience, counts, observed, rooms, three, kept }
}).pipe(Effect.provide(Layer.mergeAll(Sessions.layer, Rooms.layer, Census.layer)))

describe("Audience.tell()", () => {
  it.effect("hands everybody the very same event, and tells the actor apart", () =>
    Effect.gen(function* () {
      const { audience, counts, kept, observed, three } = yield* setUp
      const event: SharedEvent = { _tag: "Announced", text: "hello" }
      audience.tell(three.slice(0, 2), event, three[1])
      assert.deepStrictEqual(kept(), [[[event, "witness"]], [[event, "actor"]], []])
      for (const [told] of kept().slice(0, 2)) assert.strictEqual(told?.[0], event)
      assert.deepStrictEqual(observed, [event])
      assert.strictEqual(counts.deliveries, 2)
    })
  )

  it.effect("tellOne() tells one, as actor, and no observer", () =>
    Effect.gen(function* () {
      const { audience, counts, kept, observed, three } = yield* setUp
      audience.tellOne(three[2]!, { _tag: "Noticed", text: "psst" })
      assert.deepStrictEqual(kept(), [[], [], [[{ _tag: "Noticed", text: "psst" }, "actor"]]])
      assert.deepStrictEqual(observed, [])
      assert.strictEqual(counts.deliveries, 1)
    })
  )
})

describe("Audience.companions()", () => {
  it.effect("has everybody who shares a room once, and nobody else", () =>
    Effect.gen(function* () {
      const { rooms, three } = yield* setUp
      const [alice, bob, carol] = three as [(typeof three)[0], (typeof three)[0], (typeof three)[0]]
      for (const session of [alice, bob]) for (const name of ["one", "two"]) rooms.enter(session, name)
      rooms.enter(carol, "three")
      assert.deepStrictEqual(Array.from(Audience.companions(alice)), [alice, bob])
      assert.deepStrictEqual(Array.from(Audience.companions(carol)), [carol])
      rooms.enter(alice, "three")
      assert.sameMembers(Array.from(Audience.companions(alice)), [alice, bob, carol])
    })
  )
})
