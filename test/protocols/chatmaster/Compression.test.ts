import { assert, describe, it } from "@effect/vitest"
import { constants, createDeflate, deflateRawSync, deflateSync, gzipSync } from "node:zlib"
import { Schema } from "effect"
import * as Compression from "../../../src/protocols/chatmaster/Compression.ts"
import * as Inflater from "../../../src/protocols/chatmaster/Inflater.ts"
import { cut } from "../Cut.ts"
import { bytes, glue } from "./Wire.ts"

const limits: Compression.Limits = {
  limitBytes: 1_048_576,
  inflatedLimitBytes: 1_048_576,
  depthLimit: 32,
  valueLimit: 10_000
}

const readAll = (reads: ReadonlyArray<Uint8Array>, compression = Compression.make(limits)) => {
  const packages: Array<Compression.Package> = []
  for (const read of reads) {
    const { failure, packages: more } = compression.read(read)
    packages.push(...more)
    if (failure !== undefined) return { packages, reason: failure.reason }
  }
  return { packages }
}

const one = `{"type": "message", "data": {"message": "one"}}`
const two = `{"type":"message","data":{"message":"two 🙂"}}`
const as = (container: Compression.Container, text: string): Compression.Package => ({
  text,
  container,
  isSpaced: text === one
})

/** All kinds, glued; some streams hold several packages, and white space stands where it may. */
const mixed = glue(
  bytes(one),
  deflateSync(one),
  bytes(` ${two}\n`),
  gzipSync(`${one}${two}`),
  gzipSync(two),
  deflateSync(`  ${two} `, { level: 0 }),
  deflateSync(""),
  deflateSync(one, { level: 9 }),
  deflateSync(one, { level: 1 }),
  bytes("\r\n"),
  bytes(two),
  gzipSync(one)
)
const expected = [
  as(0, one),
  as(1, one),
  as(0, two),
  as(2, one),
  as(2, two),
  as(2, two),
  as(1, two),
  as(1, one),
  as(1, one),
  as(0, two),
  as(2, one)
]

const bombs = { zlib: deflateSync(Buffer.alloc(200 << 20, 32)), gzip: gzipSync(Buffer.alloc(200 << 20, 32)) }

describe("Compression", () => {
  it("Compression.read() tells plain, zlib and gzip apart, glued", () => {
    assert.deepStrictEqual(readAll([mixed]), { packages: expected })
  })

  it("Compression.read() reads all kinds split at every byte", () => {
    for (let at = 0; at <= mixed.length; at++) {
      assert.deepStrictEqual(readAll([mixed.slice(0, at), mixed.slice(at)]), { packages: expected })
    }
    for (const size of [1, 2, 3, 5, 11]) assert.deepStrictEqual(readAll(cut(mixed, size)), { packages: expected })
  })

  it("Compression.read() delivers a package before the checksum of its stream", () => {
    for (const [stream, checksumBytes] of [
      [deflateSync(one), 4],
      [gzipSync(one), 8]
    ] as const) {
      const compression = Compression.make(limits)
      assert.deepStrictEqual(compression.read(stream.subarray(0, 20)), { packages: [] })
      assert.strictEqual(compression.read(stream.subarray(20, -checksumBytes)).packages.length, 1)
      assert.deepStrictEqual(compression.read(stream.subarray(-checksumBytes)), { packages: [] })
    }
  })

  it("Compression.read() waits for the second byte", () => {
    for (const first of [0x78, 0x1f]) {
      const compression = Compression.make(limits)
      assert.deepStrictEqual(compression.read(Uint8Array.of(first)), { packages: [] })
      assert.deepStrictEqual(compression.read(new Uint8Array(0)), { packages: [] })
      assert.strictEqual(compression.read(bytes("x")).failure?.reason, "malformed")
    }
  })

  it("Compression.read() reads one stream that is flushed after every package", async () => {
    const deflate = createDeflate()
    const parts: Array<Buffer> = []
    deflate.on("data", (part: Buffer) => parts.push(part))
    const flushed: Array<number> = []
    for (let count = 0; count < 20; count++) {
      deflate.write(one)
      await new Promise<void>((done) => {
        deflate.flush(constants.Z_SYNC_FLUSH, done)
      })
      flushed.push(Buffer.concat(parts).length)
    }
    const stream = Buffer.concat(parts)
    const compression = Compression.make(limits)
    for (const [index, end] of flushed.entries()) {
      const read = stream.subarray(flushed[index - 1] ?? 0, end)
      assert.deepStrictEqual(compression.read(read), { packages: [as(1, one)] })
    }
    assert.strictEqual(readAll(cut(stream, 1)).packages.length, 20)
  })

  it("Compression.read() reads every optional field of a gzip header", () => {
    const fields = [
      Uint8Array.of(0x1f, 0x8b, 8, 0x1f, 1, 2, 3, 4, 0, 255),
      Uint8Array.of(3, 0, 9, 0, 9),
      bytes("name\0comment\0"),
      Uint8Array.of(1, 2)
    ]
    const member = glue(...fields, gzipSync(one).subarray(10))
    for (const size of [1, 1000]) {
      assert.deepStrictEqual(readAll(cut(glue(member, bytes(two)), size)), { packages: [as(2, one), as(0, two)] })
    }
  })

  it("Compression.read() refuses damaged streams", () => {
    const zlib = deflateSync(one)
    const gzip = gzipSync(one)
    const broken = (stream: Uint8Array, at: number) => {
      const copy = new Uint8Array(stream)
      const index = at < 0 ? stream.length + at : at
      copy[index] = copy[index]! ^ 0x55
      return copy
    }
    const refused = [
      broken(zlib, 2),
      broken(zlib, -1),
      broken(gzip, 2),
      broken(gzip, -1),
      broken(gzip, -5),
      glue(Uint8Array.of(0x1f, 0x8b, 8, 0x20), gzip.subarray(4)),
      deflateSync(one, { dictionary: Buffer.from(one) }),
      deflateRawSync(one),
      glue(deflateSync(one.slice(0, 20)), bytes(one.slice(20))),
      glue(deflateSync(one.slice(0, 20)), deflateSync(one.slice(20))),
      gzipSync(deflateSync(one))
    ]
    for (const [index, read] of refused.entries()) {
      assert.strictEqual(readAll([read, bytes(" ")]).reason, "malformed", `whole ${index}`)
      assert.strictEqual(readAll([...cut(read, 1), bytes(" ")]).reason, "malformed", `by bytes ${index}`)
    }
  })

  it("Compression.read() refuses a bomb of 200 MiB with little memory", () => {
    for (const bomb of [bombs.zlib, bombs.gzip, glue(deflateSync(one), bombs.zlib)]) {
      for (const size of [bomb.length, 1000, 7]) {
        const before = process.memoryUsage()
        assert.strictEqual(readAll(cut(bomb, size)).reason, "too-large")
        const after = process.memoryUsage()
        assert.isBelow(after.external - before.external, 16 << 20)
        assert.isBelow(after.arrayBuffers - before.arrayBuffers, 16 << 20)
      }
    }
  })

  it("Compression.read() counts what is inflated for each package", () => {
    const small = { limitBytes: 500, inflatedLimitBytes: 1000, depthLimit: 32, valueLimit: 10_000 }
    const padded = (count: number) => `${" ".repeat(count - one.length)}${one}`
    for (const size of [1, 1_000_000]) {
      const fits = deflateSync(padded(1000).repeat(50))
      assert.strictEqual(readAll(cut(fits, size), Compression.make(small)).packages.length, 50)
      const excess = deflateSync(padded(1000) + padded(1001))
      const read = readAll(cut(glue(excess, bytes(" ")), size), Compression.make(small))
      assert.deepStrictEqual([read.packages.length, read.reason], [1, "too-large"])
      const long = deflateSync(`{"a": "${"x".repeat(600)}"}`)
      assert.strictEqual(readAll(cut(long, size), Compression.make(small)).reason, "too-large")
    }
  })

  it("Compression.read() refuses a bomb of small packages", () => {
    const bomb = deflateSync("{}".repeat(20_000_000))
    for (const size of [bomb.length, 1000, 1]) {
      const { packages, reason } = readAll(cut(bomb, size))
      assert.strictEqual(reason, "too-large")
      assert.isBelow(packages.length, 1100 + bomb.length / 4)
    }
    const many = deflateSync(JSON.stringify({ a: "x".repeat(999_000) }).repeat(50))
    assert.strictEqual(readAll([many]).reason, "too-large")
    assert.strictEqual(readAll(cut(many, 1000)).packages.length, 50)
  })

  it("Compression.read() inflates a read as far as it is told, and counts that", () => {
    for (const compressed of [deflateSync(one.repeat(1000)), gzipSync(one.repeat(1000))]) {
      const sizeBytes = one.length * 1000
      for (const [limitBytes, isWhole] of [
        [sizeBytes, true],
        [sizeBytes - 1, false],
        [10_000, false]
      ] as const) {
        const compression = Compression.make(limits)
        const { failure, packages } = compression.read(compressed, limitBytes)
        assert.deepStrictEqual(
          [packages.length === 1000, failure?.reason],
          [isWhole, isWhole ? undefined : "too-large"]
        )
        const inflatedBytes = compression.inflatedBytes()
        if (isWhole) assert.strictEqual(inflatedBytes, sizeBytes)
        else assert.isTrue(inflatedBytes > limitBytes && inflatedBytes <= limitBytes + Inflater.stepBytes)
      }
    }
    const compression = Compression.make(limits)
    assert.strictEqual(compression.read(bytes(one), 1).packages.length, 1)
    assert.strictEqual(compression.inflatedBytes(), 0)
  })

  it("Compression.read() takes many small packages, each compressed", () => {
    const stream = deflateSync("{}")
    const whole = glue(...Array.from({ length: 20_000 }, () => stream))
    assert.strictEqual(readAll(cut(whole, 65_536)).packages.length, 20_000)
    assert.strictEqual(readAll([deflateSync(one.repeat(1000))]).packages.length, 1000)
  })

  it("Compression.read() reads nothing after a failure", () => {
    const compression = Compression.make(limits)
    assert.strictEqual(compression.read(bytes("nope")).failure?.reason, "malformed")
    assert.deepStrictEqual(compression.read(bytes(one)), { packages: [] })
  })

  it("Compression.read() takes a package near the limit, compressed and byte by byte", () => {
    const text = JSON.stringify({ a: Array.from({ length: 60_000 }, (_, index) => (index * 7919) % 99_991) })
    for (const stream of [deflateSync(text), gzipSync(text)]) {
      const { packages } = readAll(cut(stream, 1), Compression.make({ ...limits, valueLimit: 100_000 }))
      assert.isTrue(packages.length === 1 && packages[0]!.text === text)
    }
  })

  it("Inflater.step() has a handle in this version of Node", () => {
    for (const format of ["zlib", "raw"] as const) {
      const inflater = Inflater.make(format)
      assert.isDefined(inflater)
      const stream = format === "zlib" ? deflateSync("abc") : deflateRawSync("abc")
      const step = inflater.step(glue(stream, bytes("rest")), 0)
      assert.deepStrictEqual(
        [step?.usedBytes, Buffer.from(step?.output ?? []).toString(), step?.isEnded],
        [stream.length, "abc", true]
      )
      inflater.reset()
      assert.strictEqual(inflater.step(stream, 0)?.output.length, 3)
      inflater.close()
    }
  })

  it("Inflater.step() puts out no more than a step", () => {
    const inflater = Inflater.make("zlib")
    const step = inflater?.step(bombs.zlib, 0)
    assert.strictEqual(step?.output.length, Inflater.stepBytes)
    assert.isBelow(step?.usedBytes ?? Infinity, 1000)
    inflater?.close()
  })

  const Cut = Schema.Struct({ at: Schema.Int, flip: Schema.Int, size: Schema.Int })

  it.prop(
    "Compression.read() survives mutation and does not depend on how it is cut",
    [Cut],
    ([{ at, flip, size }]) => {
      const mutated = new Uint8Array(mixed)
      const index = Math.abs(at * 31) % mutated.length
      mutated[index] = mutated[index]! ^ (1 + (Math.abs(flip) % 255))
      const whole = readAll([mutated])
      const pieces = readAll(cut(mutated, 1 + (Math.abs(size) % 20)))
      // A stream's checksum comes after its packages, so only a failing read delivers a different number of them.
      if (whole.reason === undefined) assert.deepStrictEqual(pieces, whole)
      else assert.isDefined(pieces.reason)
    },
    { arbitrary: { runs: 1000 } }
  )

  it.prop("Compression.read() never throws", [Schema.Array(Schema.Int), Schema.Int], ([numbers, kind]) => {
    const prefixes = [[], [0x78, 0x9c], [0x1f, 0x8b, 8, 0], [0x7b]]
    const read = Uint8Array.from([...prefixes[Math.abs(kind) % 4]!, ...numbers])
    readAll([read])
    readAll(cut(read, 1))
  })
})
