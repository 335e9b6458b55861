import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as PacketCodec from "../../../src/protocols/packet/PacketCodec.ts"
import * as PacketFrames from "../../../src/protocols/packet/PacketFrames.ts"
import { cut } from "../Cut.ts"
import { AnyRequest, bytes, glue, requests, responses, seeded, stream, utf8 } from "./Wire.ts"

const whole = glue(...requests.map(([hex]) => bytes(hex)))
const expected = requests.map(([, request]) => request)
const preserve = bytes("0004 0000000000000005")

/** What came, by its tag and what is most telling. */
const brief = (framed: ReadonlyArray<PacketFrames.Framed>): ReadonlyArray<unknown> =>
  framed.map((one) => {
    if (one._tag === "Malformed") return [one._tag, one.packetType, one.code]
    return one._tag === "Lost" ? [one._tag, one.packetType] : one._tag
  })

describe("PacketFrames", () => {
  it("PacketFrames.push() reads many packets in one read, and cut anywhere", () => {
    assert.deepStrictEqual(stream([whole]), expected)
    for (let at = 0; at <= whole.length; at++) {
      assert.deepStrictEqual(stream([whole.subarray(0, at), whole.subarray(at)]), expected)
    }
    for (const size of [1, 2, 3, 5, 7, 17, 64]) assert.deepStrictEqual(stream(cut(whole, size)), expected)
  })

  it("PacketFrames.push() gives a packet with its last byte", () => {
    for (const [hex, request] of requests) {
      const frames = PacketFrames.make()
      const packet = bytes(hex)
      assert.isTrue(frames.isBetween())
      for (const [index, piece] of cut(packet, 1).entries()) {
        const isLast = index === packet.length - 1
        assert.deepStrictEqual(frames.push(piece), isLast ? [request] : [], hex)
        assert.strictEqual(frames.isBetween(), isLast)
      }
    }
  })

  it("PacketFrames.makeResponses() reads what a server sends, cut anywhere", () => {
    const sent = glue(...responses.map(([hex]) => bytes(hex)))
    for (const size of [1, 2, 3, 7, sent.length]) {
      const frames = PacketFrames.makeResponses()
      assert.deepStrictEqual(
        cut(sent, size).flatMap((piece) => frames.push(piece)),
        responses.map(([, response]) => response)
      )
    }
    const list = PacketCodec.write({ _tag: "UsersResponse", users: Array.from({ length: 65_535 }, () => 3n) })
    const frames = PacketFrames.makeResponses()
    assert.lengthOf(
      cut(list, 1000).flatMap((piece) => frames.push(piece)),
      1
    )
  })

  it.prop(
    "PacketFrames.push() reads any packets in any pieces",
    [Arbitrary.array(AnyRequest), Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 }))],
    ([all, size]) => {
      const sent = glue(...all.map(PacketCodec.writeRequest))
      assert.deepStrictEqual(stream(cut(sent, size)), all)
    }
  )

  it("PacketFrames.push() answers a name that is not UTF-8 and reads on", () => {
    const sent = glue(bytes("0001 0002 c328"), preserve, bytes("000f 0000000000000001 00000003 0001 ff"), preserve)
    for (const size of [1, 3, sent.length]) {
      assert.deepStrictEqual(brief(stream(cut(sent, size))), [
        ["Malformed", 1, 1],
        "SessionPreserve",
        ["Malformed", 15, 1],
        "SessionPreserve"
      ])
    }
  })

  it("PacketFrames.push() gives up at a number that is no request", () => {
    const numbers = ["0000", "0002", "0003", "0006", "0008", "000a", "000c", "000d", "0010", "0012", "0014", "0016"]
    for (const number of [...numbers, "0017", "4745", "ffff"]) {
      const sent = glue(preserve, bytes(number), whole)
      for (const size of [1, 7, sent.length]) {
        assert.deepStrictEqual(brief(stream(cut(sent, size))), [
          "SessionPreserve",
          ["Lost", Number.parseInt(number, 16)]
        ])
      }
    }
    const frames = PacketFrames.make()
    assert.deepStrictEqual(brief(frames.push(utf8("GET / HTTP/1.1\r\n\r\n"))), [["Lost", 0x4745]])
    assert.deepStrictEqual(frames.push(whole), [])
    assert.isTrue(frames.isBetween())
  })

  it("PacketFrames.push() refuses a packet over the limit at once, drops it and reads on", () => {
    const limits = { packetLimitBytes: 30 }
    const fitting = bytes(`000b 0000000000000001 0000000000000002 000a ${"61".repeat(10)}`)
    const large = bytes(`000b 0000000000000001 0000000000000002 000b ${"61".repeat(11)}`)
    const sent = glue(fitting, large, preserve, large, large, fitting)
    const outcome = ["BroadcastRequest", ["Malformed", 11, 6], "SessionPreserve"]
    const last = [["Malformed", 11, 6], ["Malformed", 11, 6], "BroadcastRequest"]
    for (const size of [1, 2, 5, 19, 31, sent.length]) {
      assert.deepStrictEqual(brief(stream(cut(sent, size), limits)), [...outcome, ...last])
    }
    const frames = PacketFrames.make(limits)
    assert.deepStrictEqual(brief(frames.push(large.subarray(0, 20))), [["Malformed", 11, 6]])
    assert.isFalse(frames.isBetween())
    assert.deepStrictEqual(frames.push(large.subarray(20)), [])
    assert.isTrue(frames.isBetween())
  })

  it("PacketFrames.push() takes the largest packet under the default limit", () => {
    const blob = new Uint8Array(65_535).fill(1)
    const packet = PacketCodec.writeRequest({ _tag: "MessageRequest", session: 1n, user: 2n, message: 3n, blob })
    assert.lengthOf(packet, PacketFrames.defaultLimits.packetLimitBytes)
    assert.deepStrictEqual(brief(stream(cut(packet, 1000))), ["MessageRequest"])
  })

  it("PacketFrames.push() reads megabytes byte by byte in linear time, and makes no room for a length", () => {
    const blob = new Uint8Array(65_535)
    const packet = PacketCodec.writeRequest({ _tag: "BroadcastRequest", session: 1n, message: 3n, blob })
    const frames = PacketFrames.make()
    let count = 0
    for (let round = 0; round < 16; round++) {
      for (let at = 0; at < packet.length; at++) count += frames.push(packet.subarray(at, at + 1)).length
    }
    assert.strictEqual(count, 16)

    const before = process.memoryUsage().arrayBuffers
    const waiting = Array.from({ length: 2000 }, () => PacketFrames.make())
    for (const frames of waiting) frames.push(packet.subarray(0, 20))
    assert.isBelow(process.memoryUsage().arrayBuffers - before, 16 * 1024 * 1024)
    assert.isFalse(waiting.some((frames) => frames.isBetween()))
  })

  it("PacketFrames.push() keeps nothing of a read", () => {
    const read = bytes("000b 0000000000000001 0000000000000003 0002 6869")
    const frames = PacketFrames.make()
    const framed = [...frames.push(read), ...frames.push(read.subarray(0, 5)), ...frames.push(read.subarray(5))]
    read.fill(0)
    frames.push(whole.subarray(0, 40))
    const request = { _tag: "BroadcastRequest", session: 1n, message: 3n, blob: utf8("hi") } as const
    assert.deepStrictEqual(framed, [request, request])
  })

  it("PacketFrames.push() never throws for 5000 mutations, whatever the cut", () => {
    const random = seeded(94_00)
    const outcomes = new Set<string>()
    for (let round = 0; round < 5000; round++) {
      const picked = Array.from({ length: 1 + (random() % 4) }, () => bytes(requests[random() % requests.length]![0]))
      const mutant = glue(...picked)
      for (let changes = random() % 4; changes > 0; changes--) mutant[random() % mutant.length] = random()
      const framed = stream([mutant])
      for (const { _tag } of framed) outcomes.add(_tag)
      assert.deepStrictEqual(stream(cut(mutant, 1 + (random() % 9))), framed)
    }
    assert.includeMembers([...outcomes], ["Malformed", "Lost", "SessionRequest", "UploadChunkRequest"])
  })
})
