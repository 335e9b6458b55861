import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import type { SharedEvent } from "../../src/domain/Event.ts"
import { conformance } from "../../src/testing/mod.ts"
import { chatmaster } from "./Subjects.ts"

type Protocol = ReturnType<typeof chatmaster.make>
type Conversation = ReturnType<Protocol["converse"]>
type Reader = ReturnType<Protocol["reader"]>

/** Whether the test of that title fails a protocol with a fault. */
const fails = (title: string, tamper: (protocol: Protocol) => Partial<Protocol>) =>
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

/** The same protocol with other conversations. */
const conversing =
  (tamper: (conversation: Conversation) => Partial<Conversation>) =>
  ({ converse }: Protocol): Partial<Protocol> => ({
    converse: () => {
      const sound = converse()
      return {
        open: () => sound.open(),
        receive: (packet) => sound.receive(packet),
        present: (event) => sound.present(event),
        // What a conversation says of itself changes.
        get variant() {
          return sound.variant
        },
        get isPaced() {
          return sound.isPaced
        },
        get isExempt() {
          return sound.isExempt
        },
        farewell: (reason) => sound.farewell(reason),
        ...tamper(sound)
      }
    }
  })

/** The same protocol with other readers. */
const reading =
  (tamper: (read: Reader["read"]) => Reader["read"]) =>
  ({ reader }: Protocol): Partial<Protocol> => ({ reader: () => ({ read: tamper(reader().read) }) })

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
      assert.isFalse(
        yield* fails(
          "reads a login and a message split",
          reading((read) => read)
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
      const throwing = reading((read) => (bytes) => {
        JSON.parse(new TextDecoder().decode(bytes))
        return read(bytes)
      })
      assert.isTrue(yield* fails("never throws at mutated bytes", throwing))
    })
  )

  it.effect("a conversation that throws", () =>
    Effect.gen(function* () {
      const throwing = conversing((sound) => ({
        receive: (packet) => {
          if (packet._tag === "Misshapen") throw new Error(packet.detail)
          return sound.receive(packet)
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
      const hasty = reading((read) => (bytes) => {
        if (bytes.length > 1) return read(bytes)
        return [{ _tag: "Unreadable", reason: "malformed", detail: "It is too short.", container: undefined }]
      })
      assert.isTrue(yield* fails("does not let a byte a second", hasty))
    })
  )
})
