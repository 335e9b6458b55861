/** A wire language of letters for the tests of what reads streams, and two ways to have a reader read. */
import { type Cause, Effect, type Fiber, Queue, Stream } from "effect"
import * as Reader from "../../src/protocols/Reader.ts"
import { Inbound } from "../../src/transports/Inbound.ts"

/** How long silence is that ends a packet. */
export const timeoutMillis = 40

/** Reads letters: a semicolon ends a packet, or silence does. */
export const letters = (): Reader.Reader<string, string> => {
  let begun = ""
  return {
    read: (input) => {
      const packets = (begun + input).split(";")
      begun = packets.pop()!
      return packets
    },
    get readTimeoutMillis() {
      return begun === "" ? undefined : timeoutMillis
    },
    finish: () => {
      const packet = begun
      begun = ""
      return packet === "" ? [] : [packet]
    }
  }
}

/** The same, but silence ends no packet. */
export const patient = (): Reader.Reader<string, string> => {
  const { read } = letters()
  return { read, readTimeoutMillis: timeoutMillis }
}

/** Runs a stream, and gives what has come of it so far. */
export const run = Effect.fnUntraced(function* <A, E>(
  stream: Stream.Stream<A, E>,
  dealWith: (item: A) => Effect.Effect<void> = () => Effect.void
) {
  const got: Array<A> = []
  const take = (item: A) => Effect.suspend(() => (got.push(item), dealWith(item)))
  const fiber = yield* Effect.forkChild(Stream.runForEach(stream, take), { startImmediately: true })
  return { got, fiber }
})

/** Has a reader read what is offered, and gives what has come of it so far. */
export type Way = (
  reader: Reader.Reader<string, string>,
  dealWith?: (packet: string) => Effect.Effect<void>
) => Effect.Effect<{
  readonly got: ReadonlyArray<string>
  readonly fiber: Fiber.Fiber<void, string>
  readonly offer: (read: string) => Effect.Effect<unknown>
}>

/** The packets of what is offered, as a stream of it is read. */
export const offered = Effect.fnUntraced(function* (
  reader: Reader.Reader<string, string>,
  dealWith?: (packet: string) => Effect.Effect<void>
) {
  const queue = yield* Queue.unbounded<string, string | Cause.Done>()
  const running = yield* run(Stream.fromQueue(queue).pipe(Reader.packets(reader)), dealWith)
  return { ...running, queue, offer: (read: string) => Queue.offer(queue, read) }
})

/** The packets of what is pushed, as a connection pulls them. */
export const pushed = Effect.fnUntraced(function* (
  reader: Reader.Reader<string, string>,
  dealWith?: (packet: string) => Effect.Effect<void>
) {
  const inbound = new Inbound<string>({ pause: () => {}, resume: () => {} })
  const next = Reader.pull(reader, inbound)
  const running = yield* run(Stream.fromPull(Effect.succeed(next)), dealWith)
  return { ...running, offer: (read: string) => Effect.sync(() => inbound.push([read])) }
})

/** Both of them. */
export const ways: ReadonlyArray<readonly [string, Way]> = [
  ["packets() of a stream", offered],
  ["pull() of a connection", pushed]
]
