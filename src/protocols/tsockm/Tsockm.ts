/**
 * The protocol of TsockM, for programs that speak it themselves.
 *
 * A peer has one connection on which it hears, which it opens by `Connect`; each further request goes on a connection of its
 * own, or on that one.
 *
 * @see PROTOCOL.md
 */
import { Option, Result, type Stream } from "effect"
import { type Decoded, decoded, malformed } from "../Decoded.ts"
import type { Reader } from "../Reader.ts"
import * as Slab from "../Slab.ts"
import { TimedReader } from "../Reader.ts"
import * as TsockmNotice from "./TsockmNotice.ts"
import * as TsockmPacket from "./TsockmPacket.ts"
import * as TsockmPeerReader from "./TsockmPeerReader.ts"
import * as TsockmReader from "./TsockmReader.ts"
import type { Received, Request } from "./TsockmRequest.ts"
import * as TsockmText from "./TsockmText.ts"

export type { Decoded, Malformed } from "../Decoded.ts"
export { Response } from "./TsockmNotice.ts"
export type { Generation } from "./TsockmPacket.ts"
export { make, type Options } from "./TsockmProtocol.ts"
export { Request } from "./TsockmRequest.ts"

const timed = <Packet, A>(
  reader: TimedReader<Uint8Array, Packet>,
  decode: (packet: Packet) => Decoded<A>
): Reader<Uint8Array, Decoded<A>> =>
  new TimedReader(
    (bytes) => reader.read(bytes).map(decode),
    () => reader.finish().map(decode),
    () => reader.readTimeoutMillis
  )

const decodedRequest = (received: Received): Decoded<Request> =>
  received._tag === "Request"
    ? Result.succeed(received.request)
    : malformed(`Cannot read packet: ${received.refusal.answer?.text ?? received.refusal.reason}`)

const decodedResponse = (whole: TsockmPeerReader.Whole): Decoded<TsockmNotice.Response> => {
  if (whole === undefined) return malformed("Cannot read packet: it is too long")
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(whole)
  const response = TsockmNotice.read(TsockmPacket.fields(text))
  return Option.isSome(response) ? Result.succeed(response.value) : malformed("Cannot read packet: no server writes it")
}

/**
 * What a client sends on one connection. A packet ends where its sender begins the next, or where the stream ends or rests
 * (by the Clock), for there is nothing on the wire that says it.
 */
export const requests = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  limits?: TsockmReader.TsockmLimits
): Stream.Stream<Decoded<Request>, E, R> => decoded(() => timed(TsockmReader.make(limits), decodedRequest))(bytes)

/**
 * What a server sends on one connection. A text ends where the stream ends or rests; so what is sent right behind one belongs
 * to it, and nobody can forge a packet by what is said.
 */
export const responses = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>
): Stream.Stream<Decoded<TsockmNotice.Response>, E, R> =>
  decoded(() => timed(TsockmPeerReader.make(), decodedResponse))(bytes)

const bodyOf = (request: Request): string => {
  switch (request._tag) {
    case "Connect":
      return request.name
    case "Say":
      return request.text
    case "LookUp":
      return TsockmText.name(request.target)
    case "Leave":
      return ""
    case "Alive":
      return "OK"
  }
}

const actions = { Connect: "COMM", Say: "MSG", LookUp: "GET_PEER", Leave: "COMM_END", Alive: "COMM" } as const

/**
 * The bytes of a request, with 7 or 8 fields. What an id cannot hold is written as what looks like it. Line ends at the end
 * of a text are not read.
 */
export const encodeRequest = (request: Request, generation: TsockmPacket.Generation = 7): Uint8Array => {
  const type = request._tag === "Alive" ? "RES" : "REQ"
  const peer = request._tag === "Connect" ? "client" : TsockmText.name(request.peer)
  const sender = generation === 8 ? `CLIENT::${peer}` : peer
  return Slab.encode(`${type}::${actions[request._tag]}::200::${sender}::client::server::${bodyOf(request)}`)
}

/** The bytes of a response, with 7 or 8 fields: one packet, which is to be one write. An original reads up to 1000 bytes. */
export const encodeResponse = (response: TsockmNotice.Response, generation: TsockmPacket.Generation = 7): Uint8Array =>
  TsockmPacket.encode(TsockmNotice.packet(response), generation)
