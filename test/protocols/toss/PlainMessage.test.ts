import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as PillowFrames from "../../../src/protocols/toss/PillowFrames.ts"
import * as PillowResponse from "../../../src/protocols/toss/PillowResponse.ts"
import * as PlainMessage from "../../../src/protocols/toss/PlainMessage.ts"
import { defaultLimits, type SlipLimits } from "../../../src/protocols/toss/SlipLimits.ts"
import * as SlipWriter from "../../../src/protocols/toss/SlipWriter.ts"
import { bytes, glue, limits, record, stream } from "./Wire.ts"

const Odd = Schema.Array(Schema.Literals(["a", "|", ";", ">", "é", "漢", "🎉", "\ud800", "\udc00", "\ufeff", "\0"]))
const Text = Schema.Union([Schema.String, Odd])
const textOf = (text: typeof Text.Type): string => (typeof text === "string" ? text : text.join(""))

const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0

const request = (message: string): Uint8Array =>
  Result.getOrThrow(SlipWriter.write(record({ action: "send-message", data: record({ message }) })))

const announcement = (sizeBytes: number): Uint8Array =>
  Result.getOrThrow(SlipWriter.write(record({ action: "chunks", data: record({ chunks: sizeBytes }) })))

/** What a stream brings if what begins it has to be read byte by byte. */
const slowly = (whole: Uint8Array, some: Partial<SlipLimits> = {}) =>
  stream([whole.subarray(0, 1), whole.subarray(1)], some)

const find = (whole: Uint8Array, some: Partial<SlipLimits> = {}, from = 0) =>
  PlainMessage.finder({ ...defaultLimits, ...some })(whole, from)

describe("PlainMessage", () => {
  it.prop("PlainMessage.write() writes what SlipWriter writes", [Text, Text, Schema.Int], ([text, name, int]) => {
    for (const time of [new Date(int % 8.64e15), new Date(0)]) {
      const response = PillowResponse.message(textOf(name), textOf(text), time)
      const written = Result.getOrThrow(SlipWriter.write(response))
      const plain = PlainMessage.write(textOf(text), textOf(name), time)
      assert.isTrue(isSame(bytes(plain.text), written))
      assert.strictEqual(plain.sizeBytes, written.length)
      const { announcementBytes, bytes: together } = PillowFrames.together(response)
      const announced = PillowFrames.announce(written.length, "slip")
      assert.isTrue(isSame(together, glue(announced, written)))
      assert.strictEqual(announcementBytes, announced.length)
    }
  })

  it("PillowFrames.together() refuses a message without a time", () => {
    assert.throws(() => PillowFrames.together(PillowResponse.message("a", "b", new Date(Number.NaN))))
  })

  it.prop("PlainMessage.finder() finds what SlipReader reads", [Text], ([text]) => {
    const message = textOf(text)
    const whole = request(message)
    const found = message === "" ? undefined : { message: message.toWellFormed(), end: whole.length }
    assert.deepStrictEqual(find(whole), found)
    assert.deepStrictEqual(find(glue("??", whole, whole), {}, 2), found && { ...found, end: found.end + 2 })
    for (const read of [whole, glue(announcement(whole.length), whole, whole)]) {
      assert.deepStrictEqual(stream([read]), slowly(read))
    }
  })

  it("PlainMessage.finder() takes no message that is not whole", () => {
    const whole = request("hello; bob")
    for (let end = 0; end < whole.length; end++) assert.isUndefined(find(whole.subarray(0, end)))
  })

  it("SlipFrames.push() brings the same whatever is behind a message", () => {
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

  it("SlipFrames.push() brings the same for every message with one other byte", () => {
    const whole = request("hello é; bob")
    for (let at = 1; at < whole.length; at++) {
      for (const byte of Buffer.from("0129|;>{alsx- \xff", "latin1")) {
        const mutant = whole.slice()
        mutant[at] = byte
        assert.deepStrictEqual(stream([mutant]), slowly(mutant), Buffer.from(mutant).toString())
      }
    }
  })

  it("SlipFrames.push() brings the same at every limit", () => {
    const whole = request("x".repeat(100))
    const some: ReadonlyArray<Partial<SlipLimits>> = [
      ...[0, 28, 29, 30, 128, 129, 130].map((recordLimitBytes) => ({ recordLimitBytes })),
      ...[1, 3, 4, 5, 6, 7].map((keyLimitBytes) => ({ keyLimitBytes })),
      ...[0, 1, 2, 3].map((fieldLimit) => ({ fieldLimit })),
      ...[0, 1, 2, 3].map((depthLimit) => ({ depthLimit }))
    ]
    for (const each of some) assert.deepStrictEqual(stream([whole], each), slowly(whole, each), JSON.stringify(each))
    assert.isDefined(find(whole, { recordLimitBytes: 129, keyLimitBytes: 7, fieldLimit: 3, depthLimit: 2 }))
    assert.isUndefined(find(whole, { recordLimitBytes: 128 }))
    assert.strictEqual(stream([whole], limits({ depthLimit: 1 }))[0]?._tag, "Failed")
  })

  it("SlipFrames.push() drops a message that is too large without losing the next", () => {
    const read = glue(request("x".repeat(101)), request("hello"))
    const tags = stream([read], { recordLimitBytes: 129 }).map(({ _tag }) => _tag)
    assert.deepStrictEqual(tags, ["Refused", "Request"])
  })
})
