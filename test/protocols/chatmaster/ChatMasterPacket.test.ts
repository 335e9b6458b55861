import { assert, describe, it } from "@effect/vitest"
import * as ChatMasterPacket from "../../../src/protocols/chatmaster/ChatMasterPacket.ts"

describe("ChatMasterPacket", () => {
  it("ChatMasterPacket.argument() is a string or nothing", () => {
    for (const value of [null, 5, true, [], {}, undefined]) {
      assert.isUndefined(ChatMasterPacket.argument({ channel: value }, "channel"))
    }
    assert.strictEqual(ChatMasterPacket.argument({ channel: "" }, "channel"), "")
    assert.strictEqual(ChatMasterPacket.argument("a", "username"), "a")
  })
})
