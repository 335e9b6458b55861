import { assert, describe, it } from "@effect/vitest"
import * as Timeline from "../../src/web/state/Timeline.ts"
import { moved, noon, pending, said } from "./Said.ts"

const keys = (timeline: Timeline.Timeline) =>
  timeline.map((it) => (it.kind === "said" && it.number !== undefined ? it.number : it.key))
const page = (...numbers: ReadonlyArray<number>) => numbers.map((number) => said(number))
const of = (...numbers: ReadonlyArray<number>) => Timeline.merge([], page(...numbers))

describe("Timeline", () => {
  it("Timeline.add() keeps the order of the server, and has each message once", () => {
    let timeline: Timeline.Timeline = []
    for (const number of [1, 4, 2, 3, 4, 2]) timeline = Timeline.add(timeline, said(number))
    assert.deepStrictEqual(keys(timeline), [1, 2, 3, 4])
    assert.strictEqual(Timeline.add(timeline, said(3)), timeline)
  })

  it("Timeline.add() puts what has the same time in the order of the numbers", () => {
    const atMillis = noon()
    let timeline: Timeline.Timeline = []
    for (const number of [2, 1, 3]) timeline = Timeline.add(timeline, { ...said(number), atMillis })
    assert.deepStrictEqual(keys(timeline), [1, 2, 3])
  })

  it("Timeline.add() keeps what is not sent at the end, in the order in which it was written", () => {
    let timeline: Timeline.Timeline = of(1)
    timeline = Timeline.add(timeline, pending("a", noon() + 9_000))
    timeline = Timeline.add(timeline, pending("b", noon()))
    timeline = Timeline.add(timeline, said(2))
    timeline = Timeline.add(timeline, moved("joined", "bob", 3))
    assert.deepStrictEqual(keys(timeline), [1, 2, "joined bob 3", "a", "b"])
  })

  it("Timeline.add() goes on behind the old messages when a server begins its numbers anew", () => {
    const later = { ...said(1), key: "1 later", atMillis: noon() + 60_000 }
    assert.deepStrictEqual(keys(Timeline.add(of(7, 8), later)), [7, 8, 1])
  })

  it("Timeline.merge() puts a page where it belongs, whatever of it is there already", () => {
    const timeline = Timeline.add(Timeline.add(of(4, 5), moved("joined", "bob", 6)), pending("a"))
    assert.deepStrictEqual(keys(Timeline.merge(timeline, page(2, 3, 4))), [2, 3, 4, 5, "joined bob 6", "a"])
    assert.deepStrictEqual(keys(Timeline.merge(timeline, page(5, 7))), [4, 5, "joined bob 6", 7, "a"])
    assert.strictEqual(Timeline.merge(timeline, page(4, 5)), timeline)
    assert.strictEqual(Timeline.merge(timeline, []), timeline)
  })

  it("Timeline.catchUp() joins a page that overlaps, or that holds all there is", () => {
    assert.deepStrictEqual(keys(Timeline.catchUp(of(1, 2, 3), page(3, 4, 5), 3)), [1, 2, 3, 4, 5])
    assert.deepStrictEqual(keys(Timeline.catchUp(of(1, 2, 3), page(8, 9), 3)), [1, 2, 3, 8, 9])
    assert.deepStrictEqual(keys(Timeline.catchUp(of(1, 2, 3), [], 3)), [1, 2, 3])
  })

  it("Timeline.catchUp() drops what a page does not join up with, but for what is not sent", () => {
    const timeline = Timeline.add(of(1, 2, 3), pending("a"))
    assert.deepStrictEqual(keys(Timeline.catchUp(timeline, page(7, 8, 9), 3)), [7, 8, 9, "a"])
  })

  it("Timeline.change() moves a message to its place when it is numbered, under the same key", () => {
    const timeline = Timeline.add(Timeline.add(of(1, 2), pending("a")), pending("b"))
    const { atMillis, number } = said(3)
    const changed = Timeline.change(timeline, "b", { delivery: "sent", number, atMillis })
    assert.deepStrictEqual(keys(changed), [1, 2, 3, "a"])
    assert.strictEqual(changed[2]?.key, "b")
    assert.strictEqual(Timeline.change(timeline, "c", { delivery: "sent" }), timeline)
  })

  it("Timeline.change() takes the place of the same message from the history", () => {
    const timeline = Timeline.merge(Timeline.add(of(1), pending("a")), page(2))
    const { atMillis, number } = said(2)
    const changed = Timeline.change(timeline, "a", { delivery: "sent", number, atMillis })
    assert.deepStrictEqual(
      changed.map(({ key }) => key),
      [said(1).key, "a"]
    )
  })

  it("Timeline.oldestNumber() is where the history goes on", () => {
    assert.isUndefined(Timeline.oldestNumber([moved("joined", "bob"), pending("a")]))
    assert.strictEqual(Timeline.oldestNumber([moved("joined", "bob"), ...page(4, 5)]), 4)
  })

  it("Timeline.shorten() keeps the end of what is too long", () => {
    assert.deepStrictEqual(keys(Timeline.shorten(of(1, 2, 3, 4, 5), 4)), [4, 5])
    assert.deepStrictEqual(keys(Timeline.shorten(of(1, 2, 3, 4), 4)), [1, 2, 3, 4])
  })

  it("Timeline.said() knows one's own messages and files", () => {
    const record = { from: "me", message: "hi", number: 3, at: 5, protocol: "sockets" }
    const file = { name: "a.txt", size: 5, url: "http://h/files/1/a.txt" }
    assert.isTrue(Timeline.said(record, "me").isOwn)
    assert.isFalse(Timeline.said(record, "you").isOwn)
    assert.deepStrictEqual(Timeline.said({ ...record, file }, "me").file, {
      name: "a.txt",
      sizeBytes: 5,
      url: "http://h/files/1/a.txt"
    })
  })
})
