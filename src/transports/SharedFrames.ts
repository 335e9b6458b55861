/**
 * The frames of an event, made at most once per protocol, perspective and variant, and shared by all recipients.
 *
 * An event is delivered to all its recipients in one go, so only the frames of the last event are kept.
 */
import type { Event, Perspective, SharedEvent } from "../domain/Event.ts"
import type { Protocol } from "../protocols/Protocol.ts"

/** Renders shared events of one protocol; all its connections use the same. */
export class SharedFrames<Frame> {
  /** The event whose frames are kept. */
  last: Event | undefined
  readonly #protocol: Pick<Protocol<never, Frame>, "render" | "variants">
  #cells: Array<ReadonlyArray<Frame> | undefined> = []

  constructor(protocol: Pick<Protocol<never, Frame>, "render" | "variants">) {
    this.#protocol = protocol
  }

  frames(event: SharedEvent, as: Perspective, variant: number): ReadonlyArray<Frame> {
    if (event !== this.last) {
      this.last = event
      this.#cells = []
    }
    const cell = as === "actor" ? variant : this.#protocol.variants + variant
    return (this.#cells[cell] ??= this.#protocol.render(event, as, variant))
  }
}
