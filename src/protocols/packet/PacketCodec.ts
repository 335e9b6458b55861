/**
 * Packets as bytes, and whole bytes as packets.
 *
 * - Everything is total: what is no packet is a {@link Malformed}, never an exception.
 * - The fields of a packet are read by a cursor. Each that may be wrong is decoded by its Schema, once; numbers and blobs
 *   are what their Schemas ask for as soon as they are read.
 * - What was read shares no bytes with what it was read from.
 */
import { Result } from "effect"
import * as ByteReader from "../ByteReader.ts"
import * as ByteWriter from "../ByteWriter.ts"
import { PacketError } from "./PacketError.ts"
import { layoutAt, requests, responses, typeAt, type Language, type Layout } from "./PacketLayout.ts"
import type { Request } from "./PacketRequest.ts"
import type { Response } from "./PacketResponse.ts"

/** Why a packet is not read; on a stream its end is known, so that it can be answered and the next one read. */
export interface Malformed {
  readonly _tag: "Malformed"
  /** Its number on the wire, 0 if not even that is there. */
  readonly packetType: number
  readonly code: PacketError
  readonly detail: string
}

/** The largest datagram that UDP over IPv4 carries. */
export const datagramLimitBytes = 65_507

/** How many numbers a list in a datagram has at most. */
export const datagramNumbersLimit = 8_187

/** A {@link Malformed} of a packet. */
export const malformed = (packetType: number, why: string, code: PacketError = PacketError.malformed): Malformed => ({
  _tag: "Malformed",
  packetType,
  code,
  detail: `Cannot read packet ${packetType}: ${why}`
})

const cutOff = "it ends within a field"

/** The packet of a kind in the bytes from index `from` to before index `end`, all of which it must take. */
export const readPacket = <Packet>(
  language: Language<Packet>,
  { tag, type, fields, isTotal }: Layout,
  bytes: Uint8Array,
  from: number,
  end: number,
  view?: DataView
): Result.Result<Packet, Malformed> => {
  const reader = ByteReader.make(bytes, from + 2, end, view)
  const packet: Record<string, unknown> = { _tag: tag }
  for (const [name, field] of fields) packet[name] = field.read(reader)
  if (reader.isPastEnd) return Result.fail(malformed(type, cutOff))
  if (reader.at < end) return Result.fail(malformed(type, `${end - reader.at} bytes are behind it`))
  if (isTotal) return Result.succeed(language.of(packet))
  for (const [name, { decode, isTotal }] of fields) {
    if (isTotal) continue
    const decoded = decode(packet[name])
    if (Result.isFailure(decoded)) return Result.fail(malformed(type, decoded.failure.message))
    packet[name] = decoded.success
  }
  return Result.succeed(language.of(packet))
}

const readWhole = <Packet>(language: Language<Packet>, bytes: Uint8Array): Result.Result<Packet, Malformed> => {
  const layout = layoutAt(language, bytes, 0, bytes.length)
  if (typeof layout === "object") return readPacket(language, layout, bytes, 0, bytes.length)
  const type = bytes.length < 2 ? 0 : typeAt(bytes, 0)
  return Result.fail(malformed(type, layout === undefined ? "there is no such packet from here" : cutOff))
}

const writePacket = <Packet extends Request | Response>(language: Language<Packet>, packet: Packet): Uint8Array => {
  const { fields, headBytes, type } = language.byTag.get(packet._tag)!
  const values: Readonly<Record<string, unknown>> = packet
  const last = fields.at(-1)
  const moreBytes = last === undefined ? 0 : last[1].moreBytes(values[last[0]] as never)
  const writer = ByteWriter.make(headBytes + moreBytes)
  ByteWriter.u16(writer, type)
  for (const [name, field] of fields) field.write(writer, values[name] as never)
  return ByteWriter.finish(writer)
}

/** The request that a datagram is: one packet, with nothing behind it. */
export const readDatagram = (bytes: Uint8Array): Result.Result<Request, Malformed> => readWhole(requests, bytes)

/** The response that a datagram is, as a client reads it. */
export const readResponse = (bytes: Uint8Array): Result.Result<Response, Malformed> => readWhole(responses, bytes)

/**
 * The bytes of a response.
 *
 * What is out of its Schema's range is written as what fits: the beginning of a text or blob, the last of a list.
 */
export const write = (response: Response): Uint8Array => writePacket(responses, response)

/** The bytes of a request, as a client sends it. */
export const writeRequest = (request: Request): Uint8Array => writePacket(requests, request)
