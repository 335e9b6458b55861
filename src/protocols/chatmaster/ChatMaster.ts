/**
 * The protocol of ChatMaster 3000, for programs that speak it themselves.
 *
 * @see PROTOCOL.md
 */
import { Option, Predicate, Result, Schema, type Stream } from "effect"
import { type Decoded, decoded, malformed } from "../Decoded.ts"
import type { Reader } from "../Reader.ts"
import * as ChatMasterFrames from "./ChatMasterFrames.ts"
import { Request, Response } from "./ChatMasterPackage.ts"
import { defaultLimits } from "./ChatMasterReader.ts"
import * as Compression from "./Compression.ts"

export type { Decoded, Malformed } from "../Decoded.ts"
export { Request, Response } from "./ChatMasterPackage.ts"
export { make, type Options } from "./ChatMasterProtocol.ts"
export type { Container, Limits } from "./Compression.ts"

type Fields = Readonly<Record<string, unknown>>

const isFields = (json: unknown): json is Fields => Predicate.isObject(json) && !Array.isArray(json)

// The letter case of a type does not matter, nor whether a lone parameter is called `parameter`; `null` is as good as nothing.
const usualRequest = (json: unknown): unknown => {
  if (!isFields(json) || typeof json["type"] !== "string") return json
  const type = json["type"].toLowerCase()
  const { data } = json
  if (!isFields(data)) return { type, data }
  const { parameter, parameters, ...rest } = data
  const given = parameters ?? parameter
  return { type, data: Predicate.isNullish(given) ? rest : { ...rest, parameters: given } }
}

// Other servers say in one place what this one says in two.
const usualResponse = (json: unknown): unknown => {
  if (!isFields(json) || json["type"] !== "notification" || !isFields(json["data"])) return json
  const { parameters, ...own } = json["data"]
  const given = isFields(parameters) ? parameters : {}
  return { type: "notification", data: { ...given, ...own, parameters: { ...own, ...given } } }
}

const reader = <A>(
  usual: (json: unknown) => unknown,
  decode: (json: unknown) => Option.Option<A>,
  limits: Compression.Limits
): Reader<Uint8Array, Decoded<A>> => {
  const compression = Compression.make(limits)
  const decodePackage = ({ text }: Compression.Package): Decoded<A> => {
    const json = Result.try((): unknown => JSON.parse(text))
    if (Result.isFailure(json)) return malformed("Cannot read package: it is not JSON.")
    const found = decode(usual(json.success))
    return Option.isSome(found)
      ? Result.succeed(found.value)
      : malformed("Cannot read package: it is of another shape.")
  }
  return {
    read: (bytes) => {
      const { failure, packages } = compression.read(bytes)
      const all = packages.map(decodePackage)
      return failure === undefined ? all : [...all, malformed(failure.detail)]
    }
  }
}

const decodeRequest = Schema.decodeUnknownOption(Request)
const decodeResponse = Schema.decodeUnknownOption(Response)

/**
 * What clients send, plain or compressed. JSON of another shape is malformed; behind what is no JSON, or over a limit,
 * nothing is read any more.
 */
export const requests = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  limits: Compression.Limits = defaultLimits
): Stream.Stream<Decoded<Request>, E, R> => decoded(() => reader(usualRequest, decodeRequest, limits))(bytes)

// A server lists its rooms and users, of which there may be very many.
const responseLimits: Compression.Limits = { ...defaultLimits, valueLimit: 100_000 }

/** What a server sends, likewise. */
export const responses = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  limits: Compression.Limits = responseLimits
): Stream.Stream<Decoded<Response>, E, R> => decoded(() => reader(usualResponse, decodeResponse, limits))(bytes)

/** The bytes of a request: plain (0), as a zlib stream (1) or as a gzip member (2). */
export const encodeRequest = (request: Request, container: Compression.Container = 0): Uint8Array =>
  ChatMasterFrames.encode(request, container)

/** The bytes of a response, likewise. An original client takes up to 60,000 bytes, plain. */
export const encodeResponse = (response: Response, container: Compression.Container = 0): Uint8Array =>
  ChatMasterFrames.encode(response, container)
