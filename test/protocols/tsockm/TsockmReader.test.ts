import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as Reader from "../../../src/protocols/Reader.ts"
import * as TsockmReader from "../../../src/protocols/tsockm/TsockmReader.ts"
import type { Received } from "../../../src/protocols/tsockm/TsockmRequest.ts"
import { cut } from "../Cut.ts"
import { bench } from "./Links.ts"
import { bytes, captured, cuts, glue, seeded, stream, textOf } from "./Wire.ts"

const comm = "REQ::COMM::200::client::client::127.0.0.1:6969::alice"
const say = (text: string) => `REQ::MSG::200::ID::client::127.0.0.1:6969::${text}`
const sayEight = (text: string) => `REQ::MSG::200::CLIENT::ID::127.0.0.1:1::127.0.0.1:2::${text}`

/** What came, by what is most telling. */
const brief = (received: ReadonlyArray<Received>): ReadonlyArray<string> =>
  received.map((event) => {
    if (event._tag === "Refused") return `${event.refusal.reason} ${event.refusal.answer?.status ?? "-"}`
    const { request } = event
    return request._tag === "Say" ? request.text : request._tag
  })

const read = (...pieces: ReadonlyArray<string | Uint8Array>) => brief(stream(pieces))

const tags: Readonly<Record<string, string>> = {
  "REQ::COMM": "Connect",
  "REQ::MSG": "Say",
  "REQ::GET_PEER": "LookUp",
  "REQ::COMM_END": "Leave",
  "RES::COMM": "Alive"
}

describe("TsockmReader", () => {
  it("TsockmReader.read() reads all that the original clients have sent, cut anywhere", () => {
    const sent = captured.filter(({ isFromClient }) => isFromClient)
    assert.isAbove(sent.length, 40)
    for (const { text } of sent) {
      const expected = stream([text])
      const came: ReadonlyArray<string> = expected.map((event) =>
        event._tag === "Request" ? event.request._tag : event.refusal.reason
      )
      assert.deepStrictEqual(came, [tags[text.split("::", 2).join("::")] ?? ""])
      for (const pieces of cuts(bytes(text))) assert.deepStrictEqual(stream(pieces), expected, text)
    }
  })

  it.effect("TsockmProtocol.reader() makes a stream of requests of a stream of bytes", () =>
    Effect.gen(function* () {
      const { protocol } = bench()
      const sent = bytes(say("a") + say("b::c") + say("d\r\n"))
      for (const size of [1, 7, sent.length]) {
        const reads = Stream.fromIterable(cut(sent, size))
        const came = yield* Stream.runCollect(Reader.packets(protocol.reader())(reads))
        // The end of the stream ends the last.
        assert.deepStrictEqual(brief(came), ["a", "b::c", "d"])
      }
    })
  )

  it("TsockmReader.read() tells packets of one sender apart in one read, cut anywhere", () => {
    const long = "é🎉::x".repeat(20)
    for (const [packets, expected] of [
      [
        [say("a"), say("b::c"), say(""), "RES::COMM::200::ID::c::s::OK", "REQ::COMM_END::200::ID::c::s::"],
        ["a", "b::c", "", "Alive", "Leave"]
      ],
      [
        [sayEight("a\r\n"), sayEight("::\n\n"), sayEight(long)],
        ["a", "::\n", long]
      ],
      [
        [comm, "REQ::MSG::200::client::client::s::héllo 🎉", "REQ::GET_PEER::200::client::c::s::X"],
        ["Connect", "héllo 🎉", "LookUp"]
      ]
    ] as const) {
      const whole = glue(...packets)
      assert.deepStrictEqual(read(whole), expected)
      for (const pieces of cuts(whole)) assert.deepStrictEqual(read(...pieces), expected)
      for (const size of [2, 3, 5, 7, 50]) assert.deepStrictEqual(read(...cut(whole, size)), expected)
    }
    const many = Array.from({ length: 500 }, (_, index) => `message ${index}`)
    assert.deepStrictEqual(read(many.map(say).join("")), many)
  })

  it("TsockmReader.read() takes any other packet in a text for text", () => {
    for (const text of [
      "REQ::MSG::200::OTHER::client::s::x",
      sayEight("x"),
      "REQ::MSG::200::ID",
      "REQ::MSG::200::ID:",
      "REQ::NTFY_KILL::200::ID::c::s::x",
      "ERR::MSG::200::ID::c::s::x",
      "EQ::MSG::200::ID::c::s::x",
      "::200::ID::::200::ID::",
      ":::"
    ]) {
      assert.deepStrictEqual(read(say(text)), [text])
      assert.deepStrictEqual(read(...cut(bytes(say(text)), 1)), [text])
    }
    assert.deepStrictEqual(read("REQ::MSG::200::::c::s::REQ::MSG::200::::c::s::x"), ["NoPeer 404"])
  })

  it("TsockmReader.finish() ends what has come, and something else may begin", () => {
    const reader = TsockmReader.make()
    assert.isUndefined(reader.readTimeoutMillis)
    assert.deepStrictEqual(reader.finish!(), [])
    assert.deepStrictEqual(reader.read(bytes("REQ::COMM::200")), [])
    assert.strictEqual(reader.readTimeoutMillis, 1000)
    assert.deepStrictEqual(reader.read(bytes("::client::client::s::")), [])
    assert.strictEqual(reader.readTimeoutMillis, 40)
    assert.deepStrictEqual(reader.read(bytes("zoe")), [])
    assert.deepStrictEqual(brief(reader.finish!()), ["Connect"])
    assert.isUndefined(reader.readTimeoutMillis)
    assert.deepStrictEqual(reader.read(bytes("\r\n")), [])
    assert.isUndefined(reader.readTimeoutMillis)
    reader.read(bytes("\nREQ::COMM\n"))
    assert.strictEqual(reader.readTimeoutMillis, 1000)
    assert.deepStrictEqual(brief(reader.finish!()), ["Connect"])
    reader.read(bytes(say("a") + say("b")))
    assert.deepStrictEqual(brief(reader.finish!()), ["b"])
  })

  it("TsockmReader.finish() drops one line end and the fill of buffers", () => {
    const tail = (...codes: ReadonlyArray<number>) => read(glue(say("x"), Uint8Array.from(codes)))
    assert.deepStrictEqual(read(say("x\r\n")), ["x"])
    assert.deepStrictEqual(read(say("x\n\n")), ["x\n"])
    assert.deepStrictEqual(read(say("x\r")), ["x"])
    assert.deepStrictEqual(tail(0xaa), ["x"])
    assert.deepStrictEqual(tail(0x0a, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa), ["x"])
    assert.deepStrictEqual(tail(0xc2, 0xaa, 0xaa, 0xaa), ["xª"])
    assert.deepStrictEqual(tail(0xe3, 0x81, 0xaa), ["xな"])
    assert.deepStrictEqual(tail(0xe3, 0x81, 0xaa, 0xaa), ["xな"])
    assert.deepStrictEqual(tail(0xf0, 0xaa, 0xaa, 0xaa), ["x\u{2aaaa}"])
    assert.deepStrictEqual(tail(0xf0, 0xaa, 0xaa, 0xaa, 0xaa), ["x\u{2aaaa}"])
    assert.deepStrictEqual(tail(0xc2), ["x\ufffd"])
    assert.deepStrictEqual(tail(0xff, 0xaa), ["x\ufffd"])
    assert.deepStrictEqual(read(Uint8Array.from([0xaa, 0xaa])), [])
    assert.deepStrictEqual(read(say("\ufeffx")), ["\ufeffx"])
  })

  it("TsockmReader.read() refuses what is too long as soon as it is, cut anywhere", () => {
    const limits = { packetLimitBytes: 80, headerLimitBytes: 60 }
    const header = say("").length
    const fits = say("x".repeat(80 - header))
    const over = say("y".repeat(81 - header))
    const cases: ReadonlyArray<[text: string, expected: ReadonlyArray<string>]> = [
      [fits, ["x".repeat(80 - header)]],
      [over, ["TooLong 400"]],
      [fits + fits, Array(2).fill("x".repeat(80 - header))],
      [over + fits, ["TooLong 400", "x".repeat(80 - header)]],
      [over + over + say("a"), ["TooLong 400", "TooLong 400", "a"]],
      [say("y".repeat(200)) + fits, ["TooLong 400"]],
      ["REQ::MSG::200::" + "I".repeat(100), ["TooLong 400"]],
      ["RES::COMM::200::" + "I".repeat(100), ["TooLong -"]],
      ["x".repeat(100), ["NotAPacket -"]],
      ["x".repeat(59), ["NotAPacket -"]],
      [":".repeat(100), ["NotAPacket -"]],
      ["REQ::MSG::200::::c::s::" + "z".repeat(100), ["TooLong 400"]]
    ]
    for (const [text, expected] of cases) {
      for (const pieces of cuts(bytes(text))) assert.deepStrictEqual(brief(stream(pieces, limits)), expected, text)
    }
    const reader = TsockmReader.make(limits)
    assert.deepStrictEqual(brief(reader.read(bytes("x".repeat(60)))), ["NotAPacket -"])
    assert.strictEqual(reader.readTimeoutMillis, 40)
    assert.deepStrictEqual(reader.read(bytes(fits)), [])
    assert.deepStrictEqual(reader.finish!(), [])
    assert.deepStrictEqual(brief([...reader.read(bytes(fits)), ...reader.finish!()]), [fits.slice(header)])
  })

  it("TsockmReader.read() reads a text of 16 KiB that comes byte by byte", () => {
    const text = "é".repeat(8 * 1024)
    assert.deepStrictEqual(read(...cut(bytes(sayEight(text)), 1)), [text])
  })

  it("TsockmReader.read() reads any text but its last line end", () => {
    const random = seeded(5)
    for (let round = 0; round < 2000; round++) {
      const texts = Array.from({ length: 1 + random(3) }, () => textOf(random, 60))
      const write = random(2) === 0 ? say : sayEight
      const whole = bytes(texts.map(write).join(""))
      const expected = texts.map((text) => text.replace(/\r?\n$|\r$/, ""))
      assert.deepStrictEqual(read(whole), expected)
      assert.deepStrictEqual(read(...cut(whole, 1 + random(20))), expected)
    }
  })

  it("TsockmReader.read() never throws, and cuts make no difference", () => {
    const random = seeded(20_261_121)
    const limits = { packetLimitBytes: 120, headerLimitBytes: 80 }
    const examples = [
      comm,
      say("hello"),
      say("a") + say("b::c\r\n") + sayEight("d"),
      sayEight("héllo") + sayEight("x".repeat(60)) + sayEight("y"),
      "REQ::COMM\n",
      ...captured.map(({ text }) => text)
    ].map(bytes)
    const noise = bytes("::|#REQSMGCOMLINT200\r\n")
    for (let round = 0; round < 6000; round++) {
      const mutant =
        round % 5 === 0
          ? Uint8Array.from({ length: random(300) }, () =>
              random(2) === 0 ? noise[random(noise.length)]! : random(256)
            )
          : glue(...Array.from({ length: 1 + random(3) }, () => examples[random(examples.length)]!))
      for (let change = random(6); change > 0 && mutant.length > 0; change--) {
        mutant[random(mutant.length)] = [random(256), noise[random(noise.length)]!, 0xaa][random(3)]!
      }
      const expected = stream([mutant], limits)
      assert.deepStrictEqual(stream(cut(mutant, 1 + random(9)), limits), expected)
      const at = random(mutant.length)
      assert.deepStrictEqual(stream([mutant.subarray(0, at), mutant.subarray(at)], limits), expected)
    }
  })
})
