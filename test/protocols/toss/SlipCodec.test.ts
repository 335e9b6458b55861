/** Messages without a file, which are most of what is said: what lies whole in a read is read at once. */
import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as PillowFrames from "../../../src/protocols/toss/PillowFrames.ts"
import * as PillowResponse from "../../../src/protocols/toss/PillowResponse.ts"
import type { SlipLimits } from "../../../src/protocols/toss/SlipLimits.ts"
import * as SlipReader from "../../../src/protocols/toss/SlipReader.ts"
import * as SlipWriter from "../../../src/protocols/toss/SlipWriter.ts"
import * as TossReader from "../../../src/protocols/toss/TossReader.ts"
import { cut } from "../Cut.ts"
import { bytes, glue, limits, record, stream } from "./Wire.ts"

const Odd = Schema.Array(Schema.Literals(["a", "|", ";", ">", "é", "漢", "🎉", "\ud800", "\udc00", "\ufeff", "\0"]))
const Text = Schema.Union([Schema.String, Odd])
const textOf = (text: typeof Text.Type): string => (typeof text === "string" ? text : text.join(""))

const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0

const sized = (type: string, text: string): string => `${type}${Buffer.byteLength(text)}|${text};`

/** A message as PROTOCOL.md has it. */
const messageText = (message: string, username: string, time: Date): string => {
  const data = `message|${sized("l", message)}username|${sized("l", username)}time|${sized("d", time.toISOString())}`
  return `action|l12|send-message;status|n3|100;data|${sized("s", data)}`
}

const request = (message: string): Uint8Array =>
  Result.getOrThrow(SlipWriter.write(record({ action: "send-message", data: record({ message }) })))

const announcement = (sizeBytes: number): Uint8Array =>
  Result.getOrThrow(SlipWriter.write(record({ action: "chunks", data: record({ chunks: sizeBytes }) })))

const announced = (whole: Uint8Array): Uint8Array => glue(announcement(whole.length), whole)

/** What a stream brings if what begins it has to be read byte by byte. */
const slowly = (whole: Uint8Array, some: Partial<SlipLimits> = {}) =>
  stream([whole.subarray(0, 1), whole.subarray(1)], some)

/** The fields in bytes that come in these pieces, or what is wrong with them. */
const fieldsOf = (pieces: ReadonlyArray<Uint8Array>, some: Partial<SlipLimits> = {}): ReadonlyArray<unknown> => {
  const reader = SlipReader.make(limits(some))
  const fields: Array<unknown> = []
  for (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      const pushed = reader.push(piece, at)
      if (pushed._tag === "More") break
      if (pushed._tag === "Failed") return [...fields, pushed]
      at = pushed.end
      if (pushed._tag === "Field") fields.push([pushed.key, pushed.value])
    }
  }
  return [...fields, reader.finish(), reader.oversized()]
}

/** Asserts that what is read at once is what is read byte by byte. */
const assertSame = (whole: Uint8Array, some: Partial<SlipLimits> = {}, why = ""): void => {
  assert.deepStrictEqual(fieldsOf([whole], some), fieldsOf(cut(whole, 1), some), why)
  assert.deepStrictEqual(stream([whole], some), slowly(whole, some), why)
  assert.deepStrictEqual(stream([announced(whole)], some), stream(cut(announced(whole), 1), some), why)
}

describe("SlipWriter", () => {
  it.prop("SlipWriter.write() writes any message", [Text, Text, Schema.Int], ([text, name, int]) => {
    for (const time of [new Date(int % 8.64e15), new Date(0), new Date(999), new Date(-1)]) {
      const response = PillowResponse.message(textOf(name), textOf(text), time)
      const written = Result.getOrThrow(SlipWriter.write(response))
      assert.isTrue(isSame(written, bytes(messageText(textOf(text), textOf(name), time))))
      const { announcementBytes, bytes: together } = PillowFrames.together(response)
      assert.isTrue(isSame(together, glue(announcement(written.length), bytes("status|n3|100;"), written)))
      assert.isTrue(isSame(together, glue(PillowFrames.announce(written.length, "slip"), written)))
      assert.strictEqual(together.length - written.length, announcementBytes)
    }
  })

  it("PillowFrames.together() refuses a message without a time", () => {
    assert.throws(() => PillowFrames.together(PillowResponse.message("a", "b", new Date(Number.NaN))))
  })

  it("SlipWriter.write() makes room for all, however it is nested", () => {
    for (const word of ["", "|", "é", "🎉", "x".repeat(39), "x".repeat(41)]) {
      let value: SlipWriter.Writable = word
      let expected = `l${Buffer.byteLength(word)}|${word}`
      const key = `k${word}`
      const spelled = key.replaceAll("|", ">|")
      for (let depth = 0; depth < 300; depth++) {
        value = depth % 2 === 0 ? [value] : { [key]: value }
        const inner = depth % 2 === 0 ? `0|${expected};` : `${spelled}|${expected};`
        expected = `${depth % 2 === 0 ? "a" : "s"}${Buffer.byteLength(inner)}|${inner}`
        const written = Result.getOrThrow(SlipWriter.write({ a: value }))
        assert.isTrue(isSame(written, bytes(`a|${expected};`)))
      }
    }
  })

  it("SlipWriter.write() gives bytes away that nothing writes to any more", () => {
    const write = (text: string) => Result.getOrThrow(SlipWriter.write({ text }))
    for (const size of [1, 100, 5000, 100_000]) {
      const one = write("1".repeat(size))
      const before = one.slice()
      write("2".repeat(size))
      assert.isTrue(isSame(one, before))
    }
  })

  it("SlipWriter.write() tells of several things that cannot be written the first", () => {
    const reason = (value: SlipWriter.WritableRecord) => {
      const written = SlipWriter.write(value)
      return Result.isFailure(written) ? [written.failure.reason, ...written.failure.path] : []
    }
    const never = new Date(Number.NaN)
    const nameless = { _tag: "File", name: "", sizeBytes: 0 } as const
    assert.deepStrictEqual(reason({ a: { b: never, c: { "": 1 } }, d: nameless }), ["invalid-date", "a", "b"])
    assert.deepStrictEqual(reason({ a: "", c: { "": never }, d: nameless }), ["empty-key", "c", ""])
    assert.deepStrictEqual(reason({ a: [1, nameless, never] }), ["empty-file-name", "a", "1"])
  })

  it("SlipWriter.writeAnnounced() may write another record meanwhile", () => {
    const large = "x".repeat(10_000)
    const announce = (sizeBytes: number) => Result.getOrThrow(SlipWriter.write({ sizeBytes, large }))
    for (const text of ["hello", large]) {
      const written = Result.getOrThrow(SlipWriter.writeAnnounced({ text }, announce))
      const alone = Result.getOrThrow(SlipWriter.write({ text }))
      assert.isTrue(isSame(written.bytes, glue(announce(alone.length), alone)))
      assert.strictEqual(written.bytes.length - alone.length, written.announcementBytes)
    }
  })
})

describe("SlipReader", () => {
  it.prop("SlipReader reads any message at once as it does byte by byte", [Text], ([text]) => {
    const message = textOf(text)
    const whole = request(message)
    assertSame(whole)
    const [packet] = stream([whole])
    assert.deepStrictEqual(
      packet?._tag === "Request" ? packet.request : packet?._tag,
      message === "" ? "Refused" : { _tag: "SendMessage", message: message.toWellFormed() }
    )
    for (const read of [glue(whole, whole), glue(announced(whole), whole)]) {
      assert.deepStrictEqual(stream([read]), slowly(read))
      assert.deepStrictEqual(stream([read]), stream(cut(read, 7)))
    }
  })

  it("TossReader.read() takes no message that is not whole", () => {
    const whole = request("hello; bob")
    for (let end = 0; end < whole.length; end++) {
      assert.deepStrictEqual(TossReader.make(limits({})).read(whole.subarray(0, end)), [])
    }
  })

  it("TossReader.read() brings the same whatever is behind a message", () => {
    const hello = request("hello")
    const behind = [
      "a",
      "action",
      "action|",
      "act>ion|l1|a;",
      "data|x;",
      "date|x;",
      "{}",
      "{",
      "foo|x;",
      "foo",
      "|",
      "\r\n"
    ]
    for (const text of behind) {
      const whole = glue(hello, text)
      assert.deepStrictEqual(stream([whole]), slowly(whole), text)
      const announced = glue(announcement(whole.length), whole)
      assert.deepStrictEqual(stream([announced]), stream([announced.subarray(0, 60), announced.subarray(60)]), text)
      const short = glue(announcement(hello.length), whole)
      assert.deepStrictEqual(stream([short]), stream([short.subarray(0, 60), short.subarray(60)]), text)
    }
  })

  it("SlipReader reads every message with one other byte at once as it does byte by byte", () => {
    const whole = request("hello é; bob")
    for (let at = 1; at < whole.length; at++) {
      for (const byte of Buffer.from("0129|;>{alsx- \xff", "latin1")) {
        const mutant = whole.slice()
        mutant[at] = byte
        assertSame(mutant, {}, Buffer.from(mutant).toString())
      }
    }
  })

  const some: ReadonlyArray<Partial<SlipLimits>> = [
    ...[0, 28, 29, 30, 128, 129, 130].map((recordLimitBytes) => ({ recordLimitBytes })),
    ...[1, 3, 4, 5, 6, 7].map((keyLimitBytes) => ({ keyLimitBytes })),
    ...[0, 1, 2, 3].map((fieldLimit) => ({ fieldLimit })),
    ...[0, 1, 2, 3].map((depthLimit) => ({ depthLimit }))
  ]

  it("SlipReader reads the same at every limit", () => {
    const whole = request("x".repeat(100))
    for (const each of some) {
      const why = JSON.stringify(each)
      assert.deepStrictEqual(stream([whole], each), slowly(whole, each), why)
      assert.deepStrictEqual(fieldsOf([whole], each), fieldsOf(cut(whole, 1), each), why)
    }
    const tags = (each: Partial<SlipLimits>) => stream([whole], each).map(({ _tag }) => _tag)
    assert.deepStrictEqual(tags({ recordLimitBytes: 129, keyLimitBytes: 7, fieldLimit: 3, depthLimit: 2 }), ["Request"])
    assert.deepStrictEqual(tags({ recordLimitBytes: 128 }), ["Refused"])
    assert.strictEqual(stream([whole], limits({ depthLimit: 1 }))[0]?._tag, "Failed")
  })

  it("SlipReader reads the same at every limit where values that are read at once follow others", () => {
    const odd = "é|b1;n|n3|1e3;d|d24|1970-01-01T00:00:00.000Z;o|s40|a|l1|a;f|f3|abcn;b|s9|c|l2|de;;x|x;z|n1|7;;"
    for (const text of [odd, `data|s${Buffer.byteLength(odd)}|${odd};`, `${odd}${odd}`]) {
      for (const each of [...some, { recordLimitBytes: 60 }, { fileLimitBytes: 2 }, { fieldLimit: 9 }]) {
        assert.deepStrictEqual(fieldsOf([bytes(text)], each), fieldsOf(cut(bytes(text), 1), each), JSON.stringify(each))
      }
    }
  })

  it("SlipReader takes a date that is too large like any other content", () => {
    const dated = bytes("a|l20|12345678901234567890;b|d24|1970-01-01T00:00:00.000Z;c|x;")
    for (const pieces of [[dated], cut(dated, 1)]) {
      assert.deepStrictEqual(fieldsOf(pieces, { recordLimitBytes: 30 }), [
        ["a", "12345678901234567890"],
        ["b", new Date(0)],
        ["c", null],
        undefined,
        [["b"]]
      ])
    }
  })

  it("SlipReader looks a bounded number of times at what is not read at once", () => {
    // Each level would be read at once but for what stands at the end of the last.
    const levels = 30
    let inner = "x|x;"
    for (let level = 0; level < levels; level++) inner = `${"t|n1|1;".repeat(50)}o|s${inner.length}|${inner};`
    const whole = bytes(inner)
    const perByte = (text: Uint8Array): number => {
      let looked = 0
      const counted = new Proxy(text, {
        get: (target, key) => {
          if (typeof key === "string" && /^\d+$/.test(key)) looked++
          const value: unknown = Reflect.get(target, key, target)
          return typeof value === "function" ? value.bind(target) : value
        }
      })
      fieldsOf([counted])
      return looked / text.length
    }
    assert.isBelow(perByte(whole), 6)
  })

  it("TossReader.read() drops a message that is too large without losing the next", () => {
    const read = glue(request("x".repeat(101)), request("hello"))
    const tags = stream([read], { recordLimitBytes: 129 }).map(({ _tag }) => _tag)
    assert.deepStrictEqual(tags, ["Refused", "Request"])
  })
})
