import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { type Event, PersonalEvent, SharedEvent } from "../../../src/domain/Event.ts"
import { type Message, ProtocolName } from "../../../src/domain/Message.ts"
import type { RoomName, UserName } from "../../../src/domain/Names.ts"
import type { RoomSummary, UserSummary } from "../../../src/domain/Room.ts"
import * as ChatMasterProtocol from "../../../src/protocols/chatmaster/ChatMasterProtocol.ts"
import { unpack } from "./Wire.ts"

const protocol = ChatMasterProtocol.make()

const user = (name: string, number = 1): UserSummary => ({
  number,
  name: name as UserName,
  protocol: ProtocolName.make("toss")
})
const room = (name: string, isPrivate = false): RoomSummary => ({
  name: name as RoomName,
  isPrivate,
  isMember: false,
  memberCount: 1
})
const said: Message = {
  number: 1,
  from: "alice" as UserName,
  protocol: ProtocolName.make("toss"),
  text: "hi",
  atMillis: 0
}
const members = ["alice", "bob"] as ReadonlyArray<string> as ReadonlyArray<UserName>
const room1 = "room1" as RoomName

const render = (event: SharedEvent, as: "actor" | "witness" = "witness") =>
  protocol.render(event, as, 0).map((frame) => unpack(frame))
const present = (event: PersonalEvent) =>
  protocol
    .converse()
    .present(event)
    .map((frame) => unpack(frame))

const message = (username: string, text: string) => ({ type: "message", data: { message: text, username } })
const presence = (event_type: string, current_users: ReadonlyArray<string>) => {
  const parameters = { username: "bob", channel: "room1", current_users }
  return { type: "notification", data: { event_type, ...parameters, parameters } }
}

describe("ChatMasterProtocol", () => {
  it("ChatMasterProtocol.make() has three variants and a gap", () => {
    const frame = new Uint8Array(7)
    assert.deepStrictEqual([protocol.name, protocol.variants, protocol.gapMillis(frame)], ["chatmaster", 3, 50])
    assert.isFalse(ChatMasterProtocol.make({ gapMillis: 0 }).converse().isPaced)
    assert.strictEqual(protocol.sizeBytes(new Uint8Array(7)), 7)
  })

  it("render() tells who came in to whom it concerns", () => {
    const joined = (cause: "login" | "join" | "return"): SharedEvent => ({
      _tag: "UserJoined",
      room: room1,
      user: user("bob"),
      members,
      cause
    })
    const expected = [presence("user_joined", ["alice", "bob"])]
    for (const cause of ["login", "join", "return"] as const) assert.deepStrictEqual(render(joined(cause)), expected)
    assert.deepStrictEqual(render(joined("join"), "actor"), expected)
    assert.deepStrictEqual(render(joined("login"), "actor"), [])
    assert.deepStrictEqual(render(joined("return"), "actor"), [])
  })

  it("render() tells who left to those who remain", () => {
    for (const cause of ["leave", "logout"] as const) {
      const left: SharedEvent = {
        _tag: "UserLeft",
        room: room1,
        user: user("bob"),
        members: members.slice(0, 1),
        cause
      }
      assert.deepStrictEqual(render(left), [presence("user_left", ["alice"])])
      assert.deepStrictEqual(render(left, "actor"), [])
    }
  })

  it("render() tells who comes to a large channel and who leaves it without a list, but for the one who joins", () => {
    const names = (count: number) => Array.from({ length: count }, (_, index) => `user${index}` as UserName)
    const joined = (count: number): SharedEvent => ({
      _tag: "UserJoined",
      room: room1,
      user: user("bob"),
      members: names(count),
      cause: "join"
    })
    const left: SharedEvent = { _tag: "UserLeft", room: room1, user: user("bob"), members: names(201), cause: "leave" }
    assert.deepStrictEqual(render(joined(200)), [presence("user_joined", names(200))])
    assert.deepStrictEqual(render(joined(201)), [message("Server", "bob has joined room1.")])
    assert.deepStrictEqual(render(left), [message("Server", "bob has left room1.")])
    assert.deepStrictEqual(render(joined(201), "actor"), [presence("user_joined", names(201))])
  })

  it("render() tells a rename to everybody", () => {
    const renamed: SharedEvent = { _tag: "UserRenamed", oldName: "al" as UserName, user: user("ali") }
    const names = { old_username: "al", new_username: "ali" }
    for (const as of ["actor", "witness"] as const) {
      assert.deepStrictEqual(render(renamed, as), [
        { type: "notification", data: { event_type: "user_rename", ...names, parameters: names } }
      ])
    }
  })

  it("render() does not echo a message", () => {
    const event: SharedEvent = { _tag: "Said", message: { ...said, room: room1 } }
    assert.deepStrictEqual(render(event), [message("alice", "hi")])
    assert.deepStrictEqual(render(event, "actor"), [])
  })

  it("render() marks a direct message", () => {
    const event: SharedEvent = { _tag: "Said", message: { ...said, to: "bob" as UserName } }
    assert.deepStrictEqual(render(event), [
      { type: "message", data: { message: "(private) hi", username: "alice", private: true } }
    ])
    assert.deepStrictEqual(render(event, "actor"), [])
  })

  it("render() announces an attachment by name, size and link", () => {
    const attachment = { name: "a.png", sizeBytes: 12, url: "http://x/1" }
    const rendered = (text: string) => render({ _tag: "Said", message: { ...said, text, attachment } })
    assert.deepStrictEqual(rendered("look"), [message("alice", "look\na.png (12 bytes): http://x/1")])
    assert.deepStrictEqual(rendered(""), [message("alice", "a.png (12 bytes): http://x/1")])
  })

  it("render() lets the server speak for what has no package", () => {
    const changed = (isPrivate: boolean): SharedEvent => ({ _tag: "RoomChanged", room: room1, isPrivate })
    assert.deepStrictEqual(render(changed(true)), [message("Server", "room1 is private now.")])
    assert.deepStrictEqual(render(changed(false)), [message("Server", "room1 is public now.")])
    assert.deepStrictEqual(render(changed(true), "actor"), [])
    for (const as of ["actor", "witness"] as const) {
      assert.deepStrictEqual(render({ _tag: "Announced", text: "a\nb" }, as), [message("Server", "a\nb")])
      assert.deepStrictEqual(render({ _tag: "ServerStopping" }, as), [message("Server", "The server is stopping.")])
    }
  })

  it("render() delivers any text in exactly one message", () => {
    const texts = ["\r\n", "\0", "::", `"'\\`, `{"type":`, "🙂👩‍👩‍👧", "\u202eabc\u200f", "a\u2028b", "\ud800", " ", "</>"]
    for (const text of [...texts, texts.join("")]) {
      assert.deepStrictEqual(render({ _tag: "Said", message: { ...said, text } }), [message("alice", text)])
    }
  })

  it("render() divides a text that one read of the original could not take", () => {
    const text = "\u0001".repeat(16_384)
    for (const variant of [0, 1, 2]) {
      const frames = protocol.render({ _tag: "Said", message: { ...said, text } }, "witness", variant)
      assert.strictEqual(frames.length, 2)
      const pieces = frames.map((frame) => unpack(frame, variant) as ReturnType<typeof message>)
      assert.strictEqual(pieces.map(({ data }) => data.message).join(""), text)
      if (variant === 0) for (const frame of frames) assert.isBelow(frame.length, 60_000)
    }
  })

  it("render() cuts lists for peers that may be the original alone", () => {
    const many = Array.from({ length: 10_000 }, (_, index) => `user${index}` as UserName)
    const joined: SharedEvent = { _tag: "UserJoined", room: room1, user: user("bob"), members: many, cause: "join" }
    const [plain] = protocol.render(joined, "actor", 0)
    assert.isBelow(plain?.length ?? 0, 60_000)
    const [compressed] = protocol.render(joined, "actor", 1)
    assert.deepStrictEqual(unpack(compressed!, 1), presence("user_joined", many))
  })

  it("present() answers a login and a leave with the public channels", () => {
    const rooms = [room("general"), room("secret", true), room("python")]
    assert.deepStrictEqual(present({ _tag: "LoggedIn", user: user("bob"), rooms }), [
      { type: "session", data: { status: true, channels: ["general", "python"] } }
    ])
    const parameters = { channels: ["general", "python"] }
    const left: PersonalEvent = { _tag: "RoomLeft", left: room1, current: "general" as RoomName, rooms }
    assert.deepStrictEqual(present(left), [
      { type: "notification", data: { event_type: "channel_list", ...parameters, parameters } }
    ])
  })

  it("present() lets the server speak", () => {
    assert.deepStrictEqual(present({ _tag: "Noticed", text: "a\nb" }), [message("Server", "a\nb")])
    assert.deepStrictEqual(present({ _tag: "Invited", room: room1, by: "al" as UserName }), [
      message("Server", "al has invited you to room1.")
    ])
  })

  const isPackage = (value: unknown): boolean =>
    Schema.is(Schema.Struct({ type: Schema.String, data: Schema.Record(Schema.String, Schema.Unknown) }))(value)

  const rendersWell = (frames: ReadonlyArray<Uint8Array>, variant: number, event: Event) => {
    for (const frame of frames) assert.isTrue(isPackage(unpack(frame, variant)), event._tag)
  }

  it.prop(
    "render() makes packages of every event for every perspective and variant",
    [SharedEvent],
    ([event]) => {
      for (const as of ["actor", "witness"] as const) {
        const counts = [0, 1, 2].map((variant) => {
          const frames = protocol.render(event, as, variant)
          rendersWell(frames, variant, event)
          return frames.length
        })
        assert.strictEqual(new Set(counts).size, 1)
      }
    },
    { arbitrary: { runs: 500 } }
  )

  it.prop(
    "present() makes one package of every event",
    [PersonalEvent],
    ([event]) => {
      const frames = protocol.converse().present(event)
      assert.strictEqual(frames.length, 1)
      rendersWell(frames, 0, event)
    },
    { arbitrary: { runs: 300 } }
  )
})
