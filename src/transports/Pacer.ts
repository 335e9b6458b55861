/**
 * When a paced peer is sent what waits for it: one frame at a time, with a gap by the Clock behind each; the first at once.
 * Behind a frame that is held it gets nothing until `release`, or until a time has passed.
 */
import { type Clock, Effect } from "effect"
import type { Event, Perspective } from "../domain/Event.ts"
import { monotonicMillis } from "../domain/MonotonicTime.ts"
import { Backlog, type Pace } from "../protocols/Backlog.ts"

/** What the pacers of one protocol have in common. */
export interface PacerContext<Frame> {
  readonly sizeBytes: (frame: Frame) => number
  /** The least time from when a frame has been taken to the next one. */
  readonly gapMillis: (frame: Frame) => number
  /** Whether the news of who comes and goes says who is there. */
  readonly saysWhoIsThere: boolean
  readonly clock: Clock.Clock
  /** Runs the fiber that waits for the end of a gap. */
  readonly run: (effect: Effect.Effect<void>) => unknown
}

/** Whom it is for. */
export interface Paced<Frame> {
  /** What the server says, in the terms of the protocol. */
  notice(text: string): ReadonlyArray<Frame>
}

/** What is no later than this is surely in time. */
const soonMillis = 1000

interface Hold {
  readonly millis: number
}

export class Pacer<Frame> implements Pace<Frame, Hold | undefined> {
  readonly #context: PacerContext<Frame>
  readonly #peer: Paced<Frame>
  readonly #backlog = new Backlog<Frame, Hold | undefined>(this)
  #wakeMillis = Infinity
  #nextWriteMillis = -Infinity
  // The gap of a frame that has not been taken yet.
  #gapMillis = 0
  // The last frame that waits and is to be held.
  #toHold: Hold | undefined
  #heldUntilMillis = -Infinity
  // The gap behind the last frame that was taken, and for how long that was held.
  #lastGapMillis = 0
  #lastHoldMillis = 0

  constructor(context: PacerContext<Frame>, peer: Paced<Frame>) {
    this.#context = context
    this.#peer = peer
  }

  get saysWhoIsThere(): boolean {
    return this.#context.saysWhoIsThere
  }

  sizeBytes(frame: Frame): number {
    return this.#context.sizeBytes(frame)
  }

  gapMillis(frame: Frame): number {
    return this.#context.gapMillis(frame)
  }

  lateMillis(_frameCount: number, gapsMillis: number): number {
    const behindMillis = (this.#toHold?.millis ?? 0) + gapsMillis
    // At most so much, which is next to nothing: no clock is read to know it better.
    const mostMillis = Math.max(this.#lastGapMillis, this.#lastHoldMillis) + behindMillis
    return mostMillis <= soonMillis ? mostMillis : this.waitMillis(monotonicMillis(this.#context.clock)) + behindMillis
  }

  notice(text: string): { readonly frames: ReadonlyArray<Frame>; readonly mark: undefined } {
    return { frames: this.#peer.notice(text), mark: undefined }
  }

  /** How many frames wait, and their size. */
  get frameCount(): number {
    return this.#backlog.frameCount
  }

  get queuedBytes(): number {
    return this.#backlog.sizeBytes
  }

  /** In how long what is queued now is sent. */
  get queueMillis(): number {
    return this.lateMillis(this.#backlog.frameCount, this.#backlog.gapsMillis)
  }

  /** Queues frames that belong together, of an event or others; the last is held for so long. */
  push(frames: ReadonlyArray<Frame>, event?: Event, as?: Perspective, holdMillis = 0): void {
    const hold = holdMillis > 0 ? { millis: holdMillis } : undefined
    this.#backlog.push(frames, hold, event, as)
    if (hold !== undefined) this.#toHold = hold
  }

  /** Leaves out what would make anything later than this. */
  hasten(limitMillis: number): void {
    this.#backlog.hasten(limitMillis)
  }

  /** Lets go out what is held back, or will be. */
  release(): void {
    this.#toHold = undefined
    this.#heldUntilMillis = -Infinity
  }

  /** Takes note that the last frame has been taken at once. */
  taken(): void {
    this.#gapMillis = 0
  }

  /** Takes note that a frame has been taken only now, if one has not been before. */
  drained(): void {
    if (this.#gapMillis > 0) this.#nextWriteMillis = monotonicMillis(this.#context.clock) + this.#gapMillis
    this.#gapMillis = 0
  }

  /** In how long the next frame may go out. */
  waitMillis(nowMillis: number): number {
    return Math.max(0, Math.max(this.#nextWriteMillis, this.#heldUntilMillis) - nowMillis)
  }

  /** Takes the next frame, to be written now. */
  take(nowMillis: number): Frame | undefined {
    const frame = this.#backlog.take()
    if (frame === undefined) return undefined
    this.#gapMillis = this.#lastGapMillis = this.#context.gapMillis(frame)
    this.#lastHoldMillis = 0
    this.#nextWriteMillis = nowMillis + this.#gapMillis
    const hold = this.#backlog.mark
    if (hold !== undefined && hold === this.#toHold) {
      this.#lastHoldMillis = hold.millis
      this.#heldUntilMillis = nowMillis + hold.millis
      this.#toHold = undefined
    }
    return frame
  }

  /** Takes all that waits. */
  takeAll(): ReadonlyArray<Frame> {
    const frames: Array<Frame> = []
    for (let frame = this.#backlog.take(); frame !== undefined; frame = this.#backlog.take()) frames.push(frame)
    return frames
  }

  /** Has `act` called at a time that is in so long, or before if that has been asked for already. */
  wake(atMillis: number, waitMillis: number, act: () => void): void {
    if (this.#wakeMillis <= atMillis) return
    this.#wakeMillis = atMillis
    const wait = Effect.andThen(
      Effect.sleep(waitMillis),
      Effect.sync(() => {
        if (this.#wakeMillis === atMillis) this.#wakeMillis = Infinity
        act()
      })
    )
    this.#context.run(wait)
  }
}
