/**
 * One peer that is connected: its session, its outbox, and what is said with it.
 *
 * - It speaks for at most one session, which it opened.
 * - What the peer sends is dealt with in the turn in which it comes, and an event reaches the outbox in the turn in which it
 *   happens. While a step has to be waited for, nothing is read.
 * - It has a fiber only while it waits for something: one of its own, with a Stream to read from, would
 *   take more than 20 KB for an idle connection, which needs 6 without.
 * - It ends once: by the end of what the peer sends, by a hangup of its own, or by one that came from outside. Whatever
 *   happens, it is closed then, and `Door.closed` is told.
 */
import { Effect, Fiber } from "effect"
import { type Event, type IsActor, isPersonal, type Perspective, type SharedEvent } from "../domain/Event.ts"
import { Hangup, type HangupReason } from "../domain/Hangup.ts"
import type { Link } from "../protocols/Exchange.ts"
import type { Conversation } from "../protocols/Protocol.ts"
import type { Outlet, Session } from "../services/Session.ts"
import type { Carrier } from "./Carrier.ts"
import { Dialogue, type Waiting } from "./Dialogue.ts"
import type { Door } from "./Door.ts"
import { Outbox, type Owner } from "./Outbox.ts"
import type { Reader, Source } from "./Source.ts"

/** Where a peer is. */
export interface Whereabouts {
  /** Its IP address. */
  readonly address: string
  /** Its port, and the address at which it has reached the server. */
  readonly port?: number | undefined
  readonly local?: Link<never>["local"]
}

/** A peer that has just connected, whose transport hands over what it sends. */
export interface Visitor<In, Frame> {
  readonly carrier: Carrier<Frame>
  readonly source: Source<In>
  readonly whereabouts: Whereabouts
}

/** What a connection has for itself. */
export interface Parts<In, Frame> extends Visitor<In, Frame> {
  /** What no other connection has. */
  readonly number: number
  /** Gives back the place that the peer was admitted to. */
  readonly leavePlace: () => void
  /** Called once, when it is over. */
  readonly over: (() => void) | undefined
}

export class Connection<In, Frame> implements Outlet, Link<Frame>, Owner, Reader<In> {
  readonly address: string
  readonly openedMillis: number
  readonly outbox: Outbox<Frame>
  session: Session | undefined
  readonly #door: Door<In, Frame>
  readonly #carrier: Carrier<Frame>
  readonly #source: Source<In>
  readonly #whereabouts: Whereabouts
  readonly #number: number
  readonly #leavePlace: () => void
  readonly #over: (() => void) | undefined
  readonly #conversation: Conversation<In, Frame>
  readonly #dialogue: Dialogue<In, Frame>
  #id: string | undefined
  // Whether a step is waited for, and the fiber that does.
  #isWaiting = false
  #waiting: Fiber.Fiber<void> | undefined
  #isEnding = false
  #isClosed = false

  constructor(door: Door<In, Frame>, { carrier, leavePlace, number, over, source, whereabouts }: Parts<In, Frame>) {
    this.#door = door
    this.#carrier = carrier
    this.#source = source
    this.#whereabouts = whereabouts
    this.#number = number
    this.#leavePlace = leavePlace
    this.#over = over
    this.address = whereabouts.address
    this.openedMillis = door.clock.currentTimeMillisUnsafe()
    this.#conversation = door.protocol.converse(this)
    this.#dialogue = new Dialogue(door, this, this.#conversation)
    this.outbox = new Outbox(door.outboxes, carrier, this)
  }

  get id(): string {
    return (this.#id ??= `connection ${this.#number}`)
  }

  get isReliable(): boolean {
    return true
  }

  get port(): number | undefined {
    return this.#whereabouts.port
  }

  get local(): Link<Frame>["local"] {
    return this.#whereabouts.local
  }

  /** Whether the peer may still take its time to log in. */
  get isExempt(): boolean {
    return this.#dialogue.isIn || this.#conversation.isExempt
  }

  get isPaced(): boolean {
    return this.#conversation.isPaced
  }

  get outboxLimitBytes(): number {
    const { limits } = this.#door
    return this.#dialogue.hasBeenIn ? limits.outboxLimitBytes : limits.outboxLimitBeforeLoginBytes
  }

  overflowed(): void {
    this.hangUp(new Hangup({ reason: "slow" }))
  }

  /** Sends a frame; with `holdMillis` nothing goes out behind it for so long, or until the outbox is released. */
  send(frame: Frame, holdMillis = 0): void {
    this.#door.wire.record?.("out", this.who, frame)
    this.outbox.push(frame, holdMillis)
  }

  share(frame: Frame): void {
    this.#door.wire.record?.("out", this.who, frame)
    this.outbox.share(frame)
  }

  deliver(event: Event, as: Perspective): void {
    if (event._tag !== "Said" && isPersonal(event)) {
      for (const frame of this.#conversation.present(event)) this.send(frame)
      return
    }
    this.shareAll(this.#door.shared.frames(event, as, this.#conversation.variant))
  }

  shareAll(frames: ReadonlyArray<Frame>): void {
    const { record } = this.#door.wire
    if (record !== undefined) for (const frame of frames) record("out", this.who, frame)
    this.outbox.shareAll(frames)
  }

  deliverAll(events: ReadonlyArray<SharedEvent>, isActor: IsActor): void {
    this.shareAll(this.#door.shared.allFrames(events, this.#conversation.variant, isActor))
  }

  queuedBytes(): number {
    return this.outbox.queuedBytes
  }

  /** Who it is, as a record of packets has it. */
  get who(): string {
    return `${this.#door.protocol.name} ${this.session?.name ?? this.address}`
  }

  /** Says what the server says first, and begins to read. */
  begin(): void {
    this.#do(() => this.#dialogue.open())
    if (!this.#isEnding) this.#source.start(this)
  }

  take(inputs: ReadonlyArray<In>): void {
    this.gather(() => this.#do(() => this.#dialogue.receive(inputs)))
  }

  ended(): void {
    this.#do(() => this.#dialogue.ended(), true)
  }

  end(): void {
    this.hangUp(new Hangup({ reason: "done" }))
  }

  /**
   * Ends it in the next turn.
   *
   * Not in this one, because an event may be being delivered: what follows from the end of this connection must not come
   * before that event.
   */
  hangUp(hangup: Hangup): void {
    this.run(
      Effect.andThen(
        Effect.yieldNow,
        Effect.suspend(() => this.#end(hangup))
      )
    )
  }

  /** Logs out whoever was here. */
  leave(): void {
    const { chat, exchange } = this.#door
    const { session } = this
    this.session = undefined
    if (session !== undefined) this.gather(() => chat.logout(session))
    const steps = this.#conversation.closed?.() ?? []
    if (steps.length > 0) exchange?.performNow(steps)
  }

  /** Says the last words. */
  sayFarewell(reason: HangupReason): void {
    for (const frame of this.#conversation.farewell(reason)) this.send(frame)
  }

  /** Ends it at once, whatever waits. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = this.#isEnding = true
    this.#source.stop()
    this.#waiting?.interruptUnsafe()
    this.leave()
    this.#dialogue.close()
    this.outbox.close()
    this.#carrier.destroy()
    this.#leavePlace()
    this.#door.closed(this)
    this.#over?.()
  }

  /** Does something; others are told of it at the end of the turn. */
  gather<A>(act: () => A): A {
    const { chat, outboxes } = this.#door
    return chat.gather(act, outboxes.flusher.before)
  }

  /** Runs what has to be waited for. */
  run(effect: Effect.Effect<void>): Fiber.Fiber<void> {
    const { protocol, run } = this.#door
    return run(
      effect.pipe(
        Effect.catchDefect((defect) =>
          Effect.andThen(
            Effect.logError("A connection ended by a defect", defect),
            Effect.sync(() => this.close())
          )
        ),
        Effect.annotateLogs({ protocol: protocol.name, address: this.address })
      )
    )
  }

  // Does what gives something to wait for, or nothing; the last thing that is done ends the connection.
  #do(act: () => Waiting, isLast = false): void {
    if (this.#isEnding) return
    let waiting: Waiting
    try {
      waiting = act()
    } catch (defect) {
      waiting = Effect.die(defect)
    }
    if (waiting === undefined && !isLast) return
    this.#isWaiting = true
    const fiber = this.run(
      Effect.matchEffect(waiting ?? Effect.void, {
        onSuccess: () => (isLast ? this.#endAfterwards(undefined) : Effect.sync(() => this.#goOn())),
        onFailure: (hangup) => this.#endAfterwards(hangup)
      })
    )
    if (!this.#isWaiting || this.#isEnding) return
    this.#waiting = fiber
    this.#source.pause()
  }

  #goOn(): void {
    const wasPaused = this.#waiting !== undefined
    this.#isWaiting = false
    this.#waiting = undefined
    if (wasPaused) this.#source.resume()
  }

  // By the fiber that has waited.
  #endAfterwards(hangup: Hangup | undefined): Effect.Effect<void> {
    this.#isWaiting = false
    this.#waiting = undefined
    return this.#end(hangup)
  }

  #end(hangup: Hangup | undefined): Effect.Effect<void> {
    if (this.#isEnding) return Effect.void
    this.#isEnding = true
    this.#source.stop()
    const waiting = this.#waiting
    this.#waiting = undefined
    const ending = this.#door.end(this, hangup)
    return (waiting === undefined ? ending : Effect.andThen(Fiber.interrupt(waiting), ending)).pipe(
      Effect.ensuring(Effect.sync(() => this.close()))
    )
  }
}
