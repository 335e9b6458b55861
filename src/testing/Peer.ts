/**
 * Scripted peers on an in-memory network: the real connections, conversations and chat, without a socket.
 *
 * - What a peer sends arrives as the reads in which it was sent; what it is sent can be taken frame by frame.
 * - Time is the Clock's, so that time-outs and pacing run under a TestClock.
 */
import { type Cause, Context, Data, Effect, Fiber, Layer, Queue, Scope, Stream } from "effect"
import type { Exchange } from "../protocols/Exchange.ts"
import type { Protocol } from "../protocols/Protocol.ts"
import { Attachments } from "../services/Attachments.ts"
import { Census } from "../services/Census.ts"
import { Chat } from "../services/Chat.ts"
import { History } from "../services/History.ts"
import * as ChatLimits from "../services/Limits.ts"
import { Quota } from "../services/Quota.ts"
import { Connections } from "../transports/Connections.ts"
import type { Carrier } from "../transports/Carrier.ts"
import * as ExchangePort from "../transports/ExchangePort.ts"
import * as TransportLimits from "../transports/TransportLimits.ts"

/** The connection is over, and no further frame can come. */
export class PeerGone extends Data.TaggedError("PeerGone")<{}> {}

/** The other end of a connection. */
export interface Peer<In, Frame> {
  /** Sends each input as a read of its own. */
  readonly send: (...inputs: ReadonlyArray<In>) => Effect.Effect<void>
  /** The next frame; waits for it. */
  readonly take: Effect.Effect<Frame, PeerGone>
  /** Takes frames until one satisfies `isIt`, and gives that one. */
  readonly takeUntil: (isIt: (frame: Frame) => boolean) => Effect.Effect<Frame, PeerGone>
  /** All that was sent to it so far, write by write. */
  readonly writes: ReadonlyArray<ReadonlyArray<Frame>>
  /** Reads nothing more. */
  readonly stall: () => void
  /** Goes away. */
  readonly leave: Effect.Effect<void>
  /** Succeeds when the server is done with the connection. */
  readonly over: Effect.Effect<void>
}

/** The exchanges whose protocols peers speak, each at work once. */
export class Exchanges extends Context.Service<
  Exchanges,
  {
    /** The port of an exchange, which works from the first call on. */
    readonly port: <Frame>(exchange: Exchange<Frame>) => Effect.Effect<ExchangePort.ExchangePort<Frame>>
  }
>()("parlance/testing/Peer/Exchanges") {
  static readonly layer = Layer.effect(
    Exchanges,
    Effect.gen(function* () {
      const services = yield* Effect.context<Chat | Census | Quota | Scope.Scope>()
      // oxlint-disable-next-line typescript/no-explicit-any -- a port is invariant in what it sends
      const ports = new Map<unknown, ExchangePort.ExchangePort<any>>()
      return Exchanges.of({
        port: Effect.fnUntraced(function* <Frame>(
          exchange: Exchange<Frame>
        ): Effect.fn.Return<ExchangePort.ExchangePort<Frame>> {
          const known: ExchangePort.ExchangePort<Frame> | undefined = ports.get(exchange)
          if (known !== undefined) return known
          const port = yield* ExchangePort.make(exchange).pipe(Effect.provideContext(services))
          ports.set(exchange, port)
          return port
        })
      })
    })
  )
}

/** What {@link layer} provides. */
export type Services = Connections | Exchanges | Quota | Layer.Success<typeof Chat.layer>

/** A chat with connections and no listener, in memory; limits may be set, and another history. */
export const layer = (options?: {
  readonly chat?: Partial<ChatLimits.Limits>
  readonly transport?: Partial<TransportLimits.TransportLimits>
  readonly history?: Layer.Layer<History>
}): Layer.Layer<Services> =>
  Exchanges.layer.pipe(
    Layer.provideMerge(Connections.layer),
    Layer.provideMerge(Chat.layerNoStorage),
    Layer.provideMerge(Layer.merge(options?.history ?? History.layerMemory, Attachments.layerMemory)),
    Layer.provide([
      Layer.succeed(ChatLimits.Limits, { ...ChatLimits.defaults, ...options?.chat }),
      Layer.succeed(TransportLimits.TransportLimits, { ...TransportLimits.defaults, ...options?.transport })
    ])
  )

/** Connects a peer for as long as the scope lasts; with the protocol of an exchange it is a link of that. */
export const connect = Effect.fn("Peer.connect")(function* <In, Frame>(
  protocol: Protocol<In, Frame> & { readonly exchange?: Exchange<Frame> },
  options?: { readonly address?: string }
): Effect.fn.Return<Peer<In, Frame>, never, Connections | Exchanges | Scope.Scope> {
  const connections = yield* Connections
  const exchanges = yield* Exchanges
  const reads = yield* Queue.unbounded<In, Cause.Done>()
  const frames = yield* Queue.unbounded<Frame, PeerGone>()
  const writes: Array<ReadonlyArray<Frame>> = []
  let isStalled = false
  let unsentBytes = 0
  let listener: Parameters<Carrier<Frame>["listen"]>[0] | undefined

  const close = (): void => {
    const closing = listener
    listener = undefined
    closing?.closed()
  }
  const carrier: Carrier<Frame> = {
    write: (batch) => {
      if (isStalled) for (const frame of batch) unsentBytes += protocol.sizeBytes(frame)
      else {
        writes.push(batch)
        Queue.offerAllUnsafe(frames, batch)
      }
    },
    unsentBytes: () => unsentBytes,
    listen: (it) => {
      listener = it
    },
    end: close,
    destroy: close
  }
  const exchange = protocol.exchange === undefined ? undefined : yield* exchanges.port(protocol.exchange)
  const fiber = yield* connections
    .serve({ protocol, carrier, reads: Stream.fromQueue(reads), address: options?.address ?? "127.0.0.1", exchange })
    .pipe(Effect.forkScoped({ startImmediately: true }))
  yield* fiber.pipe(
    Fiber.await,
    Effect.andThen(Queue.fail(frames, new PeerGone())),
    Effect.forkScoped({ startImmediately: true })
  )

  const take = Queue.take(frames)
  return {
    send: (...inputs) =>
      Effect.forEach(inputs, (input) => Effect.andThen(Queue.offer(reads, input), Effect.yieldNow), { discard: true }),
    take,
    takeUntil: (isIt) => Effect.repeat(take, { until: isIt }),
    writes,
    stall: () => {
      isStalled = true
    },
    leave: Effect.asVoid(Queue.end(reads)),
    over: Effect.asVoid(Fiber.await(fiber))
  }
})
