import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Attachments } from "../../src/services/Attachments.ts"
import { suite } from "./AttachmentsSuite.ts"

suite("Attachments in memory", Attachments.layerMemory)

describe("Attachments in memory", () => {
  it.effect("begin() refuses a file that is larger than 64 MiB, whatever the limits say", () =>
    Effect.gen(function* () {
      const { begin } = yield* Attachments
      const refused = yield* Effect.flip(begin(64 * 1024 * 1024 + 1))
      assert.strictEqual(refused._tag, "StorageFailed")
      yield* begin(64 * 1024 * 1024)
    }).pipe(Effect.scoped, Effect.provide(Attachments.layerMemory))
  )
})
