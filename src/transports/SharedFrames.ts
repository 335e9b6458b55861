/**
 * The frames of an event, made at most once per protocol, perspective and variant, and shared by all recipients.
 *
 * Events are delivered in small groups, each to all its recipients in one go, so only those of the last events are kept.
 */
import { type IsActor, type Perspective, perspective, type SharedEvent } from "../domain/Event.ts"
import { GroupFrames } from "../protocols/GroupFrames.ts"
import type { Protocol } from "../protocols/Protocol.ts"
import { Renderings } from "../protocols/Renderings.ts"

type Cells<Frame> = Array<ReadonlyArray<Frame> | undefined>

/** Renders shared events of one protocol; all its connections use the same. */
export class SharedFrames<Frame> {
  readonly #protocol: Pick<Protocol<never, never, Frame>, "render" | "variants">
  readonly #renderings = new Renderings<Cells<Frame>>()
  readonly #groups: GroupFrames<Frame>
  readonly #make = (): Cells<Frame> => []

  constructor(protocol: Pick<Protocol<never, never, Frame>, "render" | "variants">) {
    this.#protocol = protocol
    this.#groups = new GroupFrames((event, as, variant) => protocol.render(event, as, variant))
  }

  /** The frames of several events: the same array for all who have seen the same. */
  allFrames(events: ReadonlyArray<SharedEvent>, variant: number, isActor?: IsActor): ReadonlyArray<Frame> {
    return this.#groups.of(events, variant, isActor)!
  }

  /** Shares the same event by event. */
  shareEach(
    events: ReadonlyArray<SharedEvent>,
    variant: number,
    isActor: IsActor,
    recipient: { shareAll(frames: ReadonlyArray<Frame>, event: SharedEvent, as: Perspective): void }
  ): void {
    const each = this.#groups.each(events, variant, isActor)!
    for (let index = 0; index < events.length; index++) {
      recipient.shareAll(each[index]!, events[index]!, perspective(isActor, index))
    }
  }

  frames(event: SharedEvent, as: Perspective, variant: number): ReadonlyArray<Frame> {
    const cells = this.#renderings.of(event, this.#make)
    const cell = as === "actor" ? variant : this.#protocol.variants + variant
    return (cells[cell] ??= this.#protocol.render(event, as, variant))
  }
}
