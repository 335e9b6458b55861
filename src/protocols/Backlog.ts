/**
 * What waits for a peer that is sent one frame after another, with gaps between them.
 *
 * - The frames of one event are sent as they were queued, one behind the other, or none of them is.
 * - When what is queued would begin too late, the oldest of what may be left out gives way to one line of the server, in
 *   whose place it was. While the line waits it stands for whatever else is left out.
 * - First who came and went is left out, as witnesses are told of it, whoever has done both before all others; then what
 *   others have said in a room. A message that has just come is never left out for those before it.
 * - Whatever else there is is never left out, nor what has begun.
 */
import type { Event, Perspective } from "../domain/Event.ts"
import { leftOut } from "../domain/Notice.ts"

/** How late what is queued may begin for nothing to be left out. */
export const lateLimitMillis = 5000

/** How many times its limit may wait for a peer that has taken all it was sent, of what is never left out. */
export const pacedFactor = 16

/** How a peer is sent what waits. `Mark` is what its sender wants to know of frames. */
export interface Pace<Frame, Mark> {
  /**
   * Whether the news of who comes and goes says who is there. If so the last of each room is not left out, nor are new names.
   */
  readonly saysWhoIsThere: boolean
  sizeBytes(frame: Frame): number
  /** The least time from a frame to the next one. */
  gapMillis(frame: Frame): number
  /** In how long would begin what is queued behind so many frames, with gaps of so many milliseconds. */
  lateMillis(frameCount: number, gapsMillis: number): number
  /** What the server says, in the terms of the protocol. */
  notice(text: string): { readonly frames: ReadonlyArray<Frame>; readonly mark: Mark }
}

type Presence = Event & { readonly _tag: "UserJoined" | "UserLeft" | "UserRenamed" }

const presenceOf = (event: Event): Presence | undefined =>
  event._tag === "UserJoined" || event._tag === "UserLeft" || event._tag === "UserRenamed" ? event : undefined

/** What belongs together. */
class Unit<Frame, Mark> {
  frames: ReadonlyArray<Frame>
  mark: Mark
  sizeBytes = 0
  gapsMillis = 0
  sentCount = 0
  isLeftOut = false
  /** That of which it may be left out; undefined if it may not be. */
  among: Set<Unit<Frame, Mark>> | undefined
  /** Who came or went where. */
  who: string | undefined
  room: string | undefined
  hasCome = false
  /** What undoes it: who came went again. */
  undoing: Unit<Frame, Mark> | undefined

  constructor(frames: ReadonlyArray<Frame>, mark: Mark) {
    this.frames = frames
    this.mark = mark
  }
}

/** Who came and went. */
interface Comings<Unit> {
  /** What is undone later, and all else. */
  readonly undone: Set<Unit>
  readonly others: Set<Unit>
  /** The last of each user in each room, and of each room. */
  readonly lastOfUser: Map<string, Unit>
  readonly lastOfRoom: Map<string, Unit>
}

const first = <A>(set: ReadonlySet<A> | undefined): A | undefined => {
  if (set !== undefined) for (const item of set) return item
  return undefined
}

export class Backlog<Frame, Mark> {
  /** How many frames wait, and their size. */
  frameCount = 0
  sizeBytes = 0
  readonly #pace: Pace<Frame, Mark>
  readonly #units = new Set<Unit<Frame, Mark>>()
  readonly #texts = new Set<Unit<Frame, Mark>>()
  #comings: Comings<Unit<Frame, Mark>> | undefined
  #gapsMillis = 0
  #limitMillis = lateLimitMillis
  // The line for what has been left out, which still waits, and how much that is.
  #line: Unit<Frame, Mark> | undefined
  #textCount = 0
  #presenceCount = 0
  #mark: Mark | undefined

  constructor(pace: Pace<Frame, Mark>) {
    this.#pace = pace
  }

  /** The gaps of what waits, in milliseconds. */
  get gapsMillis(): number {
    return this.#gapsMillis
  }

  /** The mark of the frame that was taken last. */
  get mark(): Mark | undefined {
    return this.#mark
  }

  /** Queues frames that belong together: those of an event, as it is told to a peer, or others. */
  push(frames: ReadonlyArray<Frame>, mark: Mark, event?: Event, as?: Perspective): void {
    if (frames.length === 0) return
    const unit = new Unit(frames, mark)
    const presence = event === undefined || as === "actor" ? undefined : presenceOf(event)
    if (presence !== undefined) return this.#pushPresence(unit, presence)
    this.#makeRoom(true)
    if (event?._tag === "Said" && as === "witness" && event.message.to === undefined) {
      unit.among = this.#texts
      this.#texts.add(unit)
    }
    this.#add(unit)
  }

  /** Takes the frame that is next; undefined if none waits. */
  take(): Frame | undefined {
    for (let unit = first(this.#units); unit !== undefined; unit = first(this.#units)) {
      if (unit.sentCount === 0) this.#begin(unit)
      const frame = unit.frames[unit.sentCount++]
      if (unit.sentCount >= unit.frames.length) this.#units.delete(unit)
      if (frame === undefined) continue
      this.#mark = unit.mark
      this.frameCount--
      this.sizeBytes -= this.#pace.sizeBytes(frame)
      this.#gapsMillis -= this.#pace.gapMillis(frame)
      if (this.#units.size === 0) this.#comings = undefined
      return frame
    }
    return undefined
  }

  /** Leaves out what would make anything later than this, from now on. */
  hasten(limitMillis: number): void {
    this.#limitMillis = limitMillis
    this.#makeRoom(true)
  }

  #pushPresence(unit: Unit<Frame, Mark>, event: Presence): void {
    if (event._tag === "UserRenamed") {
      if (!this.#pace.saysWhoIsThere) this.#choose(unit, this.#known().others)
    } else this.#relate(unit, event)
    this.#makeRoom(false)
    if (unit.isLeftOut) return
    if (unit.among !== undefined && this.#isLate()) this.#leaveOut(unit)
    else this.#add(unit)
  }

  #relate(unit: Unit<Frame, Mark>, { _tag, room, user }: Exclude<Presence, { readonly _tag: "UserRenamed" }>): void {
    const { lastOfRoom, lastOfUser, others, undone } = this.#known()
    unit.who = `${user.number} ${room}`
    unit.room = room
    unit.hasCome = _tag === "UserJoined"
    const before = lastOfUser.get(unit.who)
    if (before !== undefined && before.hasCome !== unit.hasCome) {
      before.undoing = unit
      if (before.among !== undefined) this.#choose(before, undone)
    }
    lastOfUser.set(unit.who, unit)
    if (!this.#pace.saysWhoIsThere) return this.#choose(unit, others)
    const older = lastOfRoom.get(room)
    if (older !== undefined) this.#choose(older, older.undoing === undefined ? others : undone)
    lastOfRoom.set(room, unit)
  }

  #known(): Comings<Unit<Frame, Mark>> {
    return (this.#comings ??= {
      undone: new Set(),
      others: new Set(),
      lastOfUser: new Map(),
      lastOfRoom: new Map()
    })
  }

  #choose(unit: Unit<Frame, Mark>, among: Set<Unit<Frame, Mark>> | undefined): void {
    unit.among?.delete(unit)
    unit.among = among
    among?.add(unit)
  }

  #isLate(): boolean {
    return this.#pace.lateMillis(this.frameCount, this.#gapsMillis) > this.#limitMillis
  }

  #makeRoom(withTexts: boolean): void {
    while (this.#isLate()) {
      const comings = this.#comings
      const oldest = first(comings?.undone) ?? first(comings?.others) ?? (withTexts ? first(this.#texts) : undefined)
      if (oldest === undefined) return
      this.#leaveOut(oldest)
    }
  }

  #leaveOut(unit: Unit<Frame, Mark>): void {
    if (unit.among === this.#texts) this.#textCount++
    else this.#presenceCount++
    this.#forget(unit)
    unit.isLeftOut = true
    if (this.#units.has(unit)) this.#count(unit, -1)
    if (this.#line === undefined) {
      this.#line = unit
      this.#phrase(unit)
      this.#add(unit)
    } else this.#units.delete(unit)
    const { undoing } = unit
    if (undoing?.among !== undefined) this.#leaveOut(undoing)
  }

  // Makes it the line for what has been left out so far.
  #phrase(unit: Unit<Frame, Mark>): void {
    const { frames, mark } = this.#pace.notice(leftOut(this.#textCount, this.#presenceCount))
    unit.frames = frames
    unit.mark = mark
  }

  // Where it is already, if it is queued.
  #add(unit: Unit<Frame, Mark>): void {
    this.#units.add(unit)
    unit.sizeBytes = unit.gapsMillis = 0
    for (const frame of unit.frames) {
      unit.sizeBytes += this.#pace.sizeBytes(frame)
      unit.gapsMillis += this.#pace.gapMillis(frame)
    }
    this.#count(unit, 1)
  }

  #begin(unit: Unit<Frame, Mark>): void {
    this.#forget(unit)
    if (unit !== this.#line) return
    this.#count(unit, -1)
    this.#phrase(unit)
    this.#add(unit)
    this.#line = undefined
    this.#textCount = this.#presenceCount = 0
  }

  // It can be left out no more, and what comes does not undo it.
  #forget(unit: Unit<Frame, Mark>): void {
    this.#choose(unit, undefined)
    const comings = this.#comings
    if (comings === undefined || unit.who === undefined) return
    if (comings.lastOfUser.get(unit.who) === unit) comings.lastOfUser.delete(unit.who)
    if (comings.lastOfRoom.get(unit.room!) === unit) comings.lastOfRoom.delete(unit.room!)
  }

  #count({ frames, gapsMillis, sizeBytes }: Unit<Frame, Mark>, sign: 1 | -1): void {
    this.frameCount += sign * frames.length
    this.sizeBytes += sign * sizeBytes
    this.#gapsMillis += sign * gapsMillis
  }
}
