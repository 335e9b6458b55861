import { useSignalEffect } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import UPlot from "uplot"
import type { Desk } from "./Desk.ts"
import { colourOf, type Figures } from "./Figures.ts"

/** How high a drawing is, in pixels. */
const height = 132

const options = (figures: Figures, at: HTMLElement, width: number): UPlot.Options => {
  const soft = () => colourOf(at, "--text-soft")
  const grid = { stroke: () => colourOf(at, "--line"), width: 1 }
  const font = "11px system-ui, sans-serif"
  return {
    width,
    height,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 8, 0, 0],
    scales: { y: { range: (_, __, most) => [0, Math.max(figures.leastTop, most * 1.1)] } },
    axes: [
      { stroke: soft, grid: { show: false }, ticks: { show: false }, font, size: 22, space: 70 },
      {
        stroke: soft,
        grid,
        ticks: { show: false },
        font,
        size: 46,
        space: 32,
        incrs: [...figures.steps],
        values: (_, splits) => splits.map((value) => figures.format(value))
      }
    ],
    // Between a line and the one below it.
    bands: !figures.isStacked
      ? []
      : figures.series.slice(1).map(({ colour }, index) => ({
          series: [index + 2, index + 1],
          fill: () => faded(colourOf(at, colour))
        })),
    series: [
      {},
      ...figures.series.map(({ colour, isDashed }, index) => ({
        stroke: () => colourOf(at, colour),
        width: 1.75,
        ...(isDashed === true && { dash: [5, 3] }),
        ...(figures.isStacked && index === 0 && { fill: () => faded(colourOf(at, colour)) }),
        points: { show: false }
      }))
    ]
  }
}

/** A colour that lets the ground shine through. */
const faded = (colour: string): string => colour.replace(/^rgb\(([^)]*)\)$/, "rgba($1, 0.22)")

/** Figures over the last five minutes: what they are now in words, and a drawing. */
export const Chart = ({ desk, figures }: { readonly desk: Desk; readonly figures: Figures }) => {
  const place = useRef<HTMLDivElement>(null)
  const drawing = useRef<UPlot>(undefined)
  const samples = desk.samples.value

  useEffect(() => {
    const at = place.current!
    const plot = new UPlot(options(figures, at, at.clientWidth), [[], ...figures.series.map(() => [])], at)
    drawing.current = plot
    const resized = new ResizeObserver(() => plot.setSize({ width: at.clientWidth, height }))
    resized.observe(at)
    const dark = matchMedia("(prefers-color-scheme: dark)")
    const redraw = () => plot.redraw()
    dark.addEventListener("change", redraw)
    return () => {
      dark.removeEventListener("change", redraw)
      resized.disconnect()
      plot.destroy()
    }
  }, [figures])

  useSignalEffect(() => drawing.current?.setData(figures.data(desk.samples.value)))

  const now = figures.series.map((series) => ({ ...series, value: series.now(samples) }))
  return (
    <section class="chart" aria-label={figures.title}>
      <h3>{figures.title}</h3>
      <ul class="now">
        {now.map(({ colour, isDashed, name, value }) => (
          <li key={name}>
            {name !== "" && (
              <span class={`key ${colour.slice(2)} ${isDashed === true ? "dashed" : ""}`} aria-hidden="true" />
            )}
            {name !== "" && <span>{name}</span>} <b>{value === undefined ? "–" : figures.format(value)}</b>
          </li>
        ))}
      </ul>
      <div class="drawing" ref={place} aria-hidden="true" />
    </section>
  )
}
