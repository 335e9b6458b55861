/**
 * The connections that are open, as observers see them.
 *
 * - Nothing of it costs a connection anything as long as nobody observes.
 * - An observer that is too slow misses the oldest, and is told how many: it holds up nobody.
 */
import { Effect, type Clock, Stream } from "effect"
import type { ProtocolName } from "../domain/Message.ts"
import type { Missed } from "../domain/Missed.ts"
import { monotonicMillis } from "../domain/MonotonicTime.ts"
import type { UserSummary } from "../domain/Room.ts"
import { summary, type Session } from "../services/Session.ts"
import { SlidingQueue } from "../services/SlidingQueue.ts"
import type { Direction, PacketTaps, Peer } from "./PacketTaps.ts"

/** A packet that came from a peer, or that is queued for it. */
export interface TappedPacket {
  readonly _tag: "Packet"
  /** The number and the protocol of its connection. */
  readonly connection: number
  readonly protocol: ProtocolName
  readonly direction: Direction
  /** What came is as the reader of its protocol gives it; what goes is a frame: bytes, a file, an event of Socket.IO. */
  readonly packet: unknown
}

/** A connection that is open, or was: what is known of it stays. */
export interface OpenConnection {
  readonly _tag: "Connection"
  /** Rises from each connection to the next, over all protocols. */
  readonly number: number
  readonly protocol: ProtocolName
  /** Where its peer is: an IP address, and the port where there is one. */
  readonly address: string
  readonly port: number | undefined
  /** When it was opened, in milliseconds since 1970. */
  readonly openedAtMillis: number
  /** Who is logged in on it: nobody, somebody, or those whose packets go by it. */
  readonly users: Effect.Effect<ReadonlyArray<UserSummary>>
  /**
   * What comes and what goes, without what is secret in it: from the beginning, if it is run within a second of when this was
   * opened, else from then on. Ends with the connection. If more than 1024 packets wait the oldest are left out, and the
   * reader is told how many. It never slows the connection.
   */
  readonly packets: Stream.Stream<TappedPacket | Missed>
}

const connectionLimit = 1024
const packetLimit = 1024
/** How long packets are kept for an observer that has not asked for them. */
const graceMillis = 1000

/** What the connections of one protocol have in common. */
export interface ObservedProtocol {
  readonly protocol: { readonly name: ProtocolName }
  readonly taps: PacketTaps
  readonly clock: Clock.Clock
  readonly run: (effect: Effect.Effect<void>) => unknown
}

/** A connection, as much as there is to be observed of it. */
export interface Observed extends Peer {
  readonly number: number
  readonly address: string
  readonly port: number | undefined
  /** By the monotonic clock. */
  readonly openedMillis: number
  readonly sessions: ReadonlyArray<Session>
  readonly observed: ObservedProtocol
}

type Queue = SlidingQueue<TappedPacket>

// What comes before somebody asks for it.
class Beginning {
  readonly #kept: Array<TappedPacket> = []
  #missed = 0

  keep(packet: TappedPacket): void {
    this.#kept.push(packet)
    if (this.#kept.length > packetLimit) {
      this.#kept.shift()
      this.#missed++
    }
  }

  giveTo(queue: Queue): void {
    queue.miss(this.#missed)
    for (const packet of this.#kept) queue.offer(packet)
  }
}

export class OpenConnections {
  readonly #open: ReadonlySet<Observed>
  readonly #observers = new Set<(connection: OpenConnection) => void>()
  // What ends with each that is tapped.
  readonly #queues = new Map<Observed, Set<Queue>>()

  /** Those that are open, in the order in which they were opened, and then each that is opened. */
  readonly stream: Stream.Stream<OpenConnection | Missed> = SlidingQueue.stream(connectionLimit, (take) => {
    for (const connection of this.#open) take(this.#shown(connection))
    this.#observers.add(take)
    return () => void this.#observers.delete(take)
  })

  constructor(open: ReadonlySet<Observed>) {
    this.#open = open
  }

  /** Tells that one has been opened. */
  opened(connection: Observed): void {
    for (const observer of this.#observers) observer(this.#shown(connection, this.#begin(connection)))
  }

  /** Tells that one has been closed. */
  closed(connection: Observed): void {
    const queues = this.#queues.get(connection)
    if (queues === undefined) return
    this.#queues.delete(connection)
    for (const queue of queues) queue.end()
  }

  #begin(connection: Observed): () => Beginning | undefined {
    let beginning: Beginning | undefined = new Beginning()
    const stop = this.#add(connection, (packet) => beginning?.keep(packet))
    const take = (): Beginning | undefined => {
      const taken = beginning
      beginning = undefined
      stop()
      return taken
    }
    connection.observed.run(Effect.delay(Effect.sync(take), graceMillis))
    return take
  }

  #add(connection: Observed, take: (packet: TappedPacket) => void): () => void {
    const { number, observed } = connection
    const whose = { connection: number, protocol: observed.protocol.name }
    return observed.taps.add(connection, (direction, packet) => take({ _tag: "Packet", ...whose, direction, packet }))
  }

  #tap(connection: Observed, beginning: Beginning | undefined, queue: Queue): () => void {
    beginning?.giveTo(queue)
    if (!this.#open.has(connection)) {
      queue.end()
      return () => {}
    }
    const queues = this.#queues.get(connection) ?? new Set()
    this.#queues.set(connection, queues.add(queue))
    const stop = this.#add(connection, (packet) => queue.offer(packet))
    return () => {
      stop()
      queues.delete(queue)
      if (queues.size === 0 && this.#queues.get(connection) === queues) this.#queues.delete(connection)
    }
  }

  #shown(connection: Observed, takeBeginning?: () => Beginning | undefined): OpenConnection {
    const { address, number, observed, openedMillis, port } = connection
    const { clock } = observed
    const packets = Effect.gen({ self: this }, function* () {
      const queue = yield* SlidingQueue.make<TappedPacket>(packetLimit)
      const tap = Effect.sync(() => this.#tap(connection, takeBeginning?.(), queue))
      yield* Effect.acquireRelease(tap, (stop) => Effect.sync(stop))
      return queue.stream
    })
    return {
      _tag: "Connection",
      number,
      protocol: observed.protocol.name,
      address,
      port,
      openedAtMillis: clock.currentTimeMillisUnsafe() - (monotonicMillis(clock) - openedMillis),
      users: Effect.sync(() => connection.sessions.map(summary)),
      packets: Stream.unwrap(packets)
    }
  }
}
