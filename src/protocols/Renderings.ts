/**
 * What was made of the last events, for recipients who are told several of them one after another, in the same order.
 *
 * Whatever was made of the last {@link keptEvents} is made once. Finding it again costs next to nothing for whoever is told
 * the event that comes behind the one that was asked for before.
 */
import type { Event } from "../domain/Event.ts"

/** How many events are remembered at least. */
export const keptEvents = 64

export class Renderings<A> {
  readonly #events: Array<Event> = []
  readonly #made: Array<A> = []
  // Where the event is that is expected next.
  #next = 0

  /** What was made of an event, made now if it has not been. */
  of(event: Event, make: (event: Event) => A): A {
    if (this.#events[this.#next] === event) return this.#made[this.#next++]!
    const index = this.#events.lastIndexOf(event)
    if (index >= 0) {
      this.#next = index + 1
      return this.#made[index]!
    }
    const made = make(event)
    if (this.#events.length === 2 * keptEvents) {
      this.#events.splice(0, keptEvents)
      this.#made.splice(0, keptEvents)
    }
    this.#next = this.#events.push(event)
    this.#made.push(made)
    return made
  }
}
