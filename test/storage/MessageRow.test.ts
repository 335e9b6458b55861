import { assert, describe, it } from "@effect/vitest"
import { ProtocolName } from "../../src/domain/Message.ts"
import * as MessageRow from "../../src/storage/MessageRow.ts"
import { message } from "../services/HistorySuite.ts"

describe("MessageRow", () => {
  it("carries the name of a protocol that nobody here knows", () => {
    const said = message(1, { protocol: ProtocolName.make("telegraph") })
    const row = MessageRow.fromMessage("room", said)
    assert.strictEqual(row.protocol, "telegraph")
    assert.deepStrictEqual(MessageRow.toMessage(row), said)
  })

  it("toMessage() gives nothing for a row whose protocol has no name", () => {
    const row = MessageRow.fromMessage("room", message(1))
    for (const protocol of ["", "Telegraph", "a b"]) {
      assert.isUndefined(MessageRow.toMessage({ ...row, protocol }), protocol)
    }
  })
})
