/**
 * Which bytes of a file have come, in whatever order, and however often.
 *
 * Kept as disjoint ranges that do not touch, in order: one range for a file whose bytes come in order, and never more
 * than {@link limitRanges}, whatever comes.
 */

/** The most ranges; a file that comes in 100,000 pieces in random order has a quarter as many. */
export const limitRanges = 65_536

export class Coverage {
  // The starts and ends of the ranges; the end is the index behind the last byte.
  readonly #starts: Array<number> = []
  readonly #ends: Array<number> = []

  /** Adds `sizeBytes` bytes from index `atByte` on; false, and nothing is added, if that makes too many ranges. */
  add(atByte: number, sizeBytes: number): boolean {
    if (sizeBytes <= 0) return true
    const end = atByte + sizeBytes
    const last = this.#ends.length - 1
    // What comes in order is worth a shortcut.
    if (last >= 0 && this.#ends[last] === atByte) {
      this.#ends[last] = end
      return true
    }
    const first = this.#firstThatEndsAtOrAfter(atByte)
    let behind = first
    while (behind < this.#starts.length && this.#starts[behind]! <= end) behind++
    const merged = behind - first
    if (merged === 0 && this.#starts.length >= limitRanges) return false
    const mergedStart = merged === 0 ? atByte : Math.min(atByte, this.#starts[first]!)
    const mergedEnd = merged === 0 ? end : Math.max(end, this.#ends[behind - 1]!)
    if (merged === 1) {
      this.#starts[first] = mergedStart
      this.#ends[first] = mergedEnd
    } else {
      this.#starts.splice(first, merged, mergedStart)
      this.#ends.splice(first, merged, mergedEnd)
    }
    return true
  }

  /** Whether all of the first `sizeBytes` bytes have come. */
  isWhole(sizeBytes: number): boolean {
    return sizeBytes === 0 || (this.#starts[0] === 0 && this.#ends[0]! >= sizeBytes)
  }

  /** Calls `use` with the start and the end of each range, in order. */
  forEachRange(use: (start: number, end: number) => void): void {
    for (let index = 0; index < this.#starts.length; index++) use(this.#starts[index]!, this.#ends[index]!)
  }

  get rangeCount(): number {
    return this.#starts.length
  }

  #firstThatEndsAtOrAfter(byte: number): number {
    let low = 0
    let high = this.#ends.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#ends[middle]! < byte) low = middle + 1
      else high = middle
    }
    return low
  }
}
