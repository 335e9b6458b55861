import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { Rooms } from "../../src/services/Rooms.ts"
import { type Session, summary } from "../../src/services/Session.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import { open, opening } from "./Outlets.ts"

const layer = (limits?: Partial<Limits>) =>
  Layer.mergeAll(Sessions.layer, Rooms.layer).pipe(Layer.provide(Layer.succeed(Limits, { ...defaults, ...limits })))

const tagOf = (result: Result.Result<unknown, { readonly _tag: string }>): string =>
  Result.match(result, { onFailure: ({ _tag }) => _tag, onSuccess: () => "ok" })

const tryOpen = (name: string) => Effect.map(Effect.result(open(name)), tagOf)

/** Renames a session, as the command does. */
const rename = Effect.fnUntraced(function* (session: Session, name: string) {
  const sessions = yield* Sessions
  const claim = yield* sessions.claim(name, session)
  return yield* Effect.fromResult(sessions.rename(session, claim))
})

const tryRename = (session: Session, name: string) => Effect.map(Effect.result(rename(session, name)), tagOf)

describe("Sessions.open()", () => {
  it.effect("gives a name to one of five claims", () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const names = ["Straße", "STRASSE", "ｓｔｒａｓｓｅ", "stras\u200bse", " strasse "]
      const claims = yield* Effect.forEach(names, tryOpen)
      assert.deepStrictEqual(claims, ["ok", "NameTaken", "NameTaken", "NameTaken", "NameTaken"])
      assert.strictEqual(sessions.count(), 1)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("makes a session of what it was given, with the tidied name", () =>
    Effect.gen(function* () {
      const session = yield* open("  Zoe\u0308 ")
      assert.deepStrictEqual(summary(session), { number: 1, name: "Zo\u00eb", protocol: "toss" } as never)
      assert.deepStrictEqual([session.address, session.sinceMillis, session.rooms.size], ["192.0.2.1", 7, 0])
      assert.strictEqual(session.current.name, "general")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("never uses a number twice, and none for a refusal", () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const alice = yield* open("alice")
      for (const name of ["ALICE", "Server", "", "a\nb"]) assert.notStrictEqual(yield* tryOpen(name), "ok")
      sessions.close(alice)
      assert.deepStrictEqual([alice.number, (yield* open("alice")).number, (yield* open("bob")).number], [1, 2, 3])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("refuses more than the limit, and takes one again for each that is closed", () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const alice = yield* open("alice")
      yield* open("bob")
      assert.strictEqual(yield* tryOpen("carol"), "ServerFull")
      assert.strictEqual(yield* tryOpen("ALICE"), "NameTaken")
      sessions.close(alice)
      assert.strictEqual(yield* tryOpen("carol"), "ok")
    }).pipe(Effect.provide(layer({ sessionLimit: 2 })))
  )
})

describe("Sessions.reserve()", () => {
  const tryReserve = (name: string) =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      return tagOf(yield* Effect.result(sessions.reserve(name)))
    })

  it.effect("gives a number to one session, and to no other before or after it", () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const { general } = yield* Rooms
      const [first, second] = [yield* sessions.reserve("alice"), yield* sessions.reserve("alice")]
      const bob = yield* open("bob")
      const claim = yield* sessions.claim("alice")
      const alice = Result.getOrThrow(sessions.open(claim, { ...opening(general), number: first }))
      const carol = yield* open("carol")
      assert.strictEqual(alice.number, first)
      assert.strictEqual(sessions.findByNumber(first), alice)
      assert.strictEqual(new Set([first, second, bob.number, carol.number]).size, 4)
      assert.deepStrictEqual(Array.from(sessions.all()), [bob, alice, carol])
      sessions.close(alice)
      assert.notInclude([first, second, bob.number, carol.number], (yield* open("dora")).number)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("takes no name, and refuses what nobody may be called or somebody is", () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      assert.strictEqual(yield* tryReserve("alice"), "ok")
      assert.deepStrictEqual([sessions.count(), sessions.find("alice")], [0, undefined])
      const alice = yield* open("alice")
      const names = ["ALICE", "ａlice", "Server", "", "a\nb", "bob"]
      const results = yield* Effect.forEach(names, tryReserve)
      assert.deepStrictEqual(results, ["NameTaken", "NameTaken", "NameReserved", "NameInvalid", "NameInvalid", "ok"])
      sessions.close(alice)
      assert.strictEqual(yield* tryReserve("alice"), "ok")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("refuses when there are as many sessions as there may be", () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const alice = yield* open("alice")
      assert.deepStrictEqual([yield* tryReserve("bob"), yield* tryReserve("alice")], ["ServerFull", "NameTaken"])
      sessions.close(alice)
      assert.strictEqual(yield* tryReserve("bob"), "ok")
    }).pipe(Effect.provide(layer({ sessionLimit: 1 })))
  )
})

describe("Sessions.close()", () => {
  it.effect("frees the name, once, and never the name of a later session", () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const first = yield* open("alice")
      assert.isTrue(sessions.isOpen(first))
      assert.isTrue(sessions.close(first))
      assert.isFalse(sessions.isOpen(first))
      assert.isUndefined(sessions.find("alice"))
      const second = yield* open("ALICE")
      assert.isFalse(sessions.close(first))
      assert.strictEqual(sessions.find("alice"), second)
      assert.isTrue(sessions.isOpen(second))
    }).pipe(Effect.provide(layer()))
  )
})

describe("Sessions.rename()", () => {
  it.effect("frees the old name and finds by the new one", () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const session = yield* open("alice")
      assert.strictEqual(yield* rename(session, " carol "), "carol" as never)
      assert.deepStrictEqual([sessions.find("alice"), sessions.find("CAROL")], [undefined, session])
      assert.strictEqual((yield* open("alice")).number, 2)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("lets a session have a look-alike of its own name, but not of another's nor the same", () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const session = yield* open("alice")
      yield* open("bob")
      for (const name of ["Alice", "ＡＬＩＣＥ", "al\u200bice", "alice"]) {
        assert.strictEqual(yield* tryRename(session, name), "ok", name)
        assert.strictEqual(sessions.find("alice"), session)
      }
      const refused = ["alice", "BOB", "ｂob", "Server", "sys\u200btem", "", "a\nb"]
      assert.deepStrictEqual(yield* Effect.forEach(refused, (name) => tryRename(session, name)), [
        "NameTaken",
        "NameTaken",
        "NameTaken",
        "NameReserved",
        "NameReserved",
        "NameInvalid",
        "NameInvalid"
      ])
      assert.strictEqual(session.name, "alice" as never)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("does nothing for a session that is closed", () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const session = yield* open("alice")
      sessions.close(session)
      assert.notStrictEqual(yield* tryRename(session, "bob"), "ok")
      assert.isUndefined(sessions.find("bob"))
    }).pipe(Effect.provide(layer()))
  )
})

describe("Sessions.all()", () => {
  it.effect("keeps the order of the logins, whoever is renamed or closed", () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const [alice, bob] = [yield* open("alice"), yield* open("bob"), yield* open("carol")]
      yield* rename(alice, "zoe")
      sessions.close(bob)
      yield* open("bob")
      assert.deepStrictEqual(
        Array.from(sessions.all(), ({ name }) => name as string),
        ["zoe", "carol", "bob"]
      )
    }).pipe(Effect.provide(layer()))
  )
})
