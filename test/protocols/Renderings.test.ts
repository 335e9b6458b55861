import { assert, describe, it } from "@effect/vitest"
import type { Event } from "../../src/domain/Event.ts"
import { keptEvents, Renderings } from "../../src/protocols/Renderings.ts"

const events = (count: number): ReadonlyArray<Event> =>
  Array.from({ length: count }, (_, index) => ({ _tag: "Announced", text: String(index) }))

describe("Renderings", () => {
  it("makes everything once, however many are told the same events one after another", () => {
    const made: Array<Event> = []
    const renderings = new Renderings<Event>()
    const all = events(10 * keptEvents)
    for (let from = 0; from < all.length;) {
      const group = all.slice(from, from + 1 + ((from * 7) % keptEvents))
      for (let recipient = 0; recipient < 3; recipient++) {
        for (const event of group) {
          assert.strictEqual(
            renderings.of(event, (it) => {
              made.push(it)
              return it
            }),
            event
          )
        }
      }
      from += group.length
    }
    assert.deepStrictEqual(made, all)
  })

  it("finds what is asked for out of order, too", () => {
    let made = 0
    const renderings = new Renderings<number>()
    const [a, b, c] = events(3) as [Event, Event, Event]
    const of = (event: Event) => renderings.of(event, () => ++made)
    assert.deepStrictEqual([a, b, c, a, c, b, b, a].map(of), [1, 2, 3, 1, 3, 2, 2, 1])
  })
})
