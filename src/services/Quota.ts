/**
 * How many connections an address may have and open, and which addresses are banned.
 *
 * At most 10,000 addresses are remembered; those that have been gone longest are forgotten first, and none that somebody is
 * connected from.
 *
 * An IPv6 peer is its /64, because whoever has one address has them all. Loopback is exempt from the limits per address,
 * but not from a ban.
 */
import { Clock, Context, Effect, Layer, Option, Result } from "effect"
import { NetAddress } from "effect/net"
import { monotonicMillis } from "../domain/MonotonicTime.ts"
import { Limits } from "./Limits.ts"
import { TokenBucket } from "./TokenBucket.ts"

// A zone, as in fe80::1%eth0, names a link of this machine and no other peer.
const ipOf = (address: string): NetAddress.IpAddress | undefined => {
  const parsed = NetAddress.ipFromString(address.replace(/%.*$/, ""))
  if (Result.isFailure(parsed)) return undefined
  const ip = parsed.success
  return NetAddress.isIpv6Address(ip) ? Option.getOrElse(NetAddress.fromIpv4Mapped(ip), () => ip) : ip
}

const network = (ip: NetAddress.IpAddress): string =>
  NetAddress.isIpv4Address(ip)
    ? NetAddress.formatIp(ip)
    : NetAddress.ipv6ToSegments(ip)
        .slice(0, 4)
        .map((segment) => segment.toString(16))
        .join(":")

/** What an address counts as, or undefined if it is exempt. Not an IP address: exempt (a socket of this machine). */
export const addressKey = (address: string): string | undefined => {
  const ip = ipOf(address)
  return ip === undefined || NetAddress.isLoopback(ip) ? undefined : network(ip)
}

/**
 * What is banned with an address: itself, or the /64 of an IPv6 address. Undefined if it is no IP address.
 *
 * A loopback address is one like any other here, for whoever bans it names it.
 */
export const banKey = (address: string): string | undefined => {
  const ip = ipOf(address.replace(/(?<=:)\/64$/, ""))
  if (ip === undefined) return undefined
  const isWhole = NetAddress.isIpv4Address(ip) || NetAddress.isLoopback(ip)
  return isWhole ? NetAddress.formatIp(ip) : `${network(ip)}::/64`
}

/** An address that may not connect, until a time of the clock; `Infinity` is for good. */
export interface Ban {
  readonly address: string
  readonly untilMillis: number
}

interface Usage {
  open: number
  recentMillis: Array<number>
  /** Connections that were made for one request, and how fast they may come. */
  openBriefly: number
  readonly brief: TokenBucket
}

/** How many addresses are remembered, as long as not more of them are connected. */
const limitAddresses = 10_000

/** Connections for one request each: how many times as many at once as others, how many in a row, and per second. */
const briefFactor = 4
const briefBurst = 64
const briefPerSecond = 10

/** How many connections each address may have, and which addresses have none: the bans. */
export class Quota extends Context.Service<
  Quota,
  {
    /** Whether a peer of this address may connect. If so, what is returned must be called when it has gone. */
    readonly admit: (address: string) => (() => void) | undefined
    /** The same for a connection that is made for one request: there may be more of them, if they do not come too fast. */
    readonly admitBriefly: (address: string) => (() => void) | undefined
    /**
     * The same for a connection of HTTP, also of a banned address: what that asks for is refused one by one, so that an
     * operator who has banned it can lift the ban.
     */
    readonly admitHttp: (address: string) => (() => void) | undefined
    /** Admits nobody of this address until then. Gives what is banned, or undefined if it is no IP address. */
    readonly ban: (address: string, untilMillis: number) => Ban | undefined
    /** Lifts a ban; false if there was none. */
    readonly unban: (address: string) => boolean
    readonly isBanned: (address: string) => boolean
    /** All bans, in the order in which they were made. */
    readonly bans: () => ReadonlyArray<Ban>
    /** Addresses that are remembered. */
    readonly count: () => number
  }
>()("parlance/services/Quota") {
  static readonly layer = Layer.effect(
    Quota,
    Effect.gen(function* () {
      const limits = yield* Limits
      const clock = yield* Clock.Clock
      // Whoever is connected, and whoever is not any more, in the order in which they went.
      const present = new Map<string, Usage>()
      const gone = new Map<string, Usage>()
      const bans = new Map<string, Ban>()

      const expire = (usage: Usage, nowMillis: number): void => {
        while (usage.recentMillis[0]! <= nowMillis - limits.newConnectionsWindowMillis) usage.recentMillis.shift()
      }
      const currentBans = (): ReadonlyArray<Ban> => {
        const nowMillis = clock.currentTimeMillisUnsafe()
        for (const { address, untilMillis } of bans.values()) if (untilMillis <= nowMillis) bans.delete(address)
        return [...bans.values()]
      }
      const isBanned = (address: string): boolean => {
        if (bans.size === 0) return false
        const ban = bans.get(banKey(address) ?? "")
        return ban !== undefined && ban.untilMillis > clock.currentTimeMillisUnsafe()
      }
      const ban = (address: string, untilMillis: number): Ban | undefined => {
        const key = banKey(address)
        if (key === undefined) return undefined
        const ban = { address: key, untilMillis }
        bans.delete(key)
        bans.set(key, ban)
        return ban
      }
      const unban = (address: string): boolean => {
        const wasBanned = isBanned(address)
        bans.delete(banKey(address) ?? "")
        return wasBanned
      }

      yield* Effect.sync(() => {
        currentBans()
        const nowMillis = monotonicMillis(clock)
        for (const [key, usage] of gone) {
          expire(usage, nowMillis)
          if (usage.recentMillis.length === 0) gone.delete(key)
        }
      }).pipe(Effect.delay(limits.newConnectionsWindowMillis), Effect.forever, Effect.forkScoped)

      const unused = (): Usage => ({
        open: 0,
        recentMillis: [],
        openBriefly: 0,
        brief: new TokenBucket(briefPerSecond, briefBurst)
      })

      const forgetOldest = (): void => {
        for (const key of gone.keys()) {
          if (present.size + gone.size <= limitAddresses) return
          gone.delete(key)
        }
      }

      // Admits whom `take` finds room for; `free` is called once, when it has gone.
      const admitter =
        (take: (usage: Usage, nowMillis: number) => boolean, free: (usage: Usage) => void, areBansKnown: boolean) =>
        (address: string): (() => void) | undefined => {
          if (areBansKnown && isBanned(address)) return undefined
          const key = addressKey(address)
          if (key === undefined) return () => {}
          const usage = present.get(key) ?? gone.get(key) ?? unused()
          if (!take(usage, monotonicMillis(clock))) return undefined
          gone.delete(key)
          present.set(key, usage)
          forgetOldest()
          let isOpen = true
          return () => {
            if (!isOpen) return
            isOpen = false
            free(usage)
            if (usage.open + usage.openBriefly > 0) return
            present.delete(key)
            gone.set(key, usage)
            forgetOldest()
          }
        }

      const takeBriefly = (usage: Usage, nowMillis: number): boolean => {
        if (usage.openBriefly >= briefFactor * limits.connectionsPerAddress) return false
        if (usage.brief.take(nowMillis) > 0) return false
        usage.openBriefly++
        return true
      }
      const freeBriefly = (usage: Usage): void => void usage.openBriefly--
      const admitBriefly = admitter(takeBriefly, freeBriefly, true)
      const admitHttp = admitter(takeBriefly, freeBriefly, false)

      const admit = admitter(
        (usage, nowMillis) => {
          expire(usage, nowMillis)
          if (usage.open >= limits.connectionsPerAddress) return false
          if (usage.recentMillis.length >= limits.newConnectionsPerAddress) return false
          usage.open++
          usage.recentMillis.push(nowMillis)
          return true
        },
        (usage) => void usage.open--,
        true
      )

      return Quota.of({
        admit,
        admitBriefly,
        admitHttp,
        ban,
        unban,
        isBanned,
        bans: currentBans,
        count: () => present.size + gone.size
      })
    })
  )
}
