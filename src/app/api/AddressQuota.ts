/**
 * How often an address may do something: so many times at once, then so many times a second.
 *
 * An address is forgotten when it may do all of it again. Of very many at once, those that came first are forgotten.
 */
import { Clock, Effect } from "effect"

const limitAddresses = 10_000

export interface AddressQuota {
  /** The milliseconds until this address may do it; 0 if it may now. Undefined is everybody who is not counted. */
  readonly waitMillis: (key: string | undefined) => number
  /** Counts that it was done. */
  readonly spend: (key: string | undefined) => void
}

export const make = Effect.fnUntraced(function* (options: { readonly burst: number; readonly perSecond: number }) {
  const clock = yield* Clock.Clock
  const gapMillis = 1000 / options.perSecond
  const toleranceMillis = gapMillis * (options.burst - 1)
  // When each address will have everything again, those that came last at the end.
  const fullAtMillis = new Map<string, number>()

  const tidy = (nowMillis: number): void => {
    for (const [key, full] of fullAtMillis) {
      if (full > nowMillis && fullAtMillis.size <= limitAddresses) return
      fullAtMillis.delete(key)
    }
  }

  const quota: AddressQuota = {
    waitMillis: (key) => {
      const full = key === undefined ? undefined : fullAtMillis.get(key)
      return full === undefined ? 0 : Math.max(0, Math.ceil(full - toleranceMillis - clock.currentTimeMillisUnsafe()))
    },
    spend: (key) => {
      if (key === undefined) return
      const nowMillis = clock.currentTimeMillisUnsafe()
      const full = Math.max(fullAtMillis.get(key) ?? nowMillis, nowMillis) + gapMillis
      fullAtMillis.delete(key)
      fullAtMillis.set(key, full)
      tidy(nowMillis)
    }
  }
  return quota
})
