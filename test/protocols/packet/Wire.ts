/** What the tests put on the wire of the packet protocol and take from it. */
import { Arbitrary } from "effect"
import * as PacketReader from "../../../src/protocols/packet/PacketReader.ts"
import * as PacketNumber from "../../../src/protocols/packet/PacketNumber.ts"
import { Request } from "../../../src/protocols/packet/PacketRequest.ts"
import { Response } from "../../../src/protocols/packet/PacketResponse.ts"

/** The bytes of hexadecimal digits with any spaces between. */
export const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(/\s/g, ""), "hex"))

/** Bytes in hexadecimal digits. */
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

/** A text in UTF-8. */
export const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

/** Parts one after another, without anything between. */
export const glue = (...parts: ReadonlyArray<Uint8Array>): Uint8Array => new Uint8Array(Buffer.concat(parts))

/** What a stream brings when it comes in these pieces. */
export const stream = (
  pieces: ReadonlyArray<Uint8Array>,
  limits?: PacketReader.PacketLimits
): ReadonlyArray<PacketReader.Received> => {
  const reader = PacketReader.make(limits)
  return pieces.flatMap((piece) => reader.read(piece))
}

/** Pseudo-random numbers of 32 bits, always the same for a seed. */
export const seeded = (seed: number) => {
  let state = seed
  return (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

/** The number on the wire of some file. */
const anyFile = (file: bigint): bigint => file & 0xffff_ffff_0000_ffffn

const tellableRequest = (request: Request): Request => {
  switch (request._tag) {
    case "DownloadRequest":
      return { ...request, file: anyFile(request.file) }
    case "UploadRequest":
      return { ...request, name: request.name === "" ? "a" : request.name }
    case "DownloadChunkRequest":
      return { ...request, transaction: PacketNumber.downloadTransaction(request.transaction) }
    case "UploadChunkRequest":
      return { ...request, transaction: PacketNumber.uploadTransaction(request.transaction) }
    default:
      return request
  }
}

const tellableResponse = (response: Response): Response => {
  switch (response._tag) {
    case "DownloadChunkResponse":
      return { ...response, transaction: PacketNumber.downloadTransaction(response.transaction) }
    case "UploadChunkResponse":
      return { ...response, transaction: PacketNumber.uploadTransaction(response.transaction) }
    default:
      return response
  }
}

/** Any request, with the numbers and names by which it can be told from the others. */
export const AnyRequest = Arbitrary.schema(Request).pipe(Arbitrary.map(tellableRequest))

/** Any response, with the numbers by which it can be told from the others. */
export const AnyResponse = Arbitrary.schema(Response).pipe(Arbitrary.map(tellableResponse))

const session = 0x0123_4567_89ab_cdefn
const s = "0123456789abcdef"

/** A golden of every request. */
export const requests: ReadonlyArray<readonly [hex: string, request: Request]> = [
  ["0001 0003 616461", { _tag: "SessionRequest", name: "ada" }],
  ["0001 0000", { _tag: "SessionRequest", name: "" }],
  ["0001 0006 efbbbf c3a9 21", { _tag: "SessionRequest", name: "\ufeffé!" }],
  [`0004 ${s}`, { _tag: "SessionPreserve", session }],
  ["0004 0020000000000001", { _tag: "SessionPreserve", session: 2n ** 53n + 1n }],
  ["0004 ffffffffffffffff", { _tag: "SessionPreserve", session: 2n ** 64n - 1n }],
  [`0005 ${s}`, { _tag: "UsersRequest", session }],
  [`0007 ${s} 0000000000000007`, { _tag: "UserDataRequest", session, user: 7n }],
  [
    `0009 ${s} 0000000000000007 000000000000004f 0004 00ff8068`,
    { _tag: "MessageRequest", session, user: 7n, message: 79n, blob: new Uint8Array([0, 255, 128, 104]) }
  ],
  [
    `000b ${s} 000000000000004f 0002 6869`,
    { _tag: "BroadcastRequest", session, message: 79n, blob: new Uint8Array([104, 105]) }
  ],
  ["000e 000000000000004f", { _tag: "IncomingMessageResponse", message: 79n }],
  [`000f ${s} 0000000000000001`, { _tag: "DownloadRequest", session, file: 1n }],
  [`000f ${s} 0000000100000002`, { _tag: "DownloadRequest", session, file: 0x1_0000_0002n }],
  [`000f ${s} 00000003 0002 6162`, { _tag: "UploadRequest", session, sizeBytes: 3, name: "ab" }],
  [`0011 ${s.slice(0, 14)}ee 00000001`, { _tag: "DownloadChunkRequest", transaction: session - 1n, chunk: 1 }],
  [
    `0011 ${s} 00000000 0003 78797a`,
    { _tag: "UploadChunkRequest", transaction: session, chunk: 0, blob: new Uint8Array([120, 121, 122]) }
  ],
  [
    `0011 ${s} ffffffff 0000`,
    { _tag: "UploadChunkRequest", transaction: session, chunk: 0xffff_ffff, blob: new Uint8Array(0) }
  ],
  [`0013 ${s}`, { _tag: "FilesRequest", session }],
  [`0015 ${s} 0000000100000002`, { _tag: "FileDataRequest", session, file: 0x1_0000_0002n }]
]

/** A golden of every response. */
export const responses: ReadonlyArray<readonly [hex: string, response: Response]> = [
  [`0002 0000000000000007 ${s}`, { _tag: "SessionCookie", user: 7n, session }],
  ["0003 000b 0006 0003 626967", { _tag: "Error", requestType: 11, code: 6, text: "big" }],
  ["0006 0000", { _tag: "UsersResponse", users: [] }],
  ["0006 0002 0000000000000007 ffffffffffffffff", { _tag: "UsersResponse", users: [7n, 2n ** 64n - 1n] }],
  ["0008 0000000000000007 0003 616461", { _tag: "UserDataResponse", user: 7n, name: "ada" }],
  ["000a 000000000000004f", { _tag: "MessageResponse", message: 79n }],
  ["000c 000000000000004f", { _tag: "BroadcastResponse", message: 79n }],
  [
    "000d 0000000000000007 0020000000000001 0002 6869",
    { _tag: "IncomingMessage", user: 7n, message: 2n ** 53n + 1n, blob: new Uint8Array([104, 105]) }
  ],
  [`0010 0000000000000001 ${s}`, { _tag: "TransferResponse", file: 1n, transaction: session }],
  [
    `0012 ${s.slice(0, 14)}ee 00000001 0001 78`,
    { _tag: "DownloadChunkResponse", transaction: session - 1n, chunk: 1, blob: new Uint8Array([120]) }
  ],
  [`0012 ${s} 00000001`, { _tag: "UploadChunkResponse", transaction: session, chunk: 1 }],
  ["0014 0001 0000000100000002", { _tag: "FilesResponse", files: [0x1_0000_0002n] }],
  [
    "0016 0000000100000002 00000003 0002 6162",
    { _tag: "FileDataResponse", file: 0x1_0000_0002n, sizeBytes: 3, name: "ab" }
  ]
]
