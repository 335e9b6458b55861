/**
 * What waits to be sent to one peer.
 *
 * - `push` counts bytes, never suspends and never throws. Frames leave in the order in which they came.
 * - Over the limit everything that waits is dropped and `overflowed` is called once: a peer that does not read costs no
 *   more than the limit, and nobody but itself.
 * - Of what waits at most {@link batchLimitBytes} are handed to the carrier at a time, and nothing while it still holds
 *   some: so that progress can be seen, and what is dropped is really freed.
 * - Paced, it hands over one frame at a time, `gapMillis` apart by the Clock; the first at once.
 */
import { type Clock, Effect } from "effect"
import type { Carrier } from "./Carrier.ts"
import type { Flushable, Flusher } from "./Flusher.ts"

const batchLimitBytes = 64 * 1024

export interface Options<Frame> {
  readonly carrier: Carrier<Frame>
  readonly sizeBytes: (frame: Frame) => number
  readonly flusher: Flusher["Service"]
  readonly clock: Clock.Clock
  readonly limitBytes: () => number
  readonly overflowed: () => void
  /** The gap of a paced peer, 0 for any other. Asked for before each write: a peer can turn out to need none. */
  readonly gapMillis: () => number
  /** Runs the fiber that waits for the end of a gap. */
  readonly runGap: (effect: Effect.Effect<void>) => unknown
}

export class Outbox<Frame> implements Flushable {
  isDirty = false
  readonly #options: Options<Frame>
  #frames: Array<Frame> = []
  #bytes = 0
  #isClosed = false
  #isWaitingForGap = false
  #lastWriteMillis = -Infinity
  #progressMillis: number
  #emptied: (() => void) | undefined

  constructor(options: Options<Frame>) {
    this.#options = options
    this.#progressMillis = options.clock.currentTimeMillisUnsafe()
    options.carrier.listen({
      drained: () => {
        this.#progressMillis = options.clock.currentTimeMillisUnsafe()
        this.flush()
      },
      closed: () => this.close()
    })
  }

  /** Bytes that wait, here and in the carrier. */
  get queuedBytes(): number {
    return this.#isClosed ? 0 : this.#bytes + this.#options.carrier.unsentBytes()
  }

  /** The time since which nothing that waits has been sent, or undefined if nothing waits. */
  get stuckSinceMillis(): number | undefined {
    return this.#isClosed || this.#options.carrier.unsentBytes() === 0 ? undefined : this.#progressMillis
  }

  push(frame: Frame): void {
    if (this.#isClosed) return
    const { flusher, limitBytes, overflowed, sizeBytes } = this.#options
    const size = sizeBytes(frame)
    if (this.queuedBytes + size > limitBytes()) {
      this.close()
      overflowed()
      return
    }
    this.#frames.push(frame)
    this.#bytes += size
    flusher.schedule(this)
  }

  /** Hands over what can be handed over now. */
  flush(): void {
    const { carrier, clock, gapMillis, sizeBytes } = this.#options
    if (this.#isClosed) return
    if (carrier.unsentBytes() > 0) return
    if (this.#frames.length === 0) return this.#settle()
    const nowMillis = clock.currentTimeMillisUnsafe()
    this.#progressMillis = nowMillis
    const gap = gapMillis()
    if (gap > 0) {
      const waitMillis = this.#lastWriteMillis + gap - nowMillis
      if (waitMillis > 0) return this.#waitForGap(waitMillis)
      this.#lastWriteMillis = nowMillis
      this.#write(1, sizeBytes(this.#frames[0]!))
      return this.#frames.length > 0 ? this.#waitForGap(gap) : this.#settle()
    }
    let count = 0
    let bytes = 0
    while (count < this.#frames.length && (count === 0 || bytes < batchLimitBytes)) {
      bytes += sizeBytes(this.#frames[count++]!)
    }
    this.#write(count, bytes)
    if (carrier.unsentBytes() === 0) {
      if (this.#frames.length > 0) this.#options.flusher.schedule(this)
      else this.#settle()
    }
  }

  /** Succeeds when all that waits has been sent, or can no longer be. */
  get drained(): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      this.#emptied = () => resume(Effect.void)
      this.flush()
      if (this.#isClosed) this.#settle()
    })
  }

  /** Drops what waits and takes no more. */
  close(): void {
    this.#isClosed = true
    this.#frames = []
    this.#bytes = 0
    this.#settle()
  }

  #write(count: number, bytes: number): void {
    const frames = count === this.#frames.length ? this.#frames : this.#frames.slice(0, count)
    this.#frames = count === this.#frames.length ? [] : this.#frames.slice(count)
    this.#bytes -= bytes
    this.#options.carrier.write(frames)
  }

  #settle(): void {
    if (!this.#isClosed && (this.#frames.length > 0 || this.#options.carrier.unsentBytes() > 0)) return
    const emptied = this.#emptied
    this.#emptied = undefined
    emptied?.()
  }

  #waitForGap(waitMillis: number): void {
    if (this.#isWaitingForGap) return
    this.#isWaitingForGap = true
    const wait = Effect.andThen(
      Effect.sleep(waitMillis),
      Effect.sync(() => {
        this.#isWaitingForGap = false
        this.flush()
      })
    )
    this.#options.runGap(wait)
  }
}
