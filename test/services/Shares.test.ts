import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import type { Command } from "../../src/domain/Command.ts"
import { Attachments } from "../../src/services/Attachments.ts"
import { Chat } from "../../src/services/Chat.ts"
import { limitFiles } from "../../src/services/FileCatalog.ts"
import { Shares } from "../../src/services/Shares.ts"
import { join, layer, login, trio, type User } from "./Recorder.ts"

const utf8 = new TextEncoder()

/** Shares a file of five bytes; its number. */
const share = Effect.fnUntraced(function* (user: User, saying: Partial<Command>, content = "hello") {
  yield* user.run({ _tag: "BeginUpload", key: 1, sizeBytes: content.length })
  yield* user.run({ _tag: "WriteUpload", key: 1, atByte: 0, bytes: utf8.encode(content) })
  const upload = { key: 1, name: "a.txt" }
  const reply = yield* user.run({ _tag: "Say", text: "", upload, ...saying } as Command)
  return reply._tag === "Accepted" ? reply.message.attachment!.file! : yield* Effect.die(reply)
})

const listed = Effect.fnUntraced(function* (user: User) {
  const reply = yield* user.run({ _tag: "ListFiles" })
  return reply._tag === "Files" ? reply.files.map(({ number }) => number) : yield* Effect.die(reply)
})

const isFound = (user: User, file: number) =>
  Effect.map(user.refused({ _tag: "FindFile", file }), (refused) => refused === "not refused: Files")

describe("Shares", () => {
  it.effect("ListFiles and FindFile tell what is known of a file, to those who may see it", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      assert.deepStrictEqual(yield* bob.run({ _tag: "ListFiles" }), { _tag: "Files", files: [] })
      const file = yield* share(alice, {})
      const files = { _tag: "Files" as const, files: [{ number: file, name: "a.txt", sizeBytes: 5 }] }
      assert.deepStrictEqual(yield* bob.run({ _tag: "ListFiles" }), files)
      assert.deepStrictEqual(yield* bob.run({ _tag: "FindFile", file }), files)
      assert.strictEqual(yield* bob.refused({ _tag: "FindFile", file: file + 1 }), "NoSuchFile")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a file that was begun is not there before it is shared", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      yield* alice.run({ _tag: "BeginUpload", key: 1, sizeBytes: 0 })
      for (const user of [alice, bob]) {
        assert.deepStrictEqual(yield* listed(user), [])
        assert.isFalse(yield* isFound(user, 1))
      }
    }).pipe(Effect.provide(layer()))
  )

  it.effect("visible() has the files of all rooms that a session is in, ascending, each once", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* trio
      yield* alice.run(join("attic", true))
      yield* bob.run(join("attic"))
      const inAttic = yield* share(alice, { room: "attic" } as Partial<Command>)
      const inGeneral = yield* share(alice, { room: "general" } as Partial<Command>)
      const attachment = { name: "a.txt", sizeBytes: 5, url: "", file: inAttic }
      yield* alice.run({ _tag: "Say", text: "again", room: "general", attachment })
      assert.deepStrictEqual(yield* listed(alice), [inAttic, inGeneral])
      assert.deepStrictEqual(yield* listed(bob), [inAttic])
      assert.deepStrictEqual(yield* listed(carol), [inAttic, inGeneral])
      yield* bob.run(join("general"))
      assert.deepStrictEqual(yield* listed(bob), [inAttic, inGeneral])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a file of a private room is seen by those who are in it, not by who was or may be", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* trio
      for (const user of [alice, bob]) yield* user.run(join("attic"))
      yield* alice.run({ _tag: "SetPrivate", isPrivate: true })
      const file = yield* share(alice, {})
      yield* alice.run({ _tag: "Invite", name: "carol" })
      assert.isTrue(yield* isFound(bob, file))
      assert.isFalse(yield* isFound(carol, file))
      assert.deepStrictEqual(yield* listed(carol), [])
      yield* carol.run(join("attic"))
      yield* bob.run(join("general"))
      assert.isTrue(yield* isFound(carol, file))
      assert.isFalse(yield* isFound(bob, file))
      assert.strictEqual(yield* bob.refused({ _tag: "BeginDownload", key: 1, file }), "NoSuchFile")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a file that was sent to one user is seen by both, and by nobody of the same name later", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* trio
      const file = yield* share(alice, { _tag: "Tell", to: bob.session.number })
      for (const user of [alice, bob]) assert.deepStrictEqual(yield* listed(user), [file])
      assert.isFalse(yield* isFound(carol, file))
      const chat = yield* Chat
      const shares = yield* Shares
      yield* chat.logout(bob.session)
      assert.deepStrictEqual(yield* listed(yield* login("bob")), [])
      assert.strictEqual(shares.count(), 1)
      yield* chat.logout(alice.session)
      assert.strictEqual(shares.count(), 0)
    }).pipe(Effect.provide(layer()))
  )

  for (const [how, go] of [
    ["left", (user: User) => Effect.asVoid(user.run({ _tag: "LeaveRoom" }))],
    ["logged out of", (user: User) => Effect.flatMap(Chat, (chat) => chat.logout(user.session))]
  ] as const) {
    for (const isPrivate of [true, false]) {
      const remains = isPrivate ? "forgotten with a private room" : "kept for those who come to an open room later"
      it.effect(`files are ${remains} when the last one has ${how} it`, () =>
        Effect.gen(function* () {
          const { alice, bob } = yield* trio
          const shares = yield* Shares
          yield* alice.run(join("attic"))
          yield* alice.run({ _tag: "SetPrivate", isPrivate })
          const file = yield* share(alice, {})
          yield* go(alice)
          assert.strictEqual(shares.count(), isPrivate ? 0 : 1)
          yield* bob.run(join("attic"))
          assert.strictEqual(yield* isFound(bob, file), !isPrivate)
        }).pipe(Effect.provide(layer()))
      )
    }
  }

  it.effect("nobody gets at a file by mentioning its number", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* trio
      const file = yield* share(alice, { _tag: "Tell", to: "bob" })
      const attachment = { name: "mine", sizeBytes: 5, url: "", file }
      yield* carol.run({ _tag: "Say", text: "look", attachment })
      assert.isFalse(yield* isFound(carol, file))
      yield* bob.run({ _tag: "Say", text: "look", attachment })
      assert.isTrue(yield* isFound(carol, file))
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a file that is gone is forgotten when somebody looks", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      const shares = yield* Shares
      const old = yield* share(alice, {}, "12345678")
      const young = yield* share(alice, {}, "abcdefgh")
      assert.strictEqual(shares.count(), 2)
      assert.isFalse(yield* isFound(bob, old))
      assert.strictEqual(shares.count(), 1)
      assert.deepStrictEqual(yield* listed(bob), [young])
      yield* share(alice, {}, "zyxwvuts")
      assert.strictEqual((yield* listed(bob)).length, 1)
      assert.strictEqual(shares.count(), 1)
    }).pipe(Effect.provide(layer({ filesLimitBytes: 10 })))
  )

  it.effect("the oldest are forgotten when there are more than there may be files", () =>
    Effect.gen(function* () {
      const { alice } = yield* trio
      const { count, isVisible, shareInRoom, visible } = yield* Shares
      for (let file = 1; file <= limitFiles + 2; file++) shareInRoom("general", file)
      assert.strictEqual(count(), limitFiles)
      assert.isFalse(isVisible(alice.session, 2))
      assert.isTrue(isVisible(alice.session, 3))
      assert.lengthOf(visible(alice.session), limitFiles)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("the content of what is listed is what was sent", () =>
    Effect.gen(function* () {
      const { alice } = yield* trio
      const number = yield* share(alice, {}, "hello there")
      const { find, read } = yield* Attachments
      const bytes = yield* Stream.mkUint8Array(read((yield* find(number))!))
      assert.strictEqual(new TextDecoder().decode(bytes), "hello there")
    }).pipe(Effect.provide(layer()))
  )
})
