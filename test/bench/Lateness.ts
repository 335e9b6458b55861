/**
 * Has a server say how late its event loop was: `node --import Lateness.ts <server>`.
 *
 * At each SIGUSR2 it prints a line of JSON, a {@link Lateness} of the time since the last one.
 */
import { monitorEventLoopDelay } from "node:perf_hooks"

/** By how much a timer of one millisecond was late. */
export interface Lateness {
  readonly p50LateMillis: number
  readonly p99LateMillis: number
  readonly maxLateMillis: number
}

const resolutionMillis = 1
const delay = monitorEventLoopDelay({ resolution: resolutionMillis })
delay.enable()

const late = (nanos: number): number => Math.max(0, nanos / 1e6 - resolutionMillis)

process.on("SIGUSR2", () => {
  const lateness: Lateness = {
    p50LateMillis: late(delay.percentile(50)),
    p99LateMillis: late(delay.percentile(99)),
    maxLateMillis: late(delay.max)
  }
  delay.reset()
  process.stdout.write(`${JSON.stringify(lateness)}\n`)
})
