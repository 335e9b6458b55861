/**
 * How a wire language is read: what a carrier brings becomes packets.
 *
 * - A reader knows neither sessions nor steps. Whoever has a stream of reads has a stream of packets with it.
 * - What cannot be read is a packet of its own kind, never an exception.
 */
import { type Array, Cause, Effect, Exit, Fiber, Option, type Pull, Stream } from "effect"

/** Reads the packets of one peer. `In` is one read of the carrier: bytes, or an event of Socket.IO. */
export interface Reader<In, Packet> {
  /**
   * Takes one read, and gives the packets that are whole with it, in order. What is a view in them is one of the read, and
   * valid as long as that is.
   */
  readonly read: (input: In) => ReadonlyArray<Packet>
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

type Batch<A> = Array.NonEmptyReadonlyArray<A>

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

// What has been read is dealt with before a read time-out, and that before what is read next.
const pullTimed = <In, Packet, E, R>(
  reader: Reader<In, Packet>,
  pull: Pull.Pull<Batch<In>, E, void, R>
): Pull.Pull<Batch<Packet>, E, void, R> => {
  let hasEnded = false
  // What came in the moment in which the time was over.
  let late: Exit.Exit<Batch<In>, E | Cause.Done<void>> | undefined

  const give = (packets: ReadonlyArray<Packet>): Pull.Pull<Batch<Packet>, E, void, R> =>
    isBatch(packets) ? Effect.succeed(packets) : next

  const finish = (): Pull.Pull<Batch<Packet>, E, void, R> => give(reader.finish?.() ?? [])

  const take = (pulled: Pull.Pull<Batch<In>, E, void, R>): Pull.Pull<Batch<Packet>, E, void, R> =>
    Effect.matchEffect(pulled, {
      onSuccess: (inputs) => give(readAll(reader, inputs)),
      onFailure: (error) => {
        hasEnded = true
        return Cause.isDone(error) ? finish() : Effect.fail(error)
      }
    })

  // The pull is not raced with the time: what it has got when that is over must not be lost.
  const timed = Effect.fnUntraced(function* (timeoutMillis: number) {
    const pulling = yield* Effect.forkChild(pull, { startImmediately: true })
    const exit = yield* Effect.timeoutOption(Fiber.await(pulling), timeoutMillis)
    if (Option.isSome(exit)) return yield* take(exit.value)
    yield* Fiber.interrupt(pulling)
    const last = yield* Fiber.await(pulling)
    if (Exit.isSuccess(last) || !Cause.hasInterruptsOnly(last.cause)) late = last
    return yield* finish()
  })

  const next: Pull.Pull<Batch<Packet>, E, void, R> = Effect.suspend(() => {
    if (hasEnded) return Cause.done()
    if (late !== undefined) {
      const exit = late
      late = undefined
      return take(exit)
    }
    const { readTimeoutMillis } = reader
    return readTimeoutMillis === undefined ? take(pull) : timed(readTimeoutMillis)
  })
  return next
}

/** The same as {@link packets} for a single pull of reads, which takes less memory than a stage of a stream. */
export const pull = <In, Packet, E, R>(
  reader: Reader<In, Packet>,
  reads: Pull.Pull<Batch<In>, E, void, R>
): Pull.Pull<Batch<Packet>, E, void, R> =>
  reader.finish === undefined ? pullAll(reader, reads) : pullTimed(reader, reads)

/**
 * The packets of a stream of reads. A packet that has begun ends with the stream, or when its rest does not come within the
 * reader's read time-out by the Clock.
 */
export const packets =
  <In, Packet>(reader: Reader<In, Packet>) =>
  <E, R>(reads: Stream.Stream<In, E, R>): Stream.Stream<Packet, E, R> =>
    Stream.transformPull(reads, (it) => Effect.succeed(pull(reader, it)))
