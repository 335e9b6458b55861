import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { PersonalEvent, SharedEvent } from "../../../src/domain/Event.ts"
import type { SocketIoPacket } from "../../../src/protocols/SocketIoPacket.ts"
import { ServerEvent } from "../../../src/protocols/sockets/SocketsPacket.ts"
import { protocol, ada, bob, general, attic, user, message, attachment, event, server } from "./Given.ts"

describe("SocketsProtocol events", () => {
  const both = (shared: SharedEvent) => [protocol.render(shared, "actor", 0), protocol.render(shared, "witness", 0)]
  const joined = { _tag: "UserJoined", room: general, user, members: [ada] } as const
  const left = { _tag: "UserLeft", room: attic, user, members: [] } as const

  /** What happened, and behind it the same in words. */
  const told = (note: object, words: string) => [event("presence", [note]), ...server(words)]

  it("SocketsProtocol.render() tells of arrivals", () => {
    const note = (room: string, cause: string) => ({ event: "joined", user, room, cause })
    const hello = told(note("general", "login"), "Ada has joined the chat")
    assert.deepStrictEqual(both({ ...joined, cause: "login" }), [hello, hello])
    const entry = told(note("attic", "join"), "Ada has joined attic")
    assert.deepStrictEqual(both({ ...joined, room: attic, cause: "join" }), [entry, entry])
    const back = told(note("general", "return"), "Ada has joined general")
    assert.deepStrictEqual(both({ ...joined, cause: "return" }), [[], back])
  })

  it("SocketsProtocol.render() tells of departures", () => {
    const note = (cause: string) => ({ event: "left", user, room: "attic", cause })
    assert.deepStrictEqual(both({ ...left, cause: "logout" }), [[], told(note("logout"), "Ada left the chat")])
    assert.deepStrictEqual(both({ ...left, cause: "leave" }), [[], told(note("leave"), "Ada left attic")])
  })

  it("SocketsProtocol.render() tells what the server says", () => {
    const twice = <A>(frames: A) => [frames, frames]
    const renamed = told({ event: "renamed", user, oldName: "Bob" }, "Bob is now Ada")
    assert.deepStrictEqual(both({ _tag: "UserRenamed", oldName: bob, user }), twice(renamed))
    const changed = { _tag: "RoomChanged", room: attic } as const
    const room = (isPrivate: boolean, words: string) => [
      event("room", [{ room: "attic", isPrivate }]),
      ...server(words)
    ]
    assert.deepStrictEqual(both({ ...changed, isPrivate: true }), twice(room(true, "attic is private now.")))
    const opened = room(false, "attic is open to everybody now.")
    assert.deepStrictEqual(both({ ...changed, isPrivate: false }), twice(opened))
    assert.deepStrictEqual(both({ _tag: "Announced", text: "Tea!\nNow." }), twice(server("Tea!\nNow.")))
    assert.deepStrictEqual(both({ _tag: "ServerStopping" }), twice(server("The server is stopping.")))
  })

  const at = 1_700_000_000_000
  it("SocketsProtocol.render() tells everybody but the author of a message", () => {
    assert.deepStrictEqual(both({ _tag: "Said", message }), [
      [],
      [event("message", [{ from: "Ada", message: "hi", room: "general", number: 3, at, protocol: "toss" }])]
    ])
  })

  it("SocketsProtocol.render() marks a direct message", () => {
    const { room: _, ...rest } = message
    assert.deepStrictEqual(both({ _tag: "Said", message: { ...rest, to: bob } }), [
      [],
      [
        event("direct", [{ from: "Ada", to: "Bob", message: "hi", number: 3, at, protocol: "toss" }]),
        event("message", [{ from: "Ada", message: "(private) hi", number: 3, at, protocol: "toss", private: true }])
      ]
    ])
  })

  it("SocketsProtocol.render() shows a file as text and as an event", () => {
    const text = "[cat.png, 2.0 KiB, http://h/files/9/cat.png]"
    const note = { from: "Ada", name: "cat.png", size: 2048, url: "http://h/files/9/cat.png", room: "general" }
    const rest = { room: "general", number: 3, at, protocol: "toss" }
    const file = { name: "cat.png", size: 2048, url: "http://h/files/9/cat.png" }
    assert.deepStrictEqual(protocol.render({ _tag: "Said", message: { ...message, attachment } }, "witness", 0), [
      event("message", [{ from: "Ada", message: `hi ${text}`, ...rest, text: "hi", file }]),
      event("file", [note])
    ])
    const [silent] = protocol.render({ _tag: "Said", message: { ...message, text: "", attachment } }, "witness", 0)
    assert.deepStrictEqual(silent, event("message", [{ from: "Ada", message: text, ...rest, text: "", file }]))
    const { room: _, ...unplaced } = message
    const [direct] = protocol.render({ _tag: "Said", message: { ...unplaced, to: bob, attachment } }, "witness", 0)
    const plain = { from: "Ada", to: "Bob", message: "hi", number: 3, at, protocol: "toss", file }
    assert.deepStrictEqual(direct, event("direct", [plain]))
  })

  it("SocketsProtocol.present() speaks as the server", () => {
    const peer = protocol.converse()
    assert.deepStrictEqual(
      peer.present({ _tag: "RoomLeft", left: attic, current: general, rooms: [] }),
      server("You left attic and are in general now.")
    )
    assert.deepStrictEqual(peer.present({ _tag: "Noticed", text: "a\nb" }), server("a\nb"))
    assert.deepStrictEqual(peer.present({ _tag: "Invited", room: attic, by: bob }), [
      event("invited", [{ room: "attic", by: "Bob" }]),
      ...server("Bob has invited you to attic.")
    ])
  })

  it("SocketsProtocol.farewell() keeps a client away only if coming back is no use", () => {
    const peer = protocol.converse()
    assert.deepStrictEqual(peer.farewell("stopping"), [])
    assert.deepStrictEqual(peer.farewell("login-timeout"), [
      event("error", [{ code: "login-timeout", message: "The connection is closed: no login in time." }])
    ])
    assert.deepStrictEqual(peer.farewell("killed"), [
      event("error", [{ code: "killed", message: "The connection is closed by an operator." }]),
      { _tag: "Disconnect" }
    ])
  })

  const decode = Schema.decodeUnknownResult(ServerEvent)
  const isDeclared = (frames: ReadonlyArray<SocketIoPacket>) => {
    for (const frame of frames) {
      if (frame._tag !== "Event") return assert.fail(`Expected an event, got ${frame._tag}`)
      assert.isTrue(Result.isSuccess(decode({ ...frame })), JSON.stringify(frame))
      const json = JSON.stringify([frame.name, ...frame.args])
      assert.strictEqual(protocol.sizeBytes(frame), 8 + Buffer.byteLength(json))
    }
    const texts = frames.filter((frame) => frame._tag === "Event" && frame.name === "message")
    assert.isAtMost(texts.length, 1)
  }
  it.effect.prop("SocketsProtocol.render() renders every shared event", [SharedEvent], ([shared]) =>
    Effect.sync(() => {
      for (const frames of both(shared)) isDeclared(frames)
    })
  )
  it.effect.prop("SocketsProtocol.present() renders every personal event", [PersonalEvent], ([personal]) =>
    Effect.sync(() => isDeclared(protocol.converse().present(personal)))
  )

  it("SocketsProtocol.make() says what it is", () => {
    const { isExempt, isPaced, variant } = protocol.converse()
    assert.deepStrictEqual({ isExempt, isPaced, variant }, { isExempt: false, isPaced: false, variant: 0 })
    const { name, variants } = protocol
    assert.deepStrictEqual({ name, variants }, { name: "sockets", variants: 1 })
    assert.isFalse(protocol.converse().isPaced)
  })
})
