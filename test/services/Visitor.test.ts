import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope, Stream } from "effect"
import { Hangup } from "../../src/domain/Hangup.ts"
import { Chat } from "../../src/services/Chat.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import * as Visitor from "../../src/services/Visitor.ts"
import { layer, login } from "./Recorder.ts"

const texts = (visitor: Visitor.Visitor, count: number) =>
  visitor.heard.pipe(
    Stream.filter(({ event }) => event._tag === "Said"),
    Stream.take(count),
    Stream.map(({ as, event }) => (event._tag === "Said" ? `${as}: ${event.message.from}: ${event.message.text}` : "")),
    Stream.runCollect
  )

describe("Visitor.make()", () => {
  it.effect("two visitors talk", () =>
    Effect.gen(function* () {
      const parrot = yield* Visitor.make("parrot")
      const guest = yield* Visitor.make("guest")
      const answering = yield* parrot.heard.pipe(
        Stream.runForEach(({ as, event }) =>
          event._tag === "Said" && as === "witness"
            ? parrot.run({ _tag: "Say", text: event.message.text.toUpperCase() })
            : Effect.void
        ),
        Effect.forkScoped
      )
      yield* guest.run({ _tag: "Say", text: "hello" })
      assert.deepStrictEqual(yield* texts(guest, 2), ["actor: guest: hello", "witness: parrot: HELLO"])
      yield* Fiber.interrupt(answering)
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )

  it.effect("hears its own LoggedIn first", () =>
    Effect.gen(function* () {
      const { heard, session } = yield* Visitor.make("guest")
      const first = yield* Stream.runCollect(Stream.take(heard, 2))
      assert.deepStrictEqual(
        first.map(({ as, event }) => [event._tag, as]),
        [
          ["LoggedIn", "actor"],
          ["UserJoined", "actor"]
        ]
      )
      assert.strictEqual(session.protocol, "embedded")
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )

  it.effect("is logged out when the scope closes, and the others hear it", () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      const alice = yield* login("alice")
      const scope = yield* Scope.make()
      const visitor = yield* Visitor.make("guest").pipe(Scope.provide(scope))
      alice.told()
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(alice.told(), ["guest out of general (logout) without alice"])
      assert.isUndefined(sessions.find("guest"))
      const refused = yield* Effect.flip(visitor.run({ _tag: "ListRooms" }))
      assert.strictEqual(refused._tag, "NotLoggedIn")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("fails as any login does, and then leaves the one who has the name alone", () =>
    Effect.gen(function* () {
      const sessions = yield* Sessions
      yield* Visitor.make("guest")
      const refused = yield* Effect.flip(Effect.scoped(Visitor.make("GUEST")))
      assert.strictEqual(refused._tag, "NameTaken")
      assert.isDefined(sessions.find("guest"))
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )

  it.effect("heard ends when the visitor is told to go, after what it was told before", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { heard, session } = yield* Visitor.make("guest")
      chat.stopping()
      session.outlet.hangUp(new Hangup({ reason: "stopping" }))
      const all = yield* Stream.runCollect(heard)
      assert.deepStrictEqual(
        all.map(({ event }) => event._tag),
        ["LoggedIn", "UserJoined", "ServerStopping"]
      )
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )

  it.effect("heard loses the oldest of more than 4096 events that nobody takes", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { heard } = yield* Visitor.make("guest")
      for (let count = 1; count <= 5000; count++) chat.announce(`${count}`)
      const [first] = yield* Stream.runCollect(Stream.take(heard, 1))
      assert.deepStrictEqual(first?.event, { _tag: "Announced", text: "905" })
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )
})
