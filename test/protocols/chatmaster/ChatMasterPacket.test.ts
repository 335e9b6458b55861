import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as ChatMasterPacket from "../../../src/protocols/chatmaster/ChatMasterPacket.ts"

const read = (value: unknown): unknown => {
  const result = ChatMasterPacket.read(typeof value === "string" ? value : JSON.stringify(value))
  return Result.isSuccess(result) ? result.success : result.failure._tag
}

const Said = Schema.optionalKey(Schema.Union([Schema.String, Schema.Json]))

describe("ChatMasterPacket", () => {
  it("ChatMasterPacket.read() takes the type in any letter case", () => {
    for (const type of ["message", "MESSAGE", "Message"]) {
      assert.deepStrictEqual(read({ type, data: { message: "hi" } }), {
        _tag: "Message",
        text: "hi",
        hasUsername: false
      })
    }
  })

  it.prop(
    "ChatMasterPacket.read() takes the usual message as its Schema does",
    [Schema.Union([Schema.Json, Schema.Struct({ message: Said, username: Said, more: Said })])],
    ([data]) => {
      // Only the type as the original writes it is taken without the Schema.
      assert.deepStrictEqual(read({ type: "message", data }), read({ type: "Message", data }))
    }
  )

  it("ChatMasterPacket.read() takes parameters in every shape", () => {
    const command = (data: object) => read({ type: "command", data: { command: "join", ...data } })
    const join = (parameters: unknown, hasParameters: boolean) => ({
      _tag: "Command",
      command: "join",
      parameters,
      hasParameters
    })
    assert.deepStrictEqual(command({ parameters: { channel: "a" } }), join({ channel: "a" }, true))
    assert.deepStrictEqual(command({ parameter: { channel: "a" } }), join({ channel: "a" }, false))
    assert.deepStrictEqual(command({ parameter: "a" }), join("a", false))
    assert.deepStrictEqual(command({ parameters: null, parameter: { channel: "a" } }), join({ channel: "a" }, true))
    assert.deepStrictEqual(command({ parameters: null }), join({}, true))
    assert.deepStrictEqual(command({ parameters: 5 }), join({}, true))
    assert.deepStrictEqual(command({}), join({}, false))
  })

  it("ChatMasterPacket.read() tells what is not JSON from what has another shape", () => {
    for (const text of [`{foo}`, `{"a" 1}`, `{"a": NaN}`, `{"a": "\n"}`, `{,}`]) {
      assert.strictEqual(read(text), "Undecodable", text)
    }
    const misshapen = [
      {},
      { type: null },
      { type: 5, data: {} },
      { type: "message" },
      { type: "message", data: null },
      { type: "message", data: {} },
      { type: "message", data: { message: 5 } },
      { type: "message", data: ["hi"] },
      { type: "command", data: { command: null } },
      { type: "command", data: "leave" },
      { type: "session", data: { status: true } },
      { type: "", data: {} },
      { data: { message: "hi" } }
    ]
    for (const value of misshapen) assert.strictEqual(read(value), "Misshapen", JSON.stringify(value))
  })

  it("ChatMasterPacket.read() takes the last of equal keys and ignores others", () => {
    const text = `{"__proto__": {"type": "x"}, "type": "x", "type": "message", "z": 1, "data": {"message": "a", "q": []}}`
    assert.deepStrictEqual(read(text), { _tag: "Message", text: "a", hasUsername: false })
  })

  it("ChatMasterPacket.argument() is a string or nothing", () => {
    for (const value of [null, 5, true, [], {}, undefined]) {
      assert.isUndefined(ChatMasterPacket.argument({ channel: value }, "channel"))
    }
    assert.strictEqual(ChatMasterPacket.argument({ channel: "" }, "channel"), "")
    assert.strictEqual(ChatMasterPacket.argument("a", "username"), "a")
  })

  it.prop("ChatMasterPacket.read() never throws", [Schema.Json, Schema.String], ([json, text]) => {
    read(text)
    for (const value of [json, { type: "message", data: json }, { type: "command", data: json }, { type: json }]) {
      read(JSON.stringify(value))
    }
    read({ type: "command", data: { command: text, parameters: json } })
  })
})
