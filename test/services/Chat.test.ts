import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Result, Stream } from "effect"
import { ProtocolName } from "../../src/domain/Message.ts"
import { crowdLimit } from "../../src/domain/Room.ts"
import { Metrics } from "../../src/services/Metrics.ts"
import { Chat } from "../../src/services/Chat.ts"
import { outlet } from "./Outlets.ts"
import { join, layer, login, say, trio } from "./Recorder.ts"

describe("Chat.login()", () => {
  it.effect("tells the newcomer of the login first, and the others of the newcomer", () =>
    Effect.gen(function* () {
      const alice = yield* login("alice")
      const bob = yield* login("bob")
      assert.deepStrictEqual(bob.told(), ["logged in: general,python", "* bob in general (login) with alice,bob"])
      assert.deepStrictEqual(alice.told().slice(2), ["bob in general (login) with alice,bob"])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("gives one of five simultaneous claims the name", () =>
    Effect.gen(function* () {
      const claims = yield* Effect.forEach(
        ["alice", "Alice", "ALICE", "ａlice", "alice"],
        (it) => Effect.exit(login(it)),
        {
          concurrency: "unbounded"
        }
      )
      assert.strictEqual(claims.filter((claim) => claim._tag === "Success").length, 1)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("refuses names in use, reserved and malformed, and more users than there may be", () =>
    Effect.gen(function* () {
      yield* login("alice")
      const refusal = (name: string) => Effect.map(Effect.flip(login(name)), ({ _tag }) => _tag)
      assert.strictEqual(yield* refusal("ALICE"), "NameTaken")
      assert.strictEqual(yield* refusal("Server"), "NameReserved")
      assert.strictEqual(yield* refusal("a\nb"), "NameInvalid")
      yield* login("bob")
      assert.strictEqual(yield* refusal("carol"), "ServerFull")
    }).pipe(Effect.provide(layer({ sessionLimit: 2 })))
  )
})

describe("Chat.login() over and over", () => {
  it.effect("names of five simultaneous claims go to one each, whoever is first", () =>
    Effect.gen(function* () {
      const { counts } = yield* Metrics
      const names = Array.from({ length: 50 }, (_, index) => `user ${index % 10}${"\u200b".repeat(index / 10)}`)
      const claims = yield* Effect.forEach(
        names,
        (name) => Effect.result(Effect.andThen(Effect.yieldNow, login(name))),
        {
          concurrency: "unbounded"
        }
      )
      const failures = claims.filter(Result.isFailure).map(({ failure }) => failure._tag)
      assert.deepStrictEqual(
        failures,
        Array.from({ length: 40 }, () => "NameTaken")
      )
      assert.strictEqual(counts.sessions, 10)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a refused login tells nobody", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* trio
      for (const name of ["ALICE", "ｓｅｒｖｅｒ", "", "x".repeat(65)]) yield* Effect.flip(login(name))
      assert.deepStrictEqual([...alice.told(), ...bob.told(), ...carol.told()], [])
      assert.strictEqual(alice.session.current.members.size, 3)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("LoggedIn has the rooms that the newcomer may see, with who is in them", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { alice, bob } = yield* trio
      yield* alice.run(join("cellar"))
      yield* alice.run({ _tag: "SetPrivate", isPrivate: true })
      yield* bob.run(join("attic"))
      const kept = outlet()
      yield* chat.login({ name: "dora", protocol: ProtocolName.make("packet"), address: "192.0.2.1", outlet: kept })
      const room = (name: string, memberCount: number, isMember = false) => ({
        name,
        isPrivate: false,
        isMember,
        memberCount
      })
      assert.deepStrictEqual(kept.kept[0], [
        {
          _tag: "LoggedIn",
          user: { number: 4, name: "dora", protocol: "packet" },
          rooms: [room("general", 2, true), room("python", 0), room("attic", 1)]
        },
        "actor"
      ] as never)
      assert.deepStrictEqual(
        kept.kept.map(([event, as]) => [event._tag, as]),
        [
          ["LoggedIn", "actor"],
          ["UserJoined", "actor"]
        ]
      )
    }).pipe(Effect.provide(layer()))
  )
})

describe("Chat.logout()", () => {
  it.effect("frees the name and tells those who remain, once", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { counts } = yield* Metrics
      const { alice, bob } = yield* trio
      yield* chat.logout(alice.session)
      yield* chat.logout(alice.session)
      assert.deepStrictEqual(bob.told(), ["alice out of general (logout) without bob,carol"])
      assert.deepStrictEqual(alice.told(), [])
      assert.strictEqual(counts.sessions, 2)
      assert.strictEqual(yield* alice.refused(say("hello")), "NotLoggedIn")
      yield* login("alice")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("tells whoever shares several rooms once", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { alice, bob } = yield* trio
      for (const user of [alice, bob]) yield* user.run(join("python", true))
      bob.told()
      yield* chat.logout(alice.session)
      assert.deepStrictEqual(bob.told(), ["alice out of general (logout) without bob,carol"])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("tells a crowd without a list who logs in and out", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const first = yield* login("first")
      for (let count = 2; count < crowdLimit; count++) yield* login(`user${count}`)
      first.told()
      const last = yield* login("last")
      assert.match(first.told()[0]!, /^last in general \(login\) with first,user2,.*,last$/)
      const more = yield* login("more")
      yield* chat.logout(last.session)
      yield* chat.logout(more.session)
      const [comes, goes, leaves] = first.told()
      assert.deepStrictEqual(
        [comes, goes?.slice(0, 51), leaves?.slice(0, 51)],
        [
          "more in general (login) with undefined",
          "last out of general (logout) without first,user2,us",
          "more out of general (logout) without first,user2,us"
        ]
      )
    }).pipe(Effect.provide(layer({ sessionLimit: 1000 })))
  )

  it.effect("tells who remains nothing more of who leaves when the server stops", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { alice, bob, carol } = yield* trio
      chat.stopping()
      for (const user of [alice, bob, carol]) user.told()
      yield* chat.logout(bob.session)
      assert.deepStrictEqual([alice.told(), carol.told()], [[], []])
    }).pipe(Effect.provide(layer()))
  )
})

describe("Chat for all", () => {
  it.effect("events has who comes, goes, moves and speaks, once each", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { alice, bob } = yield* trio
      const observed = yield* Stream.runCollect(Stream.take(chat.events, 7)).pipe(
        Effect.forkChild({ startImmediately: true })
      )
      yield* Effect.yieldNow
      yield* alice.run(say("hello"))
      yield* alice.run(say("/who"))
      yield* alice.run(join("cellar"))
      yield* alice.run({ _tag: "SetPrivate", isPrivate: true })
      yield* bob.run({ _tag: "Rename", name: "robert" })
      yield* chat.logout(bob.session)
      yield* login("bob")
      assert.deepStrictEqual(
        (yield* Fiber.join(observed)).map(({ _tag }) => _tag),
        ["Said", "UserLeft", "UserJoined", "RoomChanged", "UserRenamed", "UserLeft", "UserJoined"]
      )
    }).pipe(Effect.provide(layer()))
  )

  it.effect("events has direct messages, and what is said in private rooms", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { alice } = yield* trio
      const observed = yield* Stream.runCollect(Stream.take(chat.events, 5)).pipe(
        Effect.forkChild({ startImmediately: true })
      )
      yield* Effect.yieldNow
      yield* alice.run({ _tag: "Tell", to: "bob", text: "psst" })
      yield* alice.run(join("cellar"))
      yield* alice.run({ _tag: "SetPrivate", isPrivate: true })
      yield* alice.run(say("alone"))
      const said = (yield* Fiber.join(observed)).flatMap((event) => (event._tag === "Said" ? [event.message.text] : []))
      assert.deepStrictEqual(said, ["psst", "alone"])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("an observer that is too slow misses the oldest events, and holds up nobody", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { alice } = yield* trio
      const pull = yield* Stream.toPull(chat.events)
      const first = yield* Effect.forkChild(pull, { startImmediately: true })
      yield* Effect.yieldNow
      chat.announce("first")
      yield* Fiber.join(first)
      for (let count = 1; count <= 3000; count++) chat.announce(`${count}`)
      assert.strictEqual(alice.told().length, 3001)
      const next = yield* pull
      assert.deepStrictEqual(next.slice(0, 2), [
        { _tag: "Missed", count: 3000 - 1024 },
        { _tag: "Announced", text: `${3000 - 1024 + 1}` }
      ])
      chat.announce("last")
      assert.deepStrictEqual(yield* pull, [{ _tag: "Announced", text: "last" }])
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )

  it.effect("announce() and stopping() reach everybody, and events reach observers", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { alice, bob } = yield* trio
      yield* bob.run(join("python"))
      alice.told()
      bob.told()
      const observed = yield* Stream.runCollect(Stream.take(chat.events, 3)).pipe(
        Effect.forkChild({ startImmediately: true })
      )
      yield* Effect.yieldNow
      chat.announce("hello all")
      chat.stopping()
      yield* alice.run(say("bye"))
      assert.deepStrictEqual(alice.told(), ["Server: hello all", "stopping"])
      assert.deepStrictEqual(bob.told(), ["Server: hello all", "stopping"])
      assert.deepStrictEqual(
        (yield* Fiber.join(observed)).map(({ _tag }) => _tag),
        ["Announced", "ServerStopping", "Said"]
      )
    }).pipe(Effect.provide(layer()))
  )

  it.effect("an observer that does not listen keeps nothing from the others", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const [idle, busy] = [yield* Stream.toPull(chat.events), yield* Stream.toPull(chat.events)]
      const first = yield* Effect.forkChild(Effect.all([idle, busy], { concurrency: 2 }), { startImmediately: true })
      yield* Effect.yieldNow
      chat.announce("first")
      yield* Fiber.join(first)
      for (let round = 1; round <= 20; round++) {
        for (let count = 1; count <= 100; count++) chat.announce(`${round}: ${count}`)
        const heard = yield* busy
        assert.deepStrictEqual(heard.at(-1), { _tag: "Announced", text: `${round}: 100` })
      }
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )
})
