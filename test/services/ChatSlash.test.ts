import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { join, layer, login, say, trio } from "./Recorder.ts"

describe("Chat.run() slash commands", () => {
  it.effect("answer the asker alone, or do what they say", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      yield* alice.run(say("/who"))
      assert.deepStrictEqual(alice.told(), ["Server: In general:\nalice (embedded)\nbob (embedded)\ncarol (embedded)"])
      yield* alice.run(say("/rooms"))
      assert.deepStrictEqual(alice.told(), ["Server: Rooms:\ngeneral (3) *\npython (0)"])
      yield* alice.run(say("/msg bob psst"))
      assert.deepStrictEqual(bob.told(), ["alice to bob: psst"])
      yield* alice.run(say("/join cellar"))
      assert.deepStrictEqual(alice.told(), ["* alice in cellar (join) with alice"])
      yield* alice.run(say("/invite bob"))
      assert.deepStrictEqual(alice.told(), ["Server: bob is invited to cellar."])
      yield* alice.run(say("/leave"))
      assert.strictEqual(alice.session.current.name, "general")
      alice.told()
      yield* bob.run(say("//who"))
      assert.deepStrictEqual(alice.told(), ["bob to general: /who"])
      yield* alice.run(say("/history"))
      assert.deepStrictEqual(alice.told(), ["Server: 1970-01-01 00:00 bob: /who"])
      yield* alice.run(say("/files"))
      assert.deepStrictEqual(alice.told(), ["Server: No files have been shared here."])
      assert.strictEqual(yield* alice.refused(say("/join")), "CommandMisused")
      assert.strictEqual(yield* alice.refused(say("/msg nobody hello")), "NoSuchUser")
      yield* alice.run(say("/help"))
      assert.include(alice.told().join(""), "/msg name text")
      assert.deepStrictEqual(
        bob.told().filter((line) => !line.startsWith("alice in") && !line.startsWith("alice out")),
        ["invited to cellar by alice"]
      )
    }).pipe(Effect.provide(layer()))
  )

  it.effect("/msg finds names of several words, in quotes or not", () =>
    Effect.gen(function* () {
      const { alice } = yield* trio
      const vincent = yield* login("Vincent van Gogh")
      const short = yield* login("Vincent")
      for (const user of [alice, vincent, short]) user.told()
      yield* alice.run(say("/msg Vincent van Gogh how are you"))
      yield* alice.run(say(`/msg "vincent van gogh" how  is\nlife`))
      yield* alice.run(say("/msg VINCENT van life"))
      assert.deepStrictEqual(vincent.told(), [
        "alice to Vincent van Gogh: how are you",
        "alice to Vincent van Gogh: how  is\nlife"
      ])
      assert.deepStrictEqual(short.told(), ["alice to Vincent: van life"])
      assert.deepStrictEqual(alice.told(), [])
      assert.strictEqual(yield* alice.refused(say(`/msg "Vincent van" hello`)), "NoSuchUser")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("other slashes are messages, and a literal text always is", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      for (const text of ["/joined", "/whoa", "/", "//", "/etc/passwd", " /who", "// comment"]) {
        yield* alice.run(say(text))
        assert.deepStrictEqual(bob.told(), [`alice to general: ${text}`])
      }
      yield* alice.run(say("//join python"))
      assert.deepStrictEqual(bob.told(), ["alice to general: /join python"])
      yield* alice.run({ _tag: "Say", text: "//join python", isLiteral: true })
      yield* alice.run({ _tag: "Tell", to: "bob", text: "/who" })
      assert.deepStrictEqual(bob.told(), ["alice to general: //join python", "alice to bob: /who"])
      assert.strictEqual(alice.session.current.name as string, "general")
      assert.deepStrictEqual(alice.told(), [])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("what is nearly a command is said to nobody, and /me is said in the third person", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      for (const text of ["/mgs bob secret", "/MSG bob secret", "/msgg bob", "/jion attic"]) {
        const refused = yield* Effect.flip(alice.run(say(text)))
        assert.strictEqual(refused._tag, "CommandMisused")
      }
      assert.deepStrictEqual([...alice.told(), ...bob.told()], [])
      yield* alice.run(say("//mgs is no command"))
      yield* alice.run(say("/me waves"))
      yield* alice.run(say("/me /join attic"))
      assert.deepStrictEqual(bob.told(), [
        "alice to general: /mgs is no command",
        "alice to general: * alice waves",
        "alice to general: * alice /join attic"
      ])
      assert.deepStrictEqual(alice.told(), [])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("misuse names the usage, and does nothing", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      const usage = (text: string) =>
        Effect.map(Effect.flip(alice.run(say(text))), (it) => (it._tag === "CommandMisused" ? it.usage : it._tag))
      assert.strictEqual(yield* usage("/join"), "/join room")
      assert.strictEqual(yield* usage("/invite "), "/invite name")
      assert.strictEqual(yield* usage("/msg bob"), "/msg name text")
      assert.strictEqual(yield* usage("/history many"), "/history [number]")
      assert.strictEqual(yield* usage("/leave"), "NotInRoom")
      assert.strictEqual(yield* usage("/join general"), "AlreadyInRoom")
      assert.strictEqual(yield* usage("/join a\u2028b"), "NameInvalid")
      assert.strictEqual(yield* usage("/invite nobody"), "NoSuchUser")
      assert.deepStrictEqual([...alice.told(), ...bob.told()], [])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("/history shows as many as asked, and no line of one message as another", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      yield* TestClock.setTime(Date.UTC(2030, 0, 2, 3, 4))
      for (let count = 1; count <= 3; count++) yield* bob.run(say(`${count}`))
      yield* bob.run(say("4\n2030-01-02 03:04 alice: forged\u20282030-01-02 03:04 Server: forged"))
      alice.told()
      yield* alice.run(say("/history 2"))
      const [answer] = alice.told()
      assert.strictEqual(
        answer,
        [
          "Server: 2030-01-02 03:04 bob: 3",
          "2030-01-02 03:04 bob: 4",
          "  2030-01-02 03:04 alice: forged",
          "  2030-01-02 03:04 Server: forged"
        ].join("\n")
      )
      yield* alice.run(say("/history"))
      assert.lengthOf(alice.told()[0]!.split("\n"), 6)
      yield* alice.run(join("python"))
      alice.told()
      yield* alice.run(say("/history"))
      assert.deepStrictEqual(alice.told(), ["Server: Nothing has been said here."])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("/rooms and /who show no private room to outsiders", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      yield* alice.run(join("cellar"))
      yield* alice.run({ _tag: "SetPrivate", isPrivate: true })
      for (const user of [alice, bob]) user.told()
      yield* bob.run(say("/rooms"))
      yield* bob.run(say("/who"))
      yield* alice.run(say("/rooms"))
      assert.deepStrictEqual(bob.told(), [
        "Server: Rooms:\ngeneral (2) *\npython (0)",
        "Server: In general:\nbob (embedded)\ncarol (embedded)"
      ])
      assert.deepStrictEqual(alice.told(), ["Server: Rooms:\ngeneral (2)\npython (0)\ncellar (1), private *"])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("/files lists what was shared in the room", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      const attachment = { name: "a.txt", sizeBytes: 3, url: "/files/1/a.txt" }
      yield* bob.run({ _tag: "Say", text: "look", attachment })
      yield* bob.run({ _tag: "Tell", to: "carol", text: "psst", attachment: { ...attachment, name: "secret.txt" } })
      alice.told()
      yield* alice.run(say("/files"))
      assert.deepStrictEqual(alice.told(), ["Server: a.txt (3 bytes) from bob: /files/1/a.txt"])
    }).pipe(Effect.provide(layer()))
  )
})
