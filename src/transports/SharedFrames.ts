/**
 * The frames of an event, made at most once per protocol, perspective and variant, and shared by all recipients.
 *
 * Events are delivered in small groups, each to all its recipients in one go, so only those of the last events are kept.
 */
import type { Perspective, SharedEvent } from "../domain/Event.ts"
import type { Protocol } from "../protocols/Protocol.ts"
import { Renderings } from "../protocols/Renderings.ts"

type Cells<Frame> = Array<ReadonlyArray<Frame> | undefined>

/** Renders shared events of one protocol; all its connections use the same. */
export class SharedFrames<Frame> {
  readonly #protocol: Pick<Protocol<never, Frame>, "render" | "variants">
  readonly #renderings = new Renderings<Cells<Frame>>()
  // The last group of events, and its frames by variant.
  #events: ReadonlyArray<SharedEvent> = []
  #all: Cells<Frame> = []
  readonly #make = (): Cells<Frame> => []

  constructor(protocol: Pick<Protocol<never, Frame>, "render" | "variants">) {
    this.#protocol = protocol
  }

  /** The frames of several events for those who have seen them: the same array for all who are given the same events. */
  allFrames(events: ReadonlyArray<SharedEvent>, variant: number): ReadonlyArray<Frame> {
    if (events !== this.#events) {
      this.#events = events
      this.#all = []
    }
    return (this.#all[variant] ??= events.flatMap((event) => this.frames(event, "witness", variant)))
  }

  frames(event: SharedEvent, as: Perspective, variant: number): ReadonlyArray<Frame> {
    const cells = this.#renderings.of(event, this.#make)
    const cell = as === "actor" ? variant : this.#protocol.variants + variant
    return (cells[cell] ??= this.#protocol.render(event, as, variant))
  }
}
