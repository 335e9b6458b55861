/**
 * What is said with one peer: its reads become steps, and steps are carried out in order.
 *
 * - What needs no waiting is done at once. Whatever has to be waited for is returned as an effect, which does the rest too;
 *   nothing else may be asked of the dialogue until it is over. It fails if the connection must end.
 * - Steps that were received are counted against the peer; those that follow from them are not.
 */
import { Effect, Fiber } from "effect"
import { Hangup, type HangupReason } from "../domain/Hangup.ts"
import { AddressBanned, AlreadyLoggedIn } from "../domain/Rejection.ts"
import type { Conversation, Step } from "../protocols/Protocol.ts"
import { TokenBucket } from "../services/TokenBucket.ts"
import { carryOut, type Later } from "./CommandStep.ts"
import type { Connection } from "./Connection.ts"
import type { Door } from "./Door.ts"

/** What has to be waited for, if anything. */
export type Waiting = Effect.Effect<void, Hangup> | undefined

type Steps<Frame> = ReadonlyArray<Step<Frame>>

const sizeOf = (input: unknown): number => (input instanceof Uint8Array ? input.length : 0)

export class Dialogue<In, Frame> implements Later<Step<Frame>> {
  /** Whether the peer has ever been logged in. */
  hasBeenIn = false
  readonly #door: Door<In, Frame>
  readonly #connection: Connection<In, Frame>
  readonly #conversation: Conversation<In, Frame>
  // A packet that is answered at once is a faulty one: the chat has no part in the answer.
  #faults: TokenBucket | undefined
  // The fiber that waits for the rest of a packet, until when, when it looks, and whether it is past waiting.
  #patience: Fiber.Fiber<void> | undefined
  #restUntilMillis: number | undefined
  #wakesAtMillis = 0
  #isLapsing = false
  #bytesBeforeLogin = 0
  #packetsBeforeLogin = 0

  constructor(door: Door<In, Frame>, connection: Connection<In, Frame>, conversation: Conversation<In, Frame>) {
    this.#door = door
    this.#connection = connection
    this.#conversation = conversation
  }

  /** Whether somebody is logged in by this connection. */
  get isIn(): boolean {
    return this.#connection.session !== undefined || this.#conversation.hasSessions === true
  }

  /** Says what the server says first. */
  open(): Waiting {
    return this.#perform(this.#conversation.open(), false)
  }

  /** Takes what has come. */
  receive(inputs: ReadonlyArray<In>): Waiting {
    this.#restUntilMillis = undefined
    return this.#afterLapse(() => this.receive(inputs)) ?? this.#receiveFrom(inputs, 0)
  }

  /** Takes the end of what the peer says. */
  ended(): Waiting {
    this.#restUntilMillis = undefined
    return this.#afterLapse(() => this.ended()) ?? this.#perform(this.#conversation.ended?.() ?? [], false)
  }

  /** Waits for nothing any more. */
  close(): void {
    if (!this.#isLapsing) this.#patience?.interruptUnsafe()
  }

  #receiveFrom(inputs: ReadonlyArray<In>, first: number): Waiting {
    for (let index = first; index < inputs.length; index++) {
      const input = inputs[index]!
      this.#door.wire.record?.("in", this.#connection.who, input)
      const waiting = this.#perform(this.#conversation.receive(input), true)
      if (waiting !== undefined) {
        const rest = () => this.#received(input) ?? this.#receiveFrom(inputs, index + 1) ?? Effect.void
        return Effect.andThen(waiting, Effect.suspend(rest))
      }
      const excess = this.#received(input)
      if (excess !== undefined) return excess
    }
    const { patienceMillis } = this.#conversation
    if (patienceMillis !== undefined) this.#waitForRest(patienceMillis)
    return undefined
  }

  #received(input: In): Waiting {
    const size = sizeOf(input)
    this.#door.release?.(input)
    if (this.isIn) {
      this.hasBeenIn = true
      return undefined
    }
    this.#bytesBeforeLogin += size
    const limitBytes = this.#conversation.loginLimitBytes ?? this.#door.limits.loginLimitBytes
    return this.#bytesBeforeLogin > limitBytes ? Effect.fail(new Hangup({ reason: "login-limit" })) : undefined
  }

  // What was received is done before a lapse, and a lapse before what is received next.
  #afterLapse(next: () => Waiting): Waiting {
    if (!this.#isLapsing || this.#patience === undefined) return undefined
    return Effect.andThen(
      Fiber.await(this.#patience),
      Effect.suspend(() => next() ?? Effect.void)
    )
  }

  // One fiber waits however many reads a packet takes: a new one for each would cost more than the reads.
  #waitForRest(patienceMillis: number): void {
    const { clock } = this.#door
    const restUntilMillis = clock.currentTimeMillisUnsafe() + patienceMillis
    this.#restUntilMillis = restUntilMillis
    if (this.#patience !== undefined) {
      if (this.#wakesAtMillis <= restUntilMillis) return
      this.#patience.interruptUnsafe()
    }
    const wait: Effect.Effect<void> = Effect.suspend(() => {
      if (this.#restUntilMillis === undefined) return Effect.void
      const waitMillis = this.#restUntilMillis - clock.currentTimeMillisUnsafe()
      if (waitMillis <= 0) return this.#lapse()
      this.#wakesAtMillis = this.#restUntilMillis
      return Effect.andThen(Effect.sleep(waitMillis), wait)
    })
    const done = Effect.sync(() => {
      this.#patience = undefined
      this.#isLapsing = false
    })
    const fiber = this.#connection.run(Effect.ensuring(wait, done))
    if (fiber.pollUnsafe() === undefined) this.#patience = fiber
  }

  #lapse(): Effect.Effect<void> {
    this.#isLapsing = true
    return this.#connection.gather(() => this.#performApart(this.#conversation.lapse?.() ?? []))
  }

  // What a peer may not go on with: too much before login, or too much that is answered without asking the chat.
  #excess(step: Step<Frame>): HangupReason | undefined {
    const { clock, limits } = this.#door
    if (step._tag === "Acknowledge" || step._tag === "Release") return undefined
    if (!this.isIn && ++this.#packetsBeforeLogin > limits.loginLimitPackets) return "login-limit"
    if (step._tag !== "Send") return undefined
    this.#faults ??= new TokenBucket(10, 100)
    return this.#faults.take(clock.currentTimeMillisUnsafe()) > 0 ? "faulty" : undefined
  }

  #perform(steps: Steps<Frame>, areReceived: boolean): Waiting {
    for (let index = 0; index < steps.length; index++) {
      const step = steps[index]!
      const excess = areReceived ? this.#excess(step) : undefined
      if (excess !== undefined) return Effect.fail(new Hangup({ reason: excess }))
      const waiting = this.#performStep(step)
      if (waiting === undefined) continue
      const rest = () => this.#perform(steps.slice(index + 1), areReceived) ?? Effect.void
      return index + 1 === steps.length ? waiting : Effect.andThen(waiting, Effect.suspend(rest))
    }
    return undefined
  }

  #performStep(step: Step<Frame>): Waiting {
    switch (step._tag) {
      case "Send":
        this.#connection.send(step.frame)
        return undefined
      case "Acknowledge":
        this.#connection.send(step.frame, step.holdMillis)
        return undefined
      case "Release":
        this.#connection.outbox.release()
        return undefined
      case "Exchange":
        return this.#door.exchange!.performUnsafe(step.steps)
      case "Hangup":
        return Effect.fail(new Hangup(step))
      case "Login":
      case "Run": {
        const following =
          step._tag === "Login" ? this.#login(step) : carryOut(this.#door.chat, this.#connection.session, step, this)
        if (!Effect.isEffect(following)) return this.#perform(following, false)
        return Effect.flatMap(following, (next) => this.#perform(next, false) ?? Effect.void)
      }
    }
  }

  // Carries out steps beside those that are received.
  #performApart(steps: Steps<Frame>): Effect.Effect<void> {
    const hangUp = (hangup: Hangup) => Effect.sync(() => this.#connection.hangUp(hangup))
    return Effect.catch(this.#perform(steps, false) ?? Effect.void, hangUp)
  }

  /** Carries out steps when they are there, beside those that are received. */
  later(following: Effect.Effect<Steps<Frame>>): void {
    this.#connection.run(Effect.flatMap(following, (steps) => this.#performApart(steps)))
  }

  #login(step: Step<Frame> & { readonly _tag: "Login" }): Steps<Frame> | Effect.Effect<Steps<Frame>> {
    const connection = this.#connection
    if (connection.session !== undefined) return step.refused(new AlreadyLoggedIn())
    const { address } = connection
    const { chat, isBanned, protocol } = this.#door
    // It may have been admitted before it was banned.
    if (isBanned(address)) return step.refused(new AddressBanned())
    return Effect.matchEffect(chat.login({ name: step.name, protocol: protocol.name, address, outlet: connection }), {
      onSuccess: (session) => {
        connection.session = session
        this.hasBeenIn = true
        return Effect.as(Effect.logInfo(`${session.name} logged in`), [])
      },
      onFailure: (rejection) => Effect.succeed(step.refused(rejection))
    })
  }
}
