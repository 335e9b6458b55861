/**
 * All connections of all protocols, each served by a fiber of its own.
 *
 * - Whoever may not come in is told why, and nothing else happens.
 * - A connection ends when its peer goes, by a {@link Hangup}, by an interruption with a reason, by one without, or by a
 *   defect. In each the name is freed and the others are told first, once; then what waits is sent, but for the last two; then
 *   the carrier is destroyed, whatever it still holds.
 * - When the layer's scope closes all that are left are closed at once.
 */
import { Cause, Clock, Context, Deferred, Effect, Exit, Fiber, FiberSet, Layer, Option, type Scope } from "effect"
import { Hangup } from "../domain/Hangup.ts"
import { everyMillis, monotonicMillis } from "../domain/MonotonicTime.ts"
import { sweepMillis } from "../protocols/Exchange.ts"
import type { Protocol } from "../protocols/Protocol.ts"
import { Metrics } from "../services/Metrics.ts"
import { Chat } from "../services/Chat.ts"
import { Quota } from "../services/Quota.ts"
import { Turn } from "../services/Turn.ts"
import * as Batches from "./Batches.ts"
import type { Accepted } from "./Accepted.ts"
import { Connection } from "./Connection.ts"
import { Descriptors } from "./Descriptors.ts"
import { Dialogue } from "./Dialogue.ts"
import { Flusher } from "./Flusher.ts"
import * as HangupLog from "./HangupLog.ts"
import * as IdleSweeper from "./IdleSweeper.ts"
import { Interpreter } from "./Interpreter.ts"
import type { ProtocolContext } from "./ProtocolContext.ts"
import { SharedFrames } from "./SharedFrames.ts"
import { TransportLimits } from "./TransportLimits.ts"
import { WireLog } from "./WireLog.ts"

// Whoever gave the place takes it back.
const ownPlace = (): void => {}

/** A protocol at work. */
export interface Service<In, Packet, Frame, Key extends object = never> {
  readonly context: ProtocolContext<In, Packet, Frame, Key>
  /** @internal */
  readonly interpreter: Interpreter<Frame, Key>
  /** @internal */
  readonly dialogue: Dialogue<In, Packet, Frame, Key>
}

export class Connections extends Context.Service<
  Connections,
  {
    /** Puts a protocol to work for as long as the scope lasts. */
    readonly serve: <In, Packet, Frame, Key extends object = never>(
      protocol: Protocol<In, Packet, Frame, Key>
    ) => Effect.Effect<Service<In, Packet, Frame, Key>, never, Scope.Scope>
    /**
     * Serves peers of a protocol as they come, each by a fiber of its own. It is over when the connection is, and fails with
     * the reason if it has ended that.
     */
    readonly accept: <In, Packet, Frame, Key extends object>(
      service: Service<In, Packet, Frame, Key>
    ) => (accepted: Accepted<In, Frame>) => Fiber.Fiber<void, Hangup>
    /** Tells every peer that the server stops, and ends every connection and those that come from now on. */
    readonly stop: Effect.Effect<void>
  }
>()("parlance/transports/Connections") {
  static readonly layerNoDeps = Layer.effect(
    Connections,
    Effect.gen(function* () {
      const chat = yield* Chat
      const quota = yield* Quota
      const metrics = yield* Metrics
      const flusher = yield* Flusher
      const limits = yield* TransportLimits
      const wire = yield* WireLog
      const clock = yield* Clock.Clock
      const inTurn = Effect.provideService(Turn, flusher.turn)
      const run = yield* inTurn(FiberSet.makeRuntime<never, void, Hangup>())
      // oxlint-disable-next-line typescript/no-explicit-any -- a connection is invariant in what it reads and writes
      const connections = new Set<Connection<any, any, any, any>>()
      let isStopping = false
      let lastConnection = 0
      let allOver = Deferred.makeUnsafe<void>()

      yield* IdleSweeper.fork(connections, limits, clock)
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          for (const connection of connections) connection.abort()
        })
      )

      const serve = Effect.fnUntraced(function* <In, Packet, Frame, Key extends object>(
        protocol: Protocol<In, Packet, Frame, Key>
      ): Effect.fn.Return<Service<In, Packet, Frame, Key>, never, Scope.Scope> {
        const { exchange, gapMillis, saysWhoIsThere = false, sizeBytes } = protocol
        const apart = yield* inTurn(FiberSet.makeRuntime<never, void, never>())
        const batches = Batches.make(sizeBytes)
        const context: ProtocolContext<In, Packet, Frame, Key> = {
          protocol,
          shared: new SharedFrames(protocol),
          outboxes: { sizeBytes, gapMillis, saysWhoIsThere, batches, flusher, clock, run: apart },
          chat,
          quota,
          metrics,
          limits,
          clock,
          wire,
          turn: flusher.turn,
          run: apart
        }
        const interpreter = new Interpreter<Frame, Key>(context)
        if (exchange !== undefined) {
          yield* Effect.addFinalizer(() => interpreter.close)
          const sweep = Effect.suspend(() => interpreter.perform(exchange.sweep()))
          yield* Effect.forkScoped(everyMillis(sweepMillis, sweep))
        }
        return { context, interpreter, dialogue: new Dialogue(context, interpreter) }
      })

      const refuse = <In, Packet, Frame, Key extends object>(
        { protocol }: ProtocolContext<In, Packet, Frame, Key>,
        { carrier, remote }: Accepted<In, Frame>
      ): Effect.Effect<void> =>
        Effect.sync(() => {
          metrics.counts.connectionsRefused++
          const reason = isStopping ? "stopping" : quota.isBanned(remote.address) ? "banned" : "too-many"
          for (const frame of protocol.converse().farewell(reason)) carrier.write([frame])
          carrier.end()
        })

      const end = Effect.fnUntraced(function* <In, Packet, Frame, Key extends object>(
        connection: Connection<In, Packet, Frame, Key>,
        hangup: Hangup | undefined
      ) {
        const who = connection.session?.name
        yield* connection.leave
        if (hangup !== undefined && hangup.reason !== "done") {
          yield* HangupLog.note(metrics, hangup, who, connection.about)
          if (hangup.reason === "slow") return
        }
        const beganMillis = monotonicMillis(clock)
        const { drainTimeoutMillis } = limits
        // What was asked for before is answered before the last words.
        if (connection.children.size > 0) {
          yield* Effect.timeoutOption(Fiber.awaitAll(connection.children), drainTimeoutMillis / 2)
        }
        if (hangup !== undefined && hangup.reason !== "done") connection.sayFarewell(hangup.reason)
        const leftMillis = drainTimeoutMillis - (monotonicMillis(clock) - beganMillis)
        yield* Effect.timeoutOption(connection.outbox.emptied, Math.max(0, leftMillis))
      })

      const over = <In, Packet, Frame, Key extends object>(
        connection: Connection<In, Packet, Frame, Key>,
        exit: Exit.Exit<void, Hangup>
      ): Effect.Effect<void> => {
        if (Exit.isSuccess(exit)) return end(connection, connection.hangup)
        const { cause } = exit
        if (Cause.hasDies(cause)) return connection.logDefect(Cause.squash(cause))
        const hangup = connection.hangup ?? Option.getOrUndefined(Cause.findErrorOption(cause))
        return hangup === undefined ? Effect.void : end(connection, hangup)
      }

      const close = <In, Packet, Frame, Key extends object>(
        connection: Connection<In, Packet, Frame, Key>,
        leavePlace: () => void
      ): Effect.Effect<void> =>
        Effect.andThen(
          connection.leave,
          Effect.sync(() => {
            connection.abort()
            leavePlace()
            connections.delete(connection)
            metrics.counts.connections--
            if (connections.size === 0) Deferred.doneUnsafe(allOver, Effect.void)
          })
        )

      // An idle connection keeps what is made here: as little as can be.
      const serveOne = <In, Packet, Frame, Key extends object>(
        { context, dialogue, interpreter }: Service<In, Packet, Frame, Key>,
        accepted: Accepted<In, Frame>,
        leavePlace: () => void
      ): Effect.Effect<void, Hangup> =>
        Effect.uninterruptibleMask((restore) =>
          Effect.withFiber<void, Hangup>((fiber) => {
            const connection = new Connection(context, interpreter, accepted, ++lastConnection)
            connection.fiber = fiber
            connections.add(connection)
            metrics.counts.connections++
            metrics.counts.connectionsOpened++
            const converse = Effect.suspend(() => dialogue.converse(connection, accepted.inbound))
            return Effect.onExit(restore(converse), (exit) =>
              Effect.ensuring(over(connection, exit), close(connection, leavePlace))
            )
          })
        )

      const accept = <In, Packet, Frame, Key extends object>(service: Service<In, Packet, Frame, Key>) => {
        const isBrief = service.context.protocol.exchange?.areConnectionsBrief === true
        const admit = isBrief ? quota.admitBriefly : quota.admit
        return (accepted: Accepted<In, Frame>): Fiber.Fiber<void, Hangup> => {
          const { hasPlace, remote } = accepted
          const leavePlace = isStopping || hasPlace === false ? undefined : hasPlace ? ownPlace : admit(remote.address)
          return run(
            leavePlace === undefined ? refuse(service.context, accepted) : serveOne(service, accepted, leavePlace)
          )
        }
      }

      const stop = Effect.suspend(() => {
        isStopping = true
        chat.stopping()
        if (connections.size === 0) return Effect.void
        allOver = Deferred.makeUnsafe<void>()
        const hangup = new Hangup({ reason: "stopping" })
        for (const connection of connections) connection.hangUp(hangup)
        return Deferred.await(allOver)
      })

      return Connections.of({ serve, accept, stop })
    })
  )

  /** With the quota, which counts for whoever comes without a connection too, and the descriptors. */
  static readonly layer = this.layerNoDeps.pipe(
    Layer.provide(Flusher.layer),
    Layer.provideMerge(Layer.mergeAll(Quota.layer, Descriptors.layer))
  )
}
