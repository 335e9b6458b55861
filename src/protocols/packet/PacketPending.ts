/**
 * Session requests in datagrams, which may not have come from where they say.
 *
 * - One that is pending is no session: it has a public number, and neither a name nor a place. It is proven by what only
 *   its address can know, and then it is logged in.
 * - It is kept as long as a session of which nothing comes. Of too many, in all or of one address and port, those that were
 *   asked for first are forgotten.
 */
import type { Link } from "../Link.ts"
import type { Step } from "../Step.ts"
import * as PacketCodec from "./PacketCodec.ts"
import { serverNumber } from "./PacketEvents.ts"
import type { Member } from "./PacketMember.ts"

/** What is done about a packet when the session that it proves has been logged in. */
export type Proof = (member: Member) => ReadonlyArray<Step<Uint8Array, Member>>

/** A session request that waits to be proven. */
export interface Pending {
  /** As it was asked for. */
  readonly name: string
  readonly link: Link<Uint8Array>
  /** The public number that is kept for it. */
  readonly user: number
  readonly secret: bigint
  /** The number of the message that greets it, which is as secret. */
  readonly greeting: bigint
  askedAtMillis: number
  /** While it is being logged in: what has proven it, and what came behind that. */
  proofs: Array<Proof> | undefined
  /** Why it could not be logged in, for those who name it again. */
  refusal: Uint8Array | undefined
}

/** How long they are kept, and how many. */
export interface PendingLimits {
  readonly sessionTimeoutMillis: number
  readonly pendingLimit: number
  /** How many of one address and port. */
  readonly linkSessionLimit: number
}

/** What whoever confirms it has shown by that. */
const greetingText = new TextEncoder().encode("Hello")

/** What goes to where a session was asked for: its cookie, and a message to be confirmed. */
export const welcome = ({ greeting, secret, user }: Pending): ReadonlyArray<Uint8Array> => [
  PacketCodec.write({ _tag: "SessionCookie", user: BigInt(user), session: secret }),
  PacketCodec.write({
    _tag: "IncomingMessage",
    user: BigInt(serverNumber),
    message: greeting,
    blob: greetingText
  })
]

/** Makes a memory of requests that has none. */
export const make = ({ linkSessionLimit, pendingLimit, sessionTimeoutMillis }: PendingLimits) => {
  // Both in the order in which they were asked for last.
  const bySecret = new Map<bigint, Pending>()
  const byLink = new Map<string, Map<string, Pending>>()
  // All before it have been forgotten: the next one is the oldest. A new iterator would pass the gaps of the others first.
  const oldest = bySecret.values()

  const forget = (pending: Pending): void => {
    const { link, name, secret } = pending
    if (bySecret.get(secret) !== pending) return
    bySecret.delete(secret)
    const there = byLink.get(link.id)
    there?.delete(name)
    if (there?.size === 0) byLink.delete(link.id)
  }

  const add = (pending: Pending): void => {
    const there = byLink.get(pending.link.id) ?? new Map<string, Pending>()
    const before = there.get(pending.name)
    if (before !== undefined) forget(before)
    bySecret.set(pending.secret, pending)
    byLink.set(pending.link.id, there.set(pending.name, pending))
    if (there.size > linkSessionLimit) forget(there.values().next().value!)
    if (bySecret.size > pendingLimit) forget(oldest.next().value!)
  }

  return {
    /** Adds a request, in place of one of the same name from there. */
    add,
    /** Notes that it has been asked for again. */
    renew: (pending: Pending, nowMillis: number): void => {
      pending.askedAtMillis = nowMillis
      add(pending)
    },
    forget,
    /** The request of that name from there. */
    named: (link: Link<Uint8Array>, name: string): Pending | undefined => byLink.get(link.id)?.get(name),
    /** The request whose session number this is. */
    find: (secret: bigint): Pending | undefined => bySecret.get(secret),
    /** The request whose greeting has that number and went there. */
    greeted: (link: Link<Uint8Array>, message: bigint): Pending | undefined => {
      for (const pending of byLink.get(link.id)?.values() ?? []) if (pending.greeting === message) return pending
      return undefined
    },
    /** Forgets those that have waited too long. What proved one in time may be read late, so nothing else does. */
    sweep: (nowMillis: number): void => {
      for (const pending of bySecret.values()) {
        if (nowMillis - pending.askedAtMillis < sessionTimeoutMillis) return
        forget(pending)
      }
    },
    count: (): number => bySecret.size
  }
}
