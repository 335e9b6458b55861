import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { Perspective, SharedEvent } from "../../src/domain/Event.ts"
import { ProtocolName } from "../../src/domain/Message.ts"
import * as Broadcaster from "../../src/services/Broadcaster.ts"
import { Metrics } from "../../src/services/Metrics.ts"
import type { RoomName } from "../../src/domain/Names.ts"
import { crowdLimit } from "../../src/domain/Room.ts"
import { Rooms } from "../../src/services/Rooms.ts"
import type { Session } from "../../src/services/Session.ts"
import { Sessions } from "../../src/services/Sessions.ts"
import { immediate } from "../../src/services/Turn.ts"
import * as HeldTurn from "./HeldTurn.ts"
import { type Kept, open } from "./Outlets.ts"

const setUp = Effect.gen(function* () {
  const rooms = yield* Rooms
  const { counts } = yield* Metrics
  const observed: Array<SharedEvent> = []
  const broadcaster = Broadcaster.make(counts, (event) => void observed.push(event))
  const three = yield* Effect.forEach(["alice", "bob", "carol"], open)
  const kept = () => three.map(({ outlet }) => (outlet as Kept).kept)
  return { broadcaster, counts, observed, rooms, three, kept }
}).pipe(Effect.provide(Layer.mergeAll(Sessions.layer, Rooms.layer, Metrics.layer)))

describe("Broadcaster.tell()", () => {
  it.effect("hands everybody the very same event, and tells the actor apart", () =>
    Effect.gen(function* () {
      const { broadcaster, counts, kept, observed, three } = yield* setUp
      const event: SharedEvent = { _tag: "Announced", text: "hello" }
      broadcaster.tell(three.slice(0, 2), event, three[1])
      assert.deepStrictEqual(kept(), [[[event, "witness"]], [[event, "actor"]], []])
      for (const [told] of kept().slice(0, 2)) assert.strictEqual(told?.[0], event)
      assert.deepStrictEqual(observed, [event])
      assert.strictEqual(counts.deliveries, 2)
    })
  )

  it.effect("tellOne() tells one, as actor, and no observer", () =>
    Effect.gen(function* () {
      const { broadcaster, counts, kept, observed, three } = yield* setUp
      broadcaster.tellOne(three[2]!, { _tag: "Noticed", text: "psst" })
      assert.deepStrictEqual(kept(), [[], [], [[{ _tag: "Noticed", text: "psst" }, "actor"]]])
      assert.deepStrictEqual(observed, [])
      assert.strictEqual(counts.deliveries, 1)
    })
  )
})

describe("Broadcaster.tellRoom()", () => {
  const announced = (text: string): SharedEvent => ({ _tag: "Announced", text })

  it.effect("tells what was said to a room at the end of the turn, all of it to one after another", () =>
    Effect.gen(function* () {
      const { broadcaster, counts, observed, three } = yield* setUp
      const told: Array<string> = []
      for (const { name, outlet } of three) {
        const { deliver } = outlet
        Object.assign(outlet, {
          deliver: (event: SharedEvent & { readonly _tag: "Announced" }, as: Perspective) => {
            told.push(`${name} ${event.text} ${as}`)
            deliver(event, as)
          }
        })
      }
      const [alice, bob, carol] = three as [(typeof three)[0], (typeof three)[0], (typeof three)[0]]
      const members = new Set([alice, bob])
      const { end, turn } = HeldTurn.make()
      broadcaster.tellRoom(members, announced("1"), alice, turn)
      broadcaster.tellRoom(members, announced("2"), bob, turn)
      assert.deepStrictEqual(told, [])
      assert.strictEqual(observed.length, 2)
      broadcaster.tell([carol], announced("3"), undefined)
      broadcaster.tellRoom(members, announced("4"), alice, turn)
      broadcaster.tellRoom(new Set([carol]), announced("5"), carol, turn)
      broadcaster.tellOne(alice, { _tag: "Noticed", text: "6" })
      end()
      assert.deepStrictEqual(told, [
        "alice 1 actor",
        "alice 2 witness",
        "bob 1 witness",
        "bob 2 actor",
        "carol 3 witness",
        "alice 4 actor",
        "bob 4 witness",
        "alice 6 actor",
        "carol 5 actor"
      ])
      assert.strictEqual(counts.deliveries, told.length)
      broadcaster.tellRoom(members, announced("7"), alice, immediate)
      assert.deepStrictEqual(told.slice(-2), ["alice 7 actor", "bob 7 witness"])
    })
  )

  it.effect("gives those who have seen everything the same array, if they take one", () =>
    Effect.gen(function* () {
      const { broadcaster, kept, three } = yield* setUp
      const groups: Array<ReadonlyArray<SharedEvent>> = []
      const own: Array<ReadonlyArray<boolean> | undefined> = []
      for (const { outlet } of three) {
        Object.assign(outlet, {
          deliverAll: (events: ReadonlyArray<SharedEvent>, isActor?: (index: number) => boolean) => {
            groups.push(events)
            own.push(isActor && events.map((_, index) => isActor(index)))
          }
        })
      }
      const events = Array.from({ length: Broadcaster.gatherLimit + 1 }, (_, index) => announced(String(index)))
      const members = new Set(three)
      const { end, turn } = HeldTurn.make()
      events.forEach((event, index) => broadcaster.tellRoom(members, event, three[index % 2]!, turn))
      end()
      const { gatherLimit } = Broadcaster
      assert.deepStrictEqual(
        groups.map((group) => group.length),
        [gatherLimit, gatherLimit, gatherLimit, 1, 1, 1]
      )
      assert.strictEqual(groups[0], groups[2])
      assert.deepStrictEqual([...groups[0]!, ...groups[3]!], events)
      const every = (remainder: number) => Array.from({ length: gatherLimit }, (_, index) => index % 2 === remainder)
      assert.deepStrictEqual(own, [every(0), every(1), undefined, [true], undefined, undefined])
      assert.deepStrictEqual(kept(), [[], [], []])
    })
  )

  it.effect("asks the turn once, and tells it then, or before something else happens", () =>
    Effect.gen(function* () {
      const { broadcaster, kept, three } = yield* setUp
      const members = new Set(three.slice(0, 1))
      const later: Array<() => void> = []
      const turn = { ...immediate, atEnd: (act: () => void) => void later.push(act) }
      const sayLater = (text: string) => broadcaster.tellRoom(members, announced(text), three[1]!, turn)
      sayLater("1")
      sayLater("2")
      assert.deepStrictEqual(kept()[0], [])
      assert.strictEqual(later.length, 1)
      later[0]!()
      const texts = () => kept()[0]!.map(([event]) => event._tag === "Announced" && event.text)
      assert.deepStrictEqual(texts(), ["1", "2"])
      later[0]!()
      sayLater("3")
      assert.strictEqual(new Set(later).size, 1)
      assert.deepStrictEqual(texts(), ["1", "2"])
      broadcaster.tellRoom(members, announced("4"), three[1]!, immediate)
      assert.deepStrictEqual(texts(), ["1", "2", "3", "4"])
    })
  )

  it.effect("tells at the end of the turn that ends first what several say to one room", () =>
    Effect.gen(function* () {
      const { broadcaster, kept, three } = yield* setUp
      const members = new Set(three.slice(0, 1))
      const [one, two] = [HeldTurn.make(), HeldTurn.make()]
      const texts = () => kept()[0]!.map(([event]) => event._tag === "Announced" && event.text)
      broadcaster.tellRoom(members, announced("1"), three[1]!, one.turn)
      broadcaster.tellRoom(members, announced("2"), three[1]!, two.turn)
      broadcaster.tellRoom(members, announced("3"), three[1]!, one.turn)
      assert.deepStrictEqual([one.count(), two.count()], [1, 1])
      two.end()
      assert.deepStrictEqual(texts(), ["1", "2", "3"])
      one.end()
      assert.deepStrictEqual(texts(), ["1", "2", "3"])
    })
  )

  const presence = (tag: "UserJoined" | "UserLeft", { name, number }: Session): SharedEvent => {
    const where = {
      room: "general" as RoomName,
      user: { number, name, protocol: ProtocolName.make("embedded") },
      members: []
    } as const
    return tag === "UserJoined" ? { _tag: tag, ...where, cause: "login" } : { _tag: tag, ...where, cause: "logout" }
  }

  it.effect("tells whoever comes into the room only what happens from then on", () =>
    Effect.gen(function* () {
      const { broadcaster, kept, three } = yield* setUp
      const [alice, bob, carol] = three as [Session, Session, Session]
      const members = new Set([alice])
      const { end, turn } = HeldTurn.make()
      const comes = (session: Session) => {
        members.add(session)
        broadcaster.enter(members, session)
        broadcaster.tellOne(session, { _tag: "Noticed", text: "welcome" })
        broadcaster.tellRoom(members, presence("UserJoined", session), session, turn)
      }
      broadcaster.tellRoom(members, announced("1"), alice, turn)
      comes(bob)
      broadcaster.tellRoom(members, announced("2"), alice, turn)
      comes(carol)
      assert.deepStrictEqual(kept()[0], [])
      end()
      const told = (events: Kept["kept"]) => events.map(([it, as]) => `${"text" in it ? it.text : it._tag} ${as}`)
      assert.deepStrictEqual(kept().map(told), [
        ["1 actor", "UserJoined witness", "2 actor", "UserJoined witness"],
        ["welcome actor", "UserJoined actor", "2 witness", "UserJoined witness"],
        ["welcome actor", "UserJoined actor"]
      ])
    })
  )

  it.effect("settle() tells a session that goes what was said, but not only for who else came", () =>
    Effect.gen(function* () {
      const { broadcaster, kept, three } = yield* setUp
      const [alice, bob, carol] = three as [Session, Session, Session]
      const members = new Set([alice, bob])
      const { turn } = HeldTurn.make()
      broadcaster.tellRoom(members, presence("UserLeft", carol), undefined, turn)
      broadcaster.settle(bob)
      assert.deepStrictEqual(kept()[1], [])
      broadcaster.tellRoom(members, announced("1"), alice, turn)
      broadcaster.settle(carol)
      assert.deepStrictEqual(kept()[1], [])
      broadcaster.settle(bob)
      assert.strictEqual(kept()[1]!.length, 2)
    })
  )

  const many = (session: Session, count: number) => new Set(Array.from({ length: count }, () => ({ ...session })))

  it.effect("lets a crowd wait for who comes and goes, and for nothing else", () =>
    Effect.gen(function* () {
      const { broadcaster, three } = yield* setUp
      const [alice, bob] = three as [Session, Session, Session]
      const waits: Array<number> = []
      const gathered = (members: ReadonlySet<Session>, ...events: ReadonlyArray<SharedEvent>) => {
        const { count, end, pass, turn, waiting } = HeldTurn.make()
        for (const event of events) broadcaster.tellRoom(members, event, undefined, turn)
        waits.push(count() > 0 ? 0 : Math.round([...waiting.values()][0]!))
        end()
        pass()
      }
      gathered(many(alice, crowdLimit), presence("UserJoined", bob))
      gathered(many(alice, crowdLimit + 1), presence("UserJoined", bob), presence("UserLeft", bob))
      gathered(many(alice, crowdLimit + 1), presence("UserJoined", bob), announced("1"))
      assert.deepStrictEqual(waits, [0, 20, 0])
    })
  )

  it.effect("tells a crowd at once who comes outside of a turn, after who came before", () =>
    Effect.gen(function* () {
      const { broadcaster, kept, three } = yield* setUp
      const [alice, bob, carol] = three as [Session, Session, Session]
      const members = new Set([alice, ...many(carol, crowdLimit)])
      const { pass, turn, waiting } = HeldTurn.make()
      const came = () => kept()[0]!.map(([event]) => event._tag === "UserJoined" && event.user.name)
      broadcaster.tellRoom(members, presence("UserJoined", bob), bob, turn)
      broadcaster.tellRoom(members, presence("UserJoined", bob), bob, turn)
      assert.strictEqual(waiting.size, 1)
      assert.deepStrictEqual(came(), [])
      broadcaster.tellRoom(members, presence("UserJoined", carol), carol, immediate)
      assert.deepStrictEqual(came(), [bob.name, bob.name, carol.name])
      pass()
      assert.lengthOf(came(), 3)
    })
  )

  it.effect("tells what was said before an error", () =>
    Effect.gen(function* () {
      const { broadcaster, kept, three } = yield* setUp
      const { end, turn } = HeldTurn.make()
      const act = () => {
        broadcaster.tellRoom(new Set(three.slice(1, 2)), announced("1"), three[0]!, turn)
        throw new Error("oops")
      }
      assert.throws(act, "oops")
      end()
      assert.deepStrictEqual(kept(), [[], [[announced("1"), "witness"]], []])
    })
  )
})

describe("Broadcaster.companions()", () => {
  it.effect("has everybody who shares a room once, and nobody else", () =>
    Effect.gen(function* () {
      const { rooms, three } = yield* setUp
      const [alice, bob, carol] = three as [(typeof three)[0], (typeof three)[0], (typeof three)[0]]
      for (const session of [alice, bob]) for (const name of ["one", "two"]) rooms.enter(session, name)
      rooms.enter(carol, "three")
      assert.deepStrictEqual(Array.from(Broadcaster.companions(alice)), [alice, bob])
      assert.deepStrictEqual(Array.from(Broadcaster.companions(carol)), [carol])
      rooms.enter(alice, "three")
      assert.sameMembers(Array.from(Broadcaster.companions(alice)), [alice, bob, carol])
    })
  )
})
