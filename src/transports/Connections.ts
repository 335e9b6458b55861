/**
 * All connections of all protocols, each served by a fiber of its own.
 *
 * - Whoever may not come in is told why, and nothing else happens.
 * - A connection ends when its peer goes, by a {@link Hangup}, by an interruption with a reason, by one without, or by a
 *   defect. In each the name is freed and the others are told first, once; then what waits is sent, but for the last two; then
 *   the carrier is destroyed, whatever it still holds.
 * - When the layer's scope closes all that are left are closed at once.
 */
import { Cause, Clock, Context, Effect, Exit, Fiber, FiberSet, Layer, Option, type Scope, type Stream } from "effect"
import { Hangup, type HangupReason } from "../domain/Hangup.ts"
import { everyMillis, monotonicMillis } from "../domain/MonotonicTime.ts"
import type { RefusedByPolicy } from "../domain/Rejection.ts"
import { sweepMillis } from "../protocols/Exchange.ts"
import type { Missed } from "../domain/Missed.ts"
import type { Protocol } from "../protocols/Protocol.ts"
import { Metrics } from "../services/Metrics.ts"
import { Chat } from "../services/Chat.ts"
import { unlessProvided } from "../services/DefaultLayer.ts"
import { Quota } from "../services/Quota.ts"
import { Turn } from "../services/Turn.ts"
import * as Batches from "./Batches.ts"
import type { Accepted } from "./Accepted.ts"
import { Connection } from "./Connection.ts"
import { Crowd } from "./Crowd.ts"
import { Descriptors } from "./Descriptors.ts"
import { Dialogue } from "./Dialogue.ts"
import { Flusher } from "./Flusher.ts"
import * as HangupLog from "./HangupLog.ts"
import * as IdleSweeper from "./IdleSweeper.ts"
import { Interpreter } from "./Interpreter.ts"
import { type OpenConnection, OpenConnections } from "./OpenConnections.ts"
import { PacketTaps } from "./PacketTaps.ts"
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
  /** @internal */
  readonly crowd: Crowd
  /** Tells every peer of the protocol that the server stops, and ends its connections and those that come from now on. */
  readonly stop: Effect.Effect<void>
}

/** All connections: served by a fiber each, and told when the server stops. */
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
    /**
     * The connections that are open, and then each that is opened, of all protocols. An observer for which 1024 wait misses
     * the oldest, and is told how many. Peers by UDP have no connection.
     */
    readonly opened: Stream.Stream<OpenConnection | Missed>
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
      const stops = new Set<Effect.Effect<void>>()
      const observed = new OpenConnections(connections)
      let isStopping = false
      let lastConnection = 0

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
          taps: new PacketTaps(wire, protocol.masks),
          turn: flusher.turn,
          run: apart
        }
        const interpreter = new Interpreter<Frame, Key>(context)
        if (exchange !== undefined) {
          yield* Effect.addFinalizer(() => interpreter.close)
          const sweep = Effect.suspend(() => interpreter.perform(exchange.sweep()))
          yield* Effect.forkScoped(everyMillis(sweepMillis, sweep))
        }
        const crowd = new Crowd()
        const stop = crowd.stop(() => {
          // Where all is over, everybody has been told.
          if (!isStopping) interpreter.sessions.tellAll({ _tag: "ServerStopping" })
          const hangup = new Hangup({ reason: "stopping" })
          for (const connection of connections) if (connection.isOf(context)) connection.hangUp(hangup)
        })
        yield* Effect.acquireRelease(
          Effect.sync(() => stops.add(stop)),
          () => Effect.sync(() => stops.delete(stop))
        )
        return { context, interpreter, dialogue: new Dialogue(context, interpreter), crowd, stop }
      })

      const reasonOf = (address: string, refusal: RefusedByPolicy | undefined): HangupReason => {
        if (isStopping) return "stopping"
        if (quota.isBanned(address)) return "banned"
        return refusal === undefined ? "too-many" : "refused"
      }

      const refuse = <In, Packet, Frame, Key extends object>(
        { context: { protocol }, crowd }: Service<In, Packet, Frame, Key>,
        { carrier, remote }: Accepted<In, Frame>,
        refusal?: RefusedByPolicy
      ): Effect.Effect<void> =>
        Effect.sync(() => {
          metrics.counts.connectionsRefused++
          const reason = crowd.isOver ? "stopping" : reasonOf(remote.address, refusal)
          const said = reason === "refused" ? refusal : undefined
          for (const frame of protocol.converse().farewell(reason, said)) carrier.write([frame])
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
        crowd: Crowd,
        leavePlace: () => void
      ): Effect.Effect<void> =>
        Effect.andThen(
          connection.leave,
          Effect.sync(() => {
            connection.abort()
            leavePlace()
            connections.delete(connection)
            observed.closed(connection)
            metrics.counts.connections--
            crowd.leave()
          })
        )

      // An idle connection keeps what is made here: as little as can be.
      const serveOne = <In, Packet, Frame, Key extends object>(
        { context, crowd, dialogue, interpreter }: Service<In, Packet, Frame, Key>,
        accepted: Accepted<In, Frame>,
        leavePlace: () => void
      ): Effect.Effect<void, Hangup> =>
        Effect.uninterruptibleMask((restore) =>
          Effect.withFiber<void, Hangup>((fiber) => {
            const connection = new Connection(context, interpreter, accepted, ++lastConnection)
            connection.fiber = fiber
            connections.add(connection)
            crowd.enter()
            observed.opened(connection)
            metrics.counts.connections++
            metrics.counts.connectionsOpened++
            const converse = Effect.suspend(() => dialogue.converse(connection, accepted.inbound))
            return Effect.onExit(restore(converse), (exit) =>
              Effect.ensuring(over(connection, exit), close(connection, crowd, leavePlace))
            )
          })
        )

      // Nothing is read of whom the policy is asked about. It takes its place meanwhile, but is no connection yet.
      const serveAllowed = <In, Packet, Frame, Key extends object>(
        service: Service<In, Packet, Frame, Key>,
        accepted: Accepted<In, Frame>,
        leavePlace: () => void,
        allowed: Effect.Effect<void, RefusedByPolicy>
      ): Effect.Effect<void, Hangup> => {
        const { carrier, remote } = accepted
        const isOver = () => isStopping || service.crowd.isOver
        const refused = (refusal?: RefusedByPolicy) =>
          Effect.andThen(Effect.sync(leavePlace), refuse(service, accepted, refusal))
        return Effect.matchEffect(allowed, {
          onSuccess: () =>
            isOver() || quota.isBanned(remote.address) ? refused() : serveOne(service, accepted, leavePlace),
          onFailure: refused
        }).pipe(
          Effect.onInterrupt(() =>
            Effect.sync(() => {
              leavePlace()
              carrier.destroy()
            })
          )
        )
      }

      const accept = <In, Packet, Frame, Key extends object>(service: Service<In, Packet, Frame, Key>) => {
        const { admit: allow } = chat
        const protocol = service.context.protocol.name
        const isBrief = service.context.protocol.exchange?.areConnectionsBrief === true
        const admit = isBrief ? quota.admitBriefly : quota.admit
        return (accepted: Accepted<In, Frame>): Fiber.Fiber<void, Hangup> => {
          const { hasPlace, remote } = accepted
          const isOver = isStopping || service.crowd.isOver || hasPlace === false
          const leavePlace = isOver ? undefined : hasPlace ? ownPlace : admit(remote.address)
          if (leavePlace === undefined) return run(refuse(service, accepted))
          if (allow === undefined || hasPlace === true) return run(serveOne(service, accepted, leavePlace))
          return run(serveAllowed(service, accepted, leavePlace, allow({ protocol, address: remote.address })))
        }
      }

      const stop = Effect.suspend(() => {
        isStopping = true
        chat.stopping()
        return Effect.forEach(stops, (stop) => stop, { concurrency: "unbounded", discard: true })
      })

      return Connections.of({ serve, accept, stop, opened: observed.stream })
    })
  )

  /**
   * With the quota, which counts for whoever comes without a connection too, unless one is provided in front of this, and
   * the descriptors.
   */
  static readonly layer = this.layerNoDeps.pipe(
    Layer.provide(Flusher.layer),
    Layer.provideMerge(Layer.mergeAll(unlessProvided(Quota, Quota.layer), Descriptors.layer))
  )
}
