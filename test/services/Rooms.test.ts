import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import type { RoomName } from "../../src/domain/Names.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { memberNames, type Room, summary } from "../../src/services/Room.ts"
import { Rooms } from "../../src/services/Rooms.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import { open } from "./Outlets.ts"

const layer = (limits?: Partial<Limits>) =>
  Layer.mergeAll(Sessions.layer, Rooms.layer).pipe(Layer.provide(Layer.succeed(Limits, { ...defaults, ...limits })))

const setUp = Effect.gen(function* () {
  const rooms = yield* Rooms
  const [alice, bob] = [yield* open("alice"), yield* open("bob")]
  const visible = (session = alice) => rooms.visible(session).map(({ name }) => name as string)
  return { rooms, alice, bob, visible }
})

const tagOf = (result: Result.Result<unknown, { readonly _tag: string }>): string =>
  Result.match(result, { onFailure: ({ _tag }) => _tag, onSuccess: () => "ok" })

describe("Rooms.visible()", () => {
  it.effect("lists default rooms first, then in the order in which they were made", () =>
    Effect.gen(function* () {
      const { alice, rooms, visible } = yield* setUp
      for (const name of ["zoo", "attic", "music"]) rooms.enter(alice, name)
      assert.deepStrictEqual(visible(), ["general", "music", "art", "zoo", "attic"])
    }).pipe(Effect.provide(layer({ defaultRooms: ["music", "art", "MUSIC"].map((name) => name as RoomName) })))
  )

  it.effect("has general although the configuration does not name it, or names it later", () =>
    Effect.gen(function* () {
      const { rooms, visible } = yield* setUp
      assert.deepStrictEqual(visible(), ["general", "art"])
      assert.strictEqual(rooms.find("GENERAL"), rooms.general)
    }).pipe(Effect.provide(layer({ defaultRooms: ["art", "general"].map((name) => name as RoomName) })))
  )

  it.effect("leaves out a private room, but for its members and those who are let in", () =>
    Effect.gen(function* () {
      const { alice, bob, rooms, visible } = yield* setUp
      const cellar = Result.getOrThrow(rooms.enter(alice, "cellar"))
      rooms.setPrivate(cellar, true)
      assert.deepStrictEqual([visible(alice).at(-1), visible(bob).at(-1)], ["cellar", "python"])
      rooms.admit(cellar, bob)
      assert.strictEqual(visible(bob).at(-1), "cellar")
      assert.deepStrictEqual(summary(cellar, bob), {
        name: "cellar",
        isPrivate: true,
        isMember: false,
        memberCount: 1
      } as never)
    }).pipe(Effect.provide(layer()))
  )
})

describe("Rooms.enter()", () => {
  it.effect("makes a room once, whatever its name is written like", () =>
    Effect.gen(function* () {
      const { alice, bob, rooms } = yield* setUp
      const cellar = Result.getOrThrow(rooms.enter(alice, "  The Cellar "))
      assert.deepStrictEqual([cellar.name, cellar.isDefault, cellar.isPrivate], ["The Cellar", false, false] as never)
      assert.strictEqual(Result.getOrThrow(rooms.enter(bob, "ｔｈｅ  CELLAR")), cellar)
      assert.strictEqual(rooms.count(), 3)
      assert.deepStrictEqual(memberNames(cellar), ["alice", "bob"] as never)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("makes the room current, and refuses the one that is", () =>
    Effect.gen(function* () {
      const { alice, rooms } = yield* setUp
      const enter = (name: string) => tagOf(rooms.enter(alice, name))
      assert.deepStrictEqual(["one", "two", "TWO", "one"].map(enter), ["ok", "ok", "AlreadyInRoom", "ok"])
      assert.strictEqual(alice.current, rooms.find("one"))
      assert.strictEqual(alice.rooms.size, 2)
      for (const name of ["", " ", "a\0b", "x".repeat(65)]) assert.strictEqual(enter(name), "NameInvalid")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("lets into a private room whoever was in it when it was closed, or was let in since", () =>
    Effect.gen(function* () {
      const { alice, bob, rooms } = yield* setUp
      const carol = yield* open("carol")
      const cellar = Result.getOrThrow(rooms.enter(alice, "cellar"))
      rooms.enter(bob, "cellar")
      rooms.admit(cellar, carol)
      rooms.setPrivate(cellar, true)
      rooms.leave(bob, cellar)
      assert.strictEqual(tagOf(rooms.enter(bob, "cellar")), "ok")
      assert.strictEqual(tagOf(rooms.enter(carol, "cellar")), "RoomPrivate")
      rooms.admit(cellar, carol)
      assert.strictEqual(tagOf(rooms.enter(carol, "cellar")), "ok")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("lets everybody into a room that was opened again", () =>
    Effect.gen(function* () {
      const { alice, bob, rooms } = yield* setUp
      const cellar = Result.getOrThrow(rooms.enter(alice, "cellar"))
      rooms.setPrivate(cellar, true)
      assert.strictEqual(tagOf(rooms.enter(bob, "cellar")), "RoomPrivate")
      assert.strictEqual(cellar.members.has(bob), false)
      rooms.setPrivate(cellar, false)
      assert.strictEqual(tagOf(rooms.enter(bob, "cellar")), "ok")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("makes no more rooms than the limit, and lets into those that are there", () =>
    Effect.gen(function* () {
      const { alice, bob, rooms } = yield* setUp
      assert.strictEqual(tagOf(rooms.enter(alice, "one")), "ok")
      const refused = Result.getOrThrow(Result.flip(rooms.enter(alice, "two")))
      assert.deepStrictEqual(refused._tag === "TooManyRooms" && refused.limit, 3)
      assert.isUndefined(rooms.find("two"))
      assert.strictEqual(tagOf(rooms.enter(bob, "one")), "ok")
    }).pipe(Effect.provide(layer({ roomLimit: 3 })))
  )
})

describe("Rooms.leave()", () => {
  it.effect("removes an empty room, but not a default one, and what is made anew is open", () =>
    Effect.gen(function* () {
      const { alice, bob, rooms } = yield* setUp
      const enter = (name: string): Room => Result.getOrThrow(rooms.enter(alice, name))
      assert.isFalse(rooms.leave(alice, enter("python")))
      const cellar = enter("cellar")
      rooms.setPrivate(cellar, true)
      assert.isTrue(rooms.leave(alice, cellar))
      assert.isUndefined(rooms.find("cellar"))
      const anew = Result.getOrThrow(rooms.enter(bob, "cellar"))
      assert.notStrictEqual(anew, cellar)
      assert.isFalse(anew.isPrivate)
      assert.strictEqual(tagOf(rooms.enter(alice, "cellar")), "ok")
      assert.isFalse(rooms.leave(alice, anew))
    }).pipe(Effect.provide(layer()))
  )

  it.effect("makes the room that was entered last current", () =>
    Effect.gen(function* () {
      const { alice, rooms } = yield* setUp
      for (const name of ["one", "two", "three"]) rooms.enter(alice, name)
      rooms.leave(alice, rooms.find("one")!)
      assert.strictEqual(alice.current.name, "three" as RoomName)
      rooms.leave(alice, rooms.find("three")!)
      assert.strictEqual(alice.current.name, "two" as RoomName)
    }).pipe(Effect.provide(layer()))
  )
})

describe("Rooms.setPrivate()", () => {
  it.effect("refuses default rooms", () =>
    Effect.gen(function* () {
      const { rooms } = yield* setUp
      for (const name of ["general", "python"]) {
        assert.strictEqual(tagOf(rooms.setPrivate(rooms.find(name)!, true)), "RoomProtected")
        assert.isFalse(rooms.find(name)!.isPrivate)
      }
    }).pipe(Effect.provide(layer()))
  )
})
