import { assert, describe, it } from "@effect/vitest"
import type { Command, Reply } from "../../../src/domain/Command.ts"
import {
  AlreadyLoggedIn,
  Flooding,
  NameReserved,
  NameTaken,
  NotLoggedIn,
  type Rejection
} from "../../../src/domain/Rejection.ts"
import {
  protocol,
  ada,
  general,
  attic,
  user,
  message,
  attachment,
  event,
  receive,
  sent,
  faulted,
  login,
  run,
  error,
  malformed,
  loggedIn,
  welcome
} from "./Given.ts"

describe("SocketsProtocol register", () => {
  it("SocketsProtocol.receive() answers a login by event when no acknowledgement was asked for", () => {
    const peer = protocol.converse()
    assert.deepStrictEqual(peer.open(), [])
    assert.strictEqual(login(peer, "Ada").name, "Ada")
    assert.deepStrictEqual(peer.present(loggedIn), [event("register", [true]), welcome])
  })

  it("SocketsProtocol.receive() answers a login by the acknowledgement", () => {
    const peer = protocol.converse()
    login(peer, "Ada", 5)
    assert.deepStrictEqual(peer.present(loggedIn), [{ _tag: "Ack", id: 5, args: [true] }, welcome])
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
    assert.deepStrictEqual(peer.present(loggedIn), [{ _tag: "Ack", id: 2, args: [true] }, welcome])
  })

  it("SocketsProtocol.receive() answers each of several logins", () => {
    const peer = protocol.converse()
    login(peer, "Ada", 1)
    const second = login(peer, "Ada", 2)
    assert.deepStrictEqual(peer.present(loggedIn), [{ _tag: "Ack", id: 1, args: [true] }, welcome])
    assert.deepStrictEqual(sent(second.refused(new AlreadyLoggedIn())), [
      { _tag: "Ack", id: 2, args: [false] },
      error("AlreadyLoggedIn", "You are already logged in.", "register")
    ])
  })

  it("SocketsProtocol.receive() refuses a name that is no string", () => {
    for (const args of [[], [null], [42], [{ name: "Ada" }], [["Ada"]], ["Ada", "Bob"], [Buffer.from("Ada")]]) {
      assert.deepStrictEqual(faulted(receive(event("register", args))), [
        event("register", [false]),
        malformed("register")
      ])
    }
    assert.deepStrictEqual(faulted(receive(event("register", [null], 4))), [
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
    ["message", [{ from: "", message: "", file: "f1" }], { _tag: "Say", text: "", file: "f1" }],
    ["message", [{ from: "", message: "hi", id: "x1" }], { _tag: "Say", text: "hi", id: "x1" }],
    ["direct", [{ to: "Bob", message: "", file: "f1" }], { _tag: "Tell", to: "Bob", text: "", file: "f1" }],
    ["direct", [{ to: "Bob", message: "hi", id: "x1" }], { _tag: "Tell", to: "Bob", text: "hi", id: "x1" }],
    ["history", [], { _tag: "ReadHistory" }],
    ["history", [{ room: "attic", limit: 5, before: 9 }], { _tag: "ReadHistory", room: "attic", limit: 5, before: 9 }],
    ["history", [{ after: 0 }], { _tag: "ReadHistory", after: 0 }],
    ["rename", [{ name: "Eve" }], { _tag: "Rename", name: "Eve" }],
    ["private", [{ private: true }], { _tag: "SetPrivate", isPrivate: true }],
    ["private", [{ private: false, room: "attic" }], { _tag: "SetPrivate", isPrivate: false, room: "attic" }],
    ["invite", [{ name: "Bob" }], { _tag: "Invite", name: "Bob" }],
    ["invite", [{ name: "Bob", room: "attic" }], { _tag: "Invite", name: "Bob", room: "attic" }],
    ["upload", [{ name: "a.txt", size: 3 }], { _tag: "OpenUpload", name: "a.txt", sizeBytes: 3 }]
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
      const ack = { _tag: "Ack", id: 1, args: [{ ok: true, number: 3, at: 1_700_000_000_000 }] } as const
      assert.deepStrictEqual(sent(run(name, [payload], 1).replied(accepted)), [ack])
      assert.deepStrictEqual(sent(run(name, [payload]).replied(accepted)), [])
    }
  })

  it("SocketsProtocol.receive() acknowledges the id that a client gave a message, and the file that went with it", () => {
    const accepted: Reply = { _tag: "Accepted", message: { ...message, attachment } }
    const file = { name: "cat.png", size: 2048, url: "http://h/files/9/cat.png" }
    const answer = { ok: true, number: 3, at: 1_700_000_000_000, file }
    for (const [name, payload] of [
      ["message", { from: "", message: "hi" }],
      ["direct", { to: "Bob", message: "hi" }]
    ] as const) {
      const one = run(name, [{ ...payload, id: "x1" }], 1)
      assert.deepStrictEqual(sent(one.replied(accepted)), [{ _tag: "Ack", id: 1, args: [{ ...answer, id: "x1" }] }])
      const other = run(name, [payload], 1)
      assert.deepStrictEqual(sent(other.replied(accepted)), [{ _tag: "Ack", id: 1, args: [answer] }])
      for (const id of ["", "x".repeat(65), 1, null]) {
        assert.deepStrictEqual(faulted(receive(event(name, [{ ...payload, id }]))), [malformed(name)])
      }
    }
  })

  it("SocketsProtocol.receive() finds no fault in what the chat refuses", () => {
    for (const [name, args] of commands) {
      for (const ack of [undefined, 1]) {
        // `sent` takes nothing but frames.
        const answer = sent(run(name, args, ack).refused(new NotLoggedIn()))
        assert.lengthOf(answer, ack === undefined ? 1 : 2)
      }
    }
    assert.lengthOf(sent(login(protocol.converse(), "Ada").refused(new NameTaken())), 2)
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
