import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope, Stream } from "effect"
import { Hangup } from "../../src/domain/Hangup.ts"
import { Chat } from "../../src/services/Chat.ts"
import { Downloads } from "../../src/services/Downloads.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import { Uploads } from "../../src/services/Uploads.ts"
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

  it.effect("heard loses the oldest of more than 4096 events that nobody takes, and says how many", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { heard } = yield* Visitor.make("guest")
      for (let count = 1; count <= 5000; count++) chat.announce(`${count}`)
      const first = yield* Stream.runCollect(Stream.take(heard, 2))
      assert.deepStrictEqual(
        first.map(({ event }) => event),
        [
          { _tag: "Missed", count: 906 },
          { _tag: "Announced", text: "905" }
        ]
      )
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )
})

const content = Uint8Array.from({ length: 200_000 }, (_, index) => index % 251)

const inPieces = (size: number) =>
  Stream.fromIterable(
    Array.from({ length: Math.ceil(content.length / size) }, (_, index) =>
      content.subarray(index * size, (index + 1) * size)
    )
  )

const hex = (pieces: ReadonlyArray<Uint8Array>): string => Buffer.concat(pieces).toString("hex")

describe("Visitor", () => {
  it.effect("says, joins, lists and reads what a client can", () =>
    Effect.gen(function* () {
      const [ada, bob] = [yield* Visitor.make("ada"), yield* Visitor.make("bob")]
      assert.strictEqual((yield* ada.join("cellar")).join(), "ada")
      assert.strictEqual((yield* bob.join("cellar", { stay: true })).join(), "ada,bob")
      assert.strictEqual((yield* ada.say("/who is it")).text, "/who is it")
      assert.strictEqual((yield* bob.tell("ada", "psst")).to, "ada")
      assert.strictEqual(yield* bob.rename("robert"), "robert")
      assert.deepStrictEqual(
        (yield* ada.users()).map(({ name }) => name),
        ["ada", "robert"]
      )
      assert.includeMembers(
        (yield* ada.rooms).map(({ name }) => String(name)),
        ["general", "cellar"]
      )
      assert.deepStrictEqual(
        (yield* ada.history({ limit: 5 })).map(({ text }) => text),
        ["/who is it"]
      )
      yield* bob.leave("cellar")
      assert.lengthOf(yield* ada.users("cellar"), 1)
      assert.strictEqual((yield* Effect.flip(ada.say("")))._tag, "TextEmpty")
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )

  it.effect("sends a file from a stream, which another one reads as a stream", () =>
    Effect.gen(function* () {
      const [ada, bob] = [yield* Visitor.make("ada"), yield* Visitor.make("bob")]
      const file = { name: "a.bin", sizeBytes: content.length, text: "look" }
      const said = yield* ada.sendFile({ ...file, bytes: inPieces(7001) })
      assert.deepStrictEqual([said.text, said.attachment?.sizeBytes], ["look", content.length])
      const [shared] = yield* bob.files
      const read = yield* Stream.runCollect(bob.readFile(shared!.number))
      assert.isAbove(read.length, 1)
      assert.strictEqual(hex(read), hex([content]))
      const toBob = yield* ada.sendFile({ ...file, bytes: inPieces(100_000), to: "bob" })
      assert.strictEqual(toBob.to, "bob")
      const empty = yield* ada.sendFile({ name: "empty", sizeBytes: 0, bytes: Stream.empty })
      assert.strictEqual(empty.attachment?.sizeBytes, 0)
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )

  it.effect("sendFile() leaves no upload behind that has failed, and readFile() no download that was left", () =>
    Effect.gen(function* () {
      const [uploads, downloads] = [yield* Uploads, yield* Downloads]
      const ada = yield* Visitor.make("ada")
      const file = { name: "a.bin", sizeBytes: content.length }
      const short = yield* Effect.flip(ada.sendFile({ ...file, bytes: Stream.succeed(content.subarray(1)) }))
      assert.strictEqual(short._tag, "UploadBroken")
      const long = Stream.concat(inPieces(50_000), Stream.succeed(content))
      assert.strictEqual((yield* Effect.flip(ada.sendFile({ ...file, bytes: long })))._tag, "UploadBroken")
      const broken = Stream.concat(Stream.succeed(content.subarray(1)), Stream.fail("gone" as const))
      assert.strictEqual(yield* Effect.flip(ada.sendFile({ ...file, bytes: broken })), "gone")
      assert.strictEqual(uploads.count(), 0)
      yield* ada.sendFile({ ...file, bytes: inPieces(65_536) })
      const [shared] = yield* ada.files
      assert.lengthOf(yield* Stream.runCollect(Stream.take(ada.readFile(shared!.number), 1)), 1)
      assert.strictEqual(downloads.count(), 0)
      assert.strictEqual((yield* Effect.flip(Stream.runDrain(ada.readFile(99))))._tag, "NoSuchFile")
    }).pipe(Effect.scoped, Effect.provide(layer()))
  )
})
