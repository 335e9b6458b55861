import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import type { SharedEvent } from "../../src/domain/Event.ts"
import type { ByteProtocol, Conversation } from "../../src/protocols/Protocol.ts"
import { conformance } from "../../src/testing/mod.ts"
import { chatmaster } from "./Subjects.ts"

type ByteConversation = Conversation<Uint8Array, Uint8Array>

/** Whether the test of that title fails a protocol with a fault. */
const fails = (title: string, tamper: (protocol: ByteProtocol) => Partial<ByteProtocol>) =>
  Effect.gen(function* () {
    const tests: Array<Effect.Effect<boolean>> = []
    const subject = {
      ...chatmaster,
      make: () => {
        const sound = chatmaster.make()
        return { ...sound, ...tamper(sound) }
      }
    }
    conformance((name, run) => {
      if (name.includes(title)) tests.push(run().pipe(Effect.scoped, Effect.exit, Effect.map(Exit.isFailure)))
    }, subject)
    assert.strictEqual(tests.length, 1)
    return yield* tests[0]!
  })

const conversing =
  (tamper: (conversation: ByteConversation) => Partial<ByteConversation>) =>
  ({ converse }: ByteProtocol): Partial<ByteProtocol> => ({
    converse: () => {
      const sound = converse()
      // Not a spread: what a conversation says of itself changes.
      return Object.assign(Object.create(sound) as ByteConversation, tamper(sound))
    }
  })

describe("conformance() finds", () => {
  it.effect("no fault in a sound protocol", () =>
    Effect.gen(function* () {
      assert.isFalse(yield* fails("carries every text", () => ({})))
      assert.isFalse(
        yield* fails(
          "never throws at mutated bytes",
          conversing(() => ({}))
        )
      )
    })
  )

  it.effect("an echo", () =>
    Effect.gen(function* () {
      const isFound = yield* fails("does not echo it", ({ render }) => ({
        render: (event, as, variant) => render(event, event._tag === "Said" ? "witness" : as, variant)
      }))
      assert.isTrue(isFound)
    })
  )

  it.effect("a text that becomes another", () =>
    Effect.gen(function* () {
      const trim = (event: SharedEvent): SharedEvent =>
        event._tag === "Said" ? { ...event, message: { ...event.message, text: event.message.text.trim() } } : event
      const isFound = yield* fails("carries every text", ({ render }) => ({
        render: (event, as, variant) => render(trim(event), as, variant)
      }))
      assert.isTrue(isFound)
    })
  )

  it.effect("an event that is not told", () =>
    Effect.gen(function* () {
      const isFound = yield* fails("renders every event", ({ render }) => ({
        render: (event, as, variant) =>
          event._tag === "Said" && event.message.to !== undefined ? [] : render(event, as, variant)
      }))
      assert.isTrue(isFound)
    })
  )

  it.effect("a reader that throws", () =>
    Effect.gen(function* () {
      const throwing = conversing(({ receive }) => ({
        receive: (bytes) => {
          JSON.parse(new TextDecoder().decode(bytes))
          return receive(bytes)
        }
      }))
      assert.isTrue(yield* fails("never throws at mutated bytes", throwing))
    })
  )

  it.effect("junk that is hung up on without a word", () =>
    Effect.gen(function* () {
      assert.isTrue(
        yield* fails(
          "answers junk",
          conversing(() => ({ farewell: () => [] }))
        )
      )
    })
  )

  it.effect("a peer that is hung up on before its time to log in is over", () =>
    Effect.gen(function* () {
      const hasty = conversing((sound) => ({
        receive: (bytes) => (bytes.length === 1 ? [{ _tag: "Hangup", reason: "malformed" }] : sound.receive(bytes))
      }))
      assert.isTrue(yield* fails("does not let a byte a second", hasty))
    })
  )
})
