/**
 * The protocol of Toss-a-Message, for programs that speak it themselves.
 *
 * Announcements are part of how packets are written: `encodeRequest` and `encodeResponse` announce what they encode, and
 * `requests` and `responses` give none. A server answers each by `{ action: "chunks", status: 101 }`, which nobody has to
 * wait for.
 *
 * @see PROTOCOL.md
 */
import { Result, type Stream } from "effect"
import { type Decoded, decoded, malformed } from "../Decoded.ts"
import type { Reader } from "../Reader.ts"
import { TimedReader } from "../Reader.ts"
import * as Slab from "../Slab.ts"
import * as JsonRecord from "./JsonRecord.ts"
import type { Variant } from "./PillowFrames.ts"
import * as PillowResponse from "./PillowResponse.ts"
import { defaultLimits, type SlipLimits } from "./SlipLimits.ts"
import type { SlipRecord } from "./SlipValue.ts"
import * as SlipWriter from "./SlipWriter.ts"
import type { Request, Response } from "./TossMessage.ts"
import * as TossMessage from "./TossMessage.ts"
import type { TossPacket } from "./TossPacket.ts"
import * as TossReader from "./TossReader.ts"
import * as TossResponses from "./TossResponses.ts"

export type { Decoded, Malformed } from "../Decoded.ts"
export type { Variant } from "./PillowFrames.ts"
export type { SlipLimits as Limits } from "./SlipLimits.ts"
export { Attachment, Request, Response } from "./TossMessage.ts"
export { make, type Options } from "./TossProtocol.ts"

/** Puts the contents of files, which come before their request, into that. */
class Requests {
  #files = new Map<number, Array<Uint8Array>>()

  take(packet: TossPacket): ReadonlyArray<Decoded<Request>> {
    switch (packet._tag) {
      case "Continued":
      case "FileEnded":
        return []
      case "FileBegan":
        this.#files.set(packet.ordinal, [])
        return []
      case "FilePiece":
        this.#files.get(packet.ordinal)?.push(packet.bytes.slice())
        return []
      case "Request":
        return this.#request(packet)
      case "Refused": {
        this.#files.clear()
        const [[where, [why]] = ["", [""]]] = Object.entries(packet.refusal.errors)
        return [malformed(`Cannot read request: ${where}: ${why}`)]
      }
      case "Failed":
        this.#files.clear()
        return [malformed(packet.failure.detail)]
    }
  }

  #request({ request }: TossPacket & { readonly _tag: "Request" }): ReadonlyArray<Decoded<Request>> {
    const files = this.#files
    this.#files = new Map()
    if (request._tag === "Chunks") return []
    if (request._tag === "LogIn") return [Result.succeed(request)]
    const { attachment, ...rest } = request
    if (attachment === undefined) return [Result.succeed(rest)]
    const { file, name } = attachment
    const content = new Uint8Array(Buffer.concat(files.get(file.ordinal ?? -1) ?? []))
    return [Result.succeed({ ...rest, attachment: { name, content } })]
  }
}

const requestReader = (limits: SlipLimits): Reader<Uint8Array, Decoded<Request>> => {
  const reader = TossReader.make(limits)
  const requests = new Requests()
  return new TimedReader(
    (bytes) => reader.read(bytes).flatMap((packet) => requests.take(packet)),
    () => reader.finish().flatMap((packet) => requests.take(packet)),
    () => reader.readTimeoutMillis
  )
}

/**
 * What clients send, in Slip or in JSON, each file whole. What is malformed costs no more than it has announced, or else the
 * rest of its read. A request that was not announced ends when it rests.
 */
export const requests = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  limits?: Partial<SlipLimits>
): Stream.Stream<Decoded<Request>, E, R> => decoded(() => requestReader({ ...defaultLimits, ...limits }))(bytes)

/** What a server sends, likewise. */
export const responses = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  limits?: Partial<SlipLimits>
): Stream.Stream<Decoded<Response>, E, R> => decoded(() => TossResponses.make({ ...defaultLimits, ...limits }))(bytes)

// What its Schema has let through can be written.
const written = (record: SlipRecord, variant: Variant): Uint8Array =>
  variant === "json" ? Slab.encode(JsonRecord.parts(record).join("")) : Result.getOrThrow(SlipWriter.write(record))

const announcing = (announcement: SlipRecord, bytes: Uint8Array, variant: Variant): Uint8Array =>
  new Uint8Array(Buffer.concat([written(announcement, variant), bytes]))

const actions = { LogIn: "log-in", SendMessage: "send-message" } as const

/** The bytes of a request with its announcement, in Slip or in JSON. */
export const encodeRequest = ({ _tag, ...data }: Request, variant: Variant = "slip"): Uint8Array => {
  const bytes = written(TossMessage.toRecord({ action: actions[_tag], data }), variant)
  return announcing(TossMessage.toRecord({ action: "chunks", data: { chunks: bytes.length } }), bytes, variant)
}

/** The bytes of a response with its announcement, in Slip or in JSON; an acknowledgement has none. */
export const encodeResponse = (response: Response, variant: Variant = "slip"): Uint8Array => {
  const bytes = written(TossMessage.toRecord(response), variant)
  if ("action" in response && response.action === "chunks" && response.status === 101) return bytes
  return announcing(TossMessage.toRecord({ ...PillowResponse.announcement(bytes.length) }), bytes, variant)
}
