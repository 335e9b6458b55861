/**
 * Who is shown the packets of a protocol: the record of packets, and taps of single connections.
 *
 * - As long as there are none `record` is undefined, and that is all that a packet costs.
 * - Nobody is shown a secret, or what is not there any more later: its protocol masks that.
 */
import type { WireLog } from "./WireLog.ts"

/** Whether a packet came from the peer, or is queued for it. */
export type Direction = "in" | "out"

/** Whose packet it is. */
export interface Peer {
  /** Who that is, as a record of packets has it. */
  readonly who: string
}

/** Is shown each packet of a connection. Returns at once and never throws. */
export type Tap = (direction: Direction, packet: unknown) => void

/** Shows a packet. */
export type Record = (direction: Direction, peer: Peer, packet: unknown) => void

// The masks of a protocol, whichever that is: what is recorded came of its reader, or goes to its carrier.
interface AnyMasks {
  readonly packet: (packet: never) => unknown
  readonly frame: (frame: never) => unknown
}

/** Who looks at the packets of one protocol. */
export class PacketTaps {
  readonly #wire: WireLog
  readonly #masks: AnyMasks | undefined
  readonly #taps = new Map<Peer, Set<Tap>>()

  constructor(wire: WireLog, masks?: AnyMasks) {
    this.#wire = wire
    this.#masks = masks
  }

  /** Shows a packet; undefined if nobody wants to see any. Asked for with each packet. */
  get record(): Record | undefined {
    return this.#taps.size === 0 && this.#wire.record === undefined ? undefined : this.#record
  }

  /** Shows a tap the packets of a connection from now on, until what this gives is called. */
  add(peer: Peer, tap: Tap): () => void {
    const taps = this.#taps.get(peer) ?? new Set()
    taps.add(tap)
    this.#taps.set(peer, taps)
    return () => {
      taps.delete(tap)
      if (taps.size === 0 && this.#taps.get(peer) === taps) this.#taps.delete(peer)
    }
  }

  readonly #record: Record = (direction, peer, packet) => {
    const taps = this.#taps.get(peer)
    const record = this.#wire.record
    if (taps === undefined && record === undefined) return
    const mask = direction === "in" ? this.#masks?.packet : this.#masks?.frame
    const shown = mask === undefined ? packet : mask(packet as never)
    record?.(direction, peer.who, shown)
    if (taps !== undefined) for (const tap of taps) tap(direction, shown)
  }
}
