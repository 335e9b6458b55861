import { assert, describe, it } from "@effect/vitest"
import * as Places from "../../src/web/state/Place.ts"
import { moved, pending, said } from "./Said.ts"

const room = (name: string, rest: Partial<Places.ListedRoom> = {}): Places.ListedRoom => ({
  name,
  isPrivate: false,
  isMember: true,
  memberCount: 1,
  ...rest
})
const member = (number: number, name: string): Places.Member => ({ number, name, protocol: "toss" })
const [me, bob] = [member(1, "me"), member(2, "bob")]
const stamp = { key: "s", atMillis: 0 }
const general = "#general"

const places = (): Places.Places => {
  const listed = Places.listed(new Map(), [room("general"), room("attic"), room("python", { isMember: false })])
  return Places.change(listed, general, () => ({ members: [me, bob], memberCount: 2 }))
}
const shown = (all: Places.Places, key: string) =>
  all.get(key)?.timeline.map((it) => (it.kind === "moved" ? `${it.move} ${it.name}` : it.key))

describe("Place", () => {
  it("Places.listed() takes rooms as they come, keeps what was said, and drops those that are gone", () => {
    let all = Places.hear(places(), "#attic", said(1), false)
    all = Places.open(all, "direct", "bob")
    all = Places.listed(all, [room("general"), room("attic", { isPrivate: true, memberCount: 3 })])
    assert.deepStrictEqual([...all.keys()], ["#general", "#attic", "@bob"])
    const attic = all.get("#attic")
    assert.deepInclude(attic, { isPrivate: true, memberCount: 3, unread: 1 })
    assert.lengthOf(attic?.timeline ?? [], 1)
  })

  it("Places.listed() keeps a room that is gone for what was not sent to it", () => {
    const all = Places.hear(places(), "#attic", pending("a"), true)
    assert.isFalse(Places.listed(all, [room("general")]).get("#attic")?.isMember)
  })

  it("Places.listed() does not count what is unread in a room that one has left, and asks for it anew", () => {
    let all = Places.hear(places(), "#attic", said(1), false)
    all = Places.caughtUp(all, "#attic", [], false)
    all = Places.listed(all, [room("general"), room("attic", { isMember: false })])
    assert.deepInclude(all.get("#attic"), { unread: 0, isCurrent: false })
  })

  it("Places.hear() counts what is not seen, but nothing twice, nothing of one's own and no news", () => {
    let all = places()
    for (const entry of [said(1), said(1), said(2, "me"), moved("joined", "bob", 3), said(4)]) {
      all = Places.hear(all, "#attic", entry, false)
    }
    assert.deepInclude(all.get("#attic"), { unread: 2, firstUnread: said(1).key })
    all = Places.hear(all, general, said(5), true)
    assert.strictEqual(Places.unreadCount(all), 2)
    all = Places.see(all, "#attic")
    assert.deepInclude(all.get("#attic"), { unread: 0, firstUnread: said(1).key })
    all = Places.leaveBehind(all, "#attic")
    assert.isUndefined(all.get("#attic")?.firstUnread)
  })

  it("Places.hear() keeps the end of a conversation that nobody looks at", () => {
    let all = Places.caughtUp(places(), "#attic", [], false)
    for (let number = 1; number <= Places.entryLimit + 1; number++)
      all = Places.hear(all, "#attic", said(number), false)
    const attic = all.get("#attic")!
    assert.isAtMost(attic.timeline.length, Places.entryLimit)
    assert.isTrue(attic.hasOlder)
    assert.strictEqual(attic.unread, Places.entryLimit + 1)
  })

  const page = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => said(from + index))

  it("Places.caughtUp() knows whether there is more to read", () => {
    assert.isFalse(Places.caughtUp(places(), general, page(1, 3), true).get(general)?.hasOlder)
    const full = Places.caughtUp(places(), general, page(51, 100), true)
    assert.isTrue(full.get(general)?.hasOlder)
    const all = Places.olderRead(full, general, page(48, 50))
    assert.isFalse(all.get(general)?.hasOlder)
    assert.isFalse(Places.caughtUp(all, general, page(60, 109), true).get(general)?.hasOlder)
    const gap = Places.caughtUp(all, general, page(200, 249), true).get(general)
    assert.isTrue(gap?.hasOlder)
    assert.lengthOf(gap?.timeline ?? [], 50)
  })

  it("Places.olderRead() stops when nothing new comes", () => {
    const full = Places.caughtUp(places(), general, page(1, 50), true)
    assert.isTrue(full.get(general)?.hasOlder)
    assert.isFalse(Places.olderRead(full, general, page(1, 50)).get(general)?.hasOlder)
  })

  it("Places.caughtUp() counts what was missed as unread, but nothing at first", () => {
    let all = Places.caughtUp(places(), "#attic", page(1, 3), false)
    assert.strictEqual(all.get("#attic")?.unread, 0)
    all = Places.caughtUp(all, "#attic", [...page(2, 4), said(5, "me"), said(6)], false)
    assert.deepInclude(all.get("#attic"), { unread: 2, firstUnread: said(4).key })
  })

  it("Places.move() shows who comes and goes, in the rooms that it concerns", () => {
    const carol = member(3, "carol")
    let all = Places.move(places(), { event: "joined", user: carol, room: "general", cause: "login" }, stamp, 1)
    assert.deepStrictEqual(shown(all, general), ["joined carol"])
    assert.deepInclude(all.get(general), { memberCount: 3, members: [me, bob, carol] })
    assert.deepStrictEqual(shown(all, "#attic"), [])
    all = Places.move(all, { event: "left", user: bob, room: "general", cause: "leave" }, { ...stamp, key: "t" }, 1)
    assert.deepStrictEqual(shown(all, general), ["joined carol", "left bob"])
    assert.deepStrictEqual(all.get(general)?.members, [me, carol])
  })

  it("Places.move() shows a logout wherever one was together, though it is told once", () => {
    let all = Places.change(places(), "#attic", () => ({ members: [me, bob], memberCount: 2 }))
    all = Places.open(all, "direct", "bob")
    all = Places.move(all, { event: "left", user: bob, room: "general", cause: "logout" }, stamp, 1)
    for (const key of [general, "#attic", "@bob"]) assert.deepStrictEqual(shown(all, key), ["left bob"], key)
    for (const key of [general, "#attic"]) assert.deepStrictEqual(all.get(key)?.members, [me], key)
  })

  it("Places.move() keeps one's own comings to itself", () => {
    const all = Places.move(places(), { event: "joined", user: me, room: "general", cause: "login" }, stamp, 1)
    assert.deepStrictEqual(shown(all, general), [])
    assert.deepStrictEqual(all.get(general)?.members, [bob, me])
  })

  it("Places.move() takes a conversation along to a new name", () => {
    let all = Places.open(places(), "direct", "bob")
    all = Places.hear(all, "@bob", said(1, "bob"), false)
    all = Places.move(all, { event: "renamed", user: { ...bob, name: "rob" }, oldName: "bob" }, stamp, 1)
    assert.isFalse(all.has("@bob"))
    assert.deepInclude(all.get("@rob"), { name: "rob", unread: 1 })
    assert.deepStrictEqual(shown(all, general), ["renamed rob"])
    assert.deepStrictEqual(all.get(general)?.members, [me, { ...bob, name: "rob" }])
    assert.deepStrictEqual(shown(all, "#attic"), [])
  })

  it("Places.named() reads keys", () => {
    assert.deepStrictEqual(Places.named(Places.roomKey("@x")), { kind: "room", name: "@x" })
    assert.deepStrictEqual(Places.named(Places.directKey("#x")), { kind: "direct", name: "#x" })
  })
})
