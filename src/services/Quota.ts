/**
 * How much one peer may ask for: connections per address, messages per second.
 *
 * An IPv6 peer is its /64, because whoever has one address has them all. Loopback is exempt from the limits per address.
 */
import { Clock, Context, Effect, Layer, Option, Result } from "effect"
import { NetAddress } from "effect/net"
import { Limits } from "./Limits.ts"

/** A token bucket: `burst` at once, then `perSecond`. */
export interface Allowance {
  /** Takes one token at a time of the clock; 0 if there was one, else the milliseconds until there is. */
  readonly take: (nowMillis: number) => number
}

/** Makes an allowance; `perSecond` 0 gives whatever is asked. */
export const allowance = (perSecond: number, burst: number): Allowance => {
  if (perSecond <= 0) return { take: () => 0 }
  const gapMillis = 1000 / perSecond
  const toleranceMillis = gapMillis * (Math.max(1, burst) - 1)
  // The time at which the bucket would be full again.
  let fullAtMillis = -Infinity
  return {
    take: (nowMillis) => {
      const waitMillis = fullAtMillis - toleranceMillis - nowMillis
      if (waitMillis > 0) return Math.ceil(waitMillis)
      fullAtMillis = Math.max(fullAtMillis, nowMillis) + gapMillis
      return 0
    }
  }
}

/** What an address counts as, or undefined if it is exempt. Not an IP address: exempt (a socket of this machine). */
export const addressKey = (address: string): string | undefined => {
  // A zone, as in fe80::1%eth0, names a link of this machine and no other peer.
  const parsed = NetAddress.ipFromString(address.replace(/%.*$/, ""))
  if (Result.isFailure(parsed)) return undefined
  let ip = parsed.success
  if (NetAddress.isIpv6Address(ip)) ip = Option.getOrElse(NetAddress.fromIpv4Mapped(ip), () => parsed.success)
  if (NetAddress.isLoopback(ip)) return undefined
  if (NetAddress.isIpv4Address(ip)) return NetAddress.formatIp(ip)
  return NetAddress.ipv6ToSegments(ip as NetAddress.Ipv6Address)
    .slice(0, 4)
    .map((segment) => segment.toString(16))
    .join(":")
}

interface Usage {
  open: number
  recentMillis: Array<number>
}

export class Quota extends Context.Service<
  Quota,
  {
    /** Whether a peer of this address may connect. If so, what is returned must be called when it has gone. */
    readonly admit: (address: string) => (() => void) | undefined
    /** Addresses that are remembered. */
    readonly count: () => number
  }
>()("parlance/services/Quota") {
  static readonly layer = Layer.effect(
    Quota,
    Effect.gen(function* () {
      const limits = yield* Limits
      const clock = yield* Clock.Clock
      const usages = new Map<string, Usage>()

      const expire = (usage: Usage, nowMillis: number): void => {
        while (usage.recentMillis[0]! <= nowMillis - limits.newConnectionsWindowMillis) usage.recentMillis.shift()
      }
      yield* Effect.sync(() => {
        const nowMillis = clock.currentTimeMillisUnsafe()
        for (const [key, usage] of usages) {
          expire(usage, nowMillis)
          if (usage.open === 0 && usage.recentMillis.length === 0) usages.delete(key)
        }
      }).pipe(Effect.delay(limits.newConnectionsWindowMillis), Effect.forever, Effect.forkScoped)

      const admit = (address: string): (() => void) | undefined => {
        const key = addressKey(address)
        if (key === undefined) return () => {}
        const nowMillis = clock.currentTimeMillisUnsafe()
        const usage = usages.get(key) ?? { open: 0, recentMillis: [] }
        expire(usage, nowMillis)
        if (
          usage.open >= limits.connectionsPerAddress ||
          usage.recentMillis.length >= limits.newConnectionsPerAddress
        ) {
          return undefined
        }
        usages.set(key, usage)
        usage.open++
        usage.recentMillis.push(nowMillis)
        let isOpen = true
        return () => {
          if (isOpen) usage.open--
          isOpen = false
        }
      }

      return Quota.of({ admit, count: () => usages.size })
    })
  )
}
