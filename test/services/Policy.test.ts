import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Deferred, Effect, Exit, Fiber, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { RefusedByPolicy } from "../../src/domain/Rejection.ts"
import { Chat } from "../../src/services/Chat.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { type Hooks, hookTimeoutMillis, Policy } from "../../src/services/Policy.ts"
import { Refusals } from "../../src/services/Refusals.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import { Uploads } from "../../src/services/Uploads.ts"
import * as SlashCommand from "../../src/services/SlashCommand.ts"
import { join, login, say, trio } from "./Recorder.ts"

const layerOf = <R>(hooks: Hooks<R>, limits?: Partial<Limits>) =>
  Chat.layer.pipe(
    Layer.provide(Policy.layer(hooks)),
    Layer.provide(Layer.succeed(Limits, { ...defaults, floodRate: 0, ...limits }))
  )

const no = Policy.refuse({ code: "no", reason: "No." })

/** Begins something, and lets nobody answer yet. */
const begin = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

/** A hook that answers when the test says so, and what it has been asked. */
const held = <A, B = void>() => {
  const asked: Array<{ readonly given: A; readonly answer: Deferred.Deferred<B, RefusedByPolicy> }> = []
  const hook = (given: A) =>
    Effect.suspend(() => {
      const answer = Deferred.makeUnsafe<B, RefusedByPolicy>()
      asked.push({ given, answer })
      return Deferred.await(answer)
    })
  const answer = (index: number, with_: Effect.Effect<B, RefusedByPolicy>) =>
    Effect.andThen(Deferred.complete(asked[index]!.answer, with_), Effect.yieldNow)
  return { asked, hook, answer }
}

describe("Policy.refuse()", () => {
  it.effect("fails with a code and a reason, and dies by a code that is none", () =>
    Effect.gen(function* () {
      const refusal = yield* Effect.flip(no)
      assert.deepStrictEqual([refusal._tag, refusal.code, refusal.reason], ["RefusedByPolicy", "no", "No."])
      const exit = yield* Effect.exit(Policy.refuse({ code: "Not So", reason: "No." }))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    })
  )

  const reasons: ReadonlyArray<readonly [string, string]> = [
    [" two\n lines\tand \u001b[2J", "two lines and ␛[2J"],
    ["", "This is refused."],
    ["x".repeat(300), `${"x".repeat(255)}…`],
    ["\ud800", "\ufffd"]
  ]
  for (const [reason, told] of reasons) {
    it.effect(`tells ${JSON.stringify(reason.slice(0, 20))} in one short line of plain text`, () =>
      Effect.gen(function* () {
        const refused = yield* Effect.flip(login("alice"))
        assert.strictEqual(refused._tag === "RefusedByPolicy" && refused.reason, told)
      }).pipe(Effect.provide(layerOf({ login: () => Policy.refuse({ code: "no", reason }) })))
    )
  }
})

describe("Policy.layer()", () => {
  class Words extends Context.Service<Words, { readonly bad: string }>()("parlance/test/services/Policy.test/Words") {}

  it.effect("gives hooks the services that they need", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      assert.strictEqual(yield* alice.refused(say("a bad word")), "RefusedByPolicy")
      yield* alice.run(say("a good word"))
      assert.deepStrictEqual(bob.told(), ["alice to general: a good word"])
    }).pipe(
      Effect.provide(
        Chat.layer.pipe(
          Layer.provide(
            Policy.layer(
              Policy.all(
                {},
                { login: () => Effect.void },
                {
                  message: Effect.fnUntraced(function* ({ text }) {
                    const { bad } = yield* Words
                    if (text.includes(bad)) return yield* no
                  })
                }
              )
            )
          ),
          Layer.provide(Layer.succeed(Words, { bad: "bad" }))
        )
      )
    )
  )

  it.effect("allows everything where no policy is provided", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Policy, {})
      assert.isUndefined((yield* Chat).admit)
    }).pipe(Effect.provide(Chat.layer))
  )
})

describe("Policy.all()", () => {
  const asked: Array<string> = []
  const first: Hooks = {
    login: ({ name }) => (name === "mallory" ? no : Effect.void),
    message: ({ text }) => Effect.succeed(text.replace("darn", "****")),
    commands: [{ name: "one", help: "the first", handler: () => Effect.succeed("1") }]
  }
  const second: Hooks = {
    login: ({ name }) => Effect.sync(() => void asked.push(name)),
    message: ({ text }) => {
      asked.push(text)
      return text.includes("spam") ? Policy.refuse({ code: "spam", reason: "Spam." }) : Effect.void
    },
    commands: [{ name: "two", help: "the second", handler: () => Effect.succeed("2") }]
  }

  it.effect("asks one after another: the first refusal counts, and a text that was replaced goes on", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      assert.deepStrictEqual(asked.splice(0), ["alice", "bob", "carol"])
      assert.strictEqual((yield* Effect.flip(login("mallory")))._tag, "RefusedByPolicy")
      assert.deepStrictEqual(asked, [])
      yield* alice.run(say("darn it"))
      assert.deepStrictEqual([asked.splice(0), bob.told()], [["**** it"], ["alice to general: **** it"]])
      assert.strictEqual(yield* alice.refused(say("spam")), "RefusedByPolicy")
      assert.deepStrictEqual([asked.splice(0), bob.told()], [["spam"], []])
      yield* alice.run(say("/one"))
      yield* alice.run(say("/two"))
      assert.deepStrictEqual(alice.told(), ["Server: 1", "Server: 2"])
    }).pipe(Effect.provide(layerOf(Policy.all(first, {}, second))))
  )
})

describe("Chat.login() with a policy", () => {
  it.effect("asks with the credential, and for a new name too", () => {
    const given: Array<unknown> = []
    return Effect.gen(function* () {
      const alice = yield* login("alice")
      yield* alice.run({ _tag: "Rename", name: "eve", credential: Redacted.make("secret") })
      assert.strictEqual(yield* alice.refused({ _tag: "Rename", name: "" }), "NameInvalid")
      assert.deepStrictEqual(given, [
        ["alice", "embedded", undefined, undefined],
        ["eve", "embedded", "secret", "alice"]
      ])
    }).pipe(
      Effect.provide(
        layerOf({
          login: ({ credential, name, protocol, user }) =>
            Effect.sync(() => {
              given.push([name, protocol, credential && Redacted.value(credential), user?.name])
            })
        })
      )
    )
  })

  it.effect("gives the name to who was first allowed it, and asks about none that is malformed", () => {
    const { answer, asked, hook } = held<unknown>()
    return Effect.gen(function* () {
      const first = yield* begin(login("bob"))
      const second = yield* begin(login("bob"))
      assert.strictEqual((yield* Effect.flip(login("")))._tag, "NameInvalid")
      assert.strictEqual(asked.length, 2)
      yield* answer(1, Effect.void)
      yield* answer(0, Effect.void)
      yield* Fiber.join(second)
      assert.strictEqual((yield* Effect.flip(Fiber.join(first)))._tag, "NameTaken")
    }).pipe(Effect.provide(layerOf({ login: hook })))
  })

  it.effect("comes to nothing when it is interrupted while the policy is asked", () => {
    const { answer, hook } = held<unknown>()
    return Effect.gen(function* () {
      const fiber = yield* begin(login("bob"))
      yield* Fiber.interrupt(fiber)
      yield* answer(0, Effect.void)
      assert.strictEqual((yield* Sessions).count(), 0)
      const again = yield* begin(login("bob"))
      yield* answer(1, Effect.void)
      assert.strictEqual((yield* Fiber.join(again)).session.name, "bob")
    }).pipe(Effect.provide(layerOf({ login: hook })))
  })

  it.effect("asks whether it is still welcome when the policy has answered", () => {
    const { answer, hook } = held<unknown>()
    return Effect.gen(function* () {
      const chat = yield* Chat
      let isWelcome = true
      const outlet = { deliver: () => {}, hangUp: () => {}, queuedBytes: () => 0 }
      const { protocol } = { protocol: "embedded" as never }
      const refusal = () => (isWelcome ? undefined : new RefusedByPolicy({ code: "late", reason: "Too late." }))
      const fiber = yield* begin(chat.login({ name: "bob", protocol, address: "", outlet, refusal }))
      isWelcome = false
      yield* answer(0, Effect.void)
      assert.strictEqual((yield* Effect.flip(Fiber.join(fiber)))._tag, "RefusedByPolicy")
      isWelcome = true
      const again = yield* begin(chat.login({ name: "bob", protocol, address: "", outlet, refusal }))
      yield* answer(1, Effect.void)
      yield* Fiber.join(again)
    }).pipe(Effect.provide(layerOf({ login: hook })))
  })
})

describe("Chat.run() with a policy that takes its time", () => {
  it.effect("says the messages of a session in order, and lets others go on", () => {
    const { answer, asked, hook } = held<{ readonly text: string }, string | void>()
    const message: Hooks["message"] = (given) => (given.user.name === "bob" ? Effect.void : hook(given))
    return Effect.gen(function* () {
      const { alice, bob, carol } = yield* trio
      const fibers = [yield* begin(alice.run(say("one"))), yield* begin(alice.run(say("two")))]
      const third = yield* begin(alice.run(say("three")))
      yield* bob.run(say("meanwhile"))
      assert.deepStrictEqual(carol.told(), ["bob to general: meanwhile"])
      // The second one is asked about when the first is over, and the third goes with its fiber.
      assert.strictEqual(asked.length, 1)
      yield* Fiber.interrupt(third)
      yield* answer(0, Effect.succeed("ONE"))
      yield* answer(1, Effect.void)
      yield* Fiber.joinAll(fibers)
      assert.deepStrictEqual(carol.told(), ["alice to general: ONE", "alice to general: two"])
      assert.strictEqual(asked.length, 2)
    }).pipe(Effect.provide(layerOf({ message })))
  })

  it.effect("goes on behind a message that was interrupted or refused", () => {
    const { answer, asked, hook } = held<unknown, string | void>()
    return Effect.gen(function* () {
      const { alice, bob } = yield* trio
      const interrupted = yield* begin(alice.run(say("one")))
      const refused = yield* begin(alice.refused(say("two")))
      const said = yield* begin(alice.run(say("three")))
      yield* Fiber.interrupt(interrupted)
      yield* answer(1, no)
      yield* answer(2, Effect.void)
      yield* Fiber.join(said)
      assert.deepStrictEqual(
        [yield* Fiber.join(refused), bob.told(), asked.length],
        ["RefusedByPolicy", ["alice to general: three"], 3]
      )
    }).pipe(Effect.provide(layerOf({ message: hook })))
  })

  it.effect("says nothing of who has gone, or left the room, meanwhile", () => {
    const { answer, hook } = held<unknown, string | void>()
    return Effect.gen(function* () {
      const chat = yield* Chat
      const { alice, bob, carol } = yield* trio
      const gone = yield* begin(alice.refused(say("one")))
      const left = yield* begin(bob.refused(say("two")))
      yield* chat.logout(alice.session)
      yield* bob.run(join("attic"))
      carol.told()
      yield* answer(0, Effect.void)
      yield* answer(1, Effect.void)
      assert.deepStrictEqual([yield* Fiber.join(gone), yield* Fiber.join(left)], ["NotLoggedIn", "NotInRoom"])
      assert.deepStrictEqual(carol.told(), [])
    }).pipe(Effect.provide(layerOf({ message: hook })))
  })

  it.effect("tells a user alone what was meant for it, not who has its name now", () => {
    const { answer, asked, hook } = held<{ readonly to?: string }, string | void>()
    return Effect.gen(function* () {
      const chat = yield* Chat
      const { alice, bob } = yield* trio
      const fiber = yield* begin(alice.refused(say("/msg bob psst")))
      assert.strictEqual(asked[0]?.given.to, "bob")
      yield* chat.logout(bob.session)
      const other = yield* login("bob")
      other.told()
      yield* answer(0, Effect.void)
      assert.deepStrictEqual([yield* Fiber.join(fiber), other.told()], ["NoSuchUser", []])
    }).pipe(Effect.provide(layerOf({ message: hook })))
  })

  it.effect("checks again what the policy has made of a text", () => {
    const texts = ["", "x".repeat(100), "\u001b[2J"]
    return Effect.gen(function* () {
      const { alice, bob } = yield* trio
      assert.strictEqual(yield* alice.refused(say("one")), "TextEmpty")
      assert.strictEqual(yield* alice.refused(say("two")), "TextTooLong")
      yield* alice.run(say("three"))
      assert.deepStrictEqual(bob.told(), ["alice to general: ␛[2J"])
    }).pipe(Effect.provide(layerOf({ message: () => Effect.sync(() => texts.shift()) }, { textLimitBytes: 50 })))
  })

  it.effect("enters a room only as it may when the policy has answered, and asks once", () => {
    const { answer, asked, hook } = held<{ readonly room: string }>()
    return Effect.gen(function* () {
      const { alice, bob } = yield* trio
      const first = yield* begin(alice.run(join("attic")))
      const second = yield* begin(bob.refused(join("attic")))
      yield* answer(0, Effect.void)
      yield* Fiber.join(first)
      yield* alice.run({ _tag: "SetPrivate", isPrivate: true })
      yield* answer(1, Effect.void)
      assert.strictEqual(yield* Fiber.join(second), "RoomPrivate")
      // What would be refused anyway, or is one's own already, is not asked about.
      assert.strictEqual(yield* bob.refused(join("attic")), "RoomPrivate")
      assert.strictEqual(yield* alice.refused(join("attic")), "AlreadyInRoom")
      const slash = yield* begin(bob.refused(say("/join cellar")))
      yield* answer(2, no)
      assert.strictEqual(yield* Fiber.join(slash), "RefusedByPolicy")
      assert.deepStrictEqual(
        asked.map(({ given }) => given.room),
        ["attic", "attic", "cellar"]
      )
      assert.strictEqual(bob.session.current.name, "general")
    }).pipe(Effect.provide(layerOf({ join: hook })))
  })

  it.effect("begins no upload of who has gone meanwhile, and drops the file of what is refused", () => {
    const { answer, hook } = held<unknown>()
    return Effect.gen(function* () {
      const chat = yield* Chat
      const uploads = yield* Uploads
      const { alice, bob } = yield* trio
      const fiber = yield* begin(alice.refused({ _tag: "BeginUpload", key: 1, sizeBytes: 1 }))
      yield* chat.logout(alice.session)
      yield* answer(0, Effect.void)
      assert.deepStrictEqual([yield* Fiber.join(fiber), uploads.count()], ["NotLoggedIn", 0])
      const tooLarge = yield* bob.refused({ _tag: "OpenUpload", name: "x", sizeBytes: 1e15 })
      assert.strictEqual(tooLarge, "FileTooLarge")
      const begun = yield* begin(bob.run({ _tag: "BeginUpload", key: 1, sizeBytes: 1 }))
      yield* answer(1, Effect.void)
      yield* Fiber.join(begun)
      assert.strictEqual(uploads.count(), 1)
      const upload = { key: 1, name: "x" }
      assert.strictEqual(yield* bob.refused({ _tag: "Say", text: "see", upload }), "RefusedByPolicy")
      assert.strictEqual(uploads.count(), 0)
    }).pipe(Effect.provide(layerOf({ upload: hook, message: () => no })))
  })
})

describe("A hook of a policy", () => {
  const broken: ReadonlyArray<readonly [string, Hooks["message"]]> = [
    ["dies", () => Effect.die("boom")],
    [
      "throws",
      () => {
        throw new Error("boom")
      }
    ],
    ["dies later", () => Effect.andThen(Effect.yieldNow, Effect.die("boom"))],
    ["interrupts itself", () => Effect.andThen(Effect.yieldNow, Effect.interrupt)],
    ["fails with what is no refusal", () => Effect.fail("no" as never)],
    ["refuses by a code that is none", () => Policy.refuse({ code: "No!", reason: "No." })]
  ]
  for (const [how, message] of broken) {
    it.effect(`that ${how} refuses by policy-failed, and ends nobody`, () =>
      Effect.gen(function* () {
        const { alice, bob } = yield* trio
        const refused = yield* Effect.flip(alice.run(say("hello")))
        assert.deepStrictEqual(refused._tag === "RefusedByPolicy" && [refused.code, refused.reason], [
          "policy-failed",
          "The server cannot check this now."
        ])
        assert.strictEqual((yield* Refusals).recent()[0]?.code, "policy-failed")
        yield* alice.run(join("attic"))
        assert.deepStrictEqual(bob.told(), ["alice out of general (leave) without bob,carol"])
      }).pipe(Effect.provide(layerOf({ message })))
    )
  }

  it.effect("that takes too long is interrupted, and refuses by policy-failed", () => {
    let isInterrupted = false
    const message = () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (isInterrupted = true)))
    return Effect.gen(function* () {
      const { alice } = yield* trio
      const fiber = yield* begin(Effect.uninterruptible(Effect.flip(alice.run(say("hello")))))
      yield* TestClock.adjust(hookTimeoutMillis - 1)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      const refused = yield* Fiber.join(fiber)
      assert.strictEqual(refused._tag === "RefusedByPolicy" && refused.code, "policy-failed")
      assert.isTrue(isInterrupted)
    }).pipe(Effect.provide(layerOf({ message })))
  })

  it.effect("is not waited for any more when the server stops", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { alice } = yield* trio
      const fiber = yield* begin(Effect.uninterruptible(alice.refused(say("hello"))))
      chat.stopping()
      assert.strictEqual(yield* Fiber.join(fiber), "RefusedByPolicy")
      assert.strictEqual(yield* alice.refused(say("again")), "RefusedByPolicy")
    }).pipe(Effect.provide(layerOf({ message: () => Effect.never })))
  )
})

describe("A command of a policy", () => {
  const commands: Hooks["commands"] = [
    {
      name: "dice",
      help: "throw a die\nof six sides",
      handler: ({ argument, room, user }) => Effect.succeed(`${user.name} in ${room}: <${argument}>\nfour`)
    },
    { name: "quiet", help: "say nothing", handler: () => Effect.succeed("") },
    { name: "fail", help: "be refused", handler: () => no },
    { name: "die", help: "fail", handler: () => Effect.die("boom") },
    { name: "long", help: "say much", handler: () => Effect.succeed("x".repeat(100_000)) }
  ]

  it.effect("is answered to whoever asks alone", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      assert.deepStrictEqual(yield* alice.run(say("/dice  of bone ")), { _tag: "Done" })
      assert.deepStrictEqual([alice.told(), bob.told()], [["Server: alice in general: <of bone>\nfour"], []])
      yield* alice.run(say("/quiet"))
      yield* alice.run(say("/long"))
      const [long = "", ...more] = alice.told()
      assert.deepStrictEqual([more.length, long.length < 16_100], [0, true])
      assert.strictEqual(yield* alice.refused(say("/fail")), "RefusedByPolicy")
      assert.strictEqual(yield* alice.refused(say("/die")), "RefusedByPolicy")
      for (const text of ["/dices", "/Dice", "/dcie x"]) {
        assert.strictEqual(yield* alice.refused(say(text)), "CommandMisused")
      }
      for (const text of ["//dice", "//dices", "/dicebag"]) yield* alice.run(say(text))
      yield* alice.run({ _tag: "Say", text: "/dice", isLiteral: true })
      const heard = ["/dice", "/dices", "/dicebag", "/dice"].map((text) => `alice to general: ${text}`)
      assert.deepStrictEqual(bob.told(), heard)
      yield* alice.run(say("/help"))
      assert.deepStrictEqual(alice.told(), [
        `Server: ${SlashCommand.help}\n/dice - throw a die\n  of six sides\n/quiet - say nothing\n/fail - be refused\n/die - fail\n/long - say much`
      ])
    }).pipe(Effect.provide(layerOf({ commands })))
  )

  it.effect("is answered to nobody when whoever asked has gone", () => {
    const { answer, hook } = held<unknown, string>()
    return Effect.gen(function* () {
      const chat = yield* Chat
      const { alice } = yield* trio
      const fiber = yield* begin(alice.refused(say("/dice")))
      yield* chat.logout(alice.session)
      yield* answer(0, Effect.succeed("four"))
      assert.deepStrictEqual([yield* Fiber.join(fiber), alice.told()], ["NotLoggedIn", []])
    }).pipe(Effect.provide(layerOf({ commands: [{ name: "dice", help: "", handler: hook }] })))
  })

  const names: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
    ["/join: the chat has one", ["join"]],
    ["/Dice: that is no name", ["Dice"]],
    ["/a.b: that is no name", ["a.b"]],
    [`/${"x".repeat(33)}: that is no name`, ["x".repeat(33)]],
    ["/dice: the policy has two", ["dice", "dice"]]
  ]
  for (const [why, given] of names) {
    it.effect(`is no ${why.slice(0, 40)}: the chat is not built`, () =>
      Effect.gen(function* () {
        const commands = given.map((name) => ({ name, help: "", handler: () => Effect.succeed("") }))
        const exit = yield* Effect.exit(Effect.provide(Chat, layerOf({ commands })))
        assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
        assert.include(Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : "", `Cannot have command ${why}`)
      })
    )
  }
})
