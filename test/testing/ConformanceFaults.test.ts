import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit } from "effect"
import type { SharedEvent } from "../../src/domain/Event.ts"
import { conformance, type ConformanceFailure } from "../../src/testing/mod.ts"
import { chatmaster } from "./Subjects.ts"

type Protocol = ReturnType<typeof chatmaster.make>
type Conversation = ReturnType<Protocol["converse"]>
type Reader = ReturnType<Protocol["reader"]>

/** How the test of that title ends for a protocol with a fault, and what else its subject says. */
const outcome = (title: string, tamper: (protocol: Protocol) => Partial<Protocol>, more?: Partial<typeof chatmaster>) =>
  Effect.gen(function* () {
    const tests: Array<Effect.Effect<Exit.Exit<void, ConformanceFailure>>> = []
    const subject = {
      ...chatmaster,
      ...more,
      make: () => {
        const sound = chatmaster.make()
        return { ...sound, ...tamper(sound) }
      }
    }
    conformance((name, run) => {
      if (name.includes(title)) tests.push(run().pipe(Effect.scoped, Effect.exit))
    }, subject)
    assert.strictEqual(tests.length, 1)
    return yield* tests[0]!
  })

/** Whether the test of that title fails a protocol with a fault. */
const fails = (title: string, tamper: (protocol: Protocol) => Partial<Protocol>, more?: Partial<typeof chatmaster>) =>
  Effect.map(outcome(title, tamper, more), Exit.isFailure)

/** What the test of that title says of a fault. */
const complaint = (title: string, tamper: (protocol: Protocol) => Partial<Protocol>) =>
  outcome(title, tamper).pipe(
    Effect.flatMap(Effect.flip),
    Effect.map(({ message }) => message)
  )

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

  const silent = conversing((sound) => ({
    receive: (packet) => (packet._tag === "Command" ? [] : sound.receive(packet))
  }))

  it.effect("an answer that never comes, and says what came instead", () =>
    Effect.gen(function* () {
      const said = yield* complaint("frees the name", silent)
      assert.strictEqual(
        said,
        [
          "the answer to the login, for which alice waited, did not come in 10s",
          "alice was sent this:",
          `  {"type":"request","data":{"request":"login"}}`
        ].join("\n")
      )
    })
  )

  it.effect("an answer that comes too late to be one, without a word of how long the machine took", () =>
    Effect.gen(function* () {
      const beganMillis = yield* Clock.currentTimeMillis
      yield* complaint("frees the name", silent)
      assert.strictEqual((yield* Clock.currentTimeMillis) - beganMillis, 10_000)
    })
  )

  it.effect("a connection that ends while a peer waits", () =>
    Effect.gen(function* () {
      const rude = conversing(() => ({
        receive: () => [{ _tag: "Hangup", reason: "malformed", detail: "no" }],
        farewell: () => []
      }))
      assert.include(yield* complaint("frees the name", rude), "the connection of alice ended")
    })
  )

  it.effect("and shows the last of many frames, each cut, of the last peers", () =>
    Effect.gen(function* () {
      const said = yield* complaint("ends a peer that does not read", ({ render }) => ({
        render: (event, as, variant) =>
          event._tag === "Said" && event.message.number === 20 ? [] : render(event, as, variant)
      }))
      const lines = said.split("\n")
      assert.include(lines[0], "a message of Visitor, for which bob waited,")
      assert.include(said, "more")
      assert.isBelow(lines.length, 20)
      assert.isBelow(Math.max(...lines.map((line) => line.length)), 240)
    })
  )
})

describe("conformance() asks no more than its subject promises", () => {
  // Whoever has not logged in is not heard, and gets no answer.
  const deaf = conversing((sound) => {
    let isIn = false
    return {
      receive: (packet) => {
        isIn ||= packet._tag === "Command"
        return isIn ? sound.receive(packet) : []
      }
    }
  })
  const stranger = "delivers nothing of a peer that has not logged in"

  it.effect("of a stranger", () =>
    Effect.gen(function* () {
      assert.isTrue(yield* fails(stranger, deaf))
      assert.isFalse(yield* fails(stranger, deaf, { stranger: null }))
    })
  )

  it.effect("of texts with line ends", () =>
    Effect.gen(function* () {
      const flat = (text: string) => text.replaceAll("\n", " ")
      const onOneLine = ({ render }: Protocol): Partial<Protocol> => ({
        render: (event, as, variant) =>
          event._tag === "Said"
            ? render({ ...event, message: { ...event.message, text: flat(event.message.text) } }, as, variant)
            : render(event, as, variant)
      })
      const line = { carries: (text: string) => !text.includes("\n"), heardAs: flat }
      assert.isTrue(yield* fails("carries every text", onOneLine))
      assert.isFalse(yield* fails("carries every text", onOneLine, line))
      // Any other text must be carried.
      assert.isTrue(yield* fails("carries every text", onOneLine, { ...line, carries: (text) => text === "hello" }))
    })
  )
})
