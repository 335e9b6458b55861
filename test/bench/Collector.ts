/**
 * Has a server collect all its garbage on SIGUSR2: `node --expose-gc --import Collector.ts <server>`.
 *
 * When it has, it prints a line of JSON, a {@link Heap}.
 */

/** What is in use after a collection. */
export interface Heap {
  readonly heapUsedBytes: number
}

// The last resort gives memory back, which other collections keep.
const lastResort = { type: "major", execution: "sync", flavor: "last-resort" }
const collect = globalThis.gc as ((options: typeof lastResort) => void) | undefined
process.on("SIGUSR2", () => {
  collect?.(lastResort)
  const heap: Heap = { heapUsedBytes: process.memoryUsage().heapUsed }
  process.stdout.write(`${JSON.stringify(heap)}\n`)
})
