import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import {
  codeOf,
  CommandMisused,
  explain,
  Flooding,
  NameTaken,
  RefusedByPolicy,
  Rejection,
  TextTooLong
} from "../../src/domain/Rejection.ts"

it("each rejection has the words that explain() has as its message", () => {
  assert.strictEqual(new NameTaken().message, explain(new NameTaken()))
  assert.strictEqual(String(new TextTooLong({ limitBytes: 5 })), "TextTooLong: Message is longer than 5 bytes.")
})

describe("Rejection.explain()", () => {
  it.prop("has one sentence in one line for every refusal", [Rejection], ([rejection]) => {
    // A usage is a line of the program's own, whatever the schema would let it be.
    const known = rejection._tag === "CommandMisused" ? new CommandMisused({ usage: "/join room" }) : rejection
    // What a policy says is put in order where it is asked.
    if (known._tag !== "RefusedByPolicy") assert.match(explain(known), /^[A-Z][^\n]*$/, rejection._tag)
    assert.notMatch(explain(rejection), /undefined|NaN/)
  })

  it("has different sentences for different refusals", () => {
    const fields = {
      limit: 1,
      limitBytes: 2,
      retryAfterMillis: 3,
      usage: "/join room",
      code: "no-links",
      reason: "No links."
    }
    const sentences = Rejection.members.map((member) =>
      explain(Schema.decodeUnknownSync(Rejection)({ _tag: member.identifier, ...fields }))
    )
    assert.strictEqual(new Set(sentences).size, Rejection.members.length)
  })

  it("codeOf() is the policy's own code, or the tag", () => {
    assert.strictEqual(codeOf(new RefusedByPolicy({ code: "no-links", reason: "No links." })), "no-links")
    assert.strictEqual(codeOf(new Flooding({ retryAfterMillis: 1 })), "Flooding")
  })

  it("RefusedByPolicy has a short code in small letters, or throws", () => {
    for (const code of ["", "No-links", "no links", "-no", "no--links", "NameTaken", "x".repeat(65)]) {
      assert.throws(() => new RefusedByPolicy({ code, reason: "No." }), undefined, undefined, code)
    }
    assert.strictEqual(new RefusedByPolicy({ code: "x".repeat(64), reason: "No." }).code.length, 64)
  })

  it("names whole seconds, one at least", () => {
    const seconds = [0, 1, 1000, 1001, 60_000].map((retryAfterMillis) => explain(new Flooding({ retryAfterMillis })))
    assert.deepStrictEqual(
      seconds,
      [1, 1, 1, 2, 60].map((it) => `Too many messages, wait ${it} s.`)
    )
  })
})
