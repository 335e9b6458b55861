/**
 * What one peer of Socket.IO sends.
 *
 * - Events that come in one read are handed over together, in the turn in which they come.
 * - Its peer cannot be told to wait: what comes meanwhile is kept, so much of it and no more.
 */
import { Array } from "effect"
import type { SocketIoPacket } from "../protocols/SocketIoPacket.ts"
import { Inbound } from "./Inbound.ts"

/** How much may wait; one event may, however large. */
export interface Backlog {
  readonly limitEvents: number
  readonly limitBytes: number
}

const unstoppable = { pause: (): void => {}, resume: (): void => {} }

export class SocketIoInbound {
  readonly inbound = new Inbound<SocketIoPacket>(unstoppable)
  readonly #backlog: Backlog
  // What has come in this read.
  #events: Array<SocketIoPacket> = []
  #waitingBytes = 0
  #isScheduled = false
  #isEnding = false
  readonly #handOver = (): void => {
    this.#isScheduled = false
    const events = this.#events
    this.#events = []
    if (Array.isArrayNonEmpty(events)) this.inbound.push(events)
    if (this.#isEnding) this.inbound.end()
  }

  constructor(backlog: Backlog) {
    this.#backlog = backlog
  }

  /** Takes note of the size of what comes next. */
  expect(bytes: number): void {
    this.#waitingBytes = this.#waitingCount === 0 ? bytes : this.#waitingBytes + bytes
  }

  /** Takes an event, and tells whether no more wait than may. */
  push(event: SocketIoPacket): boolean {
    if (this.#isEnding) return true
    this.#events.push(event)
    this.#schedule()
    const count = this.#waitingCount
    const { limitBytes, limitEvents } = this.#backlog
    return count <= limitEvents && (count === 1 || this.#waitingBytes <= limitBytes)
  }

  /** Nothing comes any more; what waits is handed over first. */
  end(): void {
    this.#isEnding = true
    this.#schedule()
  }

  get #waitingCount(): number {
    return this.inbound.waitingCount + this.#events.length
  }

  // Socket.IO lets each event of a read have a tick of its own, and all of these come before this one.
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    process.nextTick(this.#handOver)
  }
}
