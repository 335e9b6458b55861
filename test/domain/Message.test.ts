import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { embedded, Message, ProtocolName } from "../../src/domain/Message.ts"

describe("ProtocolName", () => {
  it("is any short word of lower-case letters, digits and hyphens", () => {
    const isName = Schema.is(ProtocolName)
    for (const name of ["toss", "packet", embedded, "telegraph", "x", "irc-3", "constructor", "a".repeat(32)]) {
      assert.isTrue(isName(name), name)
    }
    for (const name of ["", "Toss", "3irc", "-irc", "i rc", "irc_3", "irc\n", "ïrc", "__proto__", "a".repeat(33), 7]) {
      assert.isFalse(isName(name), String(name))
    }
    assert.throws(() => ProtocolName.make("A protocol"))
  })

  it.prop("every one can be generated, for tests of protocols", [ProtocolName], ([name]) => {
    assert.match(name, /^[a-z][a-z0-9-]{0,31}$/)
  })

  it("of a sixth protocol goes through the schema of a message", () => {
    const written = { number: 1, from: "samuel", protocol: "telegraph", text: "hi", atMillis: 0, room: "general" }
    const message = Schema.decodeSync(Message)(written)
    assert.strictEqual(message.protocol, ProtocolName.make("telegraph"))
    assert.deepStrictEqual<unknown>(Schema.encodeSync(Message)(message), written)
    assert.throws(() => Schema.decodeSync(Message)({ ...written, protocol: "Tele graph" }))
  })
})
