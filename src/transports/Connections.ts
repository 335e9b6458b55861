/**
 * All connections of all protocols.
 *
 * - A connection is a scope: reading and the outside's wish to end it race, and the first to end closes it.
 * - When it is over the name is freed and the others are told first, once; then what waits is sent; then the carrier is
 *   destroyed, whatever it still holds.
 * - This is the one place where a `Hangup` is caught.
 */
import { Clock, Context, Deferred, Effect, FiberSet, Layer, Stream } from "effect"
import { explain, Hangup } from "../domain/Hangup.ts"
import type { Link } from "../protocols/Exchange.ts"
import type { Protocol } from "../protocols/Protocol.ts"
import { Census } from "../services/Census.ts"
import { Chat } from "../services/Chat.ts"
import { Quota } from "../services/Quota.ts"
import type { Carrier } from "./Carrier.ts"
import { Connection } from "./Connection.ts"
import type { ExchangePort } from "./ExchangePort.ts"
import { Flusher } from "./Flusher.ts"
import * as SharedFrames from "./SharedFrames.ts"
import * as IdleSweeper from "./IdleSweeper.ts"
import { TransportLimits } from "./TransportLimits.ts"
import { WireLog } from "./WireLog.ts"

/** A peer that has just connected. */
export interface Peer<In, Frame> {
  readonly protocol: Protocol<In, Frame>
  readonly carrier: Carrier<Frame>
  /** What the peer sends; ends when it has gone, however it went. */
  readonly reads: Stream.Stream<In>
  /** The peer's IP address. */
  readonly address: string
  /** The peer's port, and the address at which it has reached the server. */
  readonly port?: number | undefined
  readonly local?: Link<Frame>["local"]
  /** The exchange to which the protocol belongs, if it does. */
  readonly exchange?: ExchangePort<Frame> | undefined
  /** Takes back what was read when it has been dealt with. */
  readonly release?: (input: In) => void
}

export class Connections extends Context.Service<
  Connections,
  {
    /** Serves a peer until its connection is over. Never fails; an interruption ends the connection at once. */
    readonly serve: <In, Frame>(peer: Peer<In, Frame>) => Effect.Effect<void>
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
      const runFiber = yield* FiberSet.makeRuntime<never, void, never>()
      // oxlint-disable-next-line typescript/no-explicit-any -- a connection is invariant in what it reads and writes
      const connections = new Set<Connection<any, any>>()
      const shared = new WeakMap<object, SharedFrames.SharedFrames<never>>()
      let isStopping = false
      let lastConnection = 0
      let allOver = Deferred.makeUnsafe<void>()

      const sharedOf = <In, Frame>(protocol: Protocol<In, Frame>): SharedFrames.SharedFrames<Frame> => {
        const frames =
          (shared.get(protocol) as SharedFrames.SharedFrames<Frame> | undefined) ?? SharedFrames.make(protocol)
        shared.set(protocol, frames as SharedFrames.SharedFrames<never>)
        return frames
      }

      yield* IdleSweeper.fork(connections, limits, clock)

      const converse = Effect.fnUntraced(function* <In, Frame>(
        connection: Connection<In, Frame>,
        reads: Peer<In, Frame>["reads"]
      ): Effect.fn.Return<void, Hangup> {
        yield* connection.open()
        yield* Stream.runForEachArray(reads, connection.receive)
        yield* connection.ended()
      })

      const drain = <In, Frame>(connection: Connection<In, Frame>): Effect.Effect<void> =>
        connection.outbox.drained.pipe(Effect.timeoutOption(limits.drainTimeoutMillis), Effect.asVoid)

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

      const serve = Effect.fnUntraced(
        function* <In, Frame>(peer: Peer<In, Frame>): Effect.fn.Return<void> {
          const { carrier, protocol } = peer
          const isBrief = peer.exchange?.exchange.areConnectionsBrief === true
          const admit = isBrief ? quota.admitBriefly : quota.admit
          const release = isStopping ? undefined : admit(peer.address)
          if (release === undefined) {
            census.counts.connectionsRefused++
            const reason = isStopping ? "stopping" : quota.isBanned(peer.address) ? "banned" : "too-many"
            for (const frame of protocol.converse().farewell(reason)) carrier.write([frame])
            carrier.end()
            return
          }
          const connection = new Connection<In, Frame>({
            protocol,
            carrier,
            address: peer.address,
            id: `connection ${++lastConnection}`,
            exchange: peer.exchange,
            port: peer.port,
            local: peer.local,
            isBanned: quota.isBanned,
            release: peer.release,
            shared: sharedOf(protocol),
            chat,
            limits,
            clock,
            flusher,
            wire,
            runFiber
          })
          connections.add(connection)
          census.counts.connections++
          census.counts.connectionsOpened++
          yield* converse(connection, peer.reads).pipe(
            Effect.raceFirst(connection.hungUp),
            Effect.matchEffect({
              onSuccess: () => end(connection, undefined),
              onFailure: (hangup) => end(connection, hangup)
            }),
            Effect.onExit(() =>
              Effect.sync(() => {
                connection.leave()
                connection.close()
                carrier.destroy()
                release()
                connections.delete(connection)
                census.counts.connections--
                if (connections.size === 0) Deferred.doneUnsafe(allOver, Effect.void)
              })
            ),
            Effect.annotateLogs({ protocol: protocol.name, address: peer.address })
          )
        },
        Effect.catchDefect((defect) => Effect.logError("A connection ended by a defect", defect))
      )

      const stop = Effect.suspend(() => {
        isStopping = true
        chat.stopping()
        if (connections.size === 0) return Effect.void
        allOver = Deferred.makeUnsafe<void>()
        const hangup = new Hangup({ reason: "stopping" })
        for (const connection of connections) connection.hangUp(hangup)
        return Deferred.await(allOver)
      })

      return Connections.of({ serve, stop })
    })
  )

  /** With the quota, which counts for whoever comes without a connection too. */
  static readonly layer = this.layerNoDeps.pipe(Layer.provide(Flusher.layer), Layer.provideMerge(Quota.layer))
}
