/**
 * What one peer of Socket.IO sends, as a source.
 *
 * - Events that come in one read are handed over together, in the turn in which they come.
 * - Its peer cannot be told to wait: what comes meanwhile is kept, so much of it and no more.
 */
import type { SocketIoPacket } from "../protocols/SocketIoPacket.ts"
import type { Reader, Source } from "./Source.ts"

/** How much may wait; one event may, however large. */
export interface Backlog {
  readonly limitEvents: number
  readonly limitBytes: number
}

export class SocketIoSource implements Source<SocketIoPacket> {
  readonly #backlog: Backlog
  #reader: Reader<SocketIoPacket> | undefined
  #waiting: Array<SocketIoPacket> = []
  #waitingBytes = 0
  #isPaused = false
  #hasEnded = false
  #isScheduled = false
  readonly #handOver = (): void => {
    this.#isScheduled = false
    if (this.#waiting.length > 0 && this.#isFlowing) {
      const events = this.#waiting
      this.#waiting = []
      this.#reader?.take(events)
    }
    // Whoever has taken them may want to hear no more now, or none at all.
    if (!this.#hasEnded || !this.#isFlowing) return
    const reader = this.#reader
    this.#reader = undefined
    reader?.ended()
  }

  constructor(backlog: Backlog) {
    this.#backlog = backlog
  }

  /** Takes note of the size of what comes next. */
  expect(bytes: number): void {
    this.#waitingBytes = this.#waiting.length === 0 ? bytes : this.#waitingBytes + bytes
  }

  /** Takes an event, and tells whether no more wait than may. */
  push(event: SocketIoPacket): boolean {
    if (this.#hasEnded) return true
    const count = this.#waiting.push(event)
    this.#schedule()
    const { limitBytes, limitEvents } = this.#backlog
    return count <= limitEvents && (count === 1 || this.#waitingBytes <= limitBytes)
  }

  /** Nothing comes any more; what waits is handed over first. */
  end(): void {
    this.#hasEnded = true
    this.#schedule()
  }

  start(reader: Reader<SocketIoPacket>): void {
    this.#reader = reader
    this.#schedule()
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#schedule()
  }

  stop(): void {
    this.#reader = undefined
  }

  get #isFlowing(): boolean {
    return this.#reader !== undefined && !this.#isPaused
  }

  // Socket.IO lets each event of a read have a tick of its own, and all of these come before this one.
  #schedule(): void {
    if (this.#isScheduled || !this.#isFlowing) return
    this.#isScheduled = true
    process.nextTick(this.#handOver)
  }
}
