/**
 * One peer that is connected: its conversation, its outbox, its session.
 *
 * - It speaks for at most one session, which it opened.
 * - Steps are carried out in order; an event reaches the outbox in the turn in which it happens.
 * - It ends once: by end of stream, by a hangup of its own, or by one that came from outside.
 */
import { type Clock, Deferred, Effect, Fiber } from "effect"
import { type Event, isPersonal, type Perspective } from "../domain/Event.ts"
import { Hangup, type HangupReason } from "../domain/Hangup.ts"
import { AddressBanned, AlreadyLoggedIn } from "../domain/Rejection.ts"
import type { Link } from "../protocols/Exchange.ts"
import type { Conversation, Protocol, Step } from "../protocols/Protocol.ts"
import type { Chat } from "../services/Chat.ts"
import { allowance } from "../services/Quota.ts"
import type { Outlet, Session } from "../services/Session.ts"
import type { Carrier } from "./Carrier.ts"
import { carryOut } from "./CommandStep.ts"
import type { ExchangePort } from "./ExchangePort.ts"
import type { Flusher } from "./Flusher.ts"
import { Outbox } from "./Outbox.ts"
import type { SharedFrames } from "./SharedFrames.ts"
import type { TransportLimits } from "./TransportLimits.ts"
import type { WireLog } from "./WireLog.ts"

/** What a connection is made of. */
export interface Parts<In, Frame> {
  readonly protocol: Protocol<In, Frame>
  readonly carrier: Carrier<Frame>
  readonly address: string
  readonly port?: number | undefined
  readonly local?: Link<Frame>["local"]
  /** What no other connection has. */
  readonly id: string
  /** The exchange whose steps the conversation gives, if it is one of an exchange. */
  readonly exchange?: ExchangePort<Frame> | undefined
  /** Takes back what was read when it has been dealt with. */
  readonly release?: ((input: In) => void) | undefined
  readonly shared: SharedFrames<Frame>
  readonly chat: Chat["Service"]
  readonly limits: TransportLimits
  readonly clock: Clock.Clock
  readonly flusher: Flusher["Service"]
  readonly wire: WireLog
  readonly isBanned: (address: string) => boolean
  /** Runs a fiber that waits for time to pass. */
  readonly runFiber: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
}

const sizeOf = (input: unknown): number => (input instanceof Uint8Array ? input.length : 0)

export class Connection<In, Frame> implements Outlet, Link<Frame> {
  readonly id: string
  readonly address: string
  readonly port: number | undefined
  readonly local: Link<Frame>["local"]
  readonly isReliable = true
  readonly outbox: Outbox<Frame>
  readonly openedMillis: number
  readonly #ending = Deferred.makeUnsafe<never, Hangup>()
  session: Session | undefined
  readonly #parts: Parts<In, Frame>
  readonly #conversation: Conversation<In, Frame>
  // A packet that is answered at once is a faulty one: the chat has no part in the answer.
  readonly #faults = allowance(10, 100)
  // The fiber that waits for the rest of a packet, and whether it is past waiting.
  #patience: Fiber.Fiber<void> | undefined
  #isLapsing = false
  // Kept because it is asked for each frame.
  #hasBeenIn = false
  #bytesBeforeLogin = 0
  #packetsBeforeLogin = 0

  constructor(parts: Parts<In, Frame>) {
    const { address, carrier, clock, flusher, id, limits, protocol, runFiber } = parts
    this.#parts = parts
    this.id = id
    this.address = address
    this.port = parts.port
    this.local = parts.local
    this.#conversation = protocol.converse(this)
    this.openedMillis = clock.currentTimeMillisUnsafe()
    this.outbox = new Outbox({
      carrier,
      clock,
      flusher,
      runGap: runFiber,
      sizeBytes: protocol.sizeBytes,
      isPaced: () => this.#conversation.isPaced,
      gapMillis: protocol.gapMillis,
      limitBytes: () => (this.#hasBeenIn ? limits.outboxLimitBytes : limits.outboxLimitBeforeLoginBytes),
      overflowed: () => this.hangUp(new Hangup({ reason: "slow" }))
    })
  }

  /**
   * Fails with why, when the connection is to end.
   *
   * It waits for the next turn, because `hangUp` may be called while an event is being delivered: what follows from the
   * end of this connection must not come before that event.
   */
  get hungUp(): Effect.Effect<never, Hangup> {
    return Effect.tapError(Deferred.await(this.#ending), () => Effect.yieldNow)
  }

  /** Whether the peer may still take its time to log in. */
  get isExempt(): boolean {
    return this.#isIn || this.#conversation.isExempt
  }

  get #isIn(): boolean {
    return this.session !== undefined || this.#conversation.hasSessions === true
  }

  readonly send = (frame: Frame): void => this.#push(frame)

  #push(frame: Frame, holdMillis?: number): void {
    this.#parts.wire.record?.("out", this.#who, frame)
    this.outbox.push(frame, holdMillis)
  }

  get #who(): string {
    return `${this.#parts.protocol.name} ${this.session?.name ?? this.address}`
  }

  readonly end = (): void => this.hangUp(new Hangup({ reason: "done" }))

  readonly deliver = (event: Event, as: Perspective): void => {
    const frames = isPersonal(event)
      ? this.#conversation.present(event)
      : this.#parts.shared.frames(event, as, this.#conversation.variant)
    for (const frame of frames) this.#push(frame)
  }

  readonly hangUp = (hangup: Hangup): void => {
    Deferred.doneUnsafe(this.#ending, Effect.fail(hangup))
  }

  readonly queuedBytes = (): number => this.outbox.queuedBytes

  /** Says what the server says first. */
  open(): Effect.Effect<void, Hangup> {
    return this.#perform(this.#conversation.open(), false)
  }

  /** Takes what has come. Fails if the connection must end. */
  readonly receive = Effect.fnUntraced(function* (
    this: Connection<In, Frame>,
    inputs: ReadonlyArray<In>
  ): Effect.fn.Return<void, Hangup> {
    if (this.#patience !== undefined) yield* this.#stopWaiting(this.#patience)
    for (const input of inputs) {
      this.#parts.wire.record?.("in", this.#who, input)
      yield* this.#perform(this.#conversation.receive(input), true)
      const size = sizeOf(input)
      this.#parts.release?.(input)
      if (!this.#hasBeenIn) this.#hasBeenIn = this.#isIn
      if (!this.#isIn) {
        this.#bytesBeforeLogin += size
        if (this.#bytesBeforeLogin > (this.#conversation.loginLimitBytes ?? this.#parts.limits.loginLimitBytes)) {
          return yield* new Hangup({ reason: "login-limit" })
        }
      }
    }
    const { patienceMillis } = this.#conversation
    if (patienceMillis !== undefined) this.#waitForRest(patienceMillis)
  }).bind(this)

  /** Takes the end of what the peer says. */
  ended(): Effect.Effect<void, Hangup> {
    const waiting = this.#patience === undefined ? Effect.void : this.#stopWaiting(this.#patience)
    return Effect.andThen(
      waiting,
      Effect.suspend(() => this.#perform(this.#conversation.ended?.() ?? [], false))
    )
  }

  // What was received is done before a lapse, and a lapse before what is received next.
  #stopWaiting(patience: Fiber.Fiber<void>): Effect.Effect<void> {
    this.#patience = undefined
    return this.#isLapsing ? Effect.asVoid(Fiber.await(patience)) : Fiber.interrupt(patience)
  }

  #waitForRest(patienceMillis: number): void {
    const lapse = Effect.suspend(() => {
      this.#isLapsing = true
      return this.#perform(this.#conversation.lapse?.() ?? [], false)
    }).pipe(
      Effect.catch((hangup) => Effect.sync(() => this.hangUp(hangup))),
      Effect.ensuring(Effect.sync(() => void (this.#isLapsing = false)))
    )
    this.#patience = this.#parts.runFiber(Effect.andThen(Effect.sleep(patienceMillis), lapse))
  }

  // What a peer may not go on with: too much before login, or too much that is answered without asking the chat.
  #excess(step: Step<Frame>): HangupReason | undefined {
    const { clock, limits } = this.#parts
    if (step._tag === "Acknowledge" || step._tag === "Release") return undefined
    if (!this.#isIn && ++this.#packetsBeforeLogin > limits.loginLimitPackets) return "login-limit"
    if (step._tag === "Send" && this.#faults.take(clock.currentTimeMillisUnsafe()) > 0) return "faulty"
    return undefined
  }

  /** Logs out whoever was here. */
  leave(): void {
    const { chat, exchange } = this.#parts
    const { session } = this
    this.session = undefined
    if (session !== undefined) chat.logout(session)
    const steps = this.#conversation.closed?.() ?? []
    if (steps.length > 0) exchange?.performNow(steps)
  }

  /** Drops what waits, and waits for nothing any more. */
  close(): void {
    this.outbox.close()
    if (this.#patience !== undefined && !this.#isLapsing) this.#patience.interruptUnsafe()
  }

  /** Says the last words. */
  sayFarewell(reason: HangupReason): void {
    for (const frame of this.#conversation.farewell(reason)) this.#push(frame)
  }

  // Steps that were received are counted against the peer; those that follow from them are not.
  readonly #perform: (steps: ReadonlyArray<Step<Frame>>, areReceived: boolean) => Effect.Effect<void, Hangup> =
    Effect.fnUntraced(function* (
      this: Connection<In, Frame>,
      steps: ReadonlyArray<Step<Frame>>,
      areReceived: boolean
    ): Effect.fn.Return<void, Hangup> {
      for (const step of steps) {
        const excess = areReceived ? this.#excess(step) : undefined
        if (excess !== undefined) return yield* new Hangup({ reason: excess })
        switch (step._tag) {
          case "Send":
            this.#push(step.frame)
            break
          case "Acknowledge":
            this.#push(step.frame, step.holdMillis)
            break
          case "Release":
            this.outbox.release()
            break
          case "Exchange":
            yield* this.#parts.exchange!.perform(step.steps)
            break
          case "Hangup":
            return yield* new Hangup(step)
          case "Login":
          case "Run": {
            const following = step._tag === "Login" ? this.#login(step) : carryOut(this.#parts.chat, this.session, step)
            const next = Effect.isEffect(following) ? yield* following : following
            if (next.length > 0) yield* this.#perform(next, false)
          }
        }
      }
    }).bind(this)

  #login(step: Step<Frame> & { readonly _tag: "Login" }): Effect.Effect<ReadonlyArray<Step<Frame>>> {
    if (this.session !== undefined) return Effect.succeed(step.refused(new AlreadyLoggedIn()))
    const { address, chat, isBanned, protocol } = this.#parts
    // It may have been admitted before it was banned.
    if (isBanned(address)) return Effect.succeed(step.refused(new AddressBanned()))
    return Effect.matchEffect(chat.login({ name: step.name, protocol: protocol.name, address, outlet: this }), {
      onSuccess: (session) => {
        this.session = session
        this.#hasBeenIn = true
        return Effect.as(Effect.logInfo(`${session.name} logged in`), [])
      },
      onFailure: (rejection) => Effect.succeed(step.refused(rejection))
    })
  }
}
