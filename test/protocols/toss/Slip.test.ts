import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as SlipDocument from "../../../src/protocols/toss/SlipDocument.ts"
import * as SlipReader from "../../../src/protocols/toss/SlipReader.ts"
import { file, type SlipFile, type SlipRecord, type SlipValue } from "../../../src/protocols/toss/SlipValue.ts"
import * as SlipWriter from "../../../src/protocols/toss/SlipWriter.ts"
import { cut } from "../Cut.ts"
import { bytes, glue, limits, parse, record } from "./Wire.ts"

const write = (value: SlipRecord): Uint8Array => Result.getOrThrow(SlipWriter.write(value))

const examples: ReadonlyArray<readonly [value: SlipRecord, slip: string]> = [
  [record({ name: "Yuri Gagarin" }), "name|l12|Yuri Gagarin;"],
  [record({ who: "Münchhausen" }), "who|l12|Münchhausen;"],
  [record({ m: "😀" }), "m|l4|😀;"],
  [record({ m: "" }), "m|l0|;"],
  [record({ m: "a|b;c>d" }), "m|l7|a|b;c>d;"],
  [record({ m: "\ufeffa" }), "m|l4|\ufeffa;"],
  [record({ ">strange->key": 1 }), ">>strange->>key|n1|1;"],
  [record({ "|shed|": 2 }), ">|shed>||n1|2;"],
  [record({ "a;b": 3 }), "a>;b|n1|3;"],
  [record({ n: 12 }), "n|n2|12;"],
  [record({ n: 1.8 }), "n|n3|1.8;"],
  [record({ n: -5 }), "n|n2|-5;"],
  [record({ n: 1e21 }), "n|n5|1e+21;"],
  [record({ n: 1e-7 }), "n|n4|1e-7;"],
  [record({ n: Number.NaN }), "n|n3|NaN;"],
  [record({ n: -Infinity }), "n|n9|-Infinity;"],
  [record({ b: true }), "b|b1;"],
  [record({ b: false }), "b|b0;"],
  [record({ n: null }), "n|x;"],
  [record({ date: new Date(-275_248_380_000) }), "date|d24|1961-04-12T06:07:00.000Z;"],
  [
    record({ family: record({ wife: "Valentina", daughter1: "Elena", daughter2: "Galina" }) }),
    "family|s57|wife|l9|Valentina;daughter1|l5|Elena;daughter2|l6|Galina;;"
  ],
  [record({ o: record({}) }), "o|s0|;"],
  [record({ o: [] }), "o|a0|;"],
  [
    record({ awards: ["Hero of the USSR", "Order of Lenin", "Hero of Labor (Vietnam)"] }),
    "awards|a74|0|l16|Hero of the USSR;1|l14|Order of Lenin;2|l23|Hero of Labor (Vietnam);;"
  ],
  [
    record({ yaharr: [1, 2, record({ obj: "with-one-field" })] }),
    "yaharr|a44|0|n1|1;1|n1|2;2|s23|obj|l14|with-one-field;;;"
  ],
  [record({ a: [[1], []] }), "a|a19|0|a7|0|n1|1;;1|a0|;;"],
  [record({ photo: file(">gagarin.png", bytes("hello")) }), "photo|f5|hello>>gagarin.png;"],
  [
    record({ data: record({ attachment: file("a;b|c.txt", bytes("hello")), m: "x" }) }),
    "data|s38|attachment|f5|helloa>;b>|c.txt;m|l1|x;;"
  ],
  [record({ f: file("e.txt", new Uint8Array(0)) }), "f|f0|e.txt;"],
  [record({}), ""],
  [record({ 0: "a", 1: "b" }), "0|l1|a;1|l1|b;"]
]

describe("SlipWriter", () => {
  it("SlipWriter.write() writes every example as the original does", () => {
    for (const [value, slip] of examples) assert.strictEqual(Buffer.from(write(value)).toString(), slip)
    assert.deepStrictEqual(write(record({ n: -0 })), bytes("n|n1|0;"))
    const holes: Array<SlipValue> = [1]
    holes[2] = 3
    assert.deepStrictEqual(write(record({ a: holes })), bytes("a|a14|0|n1|1;2|n1|3;;"))
  })

  it("SlipWriter.write() refuses what nothing could read", () => {
    const reason = (value: SlipRecord) => {
      const written = SlipWriter.write(value)
      return Result.isFailure(written) ? [written.failure.reason, written.failure.path.join(".")] : undefined
    }
    assert.deepStrictEqual(reason(record({ a: record({ "": 1 }) })), ["empty-key", "a."])
    assert.deepStrictEqual(reason(record({ a: [file("", bytes("hi"))] })), ["empty-file-name", "a.0"])
    assert.deepStrictEqual(reason(record({ d: new Date(Number.NaN) })), ["invalid-date", "d"])
    const streamed: SlipFile = { _tag: "File", name: "a", sizeBytes: 3 }
    assert.deepStrictEqual(reason(record({ f: streamed })), ["no-content", ""])
    assert.deepStrictEqual(reason(record({ f: { ...streamed, content: bytes("hi") } })), ["wrong-size", "f"])
    assert.deepStrictEqual(reason(record({ f: { ...streamed, sizeBytes: -1 } })), ["wrong-size", "f"])
    const twice = SlipWriter.writeAround(record({ f: streamed, g: streamed }))
    assert.strictEqual(Result.isFailure(twice) && twice.failure.reason, "several-contents")
  })

  it("SlipWriter.writeAround() leaves room for a content of any size", () => {
    const streamed: SlipFile = { _tag: "File", name: "a;b", sizeBytes: 4_294_967_296 }
    const around = Result.getOrThrow(SlipWriter.writeAround(record({ data: record({ f: streamed, g: true }) })))
    assert.strictEqual(Buffer.from(around.head).toString(), "data|s4294967320|f|f4294967296|")
    assert.strictEqual(around.contentBytes, 4_294_967_296)
    assert.strictEqual(Buffer.from(around.tail).toString(), "a>;b;g|b1;;")
    const here = Result.getOrThrow(SlipWriter.writeAround(record({ f: file("n", bytes("hi")) })))
    assert.deepStrictEqual(glue(here.head, here.tail), bytes("f|f2|hin;"))
    assert.strictEqual(here.contentBytes, 0)
  })
})

const end = [201, "Unexpected end of input"]
const integer = [201, "Content size must be an Integer"]
const misnamed = [201, "a is not defined as a File, but has a file name"]
const iso = [201, "Dates must be in ISO format"]
const token = (character: string, at: number) => [201, `Unexpected token (${character}) at ${at}`]

describe("SlipReader", () => {
  it("SlipReader reads every example, cut anywhere", () => {
    for (const [value, slip] of examples) {
      const whole = bytes(slip)
      assert.deepStrictEqual(parse(whole), value, slip)
      for (let at = 0; at <= whole.length; at++) {
        assert.deepStrictEqual(inPieces([whole.subarray(0, at), whole.subarray(at)]), value, slip)
      }
      assert.deepStrictEqual(inPieces(cut(whole, 1)), value, slip)
    }
  })

  const rows: ReadonlyArray<readonly [slip: string, outcome: unknown]> = [
    ["a|l1|a", misnamed],
    ["o|s6|a|l1|a;", misnamed],
    ["a|l2|abc;", misnamed],
    ["a|l10|abc;", end],
    ["a|l1|a;\n", end],
    ["b|b1|1;", token("|", 4)],
    ["b|x0|;", token("0", 3)],
    ["b|b8;", token("8", 3)],
    ["b|b1", end],
    ["|l1|a;", token("|", 0)],
    ["a|q1|a;", token("q", 2)],
    ["a|L1|a;", token("L", 2)],
    ["a|l|a;", integer],
    ["a|l1.0|a;", integer],
    ["a|lz|a;", integer],
    ["a|l1;", integer],
    ["a|l 1|a;", record({ a: "a" })],
    ["a|l+1|a;", record({ a: "a" })],
    ["a|l001|a;", record({ a: "a" })],
    ["a|l1zz|a;", record({ a: "a" })],
    ["a|l0x5|abcde;", record({ a: "abcde" })],
    ["a|l-1|a;", [202, "Server error"]],
    ["a|l4294967297|a;", [202, "Server error"]],
    ["a|l4294967296|a;", end],
    ["a|n0|;", record({ a: 0 })],
    ["a|n4|0x10;", record({ a: 16 })],
    ["a|n3| 7 ;", record({ a: 7 })],
    ["a|n3|abc;", record({ a: Number.NaN })],
    ["a|n3|1,5;", record({ a: Number.NaN })],
    ["a|d20|1961-04-12T06:07:00Z;", iso],
    ["a|d29|1961-04-12T06:07:00.000+00:00;", iso],
    ["a|d24|1979-05-32T00:00:00.000Z;", iso],
    ["a|d24|2021-02-30T00:00:00.000Z;", record({ a: new Date(Date.UTC(2021, 2, 2)) })],
    ["a|d27|-000001-01-01T00:00:00.000Z;", record({ a: new Date("-000001-01-01T00:00:00.000Z") })],
    ["a|f2|hi;", [201, "a is defined as a File, but has no file name"]],
    ["a|f2|hi", [201, "a is defined as a File, but has no file name"]],
    ["a|f2|hiname", end],
    ["a|f2|hin|m>x;", record({ a: file("n|m>x", bytes("hi")) })],
    ["a>b|n1|1;", record({ "a>b": 1 })],
    ["a>>|n1|1;", record({ "a>": 1 })],
    ["a>|b|n1|1;", record({ "a|b": 1 })],
    ["o|a22|2|n1|3;0|n1|1;10|n1|4;;", record({ o: [1, 3, 4] })],
    ["o|a14|b|n1|3;a|n1|1;;", record({ o: [3, 1] })],
    ["a|n1|1;b|n1|2;a|n1|3;", record({ a: 3, b: 2 })],
    ["o|s14|a|n1|1;a|n1|3;;", record({ o: record({ a: 3 }) })],
    ["o|s5|a|n1|1;;", end],
    ["o|s3|a|l9|;;", end],
    ["o|s1|a;", end],
    ["hello\n", end],
    ["GET / HTTP/1.1\r\nhost: a\r\n\r\n", end],
    ["__proto__|s7|a|n1|1;;", new Map([["__proto__", record({ a: 1 })]])]
  ]
  for (const [slip, outcome] of rows) {
    it(`SlipReader takes ${JSON.stringify(slip)} as the original does`, () => {
      assert.deepStrictEqual(parse(slip), outcome)
      assert.deepStrictEqual(inPieces(cut(bytes(slip), 1)), outcome)
    })
  }

  it("SlipReader refuses what is not UTF-8, except in a file", () => {
    const wrong = new Uint8Array([0xc3, 0x28])
    for (const type of ["l", "n", "d"]) assert.deepStrictEqual(parse(glue(`a|${type}2|`, wrong, ";")), end)
    assert.deepStrictEqual(parse(glue(wrong, "|n1|1;")), end)
    assert.deepStrictEqual(parse(glue("a|f0|", wrong, ";")), end)
    assert.deepStrictEqual(parse("a|l1|é;"), end)
    assert.deepStrictEqual(parse(glue("a|f2|", wrong, "n;")), record({ a: file("n", wrong) }))
  })

  it("SlipReader makes no room for a size", () => {
    const before = process.memoryUsage.rss()
    for (const size of ["4294967296", "4294967000"]) {
      for (const type of "lndsaf") assert.deepStrictEqual(parse(`a|${type}${size}|x`), end)
    }
    assert.isBelow(process.memoryUsage.rss() - before, 64 * 1024 * 1024)
    assert.deepStrictEqual(parse(`a|l${"9".repeat(100_000)}`), [202, "Server error"])
    assert.deepStrictEqual(parse(`a|l-${"9".repeat(100_000)}`), [202, "Server error"])
    assert.deepStrictEqual(parse(`a|l${"0".repeat(100_000)}|`), integer)
  })

  it("SlipReader keeps its limits", () => {
    const detail = (slip: string, some = {}) => String(parse(slip, some))
    let nested = "a|n1|1;"
    for (let depth = 1; depth < 32; depth++) nested = `o|s${nested.length}|${nested};`
    assert.instanceOf(parse(nested), Map)
    assert.match(detail(`o|s${nested.length}|${nested};`), /deeper than 32 levels/)
    assert.match(detail("o|s4294967000|".repeat(100_000)), /deeper than|end of input/)
    assert.match(detail("a".repeat(1_000_000)), /a key is longer than 1024 bytes/)
    assert.match(detail(`f|f0|${"a".repeat(1_000_000)};`), /a key is longer than 1024 bytes/)
    assert.match(detail("a|x;".repeat(1_000_000)), /more than 10000 fields/)
    assert.match(detail("abcdefgh|x;".repeat(20), { recordLimitBytes: 100 }), /longer than 100 bytes/)
  })

  it("SlipReader drops contents over the limits and reads on", () => {
    const large = "x".repeat(200)
    const slip = bytes(`a|l200|${large};b|n1|2;c|s209|d|f200|${large}n;;e|f3|abcm;`)
    for (const pieces of [[slip], cut(slip, 1), cut(slip, 7)]) {
      const read = pushAll(pieces, { recordLimitBytes: 100, fileLimitBytes: 100 })
      assert.deepStrictEqual(read.oversized, [["a"], ["c", "d"]])
      const dropped: SlipFile = { _tag: "File", name: "n", sizeBytes: 200, isDropped: true }
      assert.deepStrictEqual(
        read.outcome,
        record({ a: "", b: 2, c: record({ d: dropped }), e: file("m", bytes("abc")) })
      )
    }
  })

  it("SlipReader hands contents on as views of what came", () => {
    const whole = bytes("data|s21|f|f10|0123456789name;;")
    const heard: Array<unknown> = []
    const reader = SlipReader.make(limits({}), {
      begin: (path, sizeBytes) => heard.push([...path, sizeBytes]),
      piece: (piece) => {
        assert.strictEqual(piece.buffer, whole.buffer)
        heard.push(Buffer.from(piece).toString())
      },
      end: (name) => heard.push(name)
    })
    reader.push(whole.subarray(0, 18), 5)
    reader.reset()
    heard.length = 0
    for (const [from, to] of [
      [0, 18],
      [18, 22],
      [22, whole.length]
    ] as const) {
      let at: number = from
      for (let pushed = reader.push(whole.subarray(0, to), at); "end" in pushed;) {
        at = pushed.end
        pushed = reader.push(whole.subarray(0, to), at)
      }
    }
    assert.deepStrictEqual(heard, [["data", "f", 10], "012", "3456", "789", "name"])
    assert.isUndefined(reader.finish())
  })

  it("SlipReader takes a large content byte by byte in linear time", () => {
    const whole = bytes(`a|l1000000|${"x".repeat(1_000_000)};`)
    assert.deepStrictEqual(inPieces(cut(whole, 1)), record({ a: "x".repeat(1_000_000) }))
  })

  it.prop(
    "SlipReader reads what SlipWriter writes",
    [Schema.Record(Schema.String, Schema.Json), Schema.Array(Schema.Uint8Array), Schema.String, Schema.Int],
    ([json, contents, text, size]) => {
      const name = `|;>${text.toWellFormed()}>é;`
      const value = record({
        ...(toSlip(json) instanceof Map && Object.fromEntries(toSlip(json) as SlipRecord)),
        [name]: contents.map((content) => file(name, content)),
        __date: new Date(size % 8e15)
      })
      const whole = write(value)
      assert.deepStrictEqual(parse(whole), value)
      assert.deepStrictEqual(inPieces(cut(whole, 1 + (Math.abs(size) % 9))), value)
    }
  )

  it("SlipReader never throws for 2000 mutations", () => {
    const random = seeded(20_260_721)
    const outcomes = new Set<string>()
    for (let round = 0; round < 2000; round++) {
      const mutant = bytes(examples[random(examples.length)]![1])
      for (let change = random(3); change >= 0 && mutant.length > 0; change--) {
        mutant[random(mutant.length)] = random(2) === 0 ? random(256) : "|;>0159lndsafbx-."[random(17)]!.charCodeAt(0)
      }
      const outcome = parse(mutant)
      outcomes.add(outcome instanceof Map ? "record" : String((outcome as ReadonlyArray<unknown>)[0]))
      assert.deepStrictEqual(inPieces(cut(mutant, 1 + random(5))), outcome)
    }
    assert.includeMembers([...outcomes], ["record", "201"])
  })
})

/** Pseudo-random numbers below a bound, always the same for a seed. */
const seeded = (seed: number) => {
  let state = seed
  return (bound: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 4_294_967_296) * bound)
  }
}

const toSlip = (json: unknown): SlipValue => {
  if (typeof json === "string") return json.toWellFormed()
  if (Object.is(json, -0)) return 0
  if (typeof json !== "object" || json === null) return json as SlipValue
  if (Array.isArray(json)) return json.map(toSlip)
  const entries = Object.entries(json).map(([key, value]) => [`k${key.toWellFormed()}`, toSlip(value)] as const)
  return new Map(entries)
}

const pushAll = (
  pieces: ReadonlyArray<Uint8Array>,
  some = {}
): { readonly outcome: unknown; readonly oversized: ReadonlyArray<ReadonlyArray<string>> } => {
  const reader = SlipReader.make(limits(some))
  const read = new Map<string, SlipValue>()
  for (const piece of pieces) {
    let at = 0
    while (at < piece.length) {
      const pushed = reader.push(piece, at)
      if (pushed._tag === "Failed") return { outcome: [pushed.status, pushed.detail], oversized: [] }
      if (pushed._tag === "More") break
      if (pushed._tag === "Field") read.set(pushed.key, pushed.value)
      at = pushed.end
    }
  }
  const failure = reader.finish()
  const outcome = failure === undefined ? read : [failure.status, failure.detail]
  return { outcome, oversized: reader.oversized() }
}

const inPieces = (pieces: ReadonlyArray<Uint8Array>): unknown => pushAll(pieces).outcome

describe("SlipDocument", () => {
  it("SlipDocument.read() says which contents are missing", () => {
    const read = Result.getOrThrow(SlipDocument.read(bytes("a|l3|abc;"), limits({ recordLimitBytes: 2 })))
    assert.deepStrictEqual(read, { record: record({ a: "" }), oversized: [["a"]] })
  })
})
