/**
 * What one peer sends: the one place where the callbacks of Node meet Effect.
 *
 * - Nothing is read from the peer before the first pull, and nothing while a pull that has been answered has not come back:
 *   who needs no waiting between two pulls has nothing paused, and who waits stops the reading.
 * - A pull that waits is answered in the turn of the event loop in which something comes. A pull that is interrupted loses
 *   nothing.
 * - What a pull gave is the puller's until its next pull; then it is given back to the transport.
 */
import { Array, Cause, Effect, type Pull, Stream } from "effect"
import type { Batch, Reads } from "../protocols/Reader.ts"
import { ReadTimer } from "./ReadTimer.ts"

/** How a transport is told to read and to wait, and what becomes of what was dealt with. */
export interface Flow<In> {
  pause(): void
  /** Called first for the first pull. */
  resume(): void
  release?(input: In): void
}

type Answer<In> = (pull: Pull.Pull<Batch<In>>) => void

/** The reads of one peer. Meant for one puller. */
export class Inbound<In> implements Reads<In> {
  readonly #flow: Flow<In>
  // The pull that waits.
  #answer: Answer<In> | undefined
  #waiting: Batch<In> | undefined
  #given: Batch<In> | undefined
  #timer: ReadTimer | undefined
  #isPaused = true
  #hasEnded = false
  /** The next that has come; done when all has been given and the peer has gone. */
  readonly pull: Pull.Pull<Batch<In>> = Effect.callback<Batch<In>, Cause.Done>((answer) => this.#next(answer))

  constructor(flow: Flow<In>) {
    this.#flow = flow
  }

  /** What has come, batch by batch. */
  get stream(): Stream.Stream<In> {
    return Stream.fromPull(Effect.succeed(this.pull))
  }

  pullWithin(timeoutMillis: number): Pull.Pull<Batch<In> | undefined> {
    return Effect.suspend(() => {
      if (this.#waiting !== undefined || this.#hasEnded) return this.pull
      const timer = (this.#timer ??= new ReadTimer())
      let resume: ((pull: Pull.Pull<Batch<In> | undefined>) => void) | undefined
      let isOver = false
      const answer: Answer<In> = (pull) => {
        timer.stop()
        resume?.(pull)
      }
      const expire = (): void => {
        // Whoever was put off may not wait yet.
        isOver = true
        // Whoever has been answered takes what has come, also in the moment in which the time is over.
        if (this.#answer !== answer) return
        this.#answer = undefined
        resume?.(Effect.undefined)
      }
      const pulled = Effect.callback<Batch<In> | undefined, Cause.Done>((it) => {
        resume = it
        if (isOver && this.#waiting === undefined && !this.#hasEnded) it(Effect.undefined)
        else this.#next(answer)
      })
      return Effect.andThen(timer.begin(timeoutMillis, expire), pulled)
    })
  }

  /** How many inputs wait to be pulled. */
  get waitingCount(): number {
    return this.#waiting?.length ?? 0
  }

  /** Hands over what has come in one read. */
  push(inputs: Batch<In>): void {
    if (this.#hasEnded) return
    this.#waiting = this.#waiting === undefined ? inputs : Array.appendAll(this.#waiting, inputs)
    this.#wake()
    // Whoever was answered may not be back yet.
    if (this.#answer === undefined && !this.#isPaused) {
      this.#isPaused = true
      this.#flow.pause()
    }
  }

  /** Nothing more comes, however the peer has gone. */
  end(): void {
    this.#hasEnded = true
    this.#wake()
  }

  // The one who waits takes what there is when it runs: if it has been interrupted, that stays.
  #wake(): void {
    const answer = this.#answer
    this.#answer = undefined
    answer?.(this.pull)
  }

  #next(answer: Answer<In>): void {
    const given = this.#given
    this.#given = undefined
    if (given !== undefined) for (const input of given) this.#flow.release?.(input)
    const batch = this.#waiting
    if (batch !== undefined) {
      this.#waiting = undefined
      if (this.#flow.release !== undefined) this.#given = batch
      return answer(Effect.succeed(batch))
    }
    if (this.#hasEnded) return answer(Cause.done())
    this.#answer = answer
    if (this.#isPaused) {
      this.#isPaused = false
      this.#flow.resume()
    }
  }
}
