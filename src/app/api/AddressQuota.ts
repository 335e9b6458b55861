/**
 * How often an address may do something: so many times at once, then so many times a second.
 *
 * An address is forgotten when it may do all of it again. Of very many at once, those that came first are forgotten.
 */
import { Clock, Effect } from "effect"
import { monotonicMillis } from "../../domain/MonotonicTime.ts"
import { TokenBucket } from "../../services/TokenBucket.ts"

const limitAddresses = 10_000

export interface AddressQuota {
  /** The milliseconds until this address may do it; 0 if it may now. Undefined is everybody who is not counted. */
  readonly waitMillis: (key: string | undefined) => number
  /** Counts that it was done. */
  readonly spend: (key: string | undefined) => void
}

/** Lets every address do something `burst` times at once, then `perSecond` times. */
export const make = Effect.fnUntraced(function* (options: { readonly burst: number; readonly perSecond: number }) {
  const clock = yield* Clock.Clock
  // Those that came last are at the end.
  const buckets = new Map<string, TokenBucket>()

  const tidy = (nowMillis: number): void => {
    for (const [key, bucket] of buckets) {
      if (!bucket.isFull(nowMillis) && buckets.size <= limitAddresses) return
      buckets.delete(key)
    }
  }

  const quota: AddressQuota = {
    waitMillis: (key) => {
      const bucket = key === undefined ? undefined : buckets.get(key)
      return bucket?.waitMillis(monotonicMillis(clock)) ?? 0
    },
    spend: (key) => {
      if (key === undefined) return
      const nowMillis = monotonicMillis(clock)
      const bucket = buckets.get(key) ?? new TokenBucket(options.perSecond, options.burst)
      bucket.spend(nowMillis)
      buckets.delete(key)
      buckets.set(key, bucket)
      tidy(nowMillis)
    }
  }
  return quota
})
