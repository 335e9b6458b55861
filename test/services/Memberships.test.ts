import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Chat } from "../../src/services/Chat.ts"
import { Rooms } from "../../src/services/Rooms.ts"
import { join, layer, login, say, trio } from "./Recorder.ts"

describe("Chat.run() rooms", () => {
  it.effect("JoinRoom leaves the old room, tells both rooms, and confirms to who joined", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* trio
      yield* bob.run(join("python"))
      for (const user of [alice, bob, carol]) user.told()
      const reply = yield* alice.run(join("Python"))
      assert.deepStrictEqual(reply, { _tag: "Joined", room: "python", members: ["alice", "bob"] } as never)
      assert.deepStrictEqual(alice.told(), ["* alice in python (join) with alice,bob"])
      assert.deepStrictEqual(bob.told(), ["alice in python (join) with alice,bob"])
      assert.deepStrictEqual(carol.told(), ["alice out of general (leave) without carol"])
      assert.strictEqual(yield* alice.refused(join("python")), "AlreadyInRoom")
      assert.strictEqual(yield* alice.refused(join("a\nb")), "NameInvalid")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("JoinRoom with stay keeps the other rooms", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      yield* alice.run(join("python", true))
      assert.deepStrictEqual(alice.told(), ["* alice in python (join) with alice"])
      yield* bob.run(say("still hears"))
      assert.deepStrictEqual(alice.told(), ["bob to general: still hears"])
      assert.strictEqual(alice.session.current.name, "python")
      yield* alice.run(say("to the other", "general"))
      assert.deepStrictEqual(bob.told(), ["alice to general: to the other"])
      yield* alice.run({ _tag: "LeaveRoom" })
      assert.strictEqual(alice.session.current.name, "general")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("LeaveRoom returns to general", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      yield* alice.run(join("cellar"))
      for (const user of [alice, bob]) user.told()
      yield* alice.run({ _tag: "LeaveRoom" })
      assert.deepStrictEqual(alice.told(), [
        "left cellar for general: general,python",
        "* alice in general (return) with alice,bob,carol"
      ])
      assert.deepStrictEqual(bob.told(), ["alice in general (return) with alice,bob,carol"])
      assert.strictEqual(yield* alice.refused({ _tag: "LeaveRoom" }), "NotInRoom")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("what was said in a room is there for those who make it again, but for a private one", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      for (const [room, isPrivate] of [
        ["cellar", true],
        ["garden", false]
      ] as const) {
        yield* alice.run(join(room))
        yield* alice.run({ _tag: "SetPrivate", isPrivate })
        yield* alice.run(say("here"))
        yield* alice.run({ _tag: "LeaveRoom" })
        yield* bob.run(join(room))
        const reply = yield* bob.run({ _tag: "ReadHistory" })
        const texts = reply._tag === "Messages" ? reply.messages.map(({ text }) => text) : undefined
        assert.deepStrictEqual(texts, isPrivate ? [] : ["here"])
      }
    }).pipe(Effect.provide(layer()))
  )

  it.effect("SetPrivate hides a room from outsiders and keeps them out, but not its members nor the invited", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* trio
      yield* alice.run(join("cellar"))
      yield* bob.run(join("cellar"))
      yield* alice.run(say("a secret"))
      for (const user of [alice, bob, carol]) user.told()
      yield* alice.run({ _tag: "SetPrivate", isPrivate: true })
      assert.deepStrictEqual(
        [alice.told(), bob.told(), carol.told()],
        [["* cellar is private"], ["cellar is private"], []]
      )

      const rooms = yield* carol.run({ _tag: "ListRooms" })
      assert.deepStrictEqual(rooms._tag === "Rooms" && rooms.rooms.map(({ name }) => name as string), [
        "general",
        "python"
      ])
      assert.strictEqual(yield* carol.refused(join("cellar")), "RoomPrivate")
      assert.strictEqual(yield* carol.refused({ _tag: "ListUsers", room: "cellar" }), "NotInRoom")
      assert.strictEqual(yield* carol.refused({ _tag: "ReadHistory", room: "cellar" }), "NotInRoom")
      assert.strictEqual(yield* carol.refused(say("hello", "cellar")), "NotInRoom")
      assert.strictEqual(yield* carol.refused({ _tag: "Invite", name: "carol", room: "cellar" }), "NotInRoom")

      yield* bob.run({ _tag: "LeaveRoom" })
      yield* bob.run(join("cellar"))
      assert.strictEqual(yield* alice.refused({ _tag: "Invite", name: "nobody" }), "NoSuchUser")
      yield* alice.run({ _tag: "Invite", name: "carol" })
      assert.strictEqual(carol.told().at(-1), "invited to cellar by alice")
      assert.strictEqual(yield* carol.refused({ _tag: "ReadHistory", room: "cellar" }), "NotInRoom")
      yield* carol.run(join("cellar"))
      const history = yield* carol.run({ _tag: "ReadHistory" })
      assert.deepStrictEqual(history._tag === "Messages" && history.messages.map(({ text }) => text), ["a secret"])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a name that became free does not inherit the way into a private room", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { alice, bob } = yield* trio
      for (const user of [alice, bob]) yield* user.run(join("cellar"))
      yield* alice.run({ _tag: "SetPrivate", isPrivate: true })
      yield* chat.logout(bob.session)
      const other = yield* login("bob")
      assert.strictEqual(yield* other.refused(join("cellar")), "RoomPrivate")
    }).pipe(Effect.provide(layer()))
  )

  it.effect("default rooms cannot be private, and there are no more rooms than there may be", () =>
    Effect.gen(function* () {
      const { alice } = yield* trio
      assert.strictEqual(yield* alice.refused({ _tag: "SetPrivate", isPrivate: true }), "RoomProtected")
      yield* alice.run(join("one", true))
      assert.strictEqual(yield* alice.refused(join("two", true)), "TooManyRooms")
      yield* alice.run({ _tag: "LeaveRoom", room: "one" })
      yield* alice.run(join("two"))
    }).pipe(Effect.provide(layer({ roomLimit: 3 })))
  )

  it.effect("Rename tells everybody in sight, and frees the old name", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* trio
      yield* carol.run(join("python"))
      for (const user of [alice, bob, carol]) user.told()
      yield* alice.run({ _tag: "Rename", name: "Alice" })
      assert.deepStrictEqual([alice.told(), bob.told(), carol.told()], [["* alice is Alice"], ["alice is Alice"], []])
      assert.strictEqual(yield* alice.refused({ _tag: "Rename", name: "BOB" }), "NameTaken")
      assert.strictEqual(yield* alice.refused({ _tag: "Rename", name: "Alice" }), "NameTaken")
      yield* alice.run({ _tag: "Rename", name: "dora" })
      yield* login("alice")
    }).pipe(Effect.provide(layer()))
  )
})

describe("Chat.run() several rooms", () => {
  it.effect("JoinRoom without stay leaves all the others, and their empty rooms are gone", () =>
    Effect.gen(function* () {
      const rooms = yield* Rooms
      const { alice, bob, carol } = yield* trio
      for (const room of ["cellar", "python"]) yield* alice.run(join(room, true))
      yield* carol.run(join("python"))
      for (const user of [alice, bob, carol]) user.told()
      yield* alice.run(join("attic"))
      assert.deepStrictEqual(
        [alice.told(), bob.told(), carol.told()],
        [
          ["* alice in attic (join) with alice"],
          ["alice out of general (leave) without bob"],
          ["alice out of python (leave) without carol"]
        ]
      )
      assert.isUndefined(rooms.find("cellar"))
      assert.deepStrictEqual(Array.from(alice.session.rooms), [rooms.find("attic")!])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("JoinRoom of a room that one is in makes it current, and is no news for the others in it", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      yield* alice.run(join("python", true))
      for (const user of [alice, bob]) user.told()
      const reply = yield* alice.run(join("general", true))
      assert.strictEqual(reply._tag, "Joined")
      assert.strictEqual(alice.session.current.name as string, "general")
      assert.strictEqual(alice.session.rooms.size, 2)
      assert.deepStrictEqual(bob.told(), [])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("SetPrivate of a private room changes nothing, also for who was invited since", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      yield* alice.run(join("cellar"))
      yield* alice.run({ _tag: "SetPrivate", isPrivate: true })
      yield* alice.run({ _tag: "Invite", name: "bob" })
      alice.told()
      yield* alice.run({ _tag: "SetPrivate", isPrivate: true })
      assert.deepStrictEqual(alice.told(), [])
      yield* bob.run(join("cellar"))
    }).pipe(Effect.provide(layer()))
  )

  it.effect("a refused JoinRoom changes nothing and tells nobody", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* trio
      yield* carol.run(join("cellar"))
      yield* carol.run({ _tag: "SetPrivate", isPrivate: true })
      for (const user of [alice, bob, carol]) user.told()
      for (const room of ["cellar", "GENERAL", "", "attic"]) {
        assert.notInclude(yield* alice.refused(join(room)), "not refused", room)
      }
      assert.deepStrictEqual([...alice.told(), ...bob.told(), ...carol.told()], [])
      assert.deepStrictEqual(Array.from(alice.session.rooms), [alice.session.current])
      assert.strictEqual(alice.session.current.name as string, "general")
    }).pipe(Effect.provide(layer({ roomLimit: 3 })))
  )

  it.effect("LeaveRoom leaves the room that it names, and the current one stays", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      for (const room of ["python", "cellar"]) yield* alice.run(join(room, true))
      for (const user of [alice, bob]) user.told()
      yield* alice.run({ _tag: "LeaveRoom", room: "GENERAL" })
      assert.deepStrictEqual(alice.told(), ["left general for cellar: general,python,cellar"])
      assert.deepStrictEqual(bob.told(), ["alice out of general (leave) without bob,carol"])
      assert.strictEqual(yield* alice.refused({ _tag: "LeaveRoom", room: "general" }), "NotInRoom")
      assert.strictEqual(yield* alice.refused({ _tag: "LeaveRoom", room: "nowhere" }), "NotInRoom")
      yield* bob.run(say("unheard"))
      assert.deepStrictEqual(alice.told(), [])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("Rename tells whoever shares several rooms once, and nobody of a refusal", () =>
    Effect.gen(function* () {
      const { alice, bob } = yield* trio
      for (const user of [alice, bob]) yield* user.run(join("python", true))
      for (const user of [alice, bob]) user.told()
      assert.deepStrictEqual(yield* alice.run({ _tag: "Rename", name: " dora " }), {
        _tag: "Renamed",
        name: "dora"
      } as never)
      assert.deepStrictEqual([alice.told(), bob.told()], [["* alice is dora"], ["alice is dora"]])
      for (const name of ["Server", "ѕуѕтем", "bob", "ＢＯＢ", "", "a\u202eb"]) {
        assert.notInclude(yield* alice.refused({ _tag: "Rename", name }), "not refused", name)
      }
      assert.deepStrictEqual([...alice.told(), ...bob.told()], [])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("ListUsers names the members of a room, or everybody", () =>
    Effect.gen(function* () {
      const { alice, bob, carol } = yield* trio
      yield* carol.run(join("cellar"))
      yield* bob.run(join("cellar", true))
      yield* alice.run(join("python", true))
      const names = Effect.fnUntraced(function* (room?: string, everywhere = false) {
        const reply = yield* alice.run({ _tag: "ListUsers", everywhere, ...(room === undefined ? {} : { room }) })
        return reply._tag === "Users" ? [reply.room, ...reply.users.map(({ name }) => name)].join(" ") : ""
      })
      assert.strictEqual(yield* names(), "python alice")
      assert.strictEqual(yield* names("GENERAL"), "general alice bob")
      assert.strictEqual(yield* names("cellar"), "cellar bob carol")
      assert.strictEqual(yield* names(undefined, true), " alice bob carol")
      yield* carol.run({ _tag: "SetPrivate", isPrivate: true })
      assert.strictEqual(yield* alice.refused({ _tag: "ListUsers", room: "cellar" }), "NotInRoom")
      assert.strictEqual(yield* alice.refused({ _tag: "ListUsers", room: "nowhere" }), "NotInRoom")
    }).pipe(Effect.provide(layer()))
  )
})

describe("Chat.run() private rooms", () => {
  it.effect("what is said and done in one reaches its members alone", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { alice, bob, carol } = yield* trio
      for (const user of [alice, bob]) yield* user.run(join("cellar", true))
      yield* alice.run({ _tag: "SetPrivate", isPrivate: true })
      yield* bob.run({ _tag: "LeaveRoom", room: "general" })
      for (const user of [alice, bob, carol]) user.told()
      yield* bob.run(say("a secret"))
      yield* bob.run({ _tag: "Rename", name: "robert" })
      yield* bob.run(say("/history"))
      yield* chat.logout(bob.session)
      assert.deepStrictEqual(carol.told(), [])
      assert.deepStrictEqual(alice.told(), [
        "bob to cellar: a secret",
        "bob is robert",
        "robert out of cellar (logout) without alice"
      ])
    }).pipe(Effect.provide(layer()))
  )

  it.effect("SetPrivate false opens one to everybody again", () =>
    Effect.gen(function* () {
      const { alice, carol } = yield* trio
      yield* alice.run(join("cellar"))
      yield* alice.run({ _tag: "SetPrivate", isPrivate: true })
      assert.strictEqual(yield* carol.refused({ _tag: "SetPrivate", isPrivate: false, room: "cellar" }), "NotInRoom")
      alice.told()
      yield* alice.run({ _tag: "SetPrivate", isPrivate: false })
      assert.deepStrictEqual(alice.told(), ["* cellar is public"])
      yield* carol.run(join("cellar"))
    }).pipe(Effect.provide(layer()))
  )

  it.effect("made anew, one is open, without history, and its former guests are told nothing", () =>
    Effect.gen(function* () {
      const chat = yield* Chat
      const { alice, bob, carol } = yield* trio
      yield* alice.run(join("cellar"))
      yield* alice.run(say("a secret"))
      yield* alice.run({ _tag: "SetPrivate", isPrivate: true })
      yield* alice.run({ _tag: "Invite", name: "bob" })
      yield* chat.logout(alice.session)
      bob.told()
      yield* carol.run(join("cellar"))
      const history = yield* carol.run({ _tag: "ReadHistory" })
      assert.deepStrictEqual(history, { _tag: "Messages", room: "cellar", messages: [] } as never)
      assert.deepStrictEqual(bob.told(), ["carol out of general (leave) without bob"])
      yield* carol.run({ _tag: "SetPrivate", isPrivate: true })
      assert.strictEqual(yield* bob.refused(join("cellar")), "RoomPrivate")
    }).pipe(Effect.provide(layer()))
  )
})
