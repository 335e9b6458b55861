import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { isPersonal, PersonalEvent, SharedEvent } from "../../src/domain/Event.ts"
import { Samples } from "../../src/testing/mod.ts"

describe("isPersonal()", () => {
  it.prop(
    "holds for every personal event and for no shared one",
    [SharedEvent, PersonalEvent],
    ([shared, personal]) => {
      assert.isFalse(isPersonal(shared), shared._tag)
      assert.isTrue(isPersonal(personal), personal._tag)
    }
  )
})

describe("SharedEvent and PersonalEvent", () => {
  it("have a sample of each kind, and each is what its schema says", () => {
    for (const event of Samples.sharedEvents) assert.isTrue(Schema.is(SharedEvent)(event), event._tag)
    for (const event of Samples.personalEvents) assert.isTrue(Schema.is(PersonalEvent)(event), event._tag)
    const kinds = (events: ReadonlyArray<{ readonly _tag: string }>) => new Set(events.map(({ _tag }) => _tag))
    assert.hasAllKeys(SharedEvent.cases, [...kinds(Samples.sharedEvents)])
    assert.hasAllKeys(PersonalEvent.cases, [...kinds(Samples.personalEvents)])
  })

  it.prop("are carried by JSON unharmed", [SharedEvent], ([event]) => {
    const json = JSON.stringify(Schema.encodeSync(SharedEvent)(event))
    const decoded = Schema.decodeUnknownSync(SharedEvent)(JSON.parse(json))
    assert.strictEqual(JSON.stringify(Schema.encodeSync(SharedEvent)(decoded)), json)
  })
})
