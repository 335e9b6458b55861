import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import type { Server } from "../../src/mod.ts"
import * as TestServer from "./TestServer.ts"
import { chatmaster, packet, sockets, toss, tsockm, type User } from "./Users.ts"

/** Lets all come, one after another, each in a scope of its own; those who are there see it. */
const enterAll = Effect.gen(function* () {
  const users: Array<User & { readonly leave: Effect.Effect<void> }> = []
  const enter = Effect.fnUntraced(function* <U extends User>(enter: Effect.Effect<U, never, Scope.Scope | Server>) {
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const user = yield* enter.pipe(Effect.provideService(Scope.Scope, scope))
    for (const other of users) yield* other.seesCome(user.name)
    users.push({ ...user, leave: Scope.close(scope, Exit.void) })
    return user
  })
  const sharer = yield* enter(toss)
  for (const other of [tsockm, chatmaster, packet, sockets]) yield* enter(other)
  return { users, sharer }
})

describe("users of all protocols", () => {
  it.live("see each other come, hear each other, and see each other leave", () =>
    Effect.gen(function* () {
      const { users } = yield* enterAll
      for (const author of users) {
        const text = `hello from ${author.name}: ñ 漢字 🎉`
        yield* author.say(text)
        for (const user of users) {
          if (user !== author) assert.deepStrictEqual(yield* user.hears, { from: author.name, text }, user.name)
        }
      }
      // A peer over UDP says nothing when it goes, so it is the last.
      const inOrder = users.toSorted((one, other) => Number(one.name === "Packet") - Number(other.name === "Packet"))
      for (const [index, user] of inOrder.entries()) {
        yield* user.leave
        for (const other of inOrder.slice(index + 1)) yield* other.seesGo(user.name)
      }
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.live("all speak at the same moment, and all hear the others once, in their order and under the right names", () =>
    Effect.gen(function* () {
      const { users } = yield* enterAll
      const textsOf = ({ name }: User) => ["one", "two", "three"].map((text) => `${text} of ${name}`)
      yield* Effect.forEach(
        users,
        (user) => Effect.forEach(textsOf(user), (text) => Effect.andThen(user.say(text), Effect.sleep("150 millis"))),
        { concurrency: "unbounded" }
      )
      for (const user of users) {
        const others = users.filter((other) => other !== user)
        const heard = yield* Effect.replicateEffect(user.hears, others.length * 3)
        for (const other of others) {
          const texts = heard.filter(({ from }) => from === other.name).map(({ text }) => text)
          assert.deepStrictEqual(texts, textsOf(other), `${user.name} hears ${other.name}`)
        }
      }
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )

  it.live("all get a file of one of them, with a link to it", () =>
    Effect.gen(function* () {
      const { sharer, users } = yield* enterAll
      const content = Uint8Array.from({ length: 10_000 }, (_, index) => (index * 31) & 0xff)
      yield* sharer.share("look", { name: "a b.bin", content })
      for (const user of users.filter(({ name }) => name !== sharer.name)) {
        const heard = yield* user.hears
        const { from } = heard
        // To an original of TsockM the link is a message of its own.
        const text = user.name === "Tsockm" ? `${heard.text} ${(yield* user.hears).text}` : heard.text
        assert.strictEqual(from, sharer.name)
        const [, url = ""] = /^look\s.*\ba b\.bin\b.* (http[^\s\]]+)/.exec(text) ?? []
        assert.notStrictEqual(url, "", `${user.name} hears ${text}`)
        const fetched = yield* Effect.promise(async () => Buffer.from(await (await fetch(url)).arrayBuffer()))
        assert.deepStrictEqual(fetched, Buffer.from(content))
      }
    }).pipe(Effect.scoped, Effect.provide(TestServer.layer()))
  )
})
