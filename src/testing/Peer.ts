/**
 * Scripted peers on an in-memory network: the real connections, conversations and chat, without a socket.
 *
 * - What a peer sends arrives as the reads in which it was sent; what it is sent can be taken frame by frame.
 * - Time is the Clock's, so that time-outs and pacing run under a TestClock.
 */
import { createHash } from "node:crypto"
import { Context, Data, Effect, Fiber, Layer, Queue, Scope } from "effect"
import { Digest, SecureRandom } from "effect/crypto"
import * as Hex from "effect/encoding/Hex"
import type { Protocol } from "../protocols/Protocol.ts"
import { Attachments } from "../services/Attachments.ts"
import { Chat } from "../services/Chat.ts"
import { Directory } from "../services/Directory.ts"
import { History } from "../services/History.ts"
import * as ChatLimits from "../services/Limits.ts"
import { Quota } from "../services/Quota.ts"
import { Descriptors } from "../transports/Descriptors.ts"
import { Connections, type Service } from "../transports/Connections.ts"
import type { Carrier } from "../transports/Carrier.ts"
import { Inbound } from "../transports/Inbound.ts"
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

/** The protocols that peers speak, each at work once. */
export class Services extends Context.Service<
  Services,
  {
    /** What a maker makes, which is asked once: a protocol that several peers speak. */
    readonly one: <A>(make: Effect.Effect<A>) => Effect.Effect<A>
    /** A protocol at work, from the first call on. */
    readonly of: <In, Packet, Frame, Key extends object>(
      protocol: Protocol<In, Packet, Frame, Key>
    ) => Effect.Effect<Service<In, Packet, Frame, Key>>
  }
>()("parlance/testing/Peer/Services") {
  static readonly layer = Layer.effect(
    Services,
    Effect.gen(function* () {
      const connections = yield* Connections
      const scope = yield* Scope.Scope
      // oxlint-disable-next-line typescript/no-explicit-any -- a service is invariant in what it reads and sends
      const services = new Map<unknown, Service<any, any, any, any>>()
      const made = new Map<unknown, unknown>()
      return Services.of({
        one: <A>(make: Effect.Effect<A>) =>
          Effect.suspend(() => {
            const known = made.get(make) as A | undefined
            return known !== undefined
              ? Effect.succeed(known)
              : Effect.tap(make, (it) => Effect.sync(() => made.set(make, it)))
          }),
        of: Effect.fnUntraced(function* <In, Packet, Frame, Key extends object>(
          protocol: Protocol<In, Packet, Frame, Key>
        ): Effect.fn.Return<Service<In, Packet, Frame, Key>> {
          const known: Service<In, Packet, Frame, Key> | undefined = services.get(protocol)
          if (known !== undefined) return known
          const service = yield* connections.serve(protocol).pipe(Scope.provide(scope))
          services.set(protocol, service)
          return service
        })
      })
    })
  )
}

// What is digested in other threads takes a time that no TestClock knows.
const digest = (algorithm: Digest.Algorithm, data: Uint8Array): Effect.Effect<Uint8Array> =>
  Effect.sync(() => new Uint8Array(createHash(algorithm.name.toLowerCase().replace("-", "")).update(data).digest()))
const layerDigest = Layer.succeed(Digest.Digest, {
  digest,
  digestHex: (algorithm, data) => Effect.map(digest(algorithm, data), Hex.encode)
})
const attachments = Attachments.layerMemoryNoDeps.pipe(Layer.provide([layerDigest, SecureRandom.layerWebCrypto]))

/** What {@link layer} provides. */
export type Provided = Connections | Descriptors | Services | Quota | Layer.Success<typeof Chat.layer>

/**
 * A chat with connections and no listener, in memory; limits may be set, and another history or directory.
 *
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { Clients, Peer } from "parlance/testing"
 *
 * // How to test two servers: each is a layer built afresh, and a client is of the one that it is provided with.
 * export const twoServers = Effect.gen(function* () {
 *   const one = yield* Layer.build(Layer.fresh(Peer.layer()))
 *   const two = yield* Layer.build(Layer.fresh(Peer.layer()))
 *   const here = yield* Effect.provide(Clients.toss.enter("alice"), one)
 *   const there = yield* Effect.provide(Clients.toss.enter("alice"), two)
 *   const bob = yield* Effect.provide(Clients.sockets.enter("bob"), one)
 *   yield* there.say("said on the other server")
 *   yield* here.say("said on this one")
 *   return yield* bob.hear("alice")
 * }).pipe(Effect.scoped)
 * ```
 */
export const layer = (options?: {
  readonly chat?: Partial<ChatLimits.Limits>
  readonly transport?: Partial<TransportLimits.TransportLimits>
  readonly history?: Layer.Layer<History>
  readonly directory?: Layer.Layer<Directory>
}): Layer.Layer<Provided> =>
  Services.layer.pipe(
    Layer.provideMerge(Connections.layer),
    Layer.provideMerge(Chat.layerNoDirectory),
    Layer.provideMerge(options?.directory ?? Directory.layer),
    Layer.provideMerge(Layer.merge(options?.history ?? History.layerMemory, attachments)),
    Layer.provide([
      Layer.succeed(ChatLimits.Limits, { ...ChatLimits.defaults, ...options?.chat }),
      Layer.succeed(TransportLimits.TransportLimits, { ...TransportLimits.defaults, ...options?.transport })
    ])
  )

/**
 * Connects a peer for as long as the scope lasts.
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Metrics } from "parlance"
 * import { Clients, Deadline, Peer } from "parlance/testing"
 *
 * // How to test a slow peer: it reads nothing more, is hung up on, and nobody else misses anything.
 * export const slowPeer = Effect.gen(function* () {
 *   const { counts } = yield* Metrics
 *   const slow = yield* Clients.chatmaster.enter("slow")
 *   const bob = yield* Clients.chatmaster.enter("bob")
 *   const alice = yield* Clients.toss.enter("alice")
 *   slow.peer.stall()
 *   let heard = 0
 *   for (let said = 0; said < 300; said++) {
 *     yield* alice.say("x".repeat(4000))
 *     heard += (yield* bob.hear("alice")).text.length
 *   }
 *   yield* Deadline.within(slow.peer.over, () => "the end of a peer that does not read")
 *   return { heard, hangups: counts.hangups }
 * }).pipe(Effect.scoped, Effect.provide(Peer.layer({ chat: { floodRate: 0 } })))
 * ```
 */
export const connect = Effect.fn("Peer.connect")(function* <In, Packet, Frame, Key extends object>(
  protocol: Protocol<In, Packet, Frame, Key>,
  options?: { readonly address?: string }
): Effect.fn.Return<Peer<In, Frame>, never, Connections | Services | Scope.Scope> {
  const connections = yield* Connections
  const services = yield* Services
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
  const service = yield* services.of(protocol)
  const inbound = new Inbound<In>({ pause: () => {}, resume: () => {} })
  const remote = { address: options?.address ?? "127.0.0.1" }
  const fiber = yield* Effect.acquireRelease(
    Effect.sync(() => connections.accept(service)({ carrier, inbound, remote })),
    (fiber) => Fiber.interrupt(fiber)
  )
  yield* fiber.pipe(
    Fiber.await,
    Effect.andThen(Queue.fail(frames, new PeerGone())),
    Effect.forkScoped({ startImmediately: true })
  )

  const take = Queue.take(frames)
  return {
    send: (...inputs) =>
      Effect.forEach(
        inputs,
        (input) =>
          Effect.andThen(
            Effect.sync(() => inbound.push([input])),
            Effect.yieldNow
          ),
        { discard: true }
      ),
    take,
    takeUntil: (isIt) => Effect.repeat(take, { until: isIt }),
    writes,
    stall: () => {
      isStalled = true
    },
    leave: Effect.sync(() => inbound.end()),
    over: Effect.asVoid(Fiber.await(fiber))
  }
})
