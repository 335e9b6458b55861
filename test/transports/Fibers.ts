import { Layer, Metric } from "effect"

/** Counts how many fibers are running that have its layer. */
export const count = () => {
  let running = 0
  const layer = Layer.succeed(Metric.FiberRuntimeMetrics, {
    recordFiberStart: () => void running++,
    recordFiberEnd: () => void running--
  })
  return { layer, running: () => running }
}
