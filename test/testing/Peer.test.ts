import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { Attachments } from "../../src/services/Attachments.ts"
import { Deadline, Peer } from "../../src/testing/mod.ts"

describe("Peer.layer()", () => {
  it.effect("digests a large file while no time passes", () =>
    Effect.gen(function* () {
      const { begin } = yield* Attachments
      const bytes = new Uint8Array(40_000_000)
      const store = Effect.gen(function* () {
        const upload = yield* begin(bytes.length)
        yield* upload.write(bytes, 0)
        return yield* upload.keep("large.bin")
      })
      const { sha256, sizeBytes } = yield* Deadline.within(Effect.scoped(store), () => "the file")
      assert.strictEqual(sizeBytes, bytes.length)
      assert.match(sha256, /^[0-9a-f]{64}$/)
      assert.strictEqual(yield* Clock.currentTimeMillis, 0)
    }).pipe(Effect.provide(Peer.layer()))
  )
})
