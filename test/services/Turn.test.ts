import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Option, Schema, Stream } from "effect"
import type { Command } from "../../src/domain/Command.ts"
import type { Rejection } from "../../src/domain/Rejection.ts"
import { crowdLimit } from "../../src/domain/Room.ts"
import { Chat } from "../../src/services/Chat.ts"
import { immediate, Turn } from "../../src/services/Turn.ts"
import * as Visitor from "../../src/services/Visitor.ts"
import * as HeldTurn from "./HeldTurn.ts"
import { join, layer, login, say, trio, type User } from "./Recorder.ts"

const Who = Schema.Literals(["alice", "bob", "carol"])
const RoomOf = Schema.Literals(["general", "attic", "cellar"])

/** What users may do in one turn or outside of it, who comes or goes, and when the turn ends. */
const Act = Schema.Struct({
  who: Schema.Literals(["alice", "bob", "carol", "eve", "fred"]),
  isOutside: Schema.Boolean,
  command: Schema.Union([
    Schema.TaggedStruct("Say", {
      text: Schema.Literals(["one", "two", "/join attic", "/leave", "/who", "/msg bob hi"])
    }),
    Schema.TaggedStruct("Tell", { to: Who, text: Schema.Literal("psst") }),
    Schema.TaggedStruct("JoinRoom", { room: RoomOf, stay: Schema.Boolean }),
    Schema.TaggedStruct("LeaveRoom", {}),
    Schema.TaggedStruct("SetPrivate", { isPrivate: Schema.Boolean }),
    Schema.TaggedStruct("Rename", { name: Schema.Literals(["alice", "dora"]) }),
    Schema.TaggedStruct("LogIn", {}),
    Schema.TaggedStruct("LogOut", {}),
    Schema.TaggedStruct("EndTurn", {})
  ])
})
type Act = typeof Act.Type

const isPresence = (line: string): boolean => /^(?:\* )?\S+ (?:in|out of) /.test(line)

/** What each user hears of all this, with what is said to a room told at the end of the turn or at once. */
const heard = (acts: ReadonlyArray<Act>, isHeld: boolean) =>
  Effect.gen(function* () {
    const chat = yield* Chat
    const present = new Map<string, User>(Object.entries(yield* trio))
    const all = [...present.values()]
    const gone = new Set<User>()
    for (const user of all) user.told()
    const held = HeldTurn.make()
    for (const { command, isOutside, who } of acts) {
      const user = present.get(who)
      const inTurn = Effect.provideService(Turn, isHeld && !isOutside ? held.turn : immediate)
      if (command._tag === "EndTurn") held.end()
      else if (command._tag === "LogIn" && user === undefined) {
        const come = yield* inTurn(Effect.option(login(who)))
        if (Option.isNone(come)) continue
        present.set(who, come.value)
        all.push(come.value)
      } else if (command._tag === "LogOut" && user !== undefined) {
        yield* inTurn(chat.logout(user.session))
        present.delete(who)
        gone.add(user)
      } else if (user !== undefined && command._tag !== "LogIn" && command._tag !== "LogOut") {
        yield* inTurn(Effect.ignore(chat.run(user.session, command as Command)))
      }
    }
    held.end()
    // Who is about to go need not hear any more who else came and went.
    return all.map((user) => (gone.has(user) ? user.told().filter((line) => !isPresence(line)) : user.told()))
  }).pipe(Effect.provide(layer({ floodRate: 0 })))

describe("Turn", () => {
  it.effect.prop("changes nothing of what anybody hears, nor its order", [Schema.Array(Act)], ([acts]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* heard(acts, true), yield* heard(acts, false))
    })
  )

  const inTurn = ({ turn }: HeldTurn.HeldTurn) => Effect.provideService(Turn, turn)

  it.effect("of a fiber is that of the fibers that it forks; a fiber that is given none tells at once", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* trio
      const held = HeldTurn.make()
      yield* inTurn(held)(Effect.flatMap(Effect.forkChild(alice.run(say("1"))), Fiber.join))
      assert.deepStrictEqual(carol.told(), [])
      held.end()
      assert.deepStrictEqual(carol.told(), ["alice to general: 1"])
      yield* Effect.flatMap(Effect.forkChild(bob.run(say("2"))), Fiber.join)
      assert.deepStrictEqual(carol.told(), ["bob to general: 2"])
      assert.strictEqual(held.count(), 0)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("holds back nothing of what is said outside of it, nor is anything said in it lost or told twice", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* trio
      const held = HeldTurn.make()
      const latch = yield* Latch.make()
      const connection = yield* alice
        .run(say("1"))
        .pipe(
          Effect.andThen(latch.await),
          Effect.andThen(alice.run(say("3"))),
          inTurn(held),
          Effect.forkChild({ startImmediately: true })
        )
      assert.deepStrictEqual(carol.told(), [])
      yield* bob.run(say("2"))
      assert.deepStrictEqual(carol.told(), ["alice to general: 1", "bob to general: 2"])
      yield* latch.open
      yield* Fiber.join(connection)
      assert.deepStrictEqual(carol.told(), [])
      held.end()
      held.end()
      assert.deepStrictEqual([carol.told(), alice.told()], [["alice to general: 3"], ["bob to general: 2"]])
    }).pipe(Effect.provide(layer()))
  )

  type Outside = readonly [told: string, act: (bob: User) => Effect.Effect<unknown, Rejection, Chat>]
  const outside: ReadonlyArray<Outside> = [
    ["bob to general: 2", (bob) => bob.run(say("2"))],
    ["bob to python: 2", (bob) => bob.run(say("2", "python"))],
    ["bob to carol: 2", (bob) => bob.run({ _tag: "Tell", to: "carol", text: "2" })],
    ["bob to carol: 3", (bob) => bob.run(say("/msg carol 3"))],
    ["bob out of python (leave) without carol", (bob) => bob.run({ _tag: "LeaveRoom", room: "python" })],
    ["bob is robert", (bob) => bob.run({ _tag: "Rename", name: "robert" })],
    ["invited to python by bob", (bob) => bob.run({ _tag: "Invite", name: "carol", room: "python" })],
    ["dora in general (login) with alice,bob,carol,dora", () => login("dora")],
    ["bob out of general (logout) without alice,carol", (bob) => Effect.flatMap(Chat, (it) => it.logout(bob.session))],
    ["Server: 2", () => Effect.map(Chat, (chat) => chat.announce("2"))]
  ]
  for (const [told, act] of outside) {
    it.effect(`of a connection ends early for what comes from outside of it: ${told}`, () =>
      Effect.gen(function* () {
        const { alice, bob, carol } = yield* trio
        for (const user of [bob, carol]) yield* user.run(join("python", true))
        for (const user of [bob, carol]) yield* user.run(join("general", true))
        carol.told()
        const held = HeldTurn.make()
        yield* inTurn(held)(alice.run(say("1")))
        assert.deepStrictEqual(carol.told(), [])
        yield* act(bob)
        assert.deepStrictEqual(carol.told(), ["alice to general: 1", told])
        held.end()
        assert.deepStrictEqual(carol.told(), [])
      }).pipe(Effect.provide(layer()))
    )
  }

  for (const isSlash of [false, true]) {
    const how = isSlash ? "a slash command" : "a command"
    it.effect(`lets nobody miss what was said before he left by ${how}, nor hear what was said before he came`, () =>
      Effect.gen(function* () {
        const { alice, bob, carol } = yield* trio
        yield* carol.run(join("python"))
        for (const user of [alice, bob, carol]) user.told()
        const held = HeldTurn.make()
        yield* inTurn(held)(alice.run(say("in general")))
        const go = (room: string) => inTurn(held)(bob.run(isSlash ? say(`/join ${room}`) : join(room)))
        yield* go("python")
        assert.deepStrictEqual(bob.told().slice(0, 2), [
          "alice to general: in general",
          "* bob in python (join) with bob,carol"
        ])
        yield* inTurn(held)(alice.run(say("again")))
        yield* go("general")
        held.end()
        const heard = bob.told()
        assert.include(heard, "* bob in general (join) with alice,bob")
        assert.notInclude(heard, "alice to general: again")
      }).pipe(Effect.provide(layer()))
    )
  }

  it.effect("of a connection does not hold back a visitor", () =>
    Effect.gen(function* () {
      const alice = yield* login("alice")
      const carol = yield* login("carol")
      for (const user of [alice, carol]) user.told()
      const held = HeldTurn.make()
      yield* inTurn(held)(alice.run(say("1")))
      const guest = yield* Visitor.make("guest")
      assert.deepStrictEqual(carol.told(), ["alice to general: 1", "guest in general (login) with alice,carol,guest"])
      yield* inTurn(held)(alice.run(say("2")))
      yield* guest.run(say("3"))
      assert.deepStrictEqual(carol.told(), ["alice to general: 2", "guest to general: 3"])
      const heard = yield* Stream.runCollect(Stream.take(guest.heard, 4))
      assert.deepStrictEqual(
        heard.map(({ as, event }) => (event._tag === "Said" ? `${as}: ${event.message.text}` : event._tag)),
        ["LoggedIn", "UserJoined", "witness: 2", "actor: 3"]
      )
      held.end()
      assert.deepStrictEqual(carol.told(), [])
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )

  it.effect("lets a crowd wait for those who come in it, but not for a visitor", () =>
    Effect.gen(function* () {
      const first = yield* login("first")
      for (let count = 2; count <= crowdLimit; count++) yield* login(`user${count}`)
      first.told()
      const held = HeldTurn.make()
      yield* inTurn(held)(login("one"))
      yield* inTurn(held)(login("two"))
      held.end()
      assert.deepStrictEqual(first.told(), [])
      assert.deepStrictEqual([...held.waiting.values()].map(Math.round), [20])
      yield* Visitor.make("guest")
      assert.deepStrictEqual(
        first.told(),
        ["one", "two", "guest"].map((name) => `${name} in general (login) with undefined`)
      )
      yield* inTurn(held)(login("three"))
      held.pass()
      assert.deepStrictEqual(first.told(), ["three in general (login) with undefined"])
    }).pipe(Effect.scoped, Effect.provide(layer({ sessionLimit: 1000 })))
  )
})
