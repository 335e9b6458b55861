import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { PersonalEvent, SharedEvent } from "../../../src/domain/Event.ts"
import type { SocketIoPacket } from "../../../src/protocols/SocketIoPacket.ts"
import { answer } from "../../../src/protocols/sockets/SocketsRender.ts"
import { ServerEvent } from "../../../src/protocols/sockets/SocketsPacket.ts"
import { protocol, ada, bob, general, attic, user, message, attachment, event, server } from "./Given.ts"

describe("SocketsProtocol events", () => {
  const both = (shared: SharedEvent) => [protocol.render(shared, "actor", 0), protocol.render(shared, "witness", 0)]
  const joined = { _tag: "UserJoined", room: general, user, members: [ada] } as const
  const left = { _tag: "UserLeft", room: attic, user, members: [] } as const

  it("SocketsProtocol.render() tells of arrivals", () => {
    const hello = server("Ada has joined the chat")
    assert.deepStrictEqual(both({ ...joined, cause: "login" }), [hello, hello])
    const entry = server("Ada has joined attic")
    assert.deepStrictEqual(both({ ...joined, room: attic, cause: "join" }), [entry, entry])
    assert.deepStrictEqual(both({ ...joined, cause: "return" }), [[], server("Ada has joined general")])
  })

  it("SocketsProtocol.render() tells of departures", () => {
    assert.deepStrictEqual(both({ ...left, cause: "logout" }), [[], server("Ada left the chat")])
    assert.deepStrictEqual(both({ ...left, cause: "leave" }), [[], server("Ada left attic")])
  })

  it("SocketsProtocol.render() tells what the server says", () => {
    const twice = (text: string) => [server(text), server(text)]
    assert.deepStrictEqual(both({ _tag: "UserRenamed", oldName: bob, user }), twice("Bob is now Ada"))
    const changed = { _tag: "RoomChanged", room: attic } as const
    assert.deepStrictEqual(both({ ...changed, isPrivate: true }), twice("attic is private now."))
    assert.deepStrictEqual(both({ ...changed, isPrivate: false }), twice("attic is open to everybody now."))
    assert.deepStrictEqual(both({ _tag: "Announced", text: "Tea!\nNow." }), twice("Tea!\nNow."))
    assert.deepStrictEqual(both({ _tag: "ServerStopping" }), twice("The server is stopping."))
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
    assert.deepStrictEqual(protocol.render({ _tag: "Said", message: { ...message, attachment } }, "witness", 0), [
      event("message", [{ from: "Ada", message: `hi ${text}`, ...rest }]),
      event("file", [note])
    ])
    const [silent] = protocol.render({ _tag: "Said", message: { ...message, text: "", attachment } }, "witness", 0)
    assert.deepStrictEqual(silent, event("message", [{ from: "Ada", message: text, ...rest }]))
  })

  it("SocketsProtocol.present() speaks as the server", () => {
    const peer = protocol.converse()
    assert.deepStrictEqual(
      peer.present({ _tag: "RoomLeft", left: attic, current: general, rooms: [] }),
      server("You left attic and are in general now.")
    )
    assert.deepStrictEqual(peer.present({ _tag: "Noticed", text: "a\nb" }), server("a\nb"))
    assert.deepStrictEqual(
      peer.present({ _tag: "Invited", room: attic, by: bob }),
      server("Bob has invited you to attic.")
    )
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
      assert.isTrue(frame._tag === "Event" && Result.isSuccess(decode(frame)), JSON.stringify(frame))
      assert.strictEqual(protocol.sizeBytes(frame), Buffer.byteLength(JSON.stringify(frame)))
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

  it("answer() tells of files and their numbers", () => {
    const file = { number: 7, name: "a.txt", sizeBytes: 5 }
    assert.deepStrictEqual(answer({ _tag: "UploadBegun", file: 7 }), { ok: true, file: 7 })
    assert.deepStrictEqual(answer({ _tag: "DownloadBegun", file }), { ok: true, files: [file] })
    assert.deepStrictEqual(answer({ _tag: "Files", files: [file] }), { ok: true, files: [file] })
    assert.deepStrictEqual(answer({ _tag: "FileRead", bytes: new Uint8Array(5) }), { ok: true })
  })

  it("SocketsProtocol.make() says what it is", () => {
    const { isExempt, isPaced, variant } = protocol.converse()
    assert.deepStrictEqual({ isExempt, isPaced, variant }, { isExempt: false, isPaced: false, variant: 0 })
    const { name, variants } = protocol
    assert.deepStrictEqual({ name, variants }, { name: "sockets", variants: 1 })
    assert.isFalse(protocol.converse().isPaced)
  })
})
