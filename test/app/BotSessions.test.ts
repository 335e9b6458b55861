import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { BotSessions, idleMillis } from "../../src/app/api/BotSessions.ts"
import type { UserName } from "../../src/domain/Names.ts"
import { Attachments } from "../../src/services/Attachments.ts"
import { Chat } from "../../src/services/Chat.ts"
import { History } from "../../src/services/History.ts"
import { Quota } from "../../src/services/Quota.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import * as HeldDirectory from "../services/HeldDirectory.ts"
import { login } from "../services/Recorder.ts"

const weather = "Weather" as UserName
const address = "192.0.2.1"

/** A test with a directory of names that answers when it says so. */
const test = <E>(
  title: string,
  use: (held: HeldDirectory.HeldDirectory) => Effect.Effect<void, E, BotSessions | Chat | Sessions>
) =>
  it.effect(title, () => {
    const held = HeldDirectory.make()
    const layer = BotSessions.layer.pipe(
      Layer.provideMerge(Chat.layerNoDirectory),
      Layer.provideMerge(Layer.mergeAll(History.layerMemory, Attachments.layerMemory, Quota.layer, held.layer))
    )
    return Effect.provide(use(held), layer)
  })

const begin = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

/** Who is logged in. */
const present = Effect.map(Sessions, ({ all }) => Array.from(all(), ({ name }) => name as string))

describe("BotSessions.enter() while the name is claimed", () => {
  test("logs a bot in once for several requests", (held) =>
    Effect.gen(function* () {
      const bots = yield* BotSessions
      const requests = [yield* begin(bots.enter(weather, address)), yield* begin(bots.enter(weather, address))]
      assert.strictEqual(held.waiting(), 1)
      held.arrive()
      const [first, second] = yield* Effect.forEach(requests, (it) => Fiber.join(it))
      assert.strictEqual(first, second)
      assert.strictEqual(yield* bots.enter(weather, address), first)
      assert.deepStrictEqual(yield* present, ["Weather"])
    }))

  test("refuses each of them when somebody else has the name, and asks again later", (held) =>
    Effect.gen(function* () {
      const bots = yield* BotSessions
      const chat = yield* Chat
      const other = yield* begin(login("weather"))
      const refused = Effect.flip(bots.enter(weather, address))
      const requests = [yield* begin(refused), yield* begin(refused)]
      held.arrive()
      for (const request of requests) assert.strictEqual((yield* Fiber.join(request))._tag, "NameTaken")
      yield* chat.logout((yield* Fiber.join(other)).session)
      const later = yield* begin(bots.enter(weather, address))
      held.arrive()
      yield* Fiber.join(later)
      assert.deepStrictEqual(yield* present, ["Weather"])
    }))

  test("does not lose a bot whose request has ended: it goes when it has done nothing for a minute", (held) =>
    Effect.gen(function* () {
      const bots = yield* BotSessions
      const request = yield* begin(bots.enter(weather, address))
      yield* Fiber.interrupt(request)
      held.arrive()
      yield* Effect.yieldNow
      assert.deepStrictEqual([yield* present, bots.isOnline(weather)], [["Weather"], true])
      yield* TestClock.adjust(idleMillis)
      held.arrive()
      assert.deepStrictEqual([yield* present, bots.isOnline(weather), held.taken()], [[], false, []])
    }))

  test("does not lose a bot whose request ends while others are told of it", (held) =>
    Effect.gen(function* () {
      const bots = yield* BotSessions
      const chat = yield* Chat
      const request = yield* begin(bots.enter(weather, address))
      chat.watch(() => request.interruptUnsafe())
      held.arrive()
      yield* Fiber.await(request)
      assert.deepStrictEqual([yield* present, bots.isOnline(weather)], [["Weather"], true])
    }))

  test("logs nobody in whose bot is taken away meanwhile", (held) =>
    Effect.gen(function* () {
      const bots = yield* BotSessions
      const request = yield* begin(bots.enter(weather, address))
      yield* bots.leave(weather)
      held.arrive()
      yield* Fiber.await(request)
      held.arrive()
      assert.deepStrictEqual([yield* present, bots.isOnline(weather), held.taken()], [[], false, []])
    }))
})
