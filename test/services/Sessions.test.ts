import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { Rooms } from "../../src/services/Rooms.ts"
import { type Session, summary } from "../../src/services/Session.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import { opening } from "./Outlets.ts"

const layer = (limits?: Partial<Limits>) =>
  Layer.mergeAll(Sessions.layer, Rooms.layer).pipe(Layer.provide(Layer.succeed(Limits, { ...defaults, ...limits })))

const tagOf = (result: Result.Result<unknown, { readonly _tag: string }>): string =>
  Result.match(result, { onFailure: ({ _tag }) => _tag, onSuccess: () => "ok" })

const setUp = Effect.gen(function* () {
  const sessions = yield* Sessions
  const { general } = yield* Rooms
  const open = (name: string) => sessions.open(opening(name, general))
  const opened = (name: string): Session => Result.getOrThrow(open(name))
  return { sessions, open, opened }
})

describe("Sessions.open()", () => {
  it.effect("gives a name to one of five claims", () =>
    Effect.gen(function* () {
      const { open, sessions } = yield* setUp
      const claims = ["Straße", "STRASSE", "ｓｔｒａｓｓｅ", "stras\u200bse", " strasse "].map((name) =>
        tagOf(open(name))
      )
      assert.deepStrictEqual(claims, ["ok", "NameTaken", "NameTaken", "NameTaken", "NameTaken"])
      assert.strictEqual(sessions.count(), 1)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("makes a session of what it was given, with the tidied name", () =>
    Effect.gen(function* () {
      const { opened } = yield* setUp
      const session = opened("  Zoe\u0308 ")
      assert.deepStrictEqual(summary(session), { number: 1, name: "Zo\u00eb", protocol: "toss" } as never)
      assert.deepStrictEqual([session.address, session.sinceMillis, session.rooms.size], ["192.0.2.1", 7, 0])
      assert.strictEqual(session.current.name, "general")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("never uses a number twice, and none for a refusal", () =>
    Effect.gen(function* () {
      const { open, opened, sessions } = yield* setUp
      const alice = opened("alice")
      for (const name of ["ALICE", "Server", "", "a\nb"]) assert.notStrictEqual(tagOf(open(name)), "ok")
      sessions.close(alice)
      assert.deepStrictEqual([alice.number, opened("alice").number, opened("bob").number], [1, 2, 3])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("refuses more than the limit, and takes one again for each that is closed", () =>
    Effect.gen(function* () {
      const { open, opened, sessions } = yield* setUp
      const alice = opened("alice")
      opened("bob")
      assert.strictEqual(tagOf(open("carol")), "ServerFull")
      assert.strictEqual(tagOf(open("ALICE")), "NameTaken")
      sessions.close(alice)
      assert.strictEqual(tagOf(open("carol")), "ok")
    }).pipe(Effect.provide(layer({ sessionLimit: 2 })))
  )
})

describe("Sessions.close()", () => {
  it.effect("frees the name, once, and never the name of a later session", () =>
    Effect.gen(function* () {
      const { opened, sessions } = yield* setUp
      const first = opened("alice")
      assert.isTrue(sessions.isOpen(first))
      assert.isTrue(sessions.close(first))
      assert.isFalse(sessions.isOpen(first))
      assert.isUndefined(sessions.find("alice"))
      const second = opened("ALICE")
      assert.isFalse(sessions.close(first))
      assert.strictEqual(sessions.find("alice"), second)
      assert.isTrue(sessions.isOpen(second))
    }).pipe(Effect.provide(layer()))
  )
})

describe("Sessions.rename()", () => {
  it.effect("frees the old name and finds by the new one", () =>
    Effect.gen(function* () {
      const { opened, sessions } = yield* setUp
      const session = opened("alice")
      assert.deepStrictEqual(sessions.rename(session, " carol "), Result.succeed("carol" as never))
      assert.deepStrictEqual([sessions.find("alice"), sessions.find("CAROL")], [undefined, session])
      assert.strictEqual(opened("alice").number, 2)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("lets a session have a look-alike of its own name, but not of another's nor the same", () =>
    Effect.gen(function* () {
      const { opened, sessions } = yield* setUp
      const session = opened("alice")
      opened("bob")
      for (const name of ["Alice", "ＡＬＩＣＥ", "al\u200bice", "alice"]) {
        assert.strictEqual(tagOf(sessions.rename(session, name)), "ok", name)
        assert.strictEqual(sessions.find("alice"), session)
      }
      const refused = ["alice", "BOB", "ｂob", "Server", "sys\u200btem", "", "a\nb"]
      assert.deepStrictEqual(
        refused.map((name) => tagOf(sessions.rename(session, name))),
        ["NameTaken", "NameTaken", "NameTaken", "NameReserved", "NameReserved", "NameInvalid", "NameInvalid"]
      )
      assert.strictEqual(session.name, "alice" as never)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("does nothing for a session that is closed", () =>
    Effect.gen(function* () {
      const { opened, sessions } = yield* setUp
      const session = opened("alice")
      sessions.close(session)
      assert.notStrictEqual(tagOf(sessions.rename(session, "bob")), "ok")
      assert.isUndefined(sessions.find("bob"))
    }).pipe(Effect.provide(layer()))
  )
})

describe("Sessions.all()", () => {
  it.effect("keeps the order of the logins, whoever is renamed or closed", () =>
    Effect.gen(function* () {
      const { opened, sessions } = yield* setUp
      const [alice, bob] = [opened("alice"), opened("bob"), opened("carol")]
      sessions.rename(alice, "zoe")
      sessions.close(bob)
      opened("bob")
      assert.deepStrictEqual(
        Array.from(sessions.all(), ({ name }) => name as string),
        ["zoe", "carol", "bob"]
      )
    }).pipe(Effect.provide(layer()))
  )
})
