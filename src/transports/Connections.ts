/**
 * All connections of all protocols.
 *
 * - Whoever may not come in is told why, and nothing else happens.
 * - When a connection ends the name is freed and the others are told first, once; then what waits is sent; then the carrier
 *   is destroyed, whatever it still holds.
 * - When the layer's scope closes all that are left are closed at once.
 */
import { Clock, Context, Deferred, Effect, FiberSet, Layer, type Stream } from "effect"
import { explain, Hangup } from "../domain/Hangup.ts"
import type { Protocol } from "../protocols/Protocol.ts"
import { Census } from "../services/Census.ts"
import { Chat } from "../services/Chat.ts"
import { Quota } from "../services/Quota.ts"
import type { Carrier } from "./Carrier.ts"
import { Connection, type Visitor, type Whereabouts } from "./Connection.ts"
import type { Door } from "./Door.ts"
import type { ExchangePort } from "./ExchangePort.ts"
import { Flusher } from "./Flusher.ts"
import * as Batches from "./Batches.ts"
import { SharedFrames } from "./SharedFrames.ts"
import * as IdleSweeper from "./IdleSweeper.ts"
import { fromStream } from "./Source.ts"
import { TransportLimits } from "./TransportLimits.ts"
import { WireLog } from "./WireLog.ts"

/** What is served to peers. */
export interface Service<In, Frame> {
  readonly protocol: Protocol<In, Frame>
  /** The exchange to which the protocol belongs, if it does. */
  readonly exchange?: ExchangePort<Frame> | undefined
  /** Takes back what was read when it has been dealt with. */
  readonly release?: (input: In) => void
}

/** A peer that has just connected, and what it is served. */
export interface Peer<In, Frame> extends Service<In, Frame>, Whereabouts {
  readonly carrier: Carrier<Frame>
  /** What the peer sends; ends when it has gone, however it went. */
  readonly reads: Stream.Stream<In>
}

/** What the connections of a protocol share. */
type Shared<Frame> = Pick<Door<never, Frame>, "shared" | "outboxes">

export class Connections extends Context.Service<
  Connections,
  {
    /** Serves a peer until its connection is over. Never fails; an interruption ends the connection at once. */
    readonly serve: <In, Frame>(peer: Peer<In, Frame>) => Effect.Effect<void>
    /**
     * Serves visitors as they come, without a fiber for each. Each is served until it goes, is hung up on, or the server
     * stops; to end it sooner, destroy its carrier.
     */
    readonly receive: <In, Frame>(service: Service<In, Frame>) => (visitor: Visitor<In, Frame>) => void
    /** Tells every peer that the server stops, and ends every connection and those that come from now on. */
    readonly stop: Effect.Effect<void>
  }
>()("parlance/transports/Connections") {
  static readonly layerNoDeps = Layer.effect(
    Connections,
    Effect.gen(function* () {
      const chat = yield* Chat
      const quota = yield* Quota
      const census = yield* Census
      const flusher = yield* Flusher
      const limits = yield* TransportLimits
      const wire = yield* WireLog
      const clock = yield* Clock.Clock
      const run = yield* FiberSet.makeRuntime<never, void, never>()
      // oxlint-disable-next-line typescript/no-explicit-any -- a connection is invariant in what it reads and writes
      const connections = new Set<Connection<any, any>>()
      const shared = new WeakMap<object, Shared<never>>()
      let isStopping = false
      let lastConnection = 0
      let allOver = Deferred.makeUnsafe<void>()

      const sharedOf = <In, Frame>(protocol: Protocol<In, Frame>): Shared<Frame> => {
        const known = shared.get(protocol) as unknown as Shared<Frame> | undefined
        if (known !== undefined) return known
        const { gapMillis, sizeBytes } = protocol
        const made = {
          shared: new SharedFrames(protocol),
          outboxes: { sizeBytes, gapMillis, batches: Batches.make(sizeBytes), flusher, clock, run }
        }
        shared.set(protocol, made as unknown as Shared<never>)
        return made
      }

      yield* IdleSweeper.fork(connections, limits, clock)
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          for (const connection of connections) connection.close()
        })
      )

      const drain = <In, Frame>(connection: Connection<In, Frame>): Effect.Effect<void> =>
        connection.outbox.emptied.pipe(Effect.timeoutOption(limits.drainTimeoutMillis), Effect.asVoid)

      const end = <In, Frame>(connection: Connection<In, Frame>, hangup: Hangup | undefined) =>
        Effect.gen(function* () {
          const who = connection.session?.name
          connection.leave()
          if (who !== undefined) yield* Effect.logInfo(`${who} left`)
          if (hangup !== undefined && hangup.reason !== "done") {
            const { detail = explain(hangup.reason), reason } = hangup
            census.hungUp(reason)
            // Everybody is hung up on when the server stops, which is not worth a line each.
            const log = reason === "stopping" ? Effect.logDebug : Effect.logInfo
            yield* log(`Hung up on ${who ?? "a peer"}`).pipe(Effect.annotateLogs({ reason, detail }))
            if (reason === "slow") return
            connection.sayFarewell(reason)
          }
          yield* drain(connection)
        })

      // oxlint-disable-next-line typescript/no-explicit-any -- as above
      const closed = (connection: Connection<any, any>): void => {
        connections.delete(connection)
        census.counts.connections--
        if (connections.size === 0) Deferred.doneUnsafe(allOver, Effect.void)
      }

      const doorOf = <In, Frame>({ exchange, protocol, release }: Service<In, Frame>): Door<In, Frame> => ({
        protocol,
        exchange,
        release,
        ...sharedOf(protocol),
        chat,
        limits,
        clock,
        wire,
        isBanned: quota.isBanned,
        end,
        closed,
        run
      })

      const admit = <In, Frame>(
        door: Door<In, Frame>,
        visitor: Visitor<In, Frame>,
        over?: () => void
      ): Connection<In, Frame> | undefined => {
        const { carrier, whereabouts } = visitor
        const { address } = whereabouts
        const isBrief = door.exchange?.exchange.areConnectionsBrief === true
        const leavePlace = isStopping ? undefined : (isBrief ? quota.admitBriefly : quota.admit)(address)
        if (leavePlace === undefined) {
          census.counts.connectionsRefused++
          const reason = isStopping ? "stopping" : quota.isBanned(address) ? "banned" : "too-many"
          for (const frame of door.protocol.converse().farewell(reason)) carrier.write([frame])
          carrier.end()
          return undefined
        }
        const number = ++lastConnection
        const connection = new Connection(door, { ...visitor, number, leavePlace, over })
        connections.add(connection)
        census.counts.connections++
        census.counts.connectionsOpened++
        connection.begin()
        return connection
      }

      const receive = <In, Frame>(service: Service<In, Frame>) => {
        const door = doorOf(service)
        return (visitor: Visitor<In, Frame>): void => void admit(door, visitor)
      }

      const serve = <In, Frame>(peer: Peer<In, Frame>): Effect.Effect<void> =>
        Effect.callback<void>((resume) => {
          const { address, carrier, local, port, reads } = peer
          const over = () => resume(Effect.void)
          const visitor = { carrier, source: fromStream(reads, run), whereabouts: { address, port, local } }
          const connection = admit(doorOf(peer), visitor, over)
          if (connection === undefined) over()
          return Effect.sync(() => connection?.close())
        })

      const stop = Effect.suspend(() => {
        isStopping = true
        chat.stopping()
        if (connections.size === 0) return Effect.void
        allOver = Deferred.makeUnsafe<void>()
        const hangup = new Hangup({ reason: "stopping" })
        for (const connection of connections) connection.hangUp(hangup)
        return Deferred.await(allOver)
      })

      return Connections.of({ serve, receive, stop })
    })
  )

  /** With the quota, which counts for whoever comes without a connection too. */
  static readonly layer = this.layerNoDeps.pipe(Layer.provide(Flusher.layer), Layer.provideMerge(Quota.layer))
}
