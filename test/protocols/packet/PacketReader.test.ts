import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema, Stream } from "effect"
import * as PacketCodec from "../../../src/protocols/packet/PacketCodec.ts"
import * as PacketProtocol from "../../../src/protocols/packet/PacketProtocol.ts"
import * as PacketReader from "../../../src/protocols/packet/PacketReader.ts"
import * as Reader from "../../../src/protocols/Reader.ts"
import { cut } from "../Cut.ts"
import { AnyRequest, bytes, glue, requests, responses, seeded, stream, utf8 } from "./Wire.ts"

const whole = glue(...requests.map(([hex]) => bytes(hex)))
const expected = requests.map(([, request]) => request)
const preserve = bytes("0004 0000000000000005")

/** What came, by its tag and what is most telling. */
const brief = (received: ReadonlyArray<PacketReader.Received>): ReadonlyArray<unknown> =>
  received.map((one) => {
    if (one._tag === "Malformed") return [one._tag, one.packetType, one.code]
    return one._tag === "Lost" ? [one._tag, one.packetType] : one._tag
  })

describe("PacketReader", () => {
  it("PacketReader.read() reads many packets in one read, and cut anywhere", () => {
    assert.deepStrictEqual(stream([whole]), expected)
    for (let at = 0; at <= whole.length; at++) {
      assert.deepStrictEqual(stream([whole.subarray(0, at), whole.subarray(at)]), expected)
    }
    for (const size of [1, 2, 3, 5, 7, 17, 64]) assert.deepStrictEqual(stream(cut(whole, size)), expected)
  })

  it.effect("PacketProtocol.reader() makes a stream of requests of a stream of bytes", () =>
    Effect.gen(function* () {
      const { reader } = PacketProtocol.make({ nowMillis: () => 0, random: () => 1n })
      // What is cut off is none.
      const sent = glue(whole, bytes("0001 0001 ff"), whole, preserve.subarray(0, 9))
      for (const size of [1, 7, sent.length]) {
        const came = yield* Stream.runCollect(Reader.packets(reader())(Stream.fromIterable(cut(sent, size))))
        assert.lengthOf(came, 2 * expected.length + 1)
        assert.deepStrictEqual(came.slice(0, expected.length), expected)
        assert.deepStrictEqual(brief(came.slice(expected.length, -expected.length)), [["Malformed", 1, 1]])
        assert.deepStrictEqual(came.slice(expected.length + 1), expected)
      }
    })
  )

  it("PacketReader.read() gives a packet with its last byte", () => {
    for (const [hex, request] of requests) {
      const reader = PacketReader.make()
      const packet = bytes(hex)
      assert.isTrue(reader.isBetween())
      for (const [index, piece] of cut(packet, 1).entries()) {
        const isLast = index === packet.length - 1
        assert.deepStrictEqual(reader.read(piece), isLast ? [request] : [], hex)
        assert.strictEqual(reader.isBetween(), isLast)
      }
    }
  })

  it("PacketReader.makeResponses() reads what a server sends, cut anywhere", () => {
    const sent = glue(...responses.map(([hex]) => bytes(hex)))
    for (const size of [1, 2, 3, 7, sent.length]) {
      const reader = PacketReader.makeResponses()
      assert.deepStrictEqual(
        cut(sent, size).flatMap((piece) => reader.read(piece)),
        responses.map(([, response]) => response)
      )
    }
    const list = PacketCodec.write({ _tag: "UsersResponse", users: Array.from({ length: 65_535 }, () => 3n) })
    const reader = PacketReader.makeResponses()
    assert.lengthOf(
      cut(list, 1000).flatMap((piece) => reader.read(piece)),
      1
    )
  })

  it.prop(
    "PacketReader.read() reads any packets in any pieces",
    [Arbitrary.array(AnyRequest), Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 }))],
    ([all, size]) => {
      const sent = glue(...all.map(PacketCodec.writeRequest))
      assert.deepStrictEqual(stream(cut(sent, size)), all)
    }
  )

  it("PacketReader.read() answers a name that is not UTF-8 and reads on", () => {
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

  it("PacketReader.read() gives up at a number that is no request", () => {
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
    const reader = PacketReader.make()
    assert.deepStrictEqual(brief(reader.read(utf8("GET / HTTP/1.1\r\n\r\n"))), [["Lost", 0x4745]])
    assert.deepStrictEqual(reader.read(whole), [])
    assert.isTrue(reader.isBetween())
  })

  it("PacketReader.read() refuses a packet over the limit at once, drops it and reads on", () => {
    const limits = { packetLimitBytes: 30 }
    const fitting = bytes(`000b 0000000000000001 0000000000000002 000a ${"61".repeat(10)}`)
    const large = bytes(`000b 0000000000000001 0000000000000002 000b ${"61".repeat(11)}`)
    const sent = glue(fitting, large, preserve, large, large, fitting)
    const outcome = ["BroadcastRequest", ["Malformed", 11, 6], "SessionPreserve"]
    const last = [["Malformed", 11, 6], ["Malformed", 11, 6], "BroadcastRequest"]
    for (const size of [1, 2, 5, 19, 31, sent.length]) {
      assert.deepStrictEqual(brief(stream(cut(sent, size), limits)), [...outcome, ...last])
    }
    const reader = PacketReader.make(limits)
    assert.deepStrictEqual(brief(reader.read(large.subarray(0, 20))), [["Malformed", 11, 6]])
    assert.isFalse(reader.isBetween())
    assert.deepStrictEqual(reader.read(large.subarray(20)), [])
    assert.isTrue(reader.isBetween())
  })

  it("PacketReader.read() takes the largest packet under the default limit", () => {
    const blob = new Uint8Array(65_535).fill(1)
    const packet = PacketCodec.writeRequest({ _tag: "MessageRequest", session: 1n, user: 2n, message: 3n, blob })
    assert.lengthOf(packet, PacketReader.defaultLimits.packetLimitBytes)
    assert.deepStrictEqual(brief(stream(cut(packet, 1000))), ["MessageRequest"])
  })

  it("PacketReader.read() reads megabytes byte by byte in linear time, and makes no room for a length", () => {
    const blob = new Uint8Array(65_535)
    const packet = PacketCodec.writeRequest({ _tag: "BroadcastRequest", session: 1n, message: 3n, blob })
    const reader = PacketReader.make()
    let count = 0
    for (let round = 0; round < 16; round++) {
      for (let at = 0; at < packet.length; at++) count += reader.read(packet.subarray(at, at + 1)).length
    }
    assert.strictEqual(count, 16)

    const before = process.memoryUsage().arrayBuffers
    const waiting = Array.from({ length: 2000 }, () => PacketReader.make())
    for (const reader of waiting) reader.read(packet.subarray(0, 20))
    assert.isBelow(process.memoryUsage().arrayBuffers - before, 16 * 1024 * 1024)
    assert.isFalse(waiting.some((reader) => reader.isBetween()))
  })

  it("PacketReader.make() has no end by silence, for no packet waits for that", () => {
    const reader = PacketReader.make()
    assert.isUndefined(reader.readTimeoutMillis)
    reader.read(preserve.subarray(0, 5))
    assert.isUndefined(reader.readTimeoutMillis)
    assert.isUndefined(reader.finish)
  })

  it("PacketReader.read() keeps nothing of a read", () => {
    const read = bytes("000b 0000000000000001 0000000000000003 0002 6869")
    const reader = PacketReader.make()
    const received = [...reader.read(read), ...reader.read(read.subarray(0, 5)), ...reader.read(read.subarray(5))]
    read.fill(0)
    reader.read(whole.subarray(0, 40))
    const request = { _tag: "BroadcastRequest", session: 1n, message: 3n, blob: utf8("hi") } as const
    assert.deepStrictEqual(received, [request, request])
  })

  it("PacketReader.read() never throws for 5000 mutations, whatever the cut", () => {
    const random = seeded(94_00)
    const outcomes = new Set<string>()
    for (let round = 0; round < 5000; round++) {
      const picked = Array.from({ length: 1 + (random() % 4) }, () => bytes(requests[random() % requests.length]![0]))
      const mutant = glue(...picked)
      for (let changes = random() % 4; changes > 0; changes--) mutant[random() % mutant.length] = random()
      const received = stream([mutant])
      for (const { _tag } of received) outcomes.add(_tag)
      assert.deepStrictEqual(stream(cut(mutant, 1 + (random() % 9))), received)
    }
    assert.includeMembers([...outcomes], ["Malformed", "Lost", "SessionRequest", "UploadChunkRequest"])
  })
})
