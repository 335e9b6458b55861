import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as PacketCodec from "../../../src/protocols/packet/PacketCodec.ts"
import { PacketError } from "../../../src/protocols/packet/PacketError.ts"
import * as PacketNumber from "../../../src/protocols/packet/PacketNumber.ts"
import { Request, requestTypes } from "../../../src/protocols/packet/PacketRequest.ts"
import { Response, responseTypes } from "../../../src/protocols/packet/PacketResponse.ts"
import { AnyRequest, AnyResponse, bytes, glue, hex, requests, responses, seeded, utf8 } from "./Wire.ts"

const isRequest = Schema.is(Request)
const isResponse = Schema.is(Response)

/** Why bytes are no request: the number of the packet and what is wrong with it. */
const fault = (datagram: Uint8Array): unknown => {
  const read = PacketCodec.readDatagram(datagram)
  if (Result.isSuccess(read)) return read.success
  assert.strictEqual(read.failure.code, PacketError.malformed)
  return [read.failure.packetType, read.failure.detail.replace(/^Cannot read packet \d+: /, "")]
}

const cutOff = "it ends within a field"

describe("PacketCodec", () => {
  for (const [text, request] of requests) {
    it(`PacketCodec reads and writes ${request._tag} ${text}`, () => {
      assert.deepStrictEqual(PacketCodec.readDatagram(bytes(text)), Result.succeed(request))
      assert.strictEqual(hex(PacketCodec.writeRequest(request)), hex(bytes(text)))
    })
  }

  for (const [text, response] of responses) {
    it(`PacketCodec writes and reads ${response._tag} ${text}`, () => {
      assert.strictEqual(hex(PacketCodec.write(response)), hex(bytes(text)))
      assert.deepStrictEqual(PacketCodec.readResponse(bytes(text)), Result.succeed(response))
    })
  }

  it("every packet has a golden, and no number goes both ways", () => {
    assert.sameMembers([...new Set(requests.map(([, { _tag }]) => _tag))], Object.keys(Request.cases))
    assert.sameMembers([...new Set(responses.map(([, { _tag }]) => _tag))], Object.keys(Response.cases))
    const types = [...new Set(Object.values(requestTypes)), ...new Set(Object.values(responseTypes))]
    assert.deepStrictEqual(
      types.sort((one, other) => one - other),
      Array.from({ length: 22 }, (_, index) => index + 1)
    )
  })

  it.prop("PacketCodec.readDatagram() reads what writeRequest() writes", [AnyRequest], ([request]) => {
    assert.deepStrictEqual(PacketCodec.readDatagram(PacketCodec.writeRequest(request)), Result.succeed(request))
  })

  it.prop("PacketCodec.readResponse() reads what write() writes", [AnyResponse], ([response]) => {
    assert.deepStrictEqual(PacketCodec.readResponse(PacketCodec.write(response)), Result.succeed(response))
  })

  it("PacketCodec.readDatagram() wants exactly one packet", () => {
    for (const [text, request] of requests) {
      const whole = bytes(text)
      const type = requestTypes[request._tag]
      for (let length = 0; length < whole.length; length++) {
        assert.deepStrictEqual(fault(whole.subarray(0, length)), [length < 2 ? 0 : type, cutOff], `${text} ${length}`)
      }
      assert.deepStrictEqual(fault(glue(whole, bytes("00"))), [type, "1 bytes are behind it"], text)
      assert.deepStrictEqual(fault(glue(whole, whole)), [type, `${whole.length} bytes are behind it`], text)
    }
  })

  it("PacketCodec.readDatagram() refuses what is not for a server", () => {
    for (const [text] of responses) assert.isArray(fault(bytes(text)), text)
    for (const type of ["0000", "0003", "0017", "0100", "ffff"]) {
      assert.deepStrictEqual(fault(bytes(`${type} 0000000000000000`)), [
        Number.parseInt(type, 16),
        "there is no such packet from here"
      ])
    }
  })

  it("PacketCodec.readDatagram() refuses a name that is not UTF-8, and takes any blob", () => {
    const notUtf8 = "a name is not UTF-8"
    for (const text of ["c3", "c328", "c0af", "eda080", "f4908080", "ff"]) {
      const length = (text.length / 2).toString(16).padStart(4, "0")
      assert.deepStrictEqual(fault(bytes(`0001 ${length} ${text}`)), [1, notUtf8])
      assert.deepStrictEqual(fault(bytes(`000f 0000000000000001 00000003 ${length} ${text}`)), [15, notUtf8])
      assert.isTrue(isRequest(fault(bytes(`000b 0000000000000001 0000000000000003 ${length} ${text}`))))
    }
  })

  it("PacketCodec.readDatagram() takes an upload without a name for a download", () => {
    assert.deepStrictEqual(fault(bytes("000f 0000000000000001 00000003 0000")), [15, cutOff])
  })

  it("PacketCodec.readDatagram() keeps nothing of the datagram", () => {
    const datagram = Buffer.from(bytes("000b 0000000000000001 0000000000000003 0002 6869"))
    const read = Result.getOrThrow(PacketCodec.readDatagram(datagram))
    datagram.fill(0)
    assert.deepStrictEqual(read, { _tag: "BroadcastRequest", session: 1n, message: 3n, blob: utf8("hi") })
  })

  it("PacketCodec.write() writes the largest packets, and of larger ones what fits", () => {
    const users = Array.from({ length: 65_536 }, (_, index) => BigInt(index))
    const list = PacketCodec.write({ _tag: "UsersResponse", users: users.slice(1) })
    assert.lengthOf(list, 4 + 65_535 * 8)
    assert.deepStrictEqual(PacketCodec.write({ _tag: "UsersResponse", users }), list)
    const datagram = PacketCodec.write({
      _tag: "FilesResponse",
      files: users.slice(0, PacketCodec.datagramNumbersLimit)
    })
    assert.isAtMost(datagram.length, PacketCodec.datagramLimitBytes)
    assert.isAbove(datagram.length + 8, PacketCodec.datagramLimitBytes)

    const blob = new Uint8Array(65_536).fill(7)
    const message = PacketCodec.write({ _tag: "IncomingMessage", user: 1n, message: 2n, blob: blob.subarray(1) })
    assert.lengthOf(message, 2 + 8 + 8 + 2 + 65_535)
    assert.deepStrictEqual(PacketCodec.write({ _tag: "IncomingMessage", user: 1n, message: 2n, blob }), message)

    const read = PacketCodec.readResponse(
      PacketCodec.write({ _tag: "UserDataResponse", user: 1n, name: `${"x".repeat(65_534)}é` })
    )
    assert.deepStrictEqual(
      read,
      Result.succeed<Response>({ _tag: "UserDataResponse", user: 1n, name: "x".repeat(65_534) })
    )
    assert.isFalse(isResponse({ _tag: "UserDataResponse", user: 1n, name: `${"x".repeat(65_534)}é` }))
    assert.isFalse(isResponse({ _tag: "IncomingMessage", user: 1n, message: 2n, blob }))
    assert.isFalse(isResponse({ _tag: "MessageResponse", message: 2n ** 64n }))
  })

  it("PacketCodec never throws for 20000 mutations and random datagrams", () => {
    const random = seeded(20_261_107)
    const outcomes = new Set<string>()
    for (let round = 0; round < 20_000; round++) {
      let datagram = new Uint8Array(random() % 40)
      if (round % 4 === 0) {
        for (let at = 0; at < datagram.length; at++) datagram[at] = at === 0 ? 0 : random() % (at === 1 ? 24 : 256)
      } else {
        datagram = Uint8Array.from(bytes(requests[random() % requests.length]![0]))
        for (let changes = random() % 4; changes > 0; changes--) datagram[random() % datagram.length] = random()
        if (random() % 3 === 0) datagram = datagram.slice(0, random() % (datagram.length + 1))
      }
      const request = PacketCodec.readDatagram(datagram)
      outcomes.add(Result.isSuccess(request) ? request.success._tag : request.failure.detail.slice(22, 40))
      if (Result.isSuccess(request)) {
        assert.isTrue(isRequest(request.success))
        assert.deepStrictEqual(PacketCodec.writeRequest(request.success), datagram)
      }
      const response = PacketCodec.readResponse(datagram)
      if (Result.isSuccess(response)) assert.deepStrictEqual(PacketCodec.write(response.success), datagram)
    }
    assert.includeMembers([...outcomes], Object.keys(Request.cases))
  })

  it("PacketCodec never mistakes an upload for a download in 200000 transfers", () => {
    const random = seeded(15_17)
    const wide = () => (BigInt(random()) << 32n) | BigInt(random())
    const names = ["a", "ab", "é.txt", "x".repeat(255), "x".repeat(256), "x".repeat(65_535)]
    const blob = new Uint8Array(256)
    const seen = new Map<string, number>()
    const check = (request: Request): void => {
      const read = PacketCodec.readDatagram(PacketCodec.writeRequest(request))
      const tag = Result.isSuccess(read) ? read.success._tag : read.failure.detail
      if (tag !== request._tag) assert.fail(`${request._tag} is taken for ${tag}`)
      seen.set(tag, (seen.get(tag) ?? 0) + 1)
    }
    for (let round = 0; round < 50_000; round++) {
      const session = wide()
      const file = Number(wide() >> BigInt(16 + (random() % 48)))
      const sizeBytes = random() >>> (random() % 32)
      const chunk = random() >>> (random() % 32)
      const name = round % 500 === 0 ? names[random() % names.length]! : "n".repeat(1 + (random() % 40))
      check({ _tag: "DownloadRequest", session, file: PacketNumber.wireNumber(file) })
      check({ _tag: "UploadRequest", session, sizeBytes, name })
      check({ _tag: "DownloadChunkRequest", transaction: PacketNumber.downloadTransaction(wide()), chunk })
      check({ _tag: "UploadChunkRequest", transaction: PacketNumber.uploadTransaction(wide()), chunk, blob })
    }
    assert.deepStrictEqual([...seen.values()], [50_000, 50_000, 50_000, 50_000])
  })
})
