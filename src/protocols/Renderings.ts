/**
 * What was made of the last events, for recipients who are told several of them one after another.
 *
 * Whatever was made of the last {@link keptEvents} is made once.
 */
import type { Event } from "../domain/Event.ts"

/** How many events are remembered at least. */
export const keptEvents = 512

export class Renderings<A> {
  #made = new Map<Event, A>()
  // What was made before: forgotten when there is as much again.
  #older = new Map<Event, A>()

  /** What was made of an event, made now if it has not been. */
  of(event: Event, make: (event: Event) => A): A {
    const known = this.#made.get(event) ?? this.#older.get(event)
    if (known !== undefined) return known
    const made = make(event)
    if (this.#made.size === keptEvents) {
      this.#older = this.#made
      this.#made = new Map()
    }
    this.#made.set(event, made)
    return made
  }
}
