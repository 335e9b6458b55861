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
 * - Paced, it hands over one frame at a time, when its {@link Pacer} says so, and what would be late gives way (Backlog.ts). The
 *   limit is then for a peer that has not taken the last frame; one that has may be behind by {@link pacedFactor} times as much.
 */
import { Effect } from "effect"
import type { Event, Perspective } from "../domain/Event.ts"
import { Hangup, type HangupReason } from "../domain/Hangup.ts"
import { monotonicMillis } from "../domain/MonotonicTime.ts"
import { pacedFactor } from "../protocols/Backlog.ts"
import type { Batches } from "./Batches.ts"
import type { Carrier, CarrierListener } from "./Carrier.ts"
import type { Flushable, Flusher } from "./Flusher.ts"
import { type Paced, Pacer, type PacerContext } from "./Pacer.ts"

/** What the outboxes of one protocol have in common. */
export interface OutboxContext<Frame> extends PacerContext<Frame> {
  readonly batches: Batches<Frame>
  readonly flusher: Flusher["Service"]
}

/** Whose outbox it is. */
export interface Owner<Frame> extends Paced<Frame> {
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
  readonly #owner: Owner<Frame>
  // Not to be changed while it is shared with others.
  #frames: ReadonlyArray<Frame> = []
  #isShared = true
  // How many of them have been counted, and their size.
  #counted = 0
  #bytes = 0
  #isClosed = false
  // Where what waits is instead, if the peer is paced.
  #pacer: Pacer<Frame> | undefined
  // Whether neither is the case.
  #isPlain = true
  // Whether the last batch was taken at once.
  #isFast = false
  #hasProgressed = false
  #stuckSinceMillis: number | undefined
  #emptied: (() => void) | undefined

  constructor(context: OutboxContext<Frame>, carrier: Carrier<Frame>, owner: Owner<Frame>) {
    this.#context = context
    this.#carrier = carrier
    this.#owner = owner
    if (owner.isPaced) this.#pace()
    carrier.listen(this)
  }

  answering(bytes: number): void {
    if (this.#isClosed) return
    const unsentBytes = this.#carrier.unsentBytes()
    // Until now there was nothing that could be stuck.
    if (unsentBytes === 0) this.progressed()
    if (this.queuedBytes + bytes > this.#owner.outboxLimitBytes) this.#overflow()
  }

  failed(reason: HangupReason): void {
    this.#owner.hangUp(new Hangup({ reason }))
  }

  progressed(): void {
    this.#hasProgressed = true
  }

  drained(): void {
    this.progressed()
    this.#pacer?.drained()
    this.flush()
  }

  closed(): void {
    this.close()
  }

  /** Whether frames are to be queued event by event. */
  get isPaced(): boolean {
    return this.#pacer !== undefined
  }

  /** Bytes that wait, here and in the carrier. */
  get queuedBytes(): number {
    if (this.#isClosed) return 0
    return (this.#pacer === undefined ? this.#count() : this.#pacer.queuedBytes) + this.#carrier.unsentBytes()
  }

  /** In how long, for all that is known, a paced peer is sent what is queued now. */
  get queueMillis(): number {
    return this.#pacer?.queueMillis ?? 0
  }

  /** Whether the peer has not taken yet what it was sent. */
  get isStuck(): boolean {
    return !this.#isClosed && this.#carrier.unsentBytes() > 0
  }

  /**
   * The time since which nothing that waits has been sent, or undefined if nothing waits. It is the first time at which this
   * was asked after something had been sent: so that what is sent has no clock read for it.
   */
  stuckSinceMillis(nowMillis: number): number | undefined {
    const { isStuck } = this
    if (!isStuck) this.#stuckSinceMillis = undefined
    else if (this.#hasProgressed) this.#stuckSinceMillis = nowMillis
    else this.#stuckSinceMillis ??= nowMillis
    this.#hasProgressed = false
    return this.#stuckSinceMillis
  }

  /** Queues a frame; with `holdMillis` nothing goes out behind it to a paced peer for so long, or until `release`. */
  push(frame: Frame, holdMillis = 0): void {
    if (!this.#isPlain) return this.#queue([frame], undefined, undefined, holdMillis)
    const size = this.#context.sizeBytes(frame)
    if (this.queuedBytes + size > this.#owner.outboxLimitBytes) return this.#overflow()
    this.#own().push(frame)
    this.#counted++
    this.#bytes += size
    if (!this.isDirty) this.#context.flusher.schedule(this)
  }

  /** Queues a frame that many are sent, without counting it now. */
  share(frame: Frame): void {
    if (!this.#isPlain) return this.#queue([frame])
    this.#own().push(frame)
    if (!this.isDirty) this.#context.flusher.schedule(this)
  }

  /** Queues several such frames, of one event to be paced. The array may be shared with other outboxes: do not change it. */
  shareAll(frames: ReadonlyArray<Frame>, event?: Event, as?: Perspective): void {
    if (!this.#isPlain) return this.#queue(frames, event, as)
    if (frames.length === 0) return
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
    if (this.#pacer === undefined) return
    this.#pacer.release()
    if (this.#pacer.frameCount > 0) this.#context.flusher.schedule(this)
  }

  /** Leaves out, for a paced peer, what would make anything later than this. */
  hasten(limitMillis: number): void {
    this.#pacer?.hasten(limitMillis)
  }

  /** Hands over what can be handed over now. */
  flush(): void {
    if (!this.#isPlain) return this.#flushPaced()
    const { batches, flusher } = this.#context
    const carrier = this.#carrier
    const unsentBytes = carrier.unsentBytes()
    const isWriting = unsentBytes === 0 && this.#frames.length > 0
    if (isWriting && this.#owner.isPaced) {
      this.#pace()
      return this.#flushPaced()
    }
    const batch = isWriting ? batches(this.#frames, this.#isFast) : undefined
    const queuedBytes = batch === undefined ? this.#count() : batch.totalBytes
    if (queuedBytes + unsentBytes > this.#owner.outboxLimitBytes) return this.#overflow()
    if (batch === undefined) return this.#settle()
    this.#hasProgressed = true
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
    this.#isPlain = false
    this.#pacer = undefined
    this.#drop()
    this.#settle()
  }

  #queue(frames: ReadonlyArray<Frame>, event?: Event, as?: Perspective, holdMillis?: number): void {
    const pacer = this.#pacer
    if (pacer === undefined || frames.length === 0) return
    pacer.push(frames, event, as, holdMillis)
    if (this.#isOver(pacer)) return this.#overflow()
    if (!this.isDirty) this.#context.flusher.schedule(this)
  }

  #isOver({ queuedBytes }: Pacer<Frame>): boolean {
    const unsentBytes = this.#carrier.unsentBytes()
    const limitBytes = this.#owner.outboxLimitBytes * (unsentBytes > 0 ? 1 : pacedFactor)
    return queuedBytes + unsentBytes > limitBytes
  }

  #flushPaced(): void {
    const pacer = this.#pacer
    if (pacer === undefined) return
    if (!this.#owner.isPaced) {
      this.#pacer = undefined
      this.#isPlain = true
      this.shareAll(pacer.takeAll())
      return this.flush()
    }
    if (this.#isOver(pacer)) return this.#overflow()
    while (pacer.frameCount > 0 && this.#carrier.unsentBytes() === 0) {
      const nowMillis = monotonicMillis(this.#context.clock)
      const waitMillis = pacer.waitMillis(nowMillis)
      if (waitMillis > 0) return pacer.wake(nowMillis + waitMillis, waitMillis, () => this.flush())
      const frame = pacer.take(nowMillis)
      if (frame === undefined) continue
      this.#hasProgressed = true
      this.#carrier.write([frame])
      if (this.#carrier.unsentBytes() === 0) pacer.taken()
    }
    this.#settle()
  }

  #pace(): void {
    this.#pacer = new Pacer(this.#context, this.#owner)
    this.#isPlain = false
    for (const frame of this.#frames) this.#pacer.push([frame])
    this.#drop()
  }

  #drop(): void {
    this.#frames = []
    this.#isShared = true
    this.#counted = this.#bytes = 0
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
    const isWaiting = this.#frames.length > 0 || (this.#pacer?.frameCount ?? 0) > 0
    if (!this.#isClosed && (isWaiting || this.#carrier.unsentBytes() > 0)) return
    const emptied = this.#emptied
    this.#emptied = undefined
    emptied?.()
  }
}
