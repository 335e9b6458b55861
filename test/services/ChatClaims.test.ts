import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Schema, Scope } from "effect"
import { ProtocolName } from "../../src/domain/Message.ts"
import { uniqueKeys } from "../../src/domain/Names.ts"
import { Attachments } from "../../src/services/Attachments.ts"
import { Metrics } from "../../src/services/Metrics.ts"
import { Chat } from "../../src/services/Chat.ts"
import { History } from "../../src/services/History.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import { Turn } from "../../src/services/Turn.ts"
import * as Visitor from "../../src/services/Visitor.ts"
import * as HeldDirectory from "./HeldDirectory.ts"
import * as HeldTurn from "./HeldTurn.ts"
import { outlet } from "./Outlets.ts"
import { login, say, type User } from "./Recorder.ts"

const layer = (held: HeldDirectory.HeldDirectory, limits: Partial<Limits> = {}) =>
  Chat.layerNoDirectory.pipe(
    Layer.provideMerge(Layer.mergeAll(History.layerMemory, Attachments.layerMemory, held.layer)),
    Layer.provide(Layer.succeed(Limits, { ...defaults, floodRate: 0, ...limits }))
  )

/** Begins something, and lets nobody answer yet. */
const begin = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

/** Logs in, and lets the directory answer. */
const come = Effect.fnUntraced(function* (held: HeldDirectory.HeldDirectory, name: string) {
  const fiber = yield* begin(login(name))
  held.arrive()
  return yield* Fiber.join(fiber)
})

type Use<E> = (
  held: HeldDirectory.HeldDirectory,
  alice: User,
  isStubborn: boolean
) => Effect.Effect<void, E, Chat | Sessions | Metrics | Scope.Scope>

/** A test with a directory that answers when it says so, and a user who has been told nothing yet. */
const test = <E>(title: string, use: Use<E>, options: HeldDirectory.Options & Partial<Limits> = {}) =>
  it.effect(title, () => {
    const held = HeldDirectory.make(options)
    return Effect.gen(function* () {
      const alice = yield* come(held, "alice")
      alice.told()
      yield* use(held, alice, options.isStubborn === true)
    }).pipe(Effect.scoped, Effect.provide(layer(held, options)))
  })

/** The same for what is interrupted, with either kind of directory. */
const testInterrupted = <E>(use: Use<E>) => {
  for (const isStubborn of [false, true]) {
    const when = isStubborn ? "as soon as the directory answers" : "at once"
    test(`comes to nothing ${when} when it is interrupted`, use, { isStubborn })
  }
}

const loggedIn = Effect.gen(function* () {
  const { counts } = yield* Metrics
  const { all, count } = yield* Sessions
  assert.strictEqual(counts.sessions, count())
  return Array.from(all(), ({ name }) => name as string)
})

describe("Chat.login() while its name is claimed", () => {
  test("tells nobody before the name is given", (held, alice) =>
    Effect.gen(function* () {
      const fiber = yield* begin(login("bob"))
      yield* alice.run(say("hello"))
      assert.deepStrictEqual([alice.told(), yield* loggedIn], [[], ["alice"]])
      held.arrive()
      const bob = yield* Fiber.join(fiber)
      assert.deepStrictEqual(bob.told(), ["logged in: general,python", "* bob in general (login) with alice,bob"])
      assert.deepStrictEqual(alice.told(), ["bob in general (login) with alice,bob"])
    }))

  testInterrupted((held, alice, isStubborn) =>
    Effect.gen(function* () {
      const { counts } = yield* Metrics
      const kept = outlet()
      const chat = yield* Chat
      const fiber = yield* begin(
        chat.login({ name: "bob", protocol: ProtocolName.make("toss"), address: "192.0.2.1", outlet: kept })
      )
      fiber.interruptUnsafe()
      assert.strictEqual(fiber.pollUnsafe() === undefined, isStubborn)
      held.arrive(1)
      assert.isTrue(Exit.hasInterrupts(fiber.pollUnsafe()!))
      assert.deepStrictEqual(held.taken(), ["alice", "bob"])
      held.arrive()
      assert.deepStrictEqual(held.taken(), ["alice"])
      assert.deepStrictEqual([alice.told(), kept.kept, yield* loggedIn], [[], [], ["alice"]])
      assert.deepStrictEqual([counts.logins, counts.rejections], [1, 0])
      const bob = yield* come(held, "bob")
      assert.strictEqual(bob.session.number, 2)
    })
  )

  test("gives the name to the one who was first, and tells nobody of the other", (held, alice) =>
    Effect.gen(function* () {
      const fibers = [yield* begin(login("Bob")), yield* begin(login("bob")), yield* begin(login("ALICE"))]
      held.arrive()
      const exits = yield* Fiber.awaitAll(fibers)
      const outcomes = exits.map((exit) =>
        Exit.match(exit, { onSuccess: ({ session }) => String(session.name), onFailure: String })
      )
      assert.strictEqual(outcomes[0], "Bob")
      for (const refused of outcomes.slice(1)) assert.include(refused, "NameTaken")
      assert.deepStrictEqual(alice.told(), ["Bob in general (login) with alice,Bob"])
      assert.deepStrictEqual(held.taken(), ["alice", "bob"])
    }))

  test("leaves the name to the second when the first is interrupted before", (held, alice) =>
    Effect.gen(function* () {
      const first = yield* begin(login("bob"))
      yield* Fiber.interrupt(first)
      const second = yield* come(held, "bob")
      assert.deepStrictEqual(held.taken(), ["alice", "bob"])
      assert.deepStrictEqual(alice.told(), ["bob in general (login) with alice,bob"])
      assert.strictEqual(second.session.number, 2)
    }))

  test(
    "gives the name back when there are as many users as there may be",
    (held, alice) =>
      Effect.gen(function* () {
        const fibers = [yield* begin(login("bob")), yield* begin(Effect.flip(login("carol")))] as const
        held.arrive(2)
        yield* Fiber.join(fibers[0])
        assert.strictEqual((yield* Fiber.join(fibers[1]))._tag, "ServerFull")
        assert.deepStrictEqual(held.taken(), ["alice", "bob", "carol"])
        held.arrive()
        assert.deepStrictEqual(held.taken(), ["alice", "bob"])
        assert.deepStrictEqual(alice.told(), ["bob in general (login) with alice,bob"])
      }),
    { sessionLimit: 2 }
  )

  test("of a visitor is interrupted with it", (held, alice) =>
    Effect.gen(function* () {
      const fiber = yield* begin(Effect.scoped(Effect.andThen(Visitor.make("bob"), Effect.never)))
      yield* Fiber.interrupt(fiber)
      held.arrive()
      held.arrive()
      assert.deepStrictEqual([held.taken(), alice.told(), yield* loggedIn], [["alice"], [], ["alice"]])
    }))
})

describe("Chat.run() Rename while the name is claimed", () => {
  const rename = (user: User, name: string) => user.run({ _tag: "Rename", name })

  testInterrupted((held, alice, isStubborn) =>
    Effect.gen(function* () {
      const bob = yield* come(held, "bob")
      for (const user of [alice, bob]) user.told()
      const fiber = yield* begin(rename(bob, "carol"))
      fiber.interruptUnsafe()
      assert.strictEqual(fiber.pollUnsafe() === undefined, isStubborn)
      held.arrive(1)
      assert.isTrue(Exit.hasInterrupts(fiber.pollUnsafe()!))
      assert.deepStrictEqual(held.taken(), ["alice", "bob", "carol"])
      held.arrive()
      assert.deepStrictEqual(held.taken(), ["alice", "bob"])
      assert.deepStrictEqual([alice.told(), bob.told(), yield* loggedIn], [[], [], ["alice", "bob"]])
      yield* come(held, "carol")
    })
  )

  test("leaves nothing to a session that ends meanwhile", (held, alice) =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const bob = yield* come(held, "bob")
      for (const user of [alice, bob]) user.told()
      const fiber = yield* begin(Effect.flip(rename(bob, "carol")))
      yield* chat.logout(bob.session)
      held.arrive(2)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "NotLoggedIn")
      assert.deepStrictEqual(held.taken(), ["alice", "carol"])
      held.arrive()
      assert.deepStrictEqual(held.taken(), ["alice"])
      assert.deepStrictEqual(alice.told(), ["bob out of general (logout) without alice"])
      assert.deepStrictEqual([bob.told(), yield* loggedIn], [[], ["alice"]])
    }))

  test("keeps the old name until it is given, also for those who hear at the end of a turn", (held, alice) =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const seen: Array<string> = []
      // Some protocols look at who is there when they tell of something.
      const looking = {
        ...outlet(),
        deliver: ({ _tag }: { _tag: string }) => void seen.push(`${_tag} ${alice.session.name}`)
      }
      const looker = yield* begin(
        chat.login({ name: "bob", protocol: ProtocolName.make("toss"), address: "192.0.2.1", outlet: looking })
      )
      held.arrive()
      yield* Fiber.join(looker)
      seen.length = 0
      const { end, turn } = HeldTurn.make()
      const renaming = yield* begin(Effect.provideService(rename(alice, "dora"), Turn, turn))
      yield* Effect.provideService(alice.run(say("hello")), Turn, turn)
      assert.deepStrictEqual(seen, [])
      held.arrive()
      yield* Fiber.join(renaming)
      end()
      assert.deepStrictEqual(seen, ["Said alice", "UserRenamed dora"])
      held.arrive()
      assert.deepStrictEqual(held.taken(), ["dora", "bob"].toSorted())
    }))
})

const Act = Schema.Union([
  Schema.TaggedStruct("LogIn", { name: Schema.Literals(["bob", "BOB", "b\u043eb", "carol", "Server"]) }),
  Schema.TaggedStruct("LogOut", { which: Schema.Natural }),
  Schema.TaggedStruct("Rename", {
    which: Schema.Natural,
    name: Schema.Literals(["bob", "Bob", "b\u043eb", "c\u0430rol", "dora"])
  }),
  Schema.TaggedStruct("Interrupt", { which: Schema.Natural }),
  Schema.TaggedStruct("Arrive", { count: Schema.Literals([1, 2, 3]) })
])

describe("Chat with a directory that takes time", () => {
  for (const isStubborn of [false, true]) {
    it.effect.prop(
      `has the names of those who are there, and no others, ${isStubborn ? "also if claims are not interrupted" : "whatever is interrupted"}`,
      [Schema.Array(Act)],
      ([acts]) => {
        const held = HeldDirectory.make({ isStubborn })
        return Effect.gen(function* () {
          const chat = yield* Chat
          const { all } = yield* Sessions
          const known = new Set<string>()
          chat.watch((event) => {
            if (event._tag === "UserJoined") known.add(event.user.name)
            if (event._tag === "UserLeft") known.delete(event.user.name)
            if (event._tag === "UserRenamed")
              assert.isTrue(known.delete(event.oldName) && known.add(event.user.name).size > 0)
          })
          const users: Array<User> = []
          const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
          for (const act of acts) {
            const user = "which" in act ? users[act.which % users.length] : undefined
            if (act._tag === "LogIn") {
              const coming = Effect.tap(login(act.name), (it) => Effect.sync(() => users.push(it)))
              fibers.push(yield* begin(Effect.exit(Effect.uninterruptible(coming))))
            } else if (act._tag === "Arrive") held.arrive(act.count)
            else if (act._tag === "Interrupt") fibers[act.which % fibers.length]?.interruptUnsafe()
            else if (act._tag === "LogOut" && user !== undefined) yield* chat.logout(user.session)
            else if (act._tag === "Rename" && user !== undefined) {
              fibers.push(yield* begin(user.run({ _tag: "Rename", name: act.name })))
            }
          }
          while (held.waiting() > 0) held.arrive()
          yield* Fiber.awaitAll(fibers)
          while (held.waiting() > 0) held.arrive()
          const names = yield* loggedIn
          assert.sameMembers([...held.taken()], Array.from(all(), ({ name }) => uniqueKeys(name)).flat())
          assert.sameMembers([...known], names)
          for (const { session } of users) yield* chat.logout(session)
          held.arrive()
          assert.deepStrictEqual([held.taken(), yield* loggedIn], [[], []])
        }).pipe(Effect.provide(layer(held)))
      },
      { arbitrary: { runs: 200 } }
    )
  }
})
