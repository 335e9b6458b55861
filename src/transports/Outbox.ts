/**
 * What waits to be sent to one peer.
 *
 * - `push` counts bytes, never suspends and never throws. Frames leave in the order in which they came.
 * - Over the limit everything that waits is dropped and `overflowed` is called once: a peer that does not read costs no
 *   more than the limit, and nobody but itself.
 * - Of what waits at most {@link batchLimitBytes} are handed to the carrier at a time, and nothing while it still holds
 *   some: so that progress can be seen, and what is dropped is really freed.
 * - Paced, it hands over one frame at a time, with a gap by the Clock behind each; the first at once.
 * - Behind a frame that is held, a paced peer gets nothing until `release`, or until a time has passed.
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
  /** Whether the peer needs its frames one at a time. Asked for before each write: it can turn out that it does not. */
  readonly isPaced: () => boolean
  /** The least time from when a frame has been taken to the next one, for a paced peer. */
  readonly gapMillis: (frame: Frame) => number
  /** Runs the fiber that waits for the end of a gap. */
  readonly runGap: (effect: Effect.Effect<void>) => unknown
}

export class Outbox<Frame> implements Flushable {
  isDirty = false
  readonly #options: Options<Frame>
  #frames: Array<Frame> = []
  #bytes = 0
  #isClosed = false
  #wakeMillis = Infinity
  #nextWriteMillis = -Infinity
  #gapMillis = 0
  // How many frames are queued up to the one that is held, and for how long it is; 0 if none is.
  #framesToHold = 0
  #holdMillis = 0
  #heldUntilMillis = -Infinity
  #progressMillis: number
  #emptied: (() => void) | undefined

  constructor(options: Options<Frame>) {
    this.#options = options
    this.#progressMillis = options.clock.currentTimeMillisUnsafe()
    options.carrier.listen({
      progressed: () => this.#progress(),
      drained: () => {
        this.#progress()
        this.#nextWriteMillis = this.#progressMillis + this.#gapMillis
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

  /** Queues a frame; with `holdMillis` nothing goes out behind it for so long, or until `release`. */
  push(frame: Frame, holdMillis = 0): void {
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
    if (holdMillis > 0) {
      this.#framesToHold = this.#frames.length
      this.#holdMillis = holdMillis
    }
    flusher.schedule(this)
  }

  /** Lets go out what is held back, or will be. */
  release(): void {
    this.#framesToHold = 0
    this.#heldUntilMillis = -Infinity
    if (this.#frames.length > 0) this.#options.flusher.schedule(this)
  }

  /** Hands over what can be handed over now. */
  flush(): void {
    const { carrier, clock, isPaced, sizeBytes } = this.#options
    if (this.#isClosed) return
    if (carrier.unsentBytes() > 0) return
    if (this.#frames.length === 0) return this.#settle()
    const nowMillis = clock.currentTimeMillisUnsafe()
    this.#progressMillis = nowMillis
    if (isPaced()) return this.#flushOne(nowMillis)
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

  #flushOne(nowMillis: number): void {
    const waitMillis = Math.max(this.#nextWriteMillis, this.#heldUntilMillis) - nowMillis
    if (waitMillis > 0) return this.#wakeAt(nowMillis + waitMillis, waitMillis)
    const frame = this.#frames[0]!
    this.#gapMillis = this.#options.gapMillis(frame)
    this.#nextWriteMillis = nowMillis + this.#gapMillis
    if (this.#framesToHold === 1) this.#heldUntilMillis = nowMillis + this.#holdMillis
    if (this.#framesToHold > 0) this.#framesToHold--
    this.#write(1, this.#options.sizeBytes(frame))
    if (this.#options.carrier.unsentBytes() === 0) this.flush()
  }

  #progress(): void {
    this.#progressMillis = this.#options.clock.currentTimeMillisUnsafe()
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

  #wakeAt(atMillis: number, waitMillis: number): void {
    if (this.#wakeMillis <= atMillis) return
    this.#wakeMillis = atMillis
    const wait = Effect.andThen(
      Effect.sleep(waitMillis),
      Effect.sync(() => {
        if (this.#wakeMillis === atMillis) this.#wakeMillis = Infinity
        this.flush()
      })
    )
    this.#options.runGap(wait)
  }
}
