/**
 * The frames of several events that are told at once, for recipients one after another.
 *
 * Most recipients have seen all of them, and get the same array. Whoever did some of it gets an array of its own, made of
 * the same frames.
 */
import type { IsActor, Perspective, SharedEvent } from "../domain/Event.ts"

interface Group<Frame> {
  /** The frames of each event for those who have seen it. */
  readonly each: ReadonlyArray<ReadonlyArray<Frame>>
  readonly all: ReadonlyArray<Frame>
}

export class GroupFrames<Frame> {
  readonly #framesOf: (event: SharedEvent, as: Perspective, variant: number) => ReadonlyArray<Frame> | undefined
  #events: ReadonlyArray<SharedEvent> = []
  // Of the last group, by variant; false if its frames are not the same for everybody.
  #groups: Array<Group<Frame> | false | undefined> = []

  /** `framesOf` gives undefined if each recipient has to be told by itself. */
  constructor(framesOf: (event: SharedEvent, as: Perspective, variant: number) => ReadonlyArray<Frame> | undefined) {
    this.#framesOf = framesOf
  }

  /** What a recipient gets of a group; undefined if it has to be told the events one by one. */
  of(events: ReadonlyArray<SharedEvent>, variant: number, isActor: IsActor): ReadonlyArray<Frame> | undefined {
    if (isActor !== undefined) return this.each(events, variant, isActor)?.flat()
    const group = this.#group(events, variant)
    return group === false ? undefined : group.all
  }

  /** The same, event by event. */
  each(
    events: ReadonlyArray<SharedEvent>,
    variant: number,
    isActor: IsActor
  ): ReadonlyArray<ReadonlyArray<Frame>> | undefined {
    const group = this.#group(events, variant)
    if (group === false) return undefined
    if (isActor === undefined) return group.each
    const own: Array<ReadonlyArray<Frame>> = []
    for (let index = 0; index < events.length; index++) {
      const frames = isActor(index) ? this.#framesOf(events[index]!, "actor", variant) : group.each[index]!
      if (frames === undefined) return undefined
      own.push(frames)
    }
    return own
  }

  #group(events: ReadonlyArray<SharedEvent>, variant: number): Group<Frame> | false {
    if (events !== this.#events) {
      this.#events = events
      this.#groups = []
    }
    return (this.#groups[variant] ??= this.#make(events, variant))
  }

  #make(events: ReadonlyArray<SharedEvent>, variant: number): Group<Frame> | false {
    const each: Array<ReadonlyArray<Frame>> = []
    const all: Array<Frame> = []
    for (const event of events) {
      const frames = this.#framesOf(event, "witness", variant)
      if (frames === undefined) return false
      each.push(frames)
      for (const frame of frames) all.push(frame)
    }
    return { each, all }
  }
}
