/**
 * One peer that is connected: where its session's events go, and what its steps are carried out on.
 *
 * - It has at most one session of its own.
 * - An event reaches the outbox in the turn in which it happens.
 * - Whoever ends it from outside leaves a reason and interrupts its fiber in the next turn.
 */
import { Effect, type Fiber } from "effect"
import { type Event, type IsActor, isPersonal, type Perspective, type SharedEvent } from "../domain/Event.ts"
import { Hangup, type HangupReason } from "../domain/Hangup.ts"
import { monotonicMillis } from "../domain/MonotonicTime.ts"
import type { Link } from "../protocols/Link.ts"
import type { Conversation } from "../protocols/Protocol.ts"
import type { Reader } from "../protocols/Reader.ts"
import type { Session } from "../services/Session.ts"
import type { TokenBucket } from "../services/TokenBucket.ts"
import type { Accepted } from "./Accepted.ts"
import * as Children from "./Children.ts"
import type { Interpreter } from "./Interpreter.ts"
import type { Own } from "./Own.ts"
import type { Observed, ObservedProtocol } from "./OpenConnections.ts"
import { Outbox, type Owner } from "./Outbox.ts"
import type { ProtocolContext } from "./ProtocolContext.ts"
import { makeAllowance } from "./TransportLimits.ts"

const sizeOf = (input: unknown): number => (input instanceof Uint8Array ? input.length : 0)

export class Connection<In, Packet, Frame, Key extends object>
  implements Own<Frame>, Owner<Frame>, Reader<In, Packet>, Observed
{
  readonly openedMillis: number
  readonly outbox: Outbox<Frame>
  readonly conversation: Conversation<Packet, Frame, Key>
  /** Whether the peer has ever been logged in. */
  hasBeenIn = false
  /** Why it is to end, once somebody has said so. */
  hangup: Hangup | undefined
  /** The fiber that serves it. */
  fiber: Pick<Fiber.Fiber<void>, "interruptUnsafe"> | undefined
  readonly #context: ProtocolContext<In, Packet, Frame, Key>
  readonly #interpreter: Interpreter<Frame, Key>
  readonly #accepted: Accepted<In, Frame>
  readonly #reader: Reader<In, Packet>
  readonly number: number
  #id: string | undefined
  #faults: TokenBucket | undefined
  // What is done besides what the peer says next.
  #children: Set<Fiber.Fiber<void>> | undefined
  #bytesBeforeLogin = 0
  #packetsBeforeLogin = 0
  // Whether the last packets were ended by silence.
  #hasRested = false
  #hasLeft = false
  #isAborted = false

  constructor(
    context: ProtocolContext<In, Packet, Frame, Key>,
    interpreter: Interpreter<Frame, Key>,
    accepted: Accepted<In, Frame>,
    number: number
  ) {
    this.#context = context
    this.#interpreter = interpreter
    this.#accepted = accepted
    this.number = number
    this.openedMillis = monotonicMillis(context.clock)
    this.#reader = context.protocol.reader()
    this.conversation = context.protocol.converse(this)
    this.outbox = new Outbox(context.outboxes, accepted.carrier, this)
  }

  /** Whether it is one of the protocol at work that has this context. */
  isOf(context: unknown): boolean {
    return this.#context === context
  }

  get id(): string {
    return (this.#id ??= `connection ${this.number}`)
  }

  get address(): string {
    return this.#accepted.remote.address
  }

  get port(): number | undefined {
    return this.#accepted.remote.port
  }

  get local(): Link<Frame>["local"] {
    return this.#accepted.remote.local
  }

  get isReliable(): boolean {
    return true
  }

  /** Its own session. */
  get session(): Session | undefined {
    return this.#interpreter.session(this)
  }

  /** The sessions that are told things by it. */
  get sessions(): ReadonlyArray<Session> {
    return this.#interpreter.sessions.by(this)
  }

  /** What there is to be observed of it besides. */
  get observed(): ObservedProtocol {
    return this.#context
  }

  get #isIn(): boolean {
    return this.session !== undefined || this.conversation.hasSessions === true
  }

  /** Whether the peer may still take its time to log in. */
  get isExempt(): boolean {
    return this.conversation.isExempt || this.#isIn
  }

  get isPaced(): boolean {
    return this.conversation.isPaced
  }

  get outboxLimitBytes(): number {
    const { limits } = this.#context
    return this.hasBeenIn ? limits.outboxLimitBytes : limits.outboxLimitBeforeLoginBytes
  }

  /** What a line of the log about it says besides. */
  get about(): Readonly<Record<string, string>> {
    return { protocol: this.#context.protocol.name, address: this.address }
  }

  /** Who it is, as a record of packets has it. */
  get who(): string {
    return `${this.#context.protocol.name} ${this.session?.name ?? this.address}`
  }

  get readTimeoutMillis(): number | undefined {
    return this.#reader.readTimeoutMillis
  }

  get finish(): (() => ReadonlyArray<Packet>) | undefined {
    return this.#reader.finish && (() => this.#finish())
  }

  #finish(): ReadonlyArray<Packet> {
    this.#hasRested = true
    return this.#reader.finish?.() ?? []
  }

  read(input: In): ReadonlyArray<Packet> {
    if (this.hasBeenIn) return this.#reader.read(input)
    this.#hasRested = false
    const inflated = this.#reader.readWithin?.(input, this.#context.limits.loginInflatedLimitBytes)
    this.#bytesBeforeLogin += sizeOf(input) + (inflated?.inflatedBytes ?? 0)
    const packets = inflated?.packets ?? this.#reader.read(input)
    // What the packets of this read ask for may be a login.
    if (packets.length === 0 && this.isOverLoginBytes) this.hangUp(new Hangup({ reason: "login-limit" }))
    return packets
  }

  /** Whether more has been read than may be before a login. */
  get isOverLoginBytes(): boolean {
    this.hasBeenIn ||= this.#isIn
    return !this.hasBeenIn && this.#bytesBeforeLogin > this.#loginLimitBytes
  }

  get #loginLimitBytes(): number {
    return this.conversation.loginLimitBytes ?? this.#context.limits.loginLimitBytes
  }

  /**
   * Takes note of a packet, and tells whether that are more than may come before a login. What silence has ended does not
   * count: a slow client may rest within a packet.
   */
  isOverLoginPackets(): boolean {
    if (this.#hasRested || this.hasBeenIn || this.#isIn) return false
    return ++this.#packetsBeforeLogin > this.#context.limits.loginLimitPackets
  }

  fault(): Hangup | undefined {
    const isTooMany = (this.#faults ??= makeAllowance()).take(monotonicMillis(this.#context.clock)) > 0
    return isTooMany ? new Hangup({ reason: "faulty" }) : undefined
  }

  send(frame: Frame, holdMillis = 0): void {
    this.#context.taps.record?.("out", this, frame)
    this.outbox.push(frame, holdMillis)
  }

  release(): void {
    this.outbox.release()
  }

  share(frame: Frame): void {
    this.#context.taps.record?.("out", this, frame)
    this.outbox.share(frame)
  }

  shareAll(frames: ReadonlyArray<Frame>, event?: SharedEvent, as?: Perspective): void {
    this.#record(frames)
    this.outbox.shareAll(frames, event, as)
  }

  #record(frames: ReadonlyArray<Frame>): void {
    const { record } = this.#context.taps
    if (record !== undefined) for (const frame of frames) record("out", this, frame)
  }

  deliver(event: Event, as: Perspective): void {
    if (event._tag !== "Said" && isPersonal(event)) {
      for (const frame of this.conversation.present(event)) this.send(frame)
      return
    }
    this.shareAll(this.#context.shared.frames(event, as, this.conversation.variant), event, as)
  }

  deliverAll(events: ReadonlyArray<SharedEvent>, isActor: IsActor): void {
    const { shared } = this.#context
    const { variant } = this.conversation
    if (this.outbox.isPaced) shared.shareEach(events, variant, isActor, this)
    else this.shareAll(shared.allFrames(events, variant, isActor))
  }

  notice(text: string): ReadonlyArray<Frame> {
    const frames = this.conversation.present({ _tag: "Noticed", text })
    this.#record(frames)
    return frames
  }

  queuedBytes(): number {
    return this.outbox.queuedBytes
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
    if (this.hangup !== undefined) return
    this.hangup = hangup
    this.interrupt()
  }

  /** Ends it at once, in the next turn. */
  interrupt(): void {
    const interrupt = Effect.sync(() => this.fiber?.interruptUnsafe())
    this.#context.run(Effect.andThen(Effect.yieldNow, interrupt))
  }

  fork(effect: Effect.Effect<void, Hangup>): Effect.Effect<void> {
    return Children.fork(effect, this, () => (this.#children ??= new Set()))
  }

  /** Logs the defect that ends it. */
  logDefect(defect: unknown): Effect.Effect<void> {
    return Effect.annotateLogs(Effect.logError("A connection ended by a defect", defect), this.about)
  }

  /** What is being done besides what the peer says. */
  get children(): ReadonlySet<Fiber.Fiber<void>> {
    return this.#children ?? Children.none
  }

  /** Logs out whoever was here; once, however often it is run. */
  get leave(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#hasLeft) return Effect.void
      this.#hasLeft = true
      // Nothing of it ends a connection.
      const closed = Effect.suspend(() => this.#interpreter.perform(this.conversation.closed?.() ?? []))
      return Effect.andThen(this.#interpreter.logout(this), Effect.orDie(closed))
    })
  }

  /** Says the last words. */
  sayFarewell(reason: HangupReason): void {
    this.outbox.hasten(this.#context.limits.drainTimeoutMillis / 2)
    for (const frame of this.conversation.farewell(reason)) this.send(frame)
  }

  /** Drops what waits, and waits for nothing any more. */
  abort(): void {
    if (this.#isAborted) return
    this.#isAborted = true
    this.outbox.close()
    for (const child of this.children) child.interruptUnsafe()
    this.#accepted.carrier.destroy()
  }
}
