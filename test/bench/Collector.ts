/** Has a server collect all its garbage on SIGUSR2: `node --expose-gc --import Collector.ts <server>`. */

// The last resort gives memory back, which other collections keep.
const lastResort = { type: "major", execution: "sync", flavor: "last-resort" }
const collect = globalThis.gc as ((options: typeof lastResort) => void) | undefined
process.on("SIGUSR2", () => collect?.(lastResort))
