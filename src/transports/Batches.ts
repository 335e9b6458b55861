/**
 * What goes out in one write, found once for recipients next to each other for whom the very same frames wait.
 *
 * In a room most recipients of a turn are such: to count and to copy the turn's frames for each of them is what a fan-out
 * costs.
 */

/** The first part of what waits. */
export interface Batch<Frame> {
  /** At most 64 KiB, but for the last frame. The same array for all that it is shared by: not to be changed. */
  readonly frames: ReadonlyArray<Frame>
  /** The size of these frames, and of all that waits. */
  readonly sizeBytes: number
  readonly totalBytes: number
  /** What waits behind it, shared like `frames`. */
  readonly rest: ReadonlyArray<Frame>
}

/** Finds the batch of what waits, which is not to be changed afterwards. */
export type Batches<Frame> = (waiting: ReadonlyArray<Frame>) => Batch<Frame>

const batchLimitBytes = 64 * 1024

/** Makes batches that remember the last one. */
export const make = <Frame>(sizeBytes: (frame: Frame) => number): Batches<Frame> => {
  let last: ReadonlyArray<Frame> = []
  let batch: Batch<Frame> = { frames: last, sizeBytes: 0, totalBytes: 0, rest: [] }

  const isLast = (waiting: ReadonlyArray<Frame>): boolean => {
    if (waiting === last) return true
    if (waiting.length !== last.length) return false
    for (let index = 0; index < waiting.length; index++) if (waiting[index] !== last[index]) return false
    return true
  }

  return (waiting) => {
    if (isLast(waiting)) return batch
    let count = 0
    let size = 0
    while (count < waiting.length && (count === 0 || size < batchLimitBytes)) size += sizeBytes(waiting[count++]!)
    let totalBytes = size
    for (let index = count; index < waiting.length; index++) totalBytes += sizeBytes(waiting[index]!)
    const frames = count === waiting.length ? waiting : waiting.slice(0, count)
    last = waiting
    batch = { frames, sizeBytes: size, totalBytes, rest: waiting.slice(count) }
    return batch
  }
}
