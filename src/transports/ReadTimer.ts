/**
 * Tells when the time for something to come is over.
 *
 * Most often it comes: so to begin only sets a time, and one fiber sleeps for many of them. It wakes about as often as a time
 * is over, and ends when it wakes and nothing is waited for.
 */
import { Effect, type Fiber } from "effect"
import { monotonicMillis, sleepPatiently } from "../domain/MonotonicTime.ts"

export class ReadTimer {
  #expire: (() => void) | undefined
  #endsAtMillis = 0
  #wakesAtMillis = 0
  #sleeper: Fiber.Fiber<void> | undefined
  readonly #sleep: Effect.Effect<void> = Effect.clockWith((clock) => {
    const expire = this.#expire
    if (expire === undefined) return Effect.void
    const leftMillis = this.#endsAtMillis - monotonicMillis(clock)
    if (leftMillis > 0) {
      this.#wakesAtMillis = this.#endsAtMillis
      return Effect.andThen(sleepPatiently(Math.ceil(leftMillis)), this.#sleep)
    }
    this.#expire = undefined
    expire()
    return Effect.void
  })

  /** Calls `expire` in so many milliseconds, unless it is stopped or begun again before. Its fiber is one of the caller's. */
  begin(millis: number, expire: () => void): Effect.Effect<void> {
    return Effect.clockWith((clock) => {
      this.#expire = expire
      this.#endsAtMillis = monotonicMillis(clock) + millis
      const sleeper = this.#sleeper
      const isAsleep = sleeper !== undefined && sleeper.pollUnsafe() === undefined
      if (isAsleep && this.#wakesAtMillis <= this.#endsAtMillis) return Effect.void
      sleeper?.interruptUnsafe()
      return Effect.map(Effect.forkChild(this.#sleep, { startImmediately: true }), (fiber) => {
        this.#sleeper = fiber
      })
    })
  }

  /** What was waited for has come. */
  stop(): void {
    this.#expire = undefined
  }
}
