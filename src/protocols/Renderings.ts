/**
 * What was made of the last events, for recipients who are told several of them one after another.
 *
 * Whatever was made of the last {@link keptEvents} is made once.
 */
import type { Event } from "../domain/Event.ts"

/** How many events are remembered at least. */
export const keptEvents = 64

export class Renderings<A> {
  // Most events are told to all before the next one.
  #last: { readonly event: Event; readonly made: A } | undefined
  #made = new Map<Event, A>()
  // What was made before: forgotten when there is as much again.
  #older = new Map<Event, A>()

  /** What was made of an event, made now if it has not been. */
  of(event: Event, make: (event: Event) => A): A {
    if (this.#last?.event === event) return this.#last.made
    let made = this.#made.get(event) ?? this.#older.get(event)
    if (made === undefined) {
      made = make(event)
      if (this.#made.size === keptEvents) {
        this.#older = this.#made
        this.#made = new Map()
      }
      this.#made.set(event, made)
    }
    this.#last = { event, made }
    return made
  }
}
