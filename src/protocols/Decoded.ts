/**
 * What a stream of bytes is as packets, for programs that speak a protocol themselves: bridges, bots and tests.
 *
 * Every protocol has the same words for it, beside its Schemas `Request` and `Response`: `requests` and `responses` decode,
 * `encodeRequest` and `encodeResponse` encode.
 */
import { Result, Stream } from "effect"
import * as Reader from "./Reader.ts"

/** What came is no packet of this direction. */
export interface Malformed {
  readonly _tag: "Malformed"
  /** What is wrong with it, as a sentence. */
  readonly detail: string
}

/** A packet, or what is wrong with what came instead of one. */
export type Decoded<Packet> = Result.Result<Packet, Malformed>

/** Fails with what is wrong. */
export const malformed = (detail: string): Result.Result<never, Malformed> => Result.fail({ _tag: "Malformed", detail })

/** The packets of a stream, by a reader of its own each time that it is run. */
export const decoded =
  <In, Packet>(makeReader: () => Reader.Reader<In, Packet>) =>
  <E, R>(reads: Stream.Stream<In, E, R>): Stream.Stream<Packet, E, R> =>
    Stream.suspend(() => Reader.packets(makeReader())(reads))
