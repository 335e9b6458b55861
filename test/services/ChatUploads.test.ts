import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { Chat } from "../../src/services/Chat.ts"
import { defaults, Limits } from "../../src/services/Limits.ts"
import { ResumableUploads } from "../../src/services/ResumableUploads.ts"
import * as Recorder from "./Recorder.ts"

const layer = Chat.layer.pipe(Layer.provide(Layer.succeed(Limits, { ...defaults, fileLimitBytes: 100 })))

describe("Chat and files that come over HTTP", () => {
  it.effect("OpenUpload gives a place for a file, which can be shared when it is there", () =>
    Effect.gen(function* () {
      const uploads = yield* ResumableUploads
      const [alice, bob] = [yield* Recorder.login("alice"), yield* Recorder.login("bob")]
      const opened = yield* alice.run({ _tag: "OpenUpload", name: "a.txt", sizeBytes: 3 })
      const id = opened._tag === "UploadOpened" ? /^\/api\/v1\/uploads\/([\w-]{32})$/.exec(opened.path)?.[1] : undefined
      const { file } = yield* uploads.write(id!, 0, Stream.succeed(new Uint8Array(3)))
      bob.told()
      const said = yield* alice.run({ _tag: "Say", text: "look", file: file! })
      assert.strictEqual(said._tag === "Accepted" ? said.message.attachment?.name : undefined, "a.txt")
      assert.deepStrictEqual(bob.told(), ["alice to general: look"])
    }).pipe(Effect.provide(layer))
  )

  it.effect("OpenUpload is refused to a file that is too large", () =>
    Effect.gen(function* () {
      const alice = yield* Recorder.login("alice")
      assert.strictEqual(yield* alice.refused({ _tag: "OpenUpload", name: "a", sizeBytes: 101 }), "FileTooLarge")
    }).pipe(Effect.provide(layer))
  )

  it.effect("watch() tells what happens as it happens, until it is stopped", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const seen: Array<string> = []
      const stop = chat.watch((event) => void seen.push(event._tag))
      const alice = yield* Recorder.login("alice")
      yield* alice.run({ _tag: "Say", text: "hello" })
      yield* chat.logout(alice.session)
      assert.deepStrictEqual(seen, ["UserJoined", "Said", "UserLeft"])
      stop()
      yield* Recorder.login("bob")
      assert.lengthOf(seen, 3)
    }).pipe(Effect.provide(layer))
  )
})
