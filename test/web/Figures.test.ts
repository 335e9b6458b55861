import { assert, describe, it } from "@effect/vitest"
import type { Stats } from "../../src/api/mod.ts"
import { bytes, charts, number, otherProtocols } from "../../src/web/admin/Figures.ts"

const sample = (second: number, given: Partial<typeof Stats.Type> = {}): typeof Stats.Type => ({
  atMillis: second * 1000,
  uptimeMillis: second * 1000,
  connections: 0,
  sessions: {},
  messages: 0,
  deliveries: 0,
  rejections: 0,
  queuedBytes: 0,
  lagMillis: { p50: 0, p99: 0 },
  memoryBytes: 0,
  ...given
})

const named = (title: string, others: ReadonlyArray<string> = []) =>
  charts(others).find((figures) => figures.title === title)!

describe("Figures", () => {
  it("counts become rates, and a server that has begun anew none below zero", () => {
    const { data, series } = named("Messages per second")
    const samples = [
      sample(1, { messages: 10 }),
      sample(2, { messages: 14 }),
      sample(4, { messages: 20 }),
      sample(5, { messages: 1 })
    ]
    assert.deepStrictEqual(data(samples).slice(0, 2), [
      [1, 2, 4, 5],
      [null, 4, 3, 0]
    ])
    assert.strictEqual(series[0]?.now(samples.slice(0, 3)), 3)
    assert.isUndefined(series[0]?.now(samples.slice(0, 1)))
    assert.isUndefined(series[0]?.now([]))
  })

  it("goes on when the clock of the server is set back or forward", () => {
    const { data } = named("Messages per second")
    const samples = [
      sample(1000, { messages: 10 }),
      sample(1001, { messages: 14 }),
      sample(1002, { messages: 20, atMillis: 402_000 }),
      sample(1004, { messages: 30, atMillis: 1_604_000 })
    ]
    assert.deepStrictEqual(data(samples).slice(0, 2), [
      [1600, 1601, 1602, 1604],
      [null, 4, 6, 5]
    ])
  })

  it("what is stacked is drawn as sums, and said as it is", () => {
    const { data, series } = named("Connections by protocol")
    const samples = [sample(1, { sessions: { toss: 2, sockets: 3 } })]
    assert.deepStrictEqual(data(samples), [[1], [2], [2], [2], [2], [5], [5]])
    assert.deepStrictEqual(
      series.map(({ name, now }) => `${name} ${now(samples)}`),
      ["toss 2", "tsockm 0", "chatmaster 0", "packet 0", "sockets 3", "embedded 0"]
    )
  })

  it("protocols that the page does not know are drawn behind those that it knows", () => {
    const samples = [
      sample(1, { sessions: { toss: 2 } }),
      sample(2, { sessions: { toss: 1, telegraph: 4, constructor: 1, pigeon: 3 } })
    ]
    const others = otherProtocols(samples)
    assert.deepStrictEqual(others, ["constructor", "pigeon", "telegraph"])
    assert.deepStrictEqual(otherProtocols(samples.slice(0, 1)), [])
    const { data, series } = named("Connections by protocol", ["telegraph"])
    assert.deepStrictEqual(data(samples).slice(-2), [
      [2, 1],
      [2, 5]
    ])
    assert.deepStrictEqual(
      series.slice(-2).map(({ colour, name, now }) => `${name} ${now(samples)} ${colour}`),
      ["embedded 0 --series-6", "telegraph 4 --series-7"]
    )
  })

  it("numbers and sizes are short", () => {
    assert.deepStrictEqual([0, 1.25, 999, 12_345, 2_000_000].map(number), ["0", "1.3", "999", "12.3K", "2M"])
    assert.deepStrictEqual([0, 1023, 1024, 1536, 150 * 1024, 2 ** 20, 3 * 2 ** 40].map(bytes), [
      "0 B",
      "1023 B",
      "1 KiB",
      "1.5 KiB",
      "150 KiB",
      "1 MiB",
      "3 TiB"
    ])
  })
})
