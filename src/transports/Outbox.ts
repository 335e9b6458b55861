/**
 * What waits to be sent to one peer.
 *
 * - Neither `push` nor `share` suspends or throws. Frames leave in the order in which they came.
 * - Over the limit everything that waits is dropped and the peer is hung up on: one that does not read costs no more than
 *   the limit, and nobody but itself. What the transport answers by itself counts too.
 * - What a peer is answered is counted when it is queued. What many are sent is counted at the end of the turn: it is one frame
 *   for all of them, and for most of them so is all that waits, so that it is counted and joined once.
 * - Of what waits at most 64 KiB are handed to the carrier at a time, or 256 if it took the last at once, and nothing
 *   while it still holds some: so that progress can be seen, and what is dropped is really freed.
 * - Paced, it hands over one frame at a time, with a gap by the Clock behind each; the first at once.
 * - Behind a frame that is held, a paced peer gets nothing until `release`, or until a time has passed.
 */
import { type Clock, Effect } from "effect"
import { Hangup, type HangupReason } from "../domain/Hangup.ts"
import { monotonicMillis } from "../domain/MonotonicTime.ts"
import type { Batches } from "./Batches.ts"
import type { Carrier, CarrierListener } from "./Carrier.ts"
import type { Flushable, Flusher } from "./Flusher.ts"

/** What the outboxes of one protocol have in common. */
export interface OutboxContext<Frame> {
  readonly sizeBytes: (frame: Frame) => number
  readonly batches: Batches<Frame>
  readonly flusher: Flusher["Service"]
  readonly clock: Clock.Clock
  /** The least time from when a frame has been taken to the next one, for a paced peer. */
  readonly gapMillis: (frame: Frame) => number
  /** Runs the fiber that waits for the end of a gap. */
  readonly run: (effect: Effect.Effect<void>) => unknown
}

/** Whose outbox it is. */
export interface Owner {
  /** How much may wait. */
  readonly outboxLimitBytes: number
  /** Whether the peer needs its frames one at a time. Asked for before each write: it can turn out that it does not. */
  readonly isPaced: boolean
  /** Ends the connection. */
  hangUp(hangup: Hangup): void
}

export class Outbox<Frame> implements Flushable, CarrierListener {
  isDirty = false
  readonly #context: OutboxContext<Frame>
  readonly #carrier: Carrier<Frame>
  readonly #owner: Owner
  // Not to be changed while it is shared with others.
  #frames: ReadonlyArray<Frame> = []
  #isShared = true
  // How many of them have been counted, and their size.
  #counted = 0
  #bytes = 0
  #isClosed = false
  // Whether the last batch was taken at once.
  #isFast = false
  #wakeMillis = Infinity
  #nextWriteMillis = -Infinity
  // The gap of a frame that has not been taken yet.
  #gapMillis = 0
  // How many frames are queued up to the one that is held, and for how long it is; 0 if none is.
  #framesToHold = 0
  #holdMillis = 0
  #heldUntilMillis = -Infinity
  #hasProgressed = false
  #stuckSinceMillis: number | undefined
  #emptied: (() => void) | undefined

  constructor(context: OutboxContext<Frame>, carrier: Carrier<Frame>, owner: Owner) {
    this.#context = context
    this.#carrier = carrier
    this.#owner = owner
    carrier.listen(this)
  }

  answering(bytes: number): void {
    if (this.#isClosed) return
    const unsentBytes = this.#carrier.unsentBytes()
    // Until now there was nothing that could be stuck.
    if (unsentBytes === 0) this.progressed()
    if (this.#count() + unsentBytes + bytes > this.#owner.outboxLimitBytes) this.#overflow()
  }

  failed(reason: HangupReason): void {
    this.#owner.hangUp(new Hangup({ reason }))
  }

  progressed(): void {
    this.#hasProgressed = true
  }

  drained(): void {
    this.progressed()
    if (this.#gapMillis > 0) {
      this.#nextWriteMillis = monotonicMillis(this.#context.clock) + this.#gapMillis
      this.#gapMillis = 0
    }
    this.flush()
  }

  closed(): void {
    this.close()
  }

  /** Bytes that wait, here and in the carrier. */
  get queuedBytes(): number {
    return this.#isClosed ? 0 : this.#count() + this.#carrier.unsentBytes()
  }

  /**
   * The time since which nothing that waits has been sent, or undefined if nothing waits. It is the first time at which this
   * was asked after something had been sent: so that what is sent has no clock read for it.
   */
  stuckSinceMillis(nowMillis: number): number | undefined {
    const isStuck = !this.#isClosed && this.#carrier.unsentBytes() > 0
    if (!isStuck) this.#stuckSinceMillis = undefined
    else if (this.#hasProgressed) this.#stuckSinceMillis = nowMillis
    else this.#stuckSinceMillis ??= nowMillis
    this.#hasProgressed = false
    return this.#stuckSinceMillis
  }

  /** Queues a frame; with `holdMillis` nothing goes out behind it for so long, or until `release`. */
  push(frame: Frame, holdMillis = 0): void {
    if (this.#isClosed) return
    const size = this.#context.sizeBytes(frame)
    if (this.queuedBytes + size > this.#owner.outboxLimitBytes) return this.#overflow()
    this.#own().push(frame)
    this.#counted++
    this.#bytes += size
    if (holdMillis > 0) {
      this.#framesToHold = this.#frames.length
      this.#holdMillis = holdMillis
    }
    if (!this.isDirty) this.#context.flusher.schedule(this)
  }

  /** Queues a frame that many are sent, without counting it now. */
  share(frame: Frame): void {
    if (this.#isClosed) return
    this.#own().push(frame)
    if (!this.isDirty) this.#context.flusher.schedule(this)
  }

  /** Queues several such frames. The array may be kept, and shared with other outboxes: do not change it. */
  shareAll(frames: ReadonlyArray<Frame>): void {
    if (this.#isClosed || frames.length === 0) return
    if (this.#frames.length === 0) {
      this.#frames = frames
      this.#isShared = true
    } else {
      const own = this.#own()
      for (let index = 0; index < frames.length; index++) own.push(frames[index]!)
    }
    if (!this.isDirty) this.#context.flusher.schedule(this)
  }

  /** Lets go out what is held back, or will be. */
  release(): void {
    this.#framesToHold = 0
    this.#heldUntilMillis = -Infinity
    if (this.#frames.length > 0) this.#context.flusher.schedule(this)
  }

  /** Hands over what can be handed over now. */
  flush(): void {
    if (this.#isClosed) return
    const { batches, flusher } = this.#context
    const carrier = this.#carrier
    const unsentBytes = carrier.unsentBytes()
    const isWriting = unsentBytes === 0 && this.#frames.length > 0
    const batch = isWriting && !this.#owner.isPaced ? batches(this.#frames, this.#isFast) : undefined
    const queuedBytes = batch === undefined ? this.#count() : batch.totalBytes
    if (queuedBytes + unsentBytes > this.#owner.outboxLimitBytes) return this.#overflow()
    if (!isWriting) return this.#settle()
    this.#hasProgressed = true
    if (batch === undefined) return this.#flushOne()
    this.#frames = batch.rest
    this.#isShared = true
    this.#counted = batch.rest.length
    this.#bytes = batch.totalBytes - batch.sizeBytes
    carrier.write(batch.frames)
    this.#isFast = carrier.unsentBytes() === 0
    if (this.#isFast) {
      if (this.#frames.length > 0) flusher.schedule(this)
      else this.#settle()
    }
  }

  /** Succeeds when all that waits has been sent, or can no longer be. */
  get emptied(): Effect.Effect<void> {
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
    this.#isShared = true
    this.#counted = this.#bytes = 0
    this.#settle()
  }

  #flushOne(): void {
    const nowMillis = monotonicMillis(this.#context.clock)
    const waitMillis = Math.max(this.#nextWriteMillis, this.#heldUntilMillis) - nowMillis
    if (waitMillis > 0) return this.#wakeAt(nowMillis + waitMillis, waitMillis)
    const frame = this.#frames[0]!
    const gapMillis = this.#context.gapMillis(frame)
    this.#nextWriteMillis = nowMillis + gapMillis
    if (this.#framesToHold === 1) this.#heldUntilMillis = nowMillis + this.#holdMillis
    if (this.#framesToHold > 0) this.#framesToHold--
    this.#own().shift()
    this.#counted--
    this.#bytes -= this.#context.sizeBytes(frame)
    this.#carrier.write([frame])
    if (this.#carrier.unsentBytes() === 0) this.flush()
    else this.#gapMillis = gapMillis
  }

  #overflow(): void {
    this.close()
    this.#owner.hangUp(new Hangup({ reason: "slow" }))
  }

  // The size of all that waits here.
  #count(): number {
    const { sizeBytes } = this.#context
    while (this.#counted < this.#frames.length) this.#bytes += sizeBytes(this.#frames[this.#counted++]!)
    return this.#bytes
  }

  // What waits, to be changed.
  #own(): Array<Frame> {
    if (this.#isShared) {
      this.#frames = this.#frames.slice()
      this.#isShared = false
    }
    return this.#frames as Array<Frame>
  }

  #settle(): void {
    if (!this.#isClosed && (this.#frames.length > 0 || this.#carrier.unsentBytes() > 0)) return
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
    this.#context.run(wait)
  }
}
