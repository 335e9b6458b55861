import { Deferred, Effect } from "effect"

/** How many connections a protocol has, until it is over. */
export class Crowd {
  #count = 0
  #emptied: Deferred.Deferred<void> | undefined

  /** Whether nobody is let in any more. */
  get isOver(): boolean {
    return this.#emptied !== undefined
  }

  enter(): void {
    this.#count++
  }

  leave(): void {
    this.#count--
    this.#look()
  }

  /** Lets nobody in any more, has those who are in told by `tell`, once, and waits until they have gone. */
  stop(tell: () => void): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#emptied !== undefined) return Deferred.await(this.#emptied)
      this.#emptied = Deferred.makeUnsafe()
      tell()
      this.#look()
      return Deferred.await(this.#emptied)
    })
  }

  #look(): void {
    if (this.#count === 0 && this.#emptied !== undefined) Deferred.doneUnsafe(this.#emptied, Effect.void)
  }
}
