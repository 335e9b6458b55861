/**
 * How long something may be left alone.
 *
 * Whatever is done with it only sets a time, and one fiber sleeps until that is long ago: it wakes about as often as the
 * time is over, however much is done.
 */
import { type Clock, Effect } from "effect"
import { monotonicMillis, sleepPatiently } from "../domain/MonotonicTime.ts"

export class IdleTimeout {
  readonly #clock: Clock.Clock
  #timeoutMillis: number
  #touchedAtMillis: number
  /** Completes when nothing has been done for the whole time, at once if it was so before. */
  readonly expired: Effect.Effect<void> = Effect.suspend(() => {
    const leftMillis = this.#touchedAtMillis + this.#timeoutMillis - monotonicMillis(this.#clock)
    return leftMillis > 0 ? Effect.andThen(sleepPatiently(Math.ceil(leftMillis)), this.expired) : Effect.void
  })

  /** The time begins now. It may be infinite. */
  constructor(clock: Clock.Clock, timeoutMillis: number) {
    this.#clock = clock
    this.#timeoutMillis = timeoutMillis
    this.#touchedAtMillis = monotonicMillis(clock)
  }

  /** Allows a longer time from now on. */
  extend(timeoutMillis: number): void {
    this.#timeoutMillis = Math.max(this.#timeoutMillis, timeoutMillis)
  }

  /** Notes that something is done: the time begins anew. */
  touch(): void {
    this.#touchedAtMillis = monotonicMillis(this.#clock)
  }
}
