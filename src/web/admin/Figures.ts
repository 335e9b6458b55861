/** What the charts draw, taken from the samples of the server's state. */
import type { AlignedData } from "uplot"
import type { Stats } from "../../api/mod.ts"

type Sample = typeof Stats.Type
type Samples = ReadonlyArray<Sample>

/** One line of a chart. */
export interface Series {
  /** Empty if the chart has no other line. */
  readonly name: string
  /** The custom property that has its colour. */
  readonly colour: string
  readonly isDashed?: boolean
  /** Its value now; undefined if there is none yet. */
  readonly now: (samples: Samples) => number | undefined
}

export interface Figures {
  readonly title: string
  readonly series: ReadonlyArray<Series>
  /** Whether they are drawn on top of each other, the first at the bottom, because their sum says something. */
  readonly isStacked: boolean
  /** The top of the scale is at least this. */
  readonly leastTop: number
  /** The steps that the scale may have. */
  readonly steps: ReadonlyArray<number>
  readonly format: (value: number) => string
  readonly data: (samples: Samples) => AlignedData
}

/** The colour of a custom property where an element is, as canvases know colours. */
export const colourOf = (at: HTMLElement, property: string): string => {
  at.style.color = `var(${property})`
  const { color } = getComputedStyle(at)
  at.style.removeProperty("color")
  return color
}

const whole = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 })
const byteUnits = ["B", "KiB", "MiB", "GiB", "TiB"]

/** A number as it is read at a glance. */
export const number = (value: number): string => whole.format(value)

/** A size in bytes. */
export const bytes = (value: number): string => {
  const unit = Math.min(byteUnits.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10))
  const scaled = value / 1024 ** unit
  return `${scaled >= 100 || unit === 0 ? Math.round(scaled) : Math.round(scaled * 10) / 10} ${byteUnits[unit]}`
}

const millis = (value: number): string => `${value >= 10 ? Math.round(value) : Math.round(value * 10) / 10} ms`

const decimalSteps = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat()
const binarySteps = Array.from({ length: 40 }, (_, power) => 2 ** power)

type Read = (sample: Sample, before: Sample | undefined) => number | null

interface Line {
  readonly name: string
  readonly colour: string
  readonly isDashed?: boolean
  readonly read: Read
}

/** The sums of several rows of values, place by place. */
const sums = (rows: ReadonlyArray<ReadonlyArray<number | null>>): Array<number> =>
  (rows[0] ?? []).map((_, place) => rows.reduce((sum, row) => sum + (row[place] ?? 0), 0))

/** How much time there is between two samples, by the clock that nobody sets; but for a server that has begun anew. */
const millisBetween = (before: Sample, sample: Sample): number => {
  const passedMillis = sample.uptimeMillis - before.uptimeMillis
  return passedMillis > 0 ? passedMillis : Math.max(1, sample.atMillis - before.atMillis)
}

/** When the samples were taken, in seconds, as the last one has it: they are in order, also when the server's clock was set. */
const moments = (samples: Samples): Array<number> => {
  let atMillis = samples.at(-1)?.atMillis ?? 0
  let after: Sample | undefined
  return samples
    .toReversed()
    .map((sample) => {
      if (after !== undefined) atMillis -= millisBetween(sample, after)
      after = sample
      return atMillis / 1000
    })
    .toReversed()
}

const figures = (
  title: string,
  lines: ReadonlyArray<Line>,
  {
    format = number,
    isStacked = false,
    leastTop = 1,
    steps = decimalSteps
  }: Partial<Pick<Figures, "format" | "isStacked" | "leastTop" | "steps">> = {}
): Figures => ({
  title,
  isStacked,
  leastTop,
  steps,
  format,
  series: lines.map(({ read, ...line }) => ({
    ...line,
    now: (samples) => (samples.length === 0 ? undefined : (read(samples.at(-1)!, samples.at(-2)) ?? undefined))
  })),
  data: (samples) => {
    const values = lines.map(({ read }) => samples.map((sample, index) => read(sample, samples[index - 1])))
    return [moments(samples), ...values.map((own, line) => (isStacked ? sums(values.slice(0, line + 1)) : own))]
  }
})

/** How much a count has grown in a second; a server that has begun anew counts anew. */
const perSecond =
  (count: "messages" | "deliveries" | "rejections"): Read =>
  (sample, before) => {
    if (before === undefined) return null
    return Math.max(0, ((sample[count] - before[count]) / millisBetween(before, sample)) * 1000)
  }

const protocols = ["toss", "tsockm", "chatmaster", "packet", "sockets", "embedded"]

/** The protocols in samples that the page does not know, which are those of an embedding program. */
export const otherProtocols = (samples: Samples): ReadonlyArray<string> =>
  Array.from(new Set(samples.flatMap(({ sessions }) => Object.keys(sessions))))
    .filter((name) => !protocols.includes(name))
    .sort()

/** The charts, in the order in which they are shown; those of protocols have `others` too, in one colour. */
export const charts = (others: ReadonlyArray<string>): ReadonlyArray<Figures> => [
  figures("Messages per second", [
    { name: "said", colour: "--series-1", read: perSecond("messages") },
    { name: "refused", colour: "--series-2", isDashed: true, read: perSecond("rejections") }
  ]),
  figures("Deliveries per second", [{ name: "", colour: "--series-1", read: perSecond("deliveries") }]),
  figures(
    "Event-loop lag",
    [
      { name: "p50", colour: "--series-1", read: ({ lagMillis }) => lagMillis.p50 },
      { name: "p99", colour: "--series-2", isDashed: true, read: ({ lagMillis }) => lagMillis.p99 }
    ],
    { format: millis }
  ),
  figures("Bytes in queues", [{ name: "", colour: "--series-1", read: ({ queuedBytes }) => queuedBytes }], {
    format: bytes,
    leastTop: 1024,
    steps: binarySteps
  }),
  figures(
    "Connections by protocol",
    [...protocols, ...others].map((name, index) => ({
      name,
      colour: `--series-${Math.min(index, protocols.length) + 1}`,
      read: ({ sessions }) => sessions[name] ?? 0
    })),
    { isStacked: true, leastTop: 4 }
  )
]
