/**
 * The frames of an event, made at most once per protocol, perspective and variant, and shared by all recipients.
 *
 * An event is delivered to all its recipients in one go, so only the frames of the last event are kept.
 */
import type { Perspective, SharedEvent } from "../domain/Event.ts"
import type { Protocol } from "../protocols/Protocol.ts"

/** Renders shared events of one protocol. */
export interface SharedFrames<Frame> {
  readonly frames: (event: SharedEvent, as: Perspective, variant: number) => ReadonlyArray<Frame>
}

/** Makes the shared frames of a protocol; all its connections use the same. */
export const make = <In, Frame>(protocol: Protocol<In, Frame>): SharedFrames<Frame> => {
  let last: SharedEvent | undefined
  let cells: Array<ReadonlyArray<Frame> | undefined> = []
  return {
    frames: (event, as, variant) => {
      if (event !== last) {
        last = event
        cells = []
      }
      const cell = as === "actor" ? variant : protocol.variants + variant
      return (cells[cell] ??= protocol.render(event, as, variant))
    }
  }
}
