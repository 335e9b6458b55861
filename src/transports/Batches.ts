/**
 * What goes out in one write, found once for recipients next to each other for whom the very same frames wait.
 *
 * In a room most recipients of a turn are such: to count and to copy the turn's frames for each of them is what a fan-out
 * costs.
 */

/** The first part of what waits. */
export interface Batch<Frame> {
  /** As much as a write may have, and the frame with which it gets there. The same array for all: not to be changed. */
  readonly frames: ReadonlyArray<Frame>
  /** The size of these frames, and of all that waits. */
  readonly sizeBytes: number
  readonly totalBytes: number
  /** What waits behind it, shared like `frames`. */
  readonly rest: ReadonlyArray<Frame>
}

/**
 * Finds the batch of what waits, which is not to be changed afterwards. For a peer whose connection `isFast`, because it took
 * all of the last batch at once, it is larger: a slow one would seem to make no progress with it.
 */
export type Batches<Frame> = (waiting: ReadonlyArray<Frame>, isFast: boolean) => Batch<Frame>

const batchLimitBytes = 64 * 1024
const fastBatchLimitBytes = 256 * 1024

/** Makes batches that remember the last one. */
export const make = <Frame>(sizeBytes: (frame: Frame) => number): Batches<Frame> => {
  let last: ReadonlyArray<Frame> = []
  let wasFast = false
  let batch: Batch<Frame> = { frames: last, sizeBytes: 0, totalBytes: 0, rest: [] }

  const isLast = (waiting: ReadonlyArray<Frame>): boolean => {
    if (waiting === last) return true
    if (waiting.length !== last.length) return false
    for (let index = 0; index < waiting.length; index++) if (waiting[index] !== last[index]) return false
    return true
  }

  return (waiting, isFast) => {
    if (isFast === wasFast && isLast(waiting)) return batch
    const limitBytes = isFast ? fastBatchLimitBytes : batchLimitBytes
    let count = 0
    let size = 0
    while (count < waiting.length && (count === 0 || size < limitBytes)) size += sizeBytes(waiting[count++]!)
    let totalBytes = size
    for (let index = count; index < waiting.length; index++) totalBytes += sizeBytes(waiting[index]!)
    const frames = count === waiting.length ? waiting : waiting.slice(0, count)
    last = waiting
    wasFast = isFast
    batch = { frames, sizeBytes: size, totalBytes, rest: waiting.slice(count) }
    return batch
  }
}
