/**
 * How a wire language is read: what a carrier brings becomes packets.
 *
 * - A reader knows neither sessions nor steps. Whoever has a stream of reads has a stream of packets with it.
 * - What cannot be read is a packet of its own kind, never an exception.
 */
import { type Array, Cause, Effect, Fiber, Option, type Pull, type Scope, Stream } from "effect"
import { withinMillis } from "../domain/MonotonicTime.ts"

/** The packets of one read, and to how many bytes the compressed ones among them were inflated. */
export interface Inflated<Packet> {
  readonly packets: ReadonlyArray<Packet>
  readonly inflatedBytes: number
}

/** Reads the packets of one peer. `In` is one read of the carrier: bytes, or an event of Socket.IO. */
export interface Reader<In, Packet> {
  /**
   * Takes one read, and gives the packets that are whole with it, in order. What is a view in them is one of the read, and
   * valid as long as that is.
   */
  readonly read: (input: In) => ReadonlyArray<Packet>
  /**
   * The same for a read that must not inflate to more than so many bytes; what follows those cannot be read. Undefined if
   * nothing is ever compressed.
   */
  readonly readWithin?: (input: In, inflatedLimitBytes: number) => Inflated<Packet>
  /**
   * How long the rest of a packet that has begun may take; undefined if nothing has begun, or silence does not end it.
   * Asked for after each read.
   */
  readonly readTimeoutMillis?: number | undefined
  /**
   * Ends a packet that has begun as it is: its rest has not come in time, or nothing more comes. Undefined if a packet never
   * ends so.
   */
  readonly finish?: (() => ReadonlyArray<Packet>) | undefined
}

/** A reader that silence may end a packet of: an instance, because an object with an accessor takes ten times the memory. */
export class TimedReader<In, Packet> implements Reader<In, Packet> {
  readonly read: (input: In) => ReadonlyArray<Packet>
  readonly finish: () => ReadonlyArray<Packet>
  readonly #timeoutMillis: () => number | undefined

  constructor(
    read: (input: In) => ReadonlyArray<Packet>,
    finish: () => ReadonlyArray<Packet>,
    timeoutMillis: () => number | undefined
  ) {
    this.read = read
    this.finish = finish
    this.#timeoutMillis = timeoutMillis
  }

  get readTimeoutMillis(): number | undefined {
    return this.#timeoutMillis()
  }
}

/** What comes together: one at least. */
export type Batch<A> = Array.NonEmptyReadonlyArray<A>

const isBatch = <A>(items: ReadonlyArray<A>): items is Batch<A> => items.length > 0

const readAll = <In, Packet>(reader: Reader<In, Packet>, inputs: Batch<In>): ReadonlyArray<Packet> =>
  inputs.length === 1 ? reader.read(inputs[0]) : inputs.flatMap((input) => reader.read(input))

const pullAll = <In, Packet, E, R>(
  reader: Reader<In, Packet>,
  pull: Pull.Pull<Batch<In>, E, void, R>
): Pull.Pull<Batch<Packet>, E, void, R> => {
  const next: Pull.Pull<Batch<Packet>, E, void, R> = Effect.flatMap(pull, (inputs) => {
    const packets = readAll(reader, inputs)
    return isBatch(packets) ? Effect.succeed(packets) : next
  })
  return next
}

/** The reads of one peer, of which one is waited for at a time. */
export interface Reads<In, E = never, R = never> {
  readonly pull: Pull.Pull<Batch<In>, E, void, R>
  /** The same, or undefined if nothing comes in time by the Clock; what comes later is there for the next pull. */
  readonly pullWithin: (timeoutMillis: number) => Pull.Pull<Batch<In> | undefined, E, void, R>
}

type Pulling<In, E> = Fiber.Fiber<Batch<In>, E | Cause.Done<void>>

const atOnce = { startImmediately: true } as const

// A pull that has begun goes on when the time is over, and its result comes next: what it has got must not be lost.
class ScopedReads<In, E, R> implements Reads<In, E, R> {
  readonly #reads: Pull.Pull<Batch<In>, E, void, R>
  readonly #scope: Scope.Scope
  #pulling: Pulling<In, E> | undefined
  readonly pull: Pull.Pull<Batch<In>, E, void, R> = Effect.suspend(() =>
    this.#pulling === undefined
      ? this.#reads
      : Effect.flatMap(Fiber.await(this.#pulling), (exit) => {
          this.#pulling = undefined
          return exit
        })
  )

  constructor(reads: Pull.Pull<Batch<In>, E, void, R>, scope: Scope.Scope) {
    this.#reads = reads
    this.#scope = scope
  }

  pullWithin(timeoutMillis: number): Pull.Pull<Batch<In> | undefined, E, void, R> {
    return Effect.flatMap(this.#begun(), (pulling) =>
      Effect.flatMap(withinMillis(Fiber.await(pulling), timeoutMillis), (exit) =>
        Option.isSome(exit) ? this.pull : Effect.undefined
      )
    )
  }

  #begun(): Effect.Effect<Pulling<In, E>, never, R> {
    if (this.#pulling !== undefined) return Effect.succeed(this.#pulling)
    const forked = Effect.forkIn(this.#reads, this.#scope, atOnce)
    return Effect.uninterruptible(Effect.map(forked, (pulling) => (this.#pulling = pulling)))
  }
}

// What has been read is dealt with before a read time-out, and that before what is read next. A class with few closures,
// because every connection has one.
class TimedPull<In, Packet, E, R> {
  readonly #reader: Reader<In, Packet>
  readonly #reads: Reads<In, E, R>
  #hasEnded = false
  readonly #handlers = {
    onSuccess: (inputs: Batch<In> | undefined) =>
      this.#give(inputs === undefined ? this.#finish() : readAll(this.#reader, inputs)),
    onFailure: (error: E | Cause.Done<void>) => this.#end(error)
  }
  readonly next: Pull.Pull<Batch<Packet>, E, void, R> = Effect.suspend(() => this.#next())

  constructor(reader: Reader<In, Packet>, reads: Reads<In, E, R>) {
    this.#reader = reader
    this.#reads = reads
  }

  #next(): Pull.Pull<Batch<Packet>, E, void, R> {
    if (this.#hasEnded) return Cause.done()
    const { readTimeoutMillis } = this.#reader
    return readTimeoutMillis === undefined
      ? Effect.matchEffect(this.#reads.pull, this.#handlers)
      : Effect.matchEffect(this.#reads.pullWithin(readTimeoutMillis), this.#handlers)
  }

  #give(packets: ReadonlyArray<Packet>): Pull.Pull<Batch<Packet>, E, void, R> {
    return isBatch(packets) ? Effect.succeed(packets) : this.next
  }

  #finish(): ReadonlyArray<Packet> {
    return this.#reader.finish?.() ?? []
  }

  #end(error: E | Cause.Done<void>): Pull.Pull<Batch<Packet>, E, void, R> {
    this.#hasEnded = true
    return Cause.isDone(error) ? this.#give(this.#finish()) : Effect.fail(error)
  }
}

/** The same as {@link packets} for the reads of one peer, which takes less memory than a stage of a stream. */
export const pull = <In, Packet, E, R>(
  reader: Reader<In, Packet>,
  reads: Reads<In, E, R>
): Pull.Pull<Batch<Packet>, E, void, R> =>
  reader.finish === undefined ? pullAll(reader, reads.pull) : new TimedPull(reader, reads).next

/**
 * The packets of a stream of reads. A packet that has begun ends with the stream, or when its rest does not come within the
 * reader's read time-out by the Clock.
 */
export const packets =
  <In, Packet>(reader: Reader<In, Packet>) =>
  <E, R>(reads: Stream.Stream<In, E, R>): Stream.Stream<Packet, E, R> =>
    Stream.transformPull(reads, (it, scope) =>
      Effect.succeed(
        reader.finish === undefined ? pullAll(reader, it) : new TimedPull(reader, new ScopedReads(it, scope)).next
      )
    )
