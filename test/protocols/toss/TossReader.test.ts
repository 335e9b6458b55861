import { assert, describe, it } from "@effect/vitest"
import * as PillowFrames from "../../../src/protocols/toss/PillowFrames.ts"
import * as TossReader from "../../../src/protocols/toss/TossReader.ts"
import { cut } from "../Cut.ts"
import { bytes, captured, glue, limits, stream, tidy, type Tidied } from "./Wire.ts"

const logIn = "action|l6|log-in;data|s18|username|l5|alice;;"
const hello = "action|l12|send-message;data|s21|message|l9|hello bob;;"
const withFile = "action|l12|send-message;data|s61|message|l8|see file;attachment|f14|line 1\nline 2\na>;b>>c.txt;;"
const withJson = `{"action":"send-message","data":{"attachment":{"file":"aGVsbG8=","name":"a\\"}.txt"}}}`

const announce = (text: string) => {
  const chunks = String(bytes(text).length)
  return `action|l6|chunks;data|s${11 + chunks.length}|chunks|n${chunks.length}|${chunks};;`
}

const read = (...pieces: ReadonlyArray<string>) => stream(pieces.map(bytes))

/** What came, by its tag and what is most telling. */
const brief = (events: ReadonlyArray<Tidied>): ReadonlyArray<unknown> =>
  events.map((event) => {
    switch (event._tag) {
      case "Request":
        return event.request._tag
      case "Refused":
        return event.refusal.errors
      case "Failed":
        return [event.failure.status, event.failure.detail, event.isAnnounced]
      default:
        return event._tag
    }
  })

const end = [201, "Unexpected end of input", false]
const fileTags = ["FileBegan", "FilePiece", "FileEnded", "SendMessage"]

describe("TossReader", () => {
  it("TossReader.read() reads all that the original clients have sent", () => {
    const sent = captured.filter(({ isFromClient }) => isFromClient)
    const conversations = Map.groupBy(sent, ({ connection }) => connection)
    assert.deepStrictEqual(
      [...conversations.values()].map((reads) => brief(stream(reads.map(({ bytes }) => bytes)))),
      [
        [
          "Chunks",
          "LogIn",
          "Chunks",
          "SendMessage",
          "Chunks",
          ...fileTags,
          "Chunks",
          { data: ["Either a message or an attachment must be present"] }
        ],
        ["Chunks", "LogIn", "Chunks", "LogIn", "Chunks", ...fileTags],
        ["Chunks", "LogIn"]
      ]
    )
    for (const reads of conversations.values()) {
      const whole = glue(...reads.map(({ bytes }) => bytes))
      const expected = stream([whole])
      assert.deepStrictEqual(expected, stream(reads.map(({ bytes }) => bytes)))
      for (let at = 1; at < whole.length; at++) {
        assert.deepStrictEqual(stream([whole.subarray(0, at), whole.subarray(at)]), expected)
      }
      for (const size of [1, 2, 3, 7]) assert.deepStrictEqual(stream(cut(whole, size)), expected)
    }
  })

  it("TossReader.read() reads requests in any grouping, cut anywhere", () => {
    const all = [logIn, hello, announce(withFile), withFile, withFile, announce(hello), announce(announce(hello))]
    for (const text of [
      ...all,
      all.join("") + announce(hello) + hello,
      withJson,
      `${withJson}\r\n${withJson}${hello}`
    ]) {
      const whole = bytes(text)
      const expected = stream([whole])
      for (let at = 1; at < whole.length; at++) {
        assert.deepStrictEqual(stream([whole.subarray(0, at), whole.subarray(at)]), expected, `${text} at ${at}`)
      }
      assert.deepStrictEqual(stream(cut(whole, 1)), expected)
    }
    assert.deepStrictEqual(brief(read(hello.repeat(100))), Array(100).fill("SendMessage"))
    assert.deepStrictEqual(brief(read((announce(hello) + hello).repeat(2))), [
      "Chunks",
      "SendMessage",
      "Chunks",
      "SendMessage"
    ])
  })

  it("TossReader.read() lets an announcement decide, whatever follows", () => {
    const short = announce("x".repeat(20))
    assert.deepStrictEqual(brief(read(short + "x".repeat(20) + hello)), [
      "Chunks",
      [...end.slice(0, 2), true],
      "SendMessage"
    ])
    assert.deepStrictEqual(brief(read(announce("act") + logIn)), [
      "Chunks",
      [...end.slice(0, 2), true],
      { action: ["This field is required"], payload: ["ion: This field is not supported"] }
    ])
    assert.deepStrictEqual(brief(read(announce(`${hello}\n`), `${hello}\n${hello}`)), [
      "Chunks",
      [...end.slice(0, 2), true],
      "SendMessage"
    ])
    const twice = "data|x;action|l1|a;" + hello
    assert.deepStrictEqual(brief(read(announce(twice) + twice)), ["Chunks", "SendMessage"])
    assert.deepStrictEqual(brief(read(announce(announce(hello)) + announce(hello) + hello)), [
      "Chunks",
      "Chunks",
      "SendMessage"
    ])
    const noAction = "data|s0|;"
    assert.deepStrictEqual(brief(read(announce(noAction) + noAction)), [
      "Chunks",
      { action: ["This field is required"] }
    ])
    assert.deepStrictEqual(brief(read(announce(withJson) + withJson + hello)), ["Chunks", ...fileTags, "SendMessage"])
    assert.deepStrictEqual(brief(read(announce(`${withJson} x`) + `${withJson} x${hello}`)).at(-1), "SendMessage")
    assert.deepStrictEqual(brief(read(announce(`${withJson}\n`) + `${withJson}\n`)), ["Chunks", ...fileTags])
    assert.deepStrictEqual(brief(read(announce("{") + "{" + hello)), [
      "Chunks",
      [...end.slice(0, 2), true],
      "SendMessage"
    ])
  })

  it("TossReader.read() decides without an announcement where a record ends", () => {
    const data = "data|s18|username|l5|alice;;"
    assert.deepStrictEqual(brief(read(`${data}action|l6|log-in;${hello}`)), ["LogIn", "SendMessage"])
    assert.deepStrictEqual(brief(read(`foo|x;${hello}`)), [{ payload: ["foo: This field is not supported"] }])
    const behind = brief(read(`${hello}foo|x;bar|s8|a|l2|bc;;${hello}`))
    assert.deepStrictEqual(behind, [
      { payload: ["bar: This field is not supported", "foo: This field is not supported"] },
      "SendMessage"
    ])
    const required = { data: ["This field is required"] }
    for (const size of [1, 5, 1000]) {
      const pieces = cut(bytes(`action|l6|log-in;action|l6|log-in;${data}`), size)
      assert.deepStrictEqual(brief(stream(pieces)), [required, "LogIn"])
    }
    assert.deepStrictEqual(brief(read("action|l6|log-in;")), [required])
    assert.deepStrictEqual(brief(read(hello, "act")), ["SendMessage", end])
    assert.deepStrictEqual(brief(read(`${hello}act`)), ["SendMessage", end])
    assert.deepStrictEqual(brief(read(`${hello}|`)), ["SendMessage", [201, "Unexpected token (|) at 0", false]])
  })

  it("TossReader.readTimeoutMillis says what a time-out may end", () => {
    const reader = TossReader.make(limits({}))
    const after = (text: string) => {
      reader.read(bytes(text))
      return reader.readTimeoutMillis
    }
    assert.isUndefined(reader.readTimeoutMillis)
    assert.strictEqual(after("acti"), 200)
    assert.strictEqual(after("on|l12|send-message;"), 200)
    assert.isUndefined(after("data|s12|message|l0|;;"))
    assert.isUndefined(after(announce("abc")))
    assert.deepStrictEqual(reader.finish(), [])
    assert.deepStrictEqual(brief(tidy(reader.read(bytes("a|x;{")))), [[...end.slice(0, 2), true]])
    assert.strictEqual(reader.readTimeoutMillis, 200)
    assert.deepStrictEqual(brief(tidy(reader.finish())), [end])
    assert.isUndefined(reader.readTimeoutMillis)
    assert.deepStrictEqual(brief(tidy(reader.read(bytes(hello)))), ["SendMessage"])
  })

  it("TossReader.readTimeoutMillis is longer while a file comes", () => {
    const reader = TossReader.make(limits({}))
    reader.read(bytes("data|s40|attachment|f20|hello"))
    assert.strictEqual(reader.readTimeoutMillis, 10_000)
    assert.deepStrictEqual(brief(tidy(reader.finish())), [end])
    assert.isUndefined(reader.readTimeoutMillis)
    reader.read(bytes("data|s40|elsewhere|f20|hello"))
    assert.strictEqual(reader.readTimeoutMillis, 200)
  })

  it("TossReader.read() says how a request was written and whether more of its read lies behind it", () => {
    const reader = TossReader.make(limits({}))
    const written = (text: string) =>
      reader
        .read(bytes(text))
        .map((packet) => ("hasMore" in packet ? [packet.variant, packet.isAnnounced, packet.hasMore] : packet._tag))
    assert.deepStrictEqual(written(hello), [["slip", false, false]])
    assert.deepStrictEqual(written(hello + hello), [
      ["slip", false, true],
      ["slip", false, false]
    ])
    assert.deepStrictEqual(written(announce(hello)), [["slip", false, false]])
    assert.deepStrictEqual(written(hello.slice(0, 9)), ["Continued"])
    assert.deepStrictEqual(written(hello.slice(9) + announce(hello)), [
      "Continued",
      ["slip", true, true],
      ["slip", false, false]
    ])
    assert.deepStrictEqual(written(hello), ["Continued", ["slip", true, false]])
    assert.deepStrictEqual(written(`${announce(hello)}a`), [["slip", false, true]])
    assert.deepStrictEqual(written(`${hello.slice(1)}${announce(withJson)}`), [
      "Continued",
      ["slip", true, true],
      ["slip", false, false]
    ])
    assert.deepStrictEqual(written(withJson).at(-1), ["json", true, false])
    assert.deepStrictEqual(written(`${withJson}\n`).at(-1), ["json", false, true])
  })

  it("TossReader.read() takes what follows a refused announcement for what it announces", () => {
    const reader = TossReader.make(limits({}))
    const written = (text: string) =>
      reader.read(bytes(text)).map((packet) => ("hasMore" in packet ? [packet._tag, packet.isAnnounced] : packet._tag))
    const refused = "action|l6|chunks;data|s12|chunks|n1|0;;"
    assert.deepStrictEqual(written(refused), [["Refused", false]])
    assert.deepStrictEqual(written(hello.slice(0, 9)), ["Continued"])
    assert.deepStrictEqual(written(hello.slice(9)), ["Continued", ["Request", true]])
    assert.deepStrictEqual(written(hello), [["Request", false]])
    written(refused)
    written("action")
    assert.deepStrictEqual(
      reader.finish().map((packet) => "isAnnounced" in packet && packet.isAnnounced),
      [false]
    )
  })

  it("TossReader.read() goes on behind what cannot be read", () => {
    const wrong = ["a|q", "a|l1.|", "a|l2|abc;", "|", "a|b8;"]
    for (const text of wrong) {
      const events = brief(read(`${text}anything`, hello))
      assert.deepStrictEqual([events.length, events[1]], [2, "SendMessage"], text)
    }
    for (const text of ["hello\n", "GET / HTTP/1.1\r\n\r\n", "a|l99|a"])
      assert.deepStrictEqual(brief(read(text)), [end])
    assert.deepStrictEqual(brief(read("a|l-1|", hello)), [[202, "Server error", false], "SendMessage"])
    const nested = `{"a":`.repeat(100)
    assert.deepStrictEqual(brief(read(nested, hello)).at(-1), "SendMessage")
    assert.deepStrictEqual(brief(read(`{"a" 1}`, hello)), [
      [201, "Cannot read request: it is not an object of JSON", false],
      "SendMessage"
    ])
  })

  it("TossReader.read() drops what is too large and answers the request", () => {
    const large = `action|l12|send-message;data|s5023|attachment|f5000|${"x".repeat(5000)}a.bin;;`
    const some = { fileLimitBytes: 1000, jsonLimitBytes: 1000 }
    const json = JSON.stringify({ action: "send-message", data: { message: "x".repeat(2000) } })
    for (const pieces of [
      [bytes(large + hello)],
      cut(bytes(large + hello), 11),
      [bytes(announce(large) + large + hello)]
    ]) {
      assert.deepStrictEqual(brief(stream(pieces, some)).slice(-2), [
        { data: ["attachment: This field is too large"] },
        "SendMessage"
      ])
    }
    for (const pieces of [
      [bytes(json + hello)],
      cut(bytes(json + hello), 11),
      [bytes(announce(json) + json + hello)]
    ]) {
      assert.deepStrictEqual(brief(stream(pieces, some)).slice(-2), [
        { payload: ["This request is too large"] },
        "SendMessage"
      ])
    }
  })

  it("TossReader.read() stores nothing of a content without end", () => {
    const reader = TossReader.make(limits({}))
    const head = "action|l12|send-message;data|s4294967100|attachment|f4294967000|"
    assert.deepStrictEqual(reader.read(bytes(head)), [])
    const chunk = new Uint8Array(1024 * 1024)
    const before = process.memoryUsage().arrayBuffers
    for (let round = 0; round < 500; round++) assert.deepStrictEqual(reader.read(chunk), [])
    assert.isBelow(process.memoryUsage().arrayBuffers - before, 16 * 1024 * 1024)
    assert.strictEqual(reader.readTimeoutMillis, 200)
    assert.deepStrictEqual(brief(tidy(reader.finish())), [end])
  })

  it("TossReader.read() hands contents on by file and path", () => {
    const events = read(withFile, withJson)
    assert.deepStrictEqual(events.slice(0, 3), [
      { _tag: "FileBegan", ordinal: 1, path: ["data", "attachment"], sizeBytes: 14 },
      { _tag: "FilePiece", ordinal: 1, bytes: bytes("line 1\nline 2\n") },
      { _tag: "FileEnded", ordinal: 1, name: "a;b>c.txt" }
    ])
    assert.deepStrictEqual(events.slice(5), [
      { _tag: "FilePiece", ordinal: 2, bytes: bytes("hello") },
      { _tag: "FileEnded", ordinal: 2, name: `a"}.txt` },
      {
        _tag: "Request",
        variant: "json",
        isAnnounced: false,
        request: {
          _tag: "SendMessage",
          attachment: { name: `a"}.txt`, file: { _tag: "File", name: `a"}.txt`, sizeBytes: 5, ordinal: 2 } }
        }
      }
    ])
  })

  it("TossReader.read() makes files of base64, and of nothing else, in JSON", () => {
    const piece = (file: string) => {
      const packets = read(JSON.stringify({ action: "send-message", data: { attachment: { file, name: "a" } } }))
      return packets.flatMap((packet) => (packet._tag === "FilePiece" ? [Buffer.from(packet.bytes).toString()] : []))
    }
    assert.deepStrictEqual(["YWI=", "YW\r\nI=\n", "YWJj", "YQ==", "++//"].map(piece), [
      ["ab"],
      ["ab"],
      ["abc"],
      ["a"],
      [Buffer.from("++//", "base64").toString()]
    ])
    const wrong = ["Y", "YWI", "YW I=", "YWI=YWI=", "Y===", "=", "-_--", "YWJé", "YWI=\0"]
    assert.deepStrictEqual(
      wrong.flatMap((file) => piece(file)),
      []
    )
  })

  it("TossReader.read() refuses JSON of more values than a record of Slip may have", () => {
    const wide = (commas: number) => `{"action":"send-message","data":{"message":[${"1,".repeat(commas)}1]}}`
    // Three brackets, and one comma more.
    assert.deepStrictEqual(
      [9996, 9997].map((commas) => read(wide(commas)).map((packet) => packet._tag)),
      [["Refused"], ["Failed"]]
    )
  })

  it("TossReader.read() answers JSON with the errors of Slip", () => {
    const errors = (value: unknown) => brief(read(JSON.stringify(value)))
    assert.deepStrictEqual(errors({ action: "log-in", data: { username: 5 } }), [
      { data: ["username: Expected a String, got Number"] }
    ])
    assert.deepStrictEqual(errors({ action: "send-message", data: { attachment: { file: "%", name: "a" } } }), [
      { data: ["attachment.file: Expected a Buffer, got String"] }
    ])
    assert.deepStrictEqual(errors({ action: "chunks", data: { chunks: 0 } }), [
      { data: ["chunks: must be a positive Integer"] }
    ])
    assert.deepStrictEqual(brief(read(`{"__proto__":1,"action":"log-in","data":{"username":"a"}}`)), [
      { payload: ["__proto__: This field is not supported"] }
    ])
  })

  it("TossReader.read() never throws for 2000 mutations", () => {
    const whole = bytes(announce(withFile) + withFile + hello + logIn + withJson + announce(hello) + hello)
    let state = 7
    const random = (bound: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((state / 4_294_967_296) * bound)
    }
    const tags = new Set<string>()
    for (let round = 0; round < 2000; round++) {
      const mutant = whole.slice(random(40))
      for (let change = random(4); change >= 0; change--) mutant[random(mutant.length)] = random(256)
      for (const event of stream(cut(mutant, 1 + random(300)))) {
        tags.add(event._tag)
        if (event._tag === "Refused") PillowFrames.acknowledge(event.variant)
      }
    }
    assert.includeMembers([...tags], ["Request", "Refused", "Failed", "FileBegan"])
  })
})
