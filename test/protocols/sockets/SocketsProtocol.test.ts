import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import type { Command, Reply } from "../../../src/domain/Command.ts"
import { PersonalEvent, SharedEvent } from "../../../src/domain/Event.ts"
import type { Attachment, Message } from "../../../src/domain/Message.ts"
import type { RoomName, UserName } from "../../../src/domain/Names.ts"
import {
  AlreadyLoggedIn,
  Flooding,
  NameReserved,
  NameTaken,
  NotLoggedIn,
  type Rejection
} from "../../../src/domain/Rejection.ts"
import type { UserSummary } from "../../../src/domain/Room.ts"
import type { Conversation, Step } from "../../../src/protocols/Protocol.ts"
import type { SocketIoPacket } from "../../../src/protocols/SocketIoPacket.ts"
import { ClientEvent, ServerEvent } from "../../../src/protocols/sockets/SocketsPacket.ts"
import * as SocketsProtocol from "../../../src/protocols/sockets/SocketsProtocol.ts"

type Peer = Conversation<SocketIoPacket, SocketIoPacket>

const protocol = SocketsProtocol.make()
const ada = "Ada" as UserName
const bob = "Bob" as UserName
const general = "general" as RoomName
const attic = "attic" as RoomName
const user: UserSummary = { number: 7, name: ada, protocol: "toss" }
const message: Message = {
  number: 3,
  from: ada,
  protocol: "toss",
  text: "hi",
  atMillis: 1_700_000_000_000,
  room: general
}
const attachment: Attachment = { name: "cat.png", sizeBytes: 2048, url: "http://h/files/9/cat.png" }

const event = (name: string, args: ReadonlyArray<unknown>, ack?: number): SocketIoPacket => ({
  _tag: "Event",
  name,
  args,
  ...(ack === undefined ? {} : { ack })
})
const sent = (steps: ReadonlyArray<Step<SocketIoPacket>>) =>
  steps.map((step) => {
    if (step._tag !== "Send") throw new Error(`Expected a frame, got ${step._tag}`)
    return step.frame
  })
const only = (steps: ReadonlyArray<Step<SocketIoPacket>>): Step<SocketIoPacket> => {
  assert.strictEqual(steps.length, 1)
  return steps[0]!
}
const login = (peer: Peer, name: string, ack?: number) => {
  const step = only(peer.receive(event("register", [name], ack)))
  if (step._tag !== "Login") return assert.fail(`Expected a login, got ${step._tag}`)
  return step
}
const run = (name: string, args: ReadonlyArray<unknown>, ack?: number) => {
  const step = only(protocol.converse().receive(event(name, args, ack)))
  if (step._tag !== "Run") return assert.fail(`Expected a command, got ${step._tag}`)
  return step
}
const server = (text: string) => [event("message", [{ from: "Server", message: text }])]
const error = (code: string, text: string, about: string) => event("error", [{ code, message: text, event: about }])
const malformed = (about: string) => error("Malformed", "The event does not carry what it should.", about)
const loggedIn = { _tag: "LoggedIn", user, rooms: [] } as const

describe("SocketsProtocol register", () => {
  it("SocketsProtocol.receive() answers a login by event when no acknowledgement was asked for", () => {
    const peer = protocol.converse()
    assert.deepStrictEqual(peer.open(), [])
    assert.strictEqual(login(peer, "Ada").name, "Ada")
    assert.deepStrictEqual(peer.present(loggedIn), [event("register", [true])])
  })

  it("SocketsProtocol.receive() answers a login by the acknowledgement", () => {
    const peer = protocol.converse()
    login(peer, "Ada", 5)
    assert.deepStrictEqual(peer.present(loggedIn), [{ _tag: "Ack", id: 5, args: [true] }])
  })

  it("SocketsProtocol.receive() lets a refused user try again", () => {
    const peer = protocol.converse()
    assert.deepStrictEqual(sent(login(peer, "Ada").refused(new NameTaken())), [
      event("register", [false]),
      error("NameTaken", "Username is already taken.", "register")
    ])
    assert.deepStrictEqual(sent(login(peer, "Server", 1).refused(new NameReserved())), [
      { _tag: "Ack", id: 1, args: [false] },
      error("NameReserved", "Username is reserved.", "register")
    ])
    login(peer, "Ada", 2)
    assert.deepStrictEqual(peer.present(loggedIn), [{ _tag: "Ack", id: 2, args: [true] }])
  })

  it("SocketsProtocol.receive() answers each of several logins", () => {
    const peer = protocol.converse()
    login(peer, "Ada", 1)
    const second = login(peer, "Ada", 2)
    assert.deepStrictEqual(peer.present(loggedIn), [{ _tag: "Ack", id: 1, args: [true] }])
    assert.deepStrictEqual(sent(second.refused(new AlreadyLoggedIn())), [
      { _tag: "Ack", id: 2, args: [false] },
      error("AlreadyLoggedIn", "You are already logged in.", "register")
    ])
  })

  it("SocketsProtocol.receive() refuses a name that is no string", () => {
    for (const args of [[], [null], [42], [{ name: "Ada" }], [["Ada"]], ["Ada", "Bob"], [Buffer.from("Ada")]]) {
      assert.deepStrictEqual(sent(protocol.converse().receive(event("register", args))), [
        event("register", [false]),
        malformed("register")
      ])
    }
    assert.deepStrictEqual(sent(protocol.converse().receive(event("register", [null], 4))), [
      { _tag: "Ack", id: 4, args: [false] },
      malformed("register")
    ])
  })
})

describe("SocketsProtocol commands", () => {
  const commands: ReadonlyArray<readonly [string, ReadonlyArray<unknown>, Command]> = [
    ["message", [{ from: "Mallory", message: "hi" }], { _tag: "Say", text: "hi" }],
    ["message", [{ from: "", message: "", room: "attic", colour: 1 }], { _tag: "Say", text: "", room: "attic" }],
    ["join", ["attic"], { _tag: "JoinRoom", room: "attic", stay: true }],
    ["join", [{ room: "attic" }], { _tag: "JoinRoom", room: "attic", stay: true }],
    ["leave", [], { _tag: "LeaveRoom" }],
    ["leave", [{}], { _tag: "LeaveRoom" }],
    ["leave", ["attic"], { _tag: "LeaveRoom", room: "attic" }],
    ["leave", [{ room: "attic" }], { _tag: "LeaveRoom", room: "attic" }],
    ["rooms", [], { _tag: "ListRooms" }],
    ["users", [], { _tag: "ListUsers" }],
    ["users", [{ room: "attic" }], { _tag: "ListUsers", room: "attic" }],
    ["users", [{ everywhere: true }], { _tag: "ListUsers", everywhere: true }],
    ["direct", [{ to: "Bob", message: "psst" }], { _tag: "Tell", to: "Bob", text: "psst" }],
    ["history", [], { _tag: "ReadHistory" }],
    ["history", [{ room: "attic", limit: 5, before: 9 }], { _tag: "ReadHistory", room: "attic", limit: 5, before: 9 }],
    ["history", [{ after: 0 }], { _tag: "ReadHistory", after: 0 }],
    ["rename", [{ name: "Eve" }], { _tag: "Rename", name: "Eve" }],
    ["private", [{ private: true }], { _tag: "SetPrivate", isPrivate: true }],
    ["private", [{ private: false, room: "attic" }], { _tag: "SetPrivate", isPrivate: false, room: "attic" }],
    ["invite", [{ name: "Bob" }], { _tag: "Invite", name: "Bob" }],
    ["invite", [{ name: "Bob", room: "attic" }], { _tag: "Invite", name: "Bob", room: "attic" }]
  ]
  for (const [name, args, command] of commands) {
    it(`SocketsProtocol.receive() takes ${name} ${JSON.stringify(args)}`, () => {
      assert.deepStrictEqual(run(name, args).command, command)
    })
  }

  const replies: ReadonlyArray<readonly [string, ReadonlyArray<unknown>, Reply, unknown]> = [
    ["leave", [], { _tag: "Done" }, { ok: true }],
    ["rooms", [], { _tag: "Rooms", rooms: [] }, { ok: true, rooms: [] }],
    ["users", [], { _tag: "Users", room: general, users: [user] }, { ok: true, room: "general", users: [user] }],
    ["users", [], { _tag: "Users", room: undefined, users: [] }, { ok: true, users: [] }],
    ["rename", [{ name: "Ada" }], { _tag: "Renamed", name: ada }, { ok: true, name: "Ada" }],
    ["join", ["attic"], { _tag: "Joined", room: attic, members: [ada] }, { ok: true, room: "attic", members: ["Ada"] }],
    [
      "history",
      [],
      { _tag: "Messages", room: general, messages: [{ ...message, attachment }] },
      {
        ok: true,
        room: "general",
        messages: [
          {
            from: "Ada",
            message: "hi",
            number: 3,
            at: 1_700_000_000_000,
            protocol: "toss",
            room: "general",
            file: { name: "cat.png", size: 2048, url: "http://h/files/9/cat.png" }
          }
        ]
      }
    ]
  ]
  for (const [name, args, reply, payload] of replies) {
    it(`SocketsProtocol.receive() answers ${name} with ${JSON.stringify(payload)}`, () => {
      assert.deepStrictEqual(sent(run(name, args, 1).replied(reply)), [{ _tag: "Ack", id: 1, args: [payload] }])
      assert.deepStrictEqual(sent(run(name, args).replied(reply)), [event(name, [payload])])
    })
  }

  it("SocketsProtocol.receive() acknowledges messages, and says nothing when it was not asked to", () => {
    const accepted: Reply = { _tag: "Accepted", message }
    for (const [name, payload] of [
      ["message", { from: "", message: "hi" }],
      ["direct", { to: "Bob", message: "hi" }]
    ] as const) {
      const ack = { _tag: "Ack", id: 1, args: [{ ok: true, number: 3 }] } as const
      assert.deepStrictEqual(sent(run(name, [payload], 1).replied(accepted)), [ack])
      assert.deepStrictEqual(sent(run(name, [payload]).replied(accepted)), [])
    }
  })

  it("SocketsProtocol.receive() tells of a refusal", () => {
    const payload = { from: "Ada", message: "hi" }
    const flooding: Rejection = new Flooding({ retryAfterMillis: 900 })
    assert.deepStrictEqual(sent(run("message", [payload]).refused(new NotLoggedIn())), [
      error("NotLoggedIn", "You are not logged in.", "message")
    ])
    assert.deepStrictEqual(sent(run("message", [payload], 8).refused(flooding)), [
      {
        _tag: "Ack",
        id: 8,
        args: [{ ok: false, error: { code: "Flooding", message: "Too many messages, wait 1 s." } }]
      },
      error("Flooding", "Too many messages, wait 1 s.", "message")
    ])
  })
})

describe("SocketsProtocol junk", () => {
  const names = ClientEvent.members.map((member) => member.fields.name.literal)
  const fields: unknown = JSON.parse(
    '{"from":"a","message":"b","to":"c","name":"d","room":"e","private":true,"__proto__":{}}'
  )
  const heirs = Object.create({ from: "a", message: "b", to: "c", name: "d", room: "e", private: true }) as unknown
  const junk: ReadonlyArray<ReadonlyArray<unknown>> = [
    [null],
    [42],
    [true],
    [[]],
    [[[{ from: "a", message: "b" }]]],
    [fields],
    [heirs],
    [Buffer.from("ab")],
    [{ from: { from: "a" }, message: { message: "b" }, to: {}, name: {}, room: {}, limit: {}, private: {} }],
    [{ from: 1, message: "b", to: 2, name: 3, room: 4, private: 5 }],
    [{ from: null, message: null, to: null, name: null, room: null, private: null }],
    [{}, {}],
    ["a", "b"]
  ]
  for (const name of names) {
    if (name === "register") continue
    it(`SocketsProtocol.receive() keeps junk in ${name} from the chat`, () => {
      for (const args of junk) {
        assert.deepStrictEqual(sent(protocol.converse().receive(event(name, args))), [malformed(name)], String(args))
      }
    })
  }

  it("SocketsProtocol.receive() wants the fields of a message", () => {
    for (const args of [
      [],
      ["hi"],
      [{ message: "hi" }],
      [{ from: "Ada" }],
      [{ from: "Ada", message: "hi", room: 1 }]
    ]) {
      assert.deepStrictEqual(sent(protocol.converse().receive(event("message", args))), [malformed("message")])
    }
    for (const limit of [-1, 1.5, Infinity, "5", null]) {
      assert.deepStrictEqual(sent(protocol.converse().receive(event("history", [{ limit }]))), [malformed("history")])
    }
  })

  it("SocketsProtocol.receive() acknowledges junk that wants to be", () => {
    const refusal = { code: "Malformed", message: "The event does not carry what it should." }
    assert.deepStrictEqual(sent(protocol.converse().receive(event("join", [null], 3))), [
      { _tag: "Ack", id: 3, args: [{ ok: false, error: refusal }] },
      malformed("join")
    ])
  })

  it("SocketsProtocol.receive() knows no other events", () => {
    for (const name of ["", "__proto__", "constructor", "toString", "error", "file", "Message", "42", "chat message"]) {
      assert.deepStrictEqual(sent(protocol.converse().receive(event(name, [{ from: "a", message: "b" }]))), [
        error("UnknownEvent", "There is no such event.", name)
      ])
    }
    const long = sent(protocol.converse().receive(event("x".repeat(10_000), [])))
    assert.deepStrictEqual(long, [error("UnknownEvent", "There is no such event.", "x".repeat(64))])
    assert.deepStrictEqual(protocol.converse().receive({ _tag: "Ack", id: 1, args: [] }), [])
  })

  const isClientEvent = Schema.is(ClientEvent)
  const Junk = Schema.Struct({
    name: Schema.Union([Schema.Literals(names), Schema.String]),
    args: Schema.Array(
      Schema.Union([Schema.Json, Schema.String, Schema.Struct({ from: Schema.Json, room: Schema.Json })])
    ),
    ack: Schema.Union([Schema.Int, Schema.Undefined])
  })
  it.effect.prop("SocketsProtocol.receive() takes anything and lets only what is valid through", [Junk], ([packet]) =>
    Effect.sync(() => {
      const steps = protocol.converse().receive(event(packet.name, packet.args, packet.ack))
      assert.isAbove(steps.length, 0)
      const isStep = steps.some((step) => step._tag !== "Send")
      assert.isFalse(isStep && !isClientEvent({ name: packet.name, args: packet.args }))
      assert.isFalse(steps.some((step) => step._tag === "Hangup"))
      for (const step of steps) if (step._tag === "Send") assert.isAbove(protocol.sizeBytes(step.frame), 0)
    })
  )

  it.effect.prop("SocketsProtocol.receive() takes every valid event", [ClientEvent], ([valid]) =>
    Effect.sync(() => {
      const step = only(protocol.converse().receive(event(valid.name, valid.args)))
      assert.strictEqual(step._tag, valid.name === "register" ? "Login" : "Run")
    })
  )
})

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

  it("SocketsProtocol.make() says what it is", () => {
    const { isExempt, isPaced, variant } = protocol.converse()
    assert.deepStrictEqual({ isExempt, isPaced, variant }, { isExempt: false, isPaced: false, variant: 0 })
    const { gapMillis, name, variants } = protocol
    assert.deepStrictEqual({ gapMillis, name, variants }, { gapMillis: 0, name: "sockets", variants: 1 })
  })
})
