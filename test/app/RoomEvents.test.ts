import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { limitWaiting, RoomEvents } from "../../src/app/api/RoomEvents.ts"
import { Chat } from "../../src/services/Chat.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import * as Visitor from "../../src/services/Visitor.ts"

const layer = RoomEvents.layer.pipe(
  Layer.provideMerge(Chat.layer),
  Layer.provide(Layer.succeed(Limits, { ...defaults, floodRate: 0 }))
)

const say = (visitor: Visitor.Visitor, text: string) => visitor.run({ _tag: "Say", text })

describe("RoomEvents", () => {
  it.effect("who does not read is sent no more, and can go on from the last message", () =>
    Effect.gen(function* () {
      const events = yield* RoomEvents
      const alice = yield* Visitor.make("alice")
      const heard = yield* events.listen("general", undefined)
      for (let number = 1; number <= limitWaiting + 50; number++) yield* say(alice, `text ${number}`)
      const texts = yield* Stream.runCollect(heard)
      assert.strictEqual(texts.length, limitWaiting)
      assert.match(texts.at(-1)!, new RegExp(`^id: ${limitWaiting}\n`))
      const rest = yield* events.listen("general", limitWaiting)
      const missed = yield* Stream.runCollect(Stream.take(rest, 50))
      assert.match(missed.at(-1)!, new RegExp(`^id: ${limitWaiting + 50}\n`))
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("what was said in private is not told to who listens when the room is open again", () =>
    Effect.gen(function* () {
      const events = yield* RoomEvents
      const alice = yield* Visitor.make("alice")
      yield* alice.run({ _tag: "JoinRoom", room: "den" })
      const before = yield* events.listen("den", undefined)
      yield* alice.run({ _tag: "SetPrivate", isPrivate: true })
      yield* say(alice, "secret")
      yield* alice.run({ _tag: "SetPrivate", isPrivate: false })
      const after = yield* events.listen("den", undefined)
      yield* say(alice, "hello")
      assert.deepStrictEqual(yield* Stream.runCollect(before), ['event: closed\ndata: {"reason":"room"}\n\n'])
      const [first] = yield* Stream.runCollect(Stream.take(after, 1))
      assert.include(first!, "hello")
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("is told what the server says, and that it stops", () =>
    Effect.gen(function* () {
      const [chat, events] = [yield* Chat, yield* RoomEvents]
      const heard = yield* events.listen("general", undefined)
      chat.announce("dinner")
      chat.stopping()
      assert.deepStrictEqual(yield* Stream.runCollect(heard), [
        'event: announced\ndata: {"text":"dinner"}\n\n',
        'event: closed\ndata: {"reason":"server"}\n\n'
      ])
    }).pipe(Effect.scoped, Effect.provide(layer))
  )

  it.effect("forgets whoever has gone", () =>
    Effect.gen(function* () {
      const events = yield* RoomEvents
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Effect.all([events.listen("general", undefined), events.listen("general", 0)])
          yield* Effect.asVoid(events.listen("python", undefined))
          assert.strictEqual(events.count(), 3)
        })
      )
      assert.strictEqual(events.count(), 0)
    }).pipe(Effect.provide(layer))
  )
})
