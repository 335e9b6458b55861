/**
 * What the operator of the server may see and do, over the users of every protocol.
 *
 * A user who is killed is logged out at once: its name is free, and the others are told that it left. Then its outlet
 * hangs up, which tells the peer in its own protocol.
 */
import { Clock, Context, Effect, Layer, Schema } from "effect"
import { Hangup } from "../domain/Hangup.ts"
import type { ProtocolName } from "../domain/Message.ts"
import { monotonicMillis } from "../domain/MonotonicTime.ts"
import type { RoomName, UserName } from "../domain/Names.ts"
import { Chat } from "./Chat.ts"
import { type Ban, banKey, Quota } from "./Quota.ts"
import { type Refusal, Refusals } from "./Refusals.ts"
import { memberNames } from "./Room.ts"
import { Rooms } from "./Rooms.ts"
import type { Session } from "./Session.ts"
import { Sessions } from "./Sessions.ts"

/** A user, as the operator sees it. */
export interface Peer {
  /** The number of its session. */
  readonly id: number
  readonly name: UserName
  readonly protocol: ProtocolName
  readonly address: string
  /** The room in which it speaks. */
  readonly room: RoomName
  readonly sinceMillis: number
  readonly queuedBytes: number
}

/** A room, as the operator sees it: private ones too. */
export interface RoomDetail {
  readonly name: RoomName
  readonly isPrivate: boolean
  readonly members: ReadonlyArray<UserName>
}

/** How the server is, in a few figures. */
export interface Info {
  readonly uptimeMillis: number
  /** How many users there are of each protocol that has any. */
  readonly peers: ReadonlyMap<ProtocolName, number>
  /** What waits for all of them together. */
  readonly queuedBytes: number
}

/** Whom a command is about: all, or the one with this id or else this name. */
export type Target = { readonly _tag: "All" } | { readonly _tag: "One"; readonly peer: string }

/** Who was asked for a sign of life, and the protocols of those who cannot be asked. */
export interface Ping {
  readonly asked: number
  readonly unable: ReadonlyMap<ProtocolName, number>
}

/** There is no such user. */
export class PeerUnknown extends Schema.TaggedError<PeerUnknown>()("PeerUnknown", { peer: Schema.String }) {}

/** What should be banned is no IP address. */
export class AddressInvalid extends Schema.TaggedError<AddressInvalid>()("AddressInvalid", {
  address: Schema.String
}) {}

/** The address is not banned. */
export class NotBanned extends Schema.TaggedError<NotBanned>()("NotBanned", { address: Schema.String }) {}

/** Why the operator's wish cannot be carried out. */
export type OperatorError = PeerUnknown | AddressInvalid | NotBanned

const countByProtocol = (sessions: Iterable<Session>): ReadonlyMap<ProtocolName, number> => {
  const counts = new Map<ProtocolName, number>()
  for (const { protocol } of sessions) counts.set(protocol, (counts.get(protocol) ?? 0) + 1)
  return counts
}

/** What the operator of the server may see and do, over the users of every protocol. */
export class Operator extends Context.Service<
  Operator,
  {
    /** All users by id. */
    readonly peers: Effect.Effect<ReadonlyArray<Peer>>
    /** All rooms: default rooms, then in the order in which they were made. */
    readonly rooms: Effect.Effect<ReadonlyArray<RoomDetail>>
    readonly info: Effect.Effect<Info>
    /** Ends sessions, and gives the names that are free now. */
    readonly kill: (target: Target) => Effect.Effect<ReadonlyArray<UserName>, PeerUnknown>
    /** Asks for a sign of life. Whoever gives none is removed as its protocol has it. */
    readonly ping: (target: Target) => Effect.Effect<Ping, PeerUnknown>
    /** Says something to everybody, as the server. Gives how many were told. */
    readonly say: (text: string) => Effect.Effect<number>
    /** Lets nobody of an address connect any more, for a time or until the server ends, and kills who is there. */
    readonly ban: (
      address: string,
      minutes?: number
    ) => Effect.Effect<{ readonly ban: Ban; readonly killed: ReadonlyArray<UserName> }, AddressInvalid>
    readonly unban: (address: string) => Effect.Effect<void, NotBanned>
    readonly bans: Effect.Effect<ReadonlyArray<Ban>>
    /** What was refused last, the newest first; of a peer that the policy did not let connect the name is empty. */
    readonly refusals: Effect.Effect<ReadonlyArray<Refusal>>
  }
>()("parlance/services/Operator") {
  static readonly layer = Layer.effect(
    Operator,
    Effect.gen(function* () {
      const chat = yield* Chat
      const quota = yield* Quota
      const refusals = yield* Refusals
      const rooms = yield* Rooms
      const sessions = yield* Sessions
      const clock = yield* Clock.Clock
      const startedMillis = monotonicMillis(clock)

      const all = (): ReadonlyArray<Session> => Array.from(sessions.all())

      const select = (target: Target): Effect.Effect<ReadonlyArray<Session>, PeerUnknown> =>
        Effect.suspend(() => {
          if (target._tag === "All") return Effect.succeed(all())
          const { peer } = target
          const numbered = /^\d{1,15}$/.test(peer) ? sessions.findByNumber(Number(peer)) : undefined
          const session = numbered ?? sessions.find(peer)
          return session === undefined ? Effect.fail(new PeerUnknown({ peer })) : Effect.succeed([session])
        })

      const end = (killed: ReadonlyArray<Session>): Effect.Effect<ReadonlyArray<UserName>> =>
        Effect.gen(function* () {
          for (const session of killed) {
            yield* chat.logout(session)
            session.outlet.hangUp(new Hangup({ reason: "killed" }))
            yield* Effect.logInfo(`${session.name} was killed by an operator`).pipe(
              Effect.annotateLogs({ protocol: session.protocol, address: session.address })
            )
          }
          return killed.map((session) => session.name)
        })

      return Operator.of({
        peers: Effect.sync(() =>
          all().map((session) => ({
            id: session.number,
            name: session.name,
            protocol: session.protocol,
            address: session.address,
            room: session.current.name,
            sinceMillis: session.sinceMillis,
            queuedBytes: session.outlet.queuedBytes()
          }))
        ),
        rooms: Effect.sync(() =>
          rooms.all().map((room) => ({
            name: room.name,
            isPrivate: room.isPrivate,
            members: memberNames(room)
          }))
        ),
        info: Effect.sync(() => ({
          uptimeMillis: monotonicMillis(clock) - startedMillis,
          peers: countByProtocol(sessions.all()),
          queuedBytes: Array.from(sessions.all()).reduce((sum, { outlet }) => sum + outlet.queuedBytes(), 0)
        })),
        kill: (target) => Effect.flatMap(select(target), end),
        ping: (target) =>
          Effect.map(select(target), (selected) => {
            const able = selected.filter(({ outlet }) => outlet.check !== undefined)
            for (const { outlet } of able) outlet.check?.()
            return { asked: able.length, unable: countByProtocol(selected.filter((one) => !able.includes(one))) }
          }),
        say: (text) =>
          Effect.sync(() => {
            chat.announce(text)
            return sessions.count()
          }),
        ban: Effect.fn("Operator.ban")(function* (
          address: string,
          minutes?: number
        ): Effect.fn.Return<{ readonly ban: Ban; readonly killed: ReadonlyArray<UserName> }, AddressInvalid> {
          const untilMillis = minutes === undefined ? Infinity : clock.currentTimeMillisUnsafe() + minutes * 60_000
          const ban = quota.ban(address, untilMillis)
          if (ban === undefined) return yield* new AddressInvalid({ address })
          yield* Effect.logInfo(`${ban.address} was banned by an operator`)
          return { ban, killed: yield* end(all().filter((session) => banKey(session.address) === ban.address)) }
        }),
        unban: (address) =>
          Effect.suspend(() => (quota.unban(address) ? Effect.void : Effect.fail(new NotBanned({ address })))),
        bans: Effect.sync(quota.bans),
        refusals: Effect.sync(refusals.recent)
      })
    })
  )
}
