import { assert, describe, it } from "@effect/vitest"
import type { SharedEvent } from "../../src/domain/Event.ts"
import { GroupFrames } from "../../src/protocols/GroupFrames.ts"

const events = (count: number): ReadonlyArray<SharedEvent> =>
  Array.from({ length: count }, (_, index) => ({ _tag: "Announced", text: String(index) }))

const textOf = (event: SharedEvent): string => (event._tag === "Announced" ? event.text : "")

describe("GroupFrames", () => {
  it("has the same array for all who have seen the same, and others for whoever did some of it", () => {
    const made: Array<string> = []
    const groups = new GroupFrames<string>((event, as, variant) => {
      const text = `${textOf(event)}${as[0]}${variant}`
      made.push(text)
      return textOf(event) === "1" ? [] : [text, "+"]
    })
    const three = events(3)
    const all = groups.of(three, 0, undefined)
    assert.deepStrictEqual(all, ["0w0", "+", "2w0", "+"])
    assert.strictEqual(groups.of(three, 0, undefined), all)
    assert.deepStrictEqual(
      groups.of(three, 0, (index) => index === 2),
      ["0w0", "+", "2a0", "+"]
    )
    assert.deepStrictEqual(groups.of(three, 1, undefined), ["0w1", "+", "2w1", "+"])
    assert.strictEqual(groups.of(three, 0, undefined), all)
    assert.deepStrictEqual(made, ["0w0", "1w0", "2w0", "2a0", "0w1", "1w1", "2w1"])
    assert.notStrictEqual(groups.of([...three], 0, undefined), all)
  })

  it("has the same frames event by event", () => {
    const groups = new GroupFrames<string>((event, as) =>
      textOf(event) === "1" ? [] : [`${textOf(event)}${as[0]}`, "+"]
    )
    const three = events(3)
    const each = groups.each(three, 0, undefined)!
    assert.deepStrictEqual(each, [["0w", "+"], [], ["2w", "+"]])
    assert.strictEqual(groups.each(three, 0, undefined), each)
    assert.deepStrictEqual(
      groups.each(three, 0, (index) => index === 2),
      [each[0]!, [], ["2a", "+"]]
    )
    const silent = new GroupFrames<string>((_, as) => (as === "actor" ? undefined : ["x"]))
    assert.isUndefined(silent.each(three, 0, () => true))
  })

  it("gives nothing where somebody has to be told one by one", () => {
    const groups = new GroupFrames<string>((event, as) => (as === "actor" || textOf(event) === "2" ? undefined : ["x"]))
    assert.deepStrictEqual(groups.of(events(2), 0, undefined), ["x", "x"])
    assert.isUndefined(groups.of(events(2), 0, (index) => index === 1))
    assert.isUndefined(groups.of(events(3), 0, undefined))
  })
})
