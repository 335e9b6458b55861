/**
 * A rate limit: so many at once, then so many per second.
 *
 * A plain class, because every message takes a token: effect's `RateLimiter` counts under keys in a store that processes
 * share, and answers by an Effect, which costs microseconds where this costs nanoseconds.
 *
 * It is told the time, in milliseconds of the monotonic clock.
 */
export class TokenBucket {
  readonly #gapMillis: number
  readonly #toleranceMillis: number
  #fullAtMillis = -Infinity

  /** A full bucket of `burst` tokens, one at least. `perSecond` 0 gives whatever is asked. */
  constructor(perSecond: number, burst: number) {
    const isUnlimited = perSecond <= 0
    this.#gapMillis = isUnlimited ? 0 : 1000 / perSecond
    this.#toleranceMillis = isUnlimited ? Infinity : this.#gapMillis * (Math.max(1, burst) - 1)
  }

  /** The milliseconds until there is a token; 0 if there is one at this time. */
  waitMillis(nowMillis: number): number {
    return Math.max(0, Math.ceil(this.#fullAtMillis - this.#toleranceMillis - nowMillis))
  }

  /** Takes a token, also one that is not there yet. */
  spend(nowMillis: number): void {
    this.#fullAtMillis = Math.max(this.#fullAtMillis, nowMillis) + this.#gapMillis
  }

  /** Takes a token if there is one, which gives 0; else the milliseconds until there is. */
  take(nowMillis: number): number {
    const waitMillis = this.waitMillis(nowMillis)
    if (waitMillis === 0) this.spend(nowMillis)
    return waitMillis
  }

  /** Whether all tokens are there at this time. */
  isFull(nowMillis: number): boolean {
    return this.#fullAtMillis <= nowMillis
  }
}
