/**
 * The binary protocol of the "Python chat app", for programs that speak it themselves.
 *
 * @see PROTOCOL.md
 */
import { Result, type Stream } from "effect"
import { type Decoded, decoded, malformed } from "../Decoded.ts"
import type { Reader } from "../Reader.ts"
import * as PacketCodec from "./PacketCodec.ts"
import * as PacketReader from "./PacketReader.ts"
import type { Request } from "./PacketRequest.ts"
import type { Response } from "./PacketResponse.ts"

export type { Decoded, Malformed } from "../Decoded.ts"
export { make, type Options } from "./PacketProtocol.ts"
export { Request } from "./PacketRequest.ts"
export { Response } from "./PacketResponse.ts"

const decodedOf = <Packet extends Request | Response>(received: PacketReader.Received<Packet>): Decoded<Packet> =>
  received._tag === "Malformed" || received._tag === "Lost" ? malformed(received.detail) : Result.succeed(received)

const readerOf =
  <Packet extends Request | Response>(make: () => PacketReader.PacketReader<Packet>) =>
  (): Reader<Uint8Array, Decoded<Packet>> => {
    const reader = make()
    return { read: (bytes) => reader.read(bytes).map((received) => decodedOf(received)) }
  }

/**
 * What clients send over TCP. Behind something whose end is not known nothing is read any more. With `limits` a packet that
 * is longer is malformed.
 */
export const requests = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  limits?: PacketReader.PacketLimits
): Stream.Stream<Decoded<Request>, E, R> => decoded(readerOf(() => PacketReader.make(limits)))(bytes)

/** What a server sends over TCP, likewise. */
export const responses = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Decoded<Response>, E, R> =>
  decoded(readerOf(() => PacketReader.makeResponses()))(bytes)

/**
 * The bytes of a request. The wire tells some by their numbers: `file` of a `DownloadRequest` has zeros in its bits 16 to 31,
 * the name of an `UploadRequest` is not empty, `transaction` is even in a download and odd in an upload.
 */
export const encodeRequest = (request: Request): Uint8Array => PacketCodec.writeRequest(request)

/** The bytes of a response, likewise. */
export const encodeResponse = (response: Response): Uint8Array => PacketCodec.write(response)

const whole = <Packet>(read: Result.Result<Packet, PacketCodec.Malformed>): Decoded<Packet> =>
  Result.mapError(read, ({ detail }) => ({ _tag: "Malformed", detail }))

/** The request that a datagram of UDP is. */
export const decodeRequest = (datagram: Uint8Array): Decoded<Request> => whole(PacketCodec.readDatagram(datagram))

/** The response that a datagram of UDP is. */
export const decodeResponse = (datagram: Uint8Array): Decoded<Response> => whole(PacketCodec.readResponse(datagram))
