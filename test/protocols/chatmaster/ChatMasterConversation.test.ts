import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { deflateSync, gzipSync } from "node:zlib"
import { done } from "../../../src/domain/Command.ts"
import type { HangupReason } from "../../../src/domain/Hangup.ts"
import * as Rejection from "../../../src/domain/Rejection.ts"
import * as ChatMasterProtocol from "../../../src/protocols/chatmaster/ChatMasterProtocol.ts"
import {
  begin,
  channelList,
  command,
  error,
  fault,
  loggedIn,
  message,
  only,
  plain,
  protocol,
  receive,
  refuse,
  reply,
  rooms,
  spaced,
  take
} from "./Peer.ts"
import { cut } from "../Cut.ts"
import { bytes, glue, originals, unpack, plainly } from "./Wire.ts"

describe("ChatMasterConversation", () => {
  it("open() asks for a login", () => {
    assert.deepStrictEqual(plain(protocol.converse().open()), [
      { send: { type: "request", data: { request: "login" } } }
    ])
  })

  it("receive() understands the original, however its bytes are cut", () => {
    for (const { sent, steps } of originals) {
      for (const size of [1, 2, 3, 10_000]) {
        const talk = begin()
        assert.deepStrictEqual(
          cut(bytes(sent), size).flatMap((read) => receive(talk, read)),
          steps
        )
        assert.isTrue(talk.conversation.isPaced, sent)
      }
      for (let at = 0; at < sent.length; at++) {
        const talk = begin()
        assert.deepStrictEqual([...receive(talk, sent.slice(0, at)), ...receive(talk, sent.slice(at))], steps)
      }
    }
    const whole = originals.map(({ sent }) => sent).join("")
    const steps = originals.flatMap(({ steps }) => steps)
    assert.deepStrictEqual(receive(begin(), whole), steps)
    assert.deepStrictEqual(receive(begin(), deflateSync(whole), 1), steps)
  })

  it("receive() understands a client of the proposal", () => {
    const sent = (data: object, type = "command") => JSON.stringify({ type, data }, undefined, 2)
    assert.deepStrictEqual(
      receive(
        begin(),
        [
          sent({ command: "login", parameter: { username: "SomeUser" } }),
          sent({ message: "Hello World!", username: "Another" }, "message"),
          sent({ command: "channels" }),
          sent({ command: "leave", parameters: {} }),
          sent({ command: "invite", parameters: { username: "al" } }),
          sent({ command: "join", parameter: "x" })
        ].join("\r\n")
      ),
      [
        { login: "SomeUser" },
        { run: { _tag: "Say", text: "Hello World!" } },
        { run: { _tag: "ListRooms" } },
        { run: { _tag: "LeaveRoom" } },
        { run: { _tag: "Invite", name: "al" } },
        { run: { _tag: "JoinRoom", room: "x" } }
      ]
    )
  })

  it("receive() hands on any text as exactly one message", () => {
    const texts = ["\r\n", "\0", "::", `"'\\`, `{"type":`, "}{", "🙂👩‍👩‍👧", "\u202eabc\u200f", "\u2028", "/join x", ""]
    for (const text of [...texts, texts.join("")]) {
      assert.deepStrictEqual(receive(begin(), message(text)), [{ run: { _tag: "Say", text } }])
    }
  })

  it("receive() answers a refused login with a session package and goes on", () => {
    const talk = begin()
    assert.isFalse(talk.conversation.isExempt)
    const step = only(talk, command("login", `{"username": "alice"}`))
    assert.deepStrictEqual(plain(refuse(step, new Rejection.NameTaken())), [
      { send: { type: "session", data: { status: false, reason: "Username is already taken." } } }
    ])
    assert.isTrue(talk.conversation.isExempt)
    assert.deepStrictEqual(receive(talk, command("login", `{"username": "carol"}`)), [{ login: "carol" }])
  })

  it("receive() answers a login without a name with a session package", () => {
    const missing = ["null", "{}", "5", "[]", `{"username": null}`, `{"username": 5}`, `{"username": ["a"]}`]
    for (const parameters of missing) {
      const step = only(begin(), command("login", parameters))
      assert.deepStrictEqual(plainly(step), { login: "" })
      assert.deepStrictEqual(plain(refuse(step, new Rejection.NameInvalid())), [
        { send: { type: "session", data: { status: false, reason: "Username must be a string." } } }
      ])
    }
  })

  it("receive() answers a second login with an error", () => {
    const talk = loggedIn()
    const step = only(talk, command("login", `{"username": "x"}`))
    assert.deepStrictEqual(plain(refuse(step, new Rejection.AlreadyLoggedIn())), [
      error("login", "You are already logged in.")
    ])
    assert.isFalse(talk.conversation.isExempt)
  })

  it("receive() names the error of a refusal after the command", () => {
    const asked = [
      ["join", `{"channel": "x"}`],
      ["leave", "null"],
      ["rename", `{"username": "x"}`],
      ["invite", `{"username": "x"}`],
      ["private", "null"],
      ["public", "null"],
      ["channels", "null"],
      ["channel_list", "null"]
    ] as const
    for (const [name, parameters] of asked) {
      const step = only(begin(), command(name, parameters))
      assert.deepStrictEqual(plain(refuse(step, new Rejection.NotLoggedIn())), [error(name, "You are not logged in.")])
      assert.deepStrictEqual(plain(reply(step, done)), [])
    }
    const step = only(begin(), message("hi"))
    assert.deepStrictEqual(plain(refuse(step, new Rejection.TextTooLong({ limitBytes: 9 }))), [
      error("message", "Message is longer than 9 bytes.")
    ])
  })

  it("receive() refuses what a command lacks", () => {
    for (const parameters of ["null", "{}", `{"channel": 5, "username": null}`, `[1]`]) {
      const talk = loggedIn()
      const missing = [fault, error("join", "Channel must be a string.")]
      assert.deepStrictEqual(receive(talk, command("join", parameters)), missing)
      for (const name of ["rename", "invite"]) {
        const missing = [fault, error(name, "Username must be a string.")]
        assert.deepStrictEqual(receive(talk, command(name, parameters)), missing)
      }
    }
  })

  it("receive() answers an unknown command with an error of its name", () => {
    const talk = loggedIn()
    const text = "There is no such command."
    assert.deepStrictEqual(receive(talk, command("dance")), [fault, error("dance", text)])
    assert.deepStrictEqual(receive(talk, command("")), [fault, error("command", text)])
    assert.deepStrictEqual(receive(talk, command("toString")), [fault, error("toString", text)])
    assert.deepStrictEqual(receive(talk, command("x".repeat(1000))), [fault, error("x".repeat(64), text)])
  })

  it("receive() answers JSON of another shape with an error and goes on", () => {
    const talk = loggedIn()
    for (const text of [`{}`, `{"type": "dance", "data": {}}`, `{"type": "message"}`, `{"type": null}`]) {
      const [first, step, ...others] = receive(talk, text)
      assert.deepStrictEqual([first, others], [fault, []])
      assert.match(JSON.stringify(step), /"error_type":"package"/)
    }
    assert.deepStrictEqual(receive(talk, message("hi")), [{ run: { _tag: "Say", text: "hi" } }])
  })

  it("receive() finds no fault in what the chat refuses", () => {
    const sent = [
      message("hi"),
      command("login", `{"username": "x"}`),
      command("rename", `{"username": "x"}`),
      command("invite", `{"username": "x"}`),
      command("join", `{"channel": "general"}`),
      ...["leave", "private", "public", "channels", "channel_list"].map((name) => command(name))
    ]
    const rejections = [
      new Rejection.NotLoggedIn(),
      new Rejection.AlreadyLoggedIn(),
      new Rejection.Flooding({ retryAfterMillis: 900 }),
      new Rejection.NotInRoom(),
      new Rejection.StorageFailed()
    ]
    for (const text of sent) {
      for (const rejection of rejections) {
        const answer = plain(refuse(only(begin(), text), rejection))
        assert.lengthOf(answer, 1)
        assert.notDeepEqual(answer, [fault])
      }
    }
  })

  it("receive() hangs up on what cannot be read, after what came before it", () => {
    for (const text of [`{foo}`, `[]`, `\0`, `{"a": ${"[".repeat(40)}`, `{"a": NaN}`]) {
      const talk = loggedIn()
      assert.deepStrictEqual(receive(talk, message("hi") + text + message("lost")), [
        { run: { _tag: "Say", text: "hi" } },
        { hangup: "malformed" }
      ])
      assert.deepStrictEqual(receive(talk, message("late")), [])
      const [frame, ...others] = talk.conversation.farewell("malformed")
      assert.strictEqual(others.length, 0)
      assert.match(JSON.stringify(unpack(frame!)), /"error_type":"package".*Cannot read package/)
    }
    const small = begin(ChatMasterProtocol.make({ packageLimitBytes: 100 }))
    assert.deepStrictEqual(receive(small, message("x".repeat(100))), [{ hangup: "too-large" }])
  })

  it("farewell() says why, except where the event has said it", () => {
    const types: Record<HangupReason, string | undefined> = {
      malformed: "package",
      faulty: "package",
      "too-large": "package",
      "login-timeout": "login",
      "login-limit": "login",
      flooding: "connection",
      slow: "connection",
      killed: "connection",
      "too-many": "connection",
      banned: "connection",
      refused: "connection",
      stopping: undefined,
      done: undefined
    }
    for (const [reason, type] of Object.entries(types)) {
      const frames = protocol.converse().farewell(reason as HangupReason)
      assert.strictEqual(frames.length, type === undefined ? 0 : 1)
      if (type !== undefined) assert.include(JSON.stringify(unpack(frames[0]!)), `"error_type":"${type}"`)
    }
  })

  it("receive() answers channels with the public ones", () => {
    for (const name of ["channels", "channel_list"]) {
      const step = only(loggedIn(), command(name))
      assert.deepStrictEqual(plain(reply(step, { _tag: "Rooms", rooms })), [channelList])
    }
  })

  it("variant follows the last package", () => {
    const talk = loggedIn()
    const unknown = command("dance")
    const expected = [fault, error("dance", "There is no such command.")]
    assert.strictEqual(talk.conversation.variant, 0)
    for (const [sent, container] of [
      [deflateSync(unknown), 1],
      [bytes(unknown), 0],
      [gzipSync(unknown), 2],
      [deflateSync(unknown), 1]
    ] as const) {
      assert.deepStrictEqual(receive(talk, sent, container), expected)
      assert.strictEqual(talk.conversation.variant, container)
      const [frame] = talk.conversation.present({ _tag: "Noticed", text: "hi" })
      assert.deepStrictEqual(unpack(frame!, container), {
        type: "message",
        data: { message: "hi", username: "Server" }
      })
    }
    assert.deepStrictEqual(
      receive(talk, glue(bytes(unknown), gzipSync(message("hi"))).slice(0, unknown.length + 9)),
      expected
    )
    assert.strictEqual(talk.conversation.variant, 0)
  })

  it("isPaced is false for whoever is not the original", () => {
    const isPaced = (...sent: ReadonlyArray<string | Uint8Array>) => {
      const talk = begin()
      for (const each of sent) receive(talk, each)
      return talk.conversation.isPaced
    }
    assert.isTrue(isPaced())
    assert.isTrue(isPaced(message("a:b,c"), message("x") + message("y"), command("dance"), command("invite", "{}")))
    assert.isTrue(isPaced(command("login", `{"username": "a", "stream": false}`)))
    const proofs = [
      deflateSync(message("hi")),
      gzipSync(message("hi")),
      `{"type":"message","data":{"message":"hi"}}`,
      spaced("command", `{"command": "leave"}`),
      spaced("command", `{"command": "join", "parameter": {"channel": "x"}}`),
      spaced("message", `{"message": "hi", "username": "x"}`),
      command("channels"),
      command("login", `{"username": "a", "stream": true}`)
    ]
    for (const proof of proofs) {
      assert.isFalse(isPaced(proof), String(proof))
      assert.isFalse(isPaced(proof, message("hi")))
    }
    assert.isFalse(ChatMasterProtocol.make({ gapMillis: 0 }).converse().isPaced)
  })

  it.prop("receive() never throws, and says nothing after it hung up", [Schema.Array(Schema.Int)], ([numbers]) => {
    const whole = bytes(originals.map(({ sent }) => sent).join("\n"))
    const mutated = new Uint8Array(whole)
    for (const number of numbers) mutated[Math.abs(number * 7919) % mutated.length] = Math.abs(number) % 256
    for (const read of [mutated, Uint8Array.from(numbers), new Uint8Array(deflateSync(mutated))]) {
      const talk = begin()
      const steps = cut(read, 1 + (numbers.length % 50)).flatMap((each) => take(talk, each))
      const end = steps.findIndex(({ _tag }) => _tag === "Hangup")
      assert.isTrue(end === -1 || end === steps.length - 1)
    }
  })
})
