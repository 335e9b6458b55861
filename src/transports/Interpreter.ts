/**
 * Carries out the steps of one protocol, and knows its sessions.
 *
 * - A session is logged in and out here, and nowhere else.
 * - A step is carried out when the effect is run: at once up to one that has to be waited for, then the rest.
 * - What ends a session while an event is being delivered waits for the next turn: what follows from it must not come
 *   before that event.
 */
import { Effect, Fiber, Result } from "effect"
import { explain, Hangup } from "../domain/Hangup.ts"
import { AddressBanned, AlreadyLoggedIn, NotLoggedIn, type Rejection, ServerFull } from "../domain/Rejection.ts"
import type { Reply } from "../domain/Command.ts"
import type { Protocol } from "../protocols/Protocol.ts"
import { type ImmediateStep, keyOf, type Step, type Steps } from "../protocols/Step.ts"
import { type Session, summary } from "../services/Session.ts"
import { OpenSessions } from "./OpenSessions.ts"
import type { Own } from "./Own.ts"
import type { ProtocolContext } from "./ProtocolContext.ts"
import { SessionOutlet } from "./SessionOutlet.ts"
import { type Answer, StoredAnswers } from "./StoredAnswers.ts"

/** What steps are carried out with: nothing of it is about what is read. */
export interface InterpreterContext<Frame, Key extends object> extends Pick<
  ProtocolContext<never, never, Frame, Key>,
  "chat" | "quota" | "metrics" | "run"
> {
  readonly protocol: Pick<Protocol<never, never, Frame, Key>, "name" | "exchange">
}

type Performed = Effect.Effect<void, Hangup>
const nothing = (): void => {}

/** Tells of a defect that nobody else is told of. */
export type OnDefect = (defect: unknown) => Effect.Effect<void>

const logDefect: OnDefect = (defect) => Effect.logError("Steps ended by a defect", defect)

// Steps of no connection end none, and nobody waits for them.
const withoutConnection = (performed: Performed, broken: OnDefect): Effect.Effect<void> =>
  Effect.catchDefect(Effect.orDie(performed), broken)

export class Interpreter<Frame, Key extends object> {
  readonly #context: InterpreterContext<Frame, Key>
  readonly #sessions: OpenSessions<Frame, Key>
  // The fibers that carry out what came of a session by datagrams, and wait: the next one waits for them.
  readonly #turns = new Map<Key, Fiber.Fiber<void>>()
  readonly #answers = new StoredAnswers<Frame, Key>((next, own) => this.performAll(next, own))
  #pendingCount = 0

  constructor(context: InterpreterContext<Frame, Key>) {
    this.#context = context
    this.#sessions = new OpenSessions(context.protocol.exchange)
  }

  /** The session of a key, or that of a connection. */
  session(key: Key | Own<Frame>): Session | undefined {
    return this.#sessions.get(key)?.session
  }

  /** All sessions. */
  get sessions(): Pick<OpenSessions<Frame, Key>, "by" | "tellAll"> {
    return this.#sessions
  }

  /** How much is being waited for that no connection waits for. */
  get pendingCount(): number {
    return this.#pendingCount + this.#answers.pendingCount
  }

  /** Carries out steps, one after another; `own` is the connection on which came what they follow from. */
  perform(steps: Steps<Frame, Key>, own?: Own<Frame>): Performed {
    if (steps.length === 0) return Effect.void
    return Effect.suspend(() => this.#act(steps, own))
  }

  /** Carries out what `next` gives, until that is undefined: it is asked when what it gave before has been carried out. */
  performAll(next: () => Steps<Frame, Key> | undefined, own?: Own<Frame>): Performed {
    return Effect.suspend(() => {
      let steps = next()
      return Effect.whileLoop({
        while: () => steps !== undefined,
        body: () => this.#act(steps!, own),
        step: () => {
          steps = next()
        }
      })
    })
  }

  /**
   * The same for what came in datagrams: nobody waits for it but what comes of the same session later. It is carried out by a
   * fiber of its own up to what has to be waited for, or ends by a defect. That fiber waits, and another one goes on.
   */
  performApart(next: () => Steps<Frame, Key> | undefined, broken: OnDefect = logDefect): Effect.Effect<void> {
    return Effect.sync(() => {
      while (this.#performSome(next, broken));
    })
  }

  // Whether there may be more.
  #performSome(next: () => Steps<Frame, Key> | undefined, broken: OnDefect): boolean {
    // Nothing is asked for if no fiber is run any more.
    let isOver = true
    let isLast = false
    let steps: Steps<Frame, Key> | undefined
    let key: Key | undefined
    const take = (): boolean => {
      if (isLast) return false
      isOver = false
      steps = next()
      isOver = steps === undefined
      return !isOver
    }
    const fiber = this.#runApart(
      Effect.whileLoop({
        while: take,
        body: () => this.#actInTurn(steps!, (key = keyOf(steps!))),
        step: nothing
      }),
      broken
    )
    isLast = true
    const waitsFor = key
    if (waitsFor !== undefined && fiber.pollUnsafe() === undefined) {
      this.#turns.set(waitsFor, fiber)
      fiber.addObserver(() => {
        if (this.#turns.get(waitsFor) === fiber) this.#turns.delete(waitsFor)
      })
    }
    return !isOver
  }

  #actInTurn(steps: Steps<Frame, Key>, key: Key | undefined): Performed {
    const before = key === undefined ? undefined : this.#turns.get(key)
    return before === undefined ? this.#act(steps, undefined) : Effect.andThen(Fiber.await(before), this.perform(steps))
  }

  /** Sends at once, and does the rest in the next turn. */
  performInEvent(steps: ReadonlyArray<ImmediateStep<Frame, Key>>): void {
    const rest: Array<ImmediateStep<Frame, Key>> = []
    for (const step of steps) {
      if (step._tag === "Send") step.link?.send(step.frame)
      else rest.push(step)
    }
    if (rest.length > 0) this.#runApart(Effect.andThen(Effect.yieldNow, this.perform(rest)))
  }

  /** Ends the session of a key, or that of a connection: the name is free, and the others are told. */
  logout(key: Key | Own<Frame>, why?: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      const open = this.#sessions.get(key)
      if (open === undefined) return Effect.void
      this.#sessions.delete(key)
      open.release()
      const { session } = open
      const line = why === undefined ? `${session.name} left` : `${session.name} left: ${why}`
      return Effect.andThen(this.#context.chat.logout(session), this.log(line, session))
    })
  }

  /** Ends all sessions that are not a connection's own. */
  get close(): Effect.Effect<void> {
    return Effect.suspend(() =>
      Effect.forEach(Array.from(this.#sessions.keys()), (key) => this.logout(key, explain("stopping")), {
        discard: true
      })
    )
  }

  /** Logs a line about a session or a connection. */
  log(line: string, about: { readonly address: string }): Effect.Effect<void> {
    const { name } = this.#context.protocol
    return Effect.annotateLogs(Effect.logInfo(line), { protocol: name, address: about.address })
  }

  #runApart(performed: Performed, broken: OnDefect = logDefect): Fiber.Fiber<void> {
    const fiber = this.#context.run(withoutConnection(performed, broken))
    if (fiber.pollUnsafe() === undefined) {
      this.#pendingCount++
      fiber.addObserver(() => void this.#pendingCount--)
    }
    return fiber
  }

  // Acts on steps up to one that has to be waited for: what waits for that, and then does the rest. Called by an effect that is
  // running.
  #act(steps: Steps<Frame, Key>, own: Own<Frame> | undefined, from = 0): Performed {
    for (let index = from; index < steps.length; index++) {
      const waiting = this.#actOn(steps[index]!, own)
      if (waiting === undefined) continue
      if (index + 1 === steps.length) return waiting
      return Effect.andThen(
        waiting,
        Effect.suspend(() => this.#act(steps, own, index + 1))
      )
    }
    return Effect.void
  }

  #actOn(step: Step<Frame, Key>, own: Own<Frame> | undefined): Performed | undefined {
    switch (step._tag) {
      case "Send":
        if (step.link === undefined || step.link === own) own?.send(step.frame, step.holdMillis)
        else step.link.send(step.frame)
        return undefined
      case "Release":
        own?.release()
        return undefined
      case "Fault": {
        this.#context.metrics.counts.packetsDropped++
        const hangup = own?.fault()
        return hangup && Effect.fail(hangup)
      }
      case "Hangup":
        if (step.link === undefined) return Effect.fail(new Hangup(step))
        step.link.end?.()
        return undefined
      case "Logout":
        return this.logout(step.key, step.why)
      case "Reserve":
        return this.#reserve(step, own)
      case "Login":
        return this.#login(step, own)
      case "Run":
        return this.#run(step, own)
    }
  }

  #run(step: Step<Frame, Key> & { readonly _tag: "Run" }, own: Own<Frame> | undefined): Performed | undefined {
    const key = step.key ?? own
    const session = key === undefined ? undefined : this.#sessions.get(key)?.session
    if (session === undefined) return this.#act(step.refused(new NotLoggedIn()), own)
    return Effect.matchEffect(this.#context.chat.run(session, step.command), {
      onSuccess: (reply) => this.#follow(step, reply, own),
      onFailure: (rejection) => this.#act(step.refused(rejection), own)
    })
  }

  #follow(step: Step<Frame, Key> & { readonly _tag: "Run" }, reply: Reply, own: Own<Frame> | undefined): Performed {
    const stored = step.whenStored === true && reply._tag === "Accepted" ? reply.stored : undefined
    if (stored === undefined) return this.#act(step.replied(reply), own)
    const answer: Answer<Frame, Key> = (result) =>
      Result.isSuccess(result) ? step.replied(reply) : step.refused(result.failure)
    const waiting = this.#answers.add(stored, answer, own)
    if (waiting === undefined) return Effect.void
    return own === undefined ? Effect.sync(() => void this.#runApart(waiting)) : own.fork(waiting)
  }

  #reserve(step: Step<Frame, Key> & { readonly _tag: "Reserve" }, own: Own<Frame> | undefined): Performed {
    const { chat, protocol, quota } = this.#context
    const { address } = step.link ?? own!
    const refuse = (rejection: Rejection) => this.#act(step.refused(rejection), own)
    if (quota.isBanned(address)) return refuse(new AddressBanned())
    const peer = { protocol: protocol.name, address }
    const reserved = Effect.suspend(() => chat.reserve({ name: step.name, ...peer }))
    // Whoever comes by datagrams has no connection that could be refused.
    const admitted = chat.admit === undefined ? reserved : Effect.andThen(chat.admit(peer), reserved)
    return Effect.matchEffect(admitted, {
      onSuccess: (number) => this.#act(step.reserved(number), own),
      onFailure: refuse
    })
  }

  #login(step: Step<Frame, Key> & { readonly _tag: "Login" }, own: Own<Frame> | undefined): Performed | undefined {
    const { metrics, chat, protocol, quota } = this.#context
    const key = step.key ?? own
    const link = step.link ?? own
    if (key === undefined || link === undefined) return Effect.die(new Error("A login is of no connection and no key"))
    const refuse = (rejection: Rejection) => this.#act(step.refused(rejection), own)
    if (this.#sessions.has(key)) return refuse(new AlreadyLoggedIn())
    const { address } = link
    // It may have been admitted before it was banned.
    if (quota.isBanned(address)) return refuse(new AddressBanned())
    // A connection that is there for a session has been admitted already.
    const isAdmitted = link.isReliable && protocol.exchange?.areConnectionsBrief !== true
    const release = isAdmitted ? nothing : quota.admit(address)
    if (release === undefined) {
      metrics.counts.connectionsRefused++
      return refuse(new ServerFull())
    }
    const outlet = step.key === undefined ? own! : new SessionOutlet(this, protocol.exchange!, step.key)
    // Nothing of it is interrupted but the claim: whoever has a name has a session here, and knows of it.
    const { credential, name, number } = step
    const refusal = () => (quota.isBanned(address) ? new AddressBanned() : undefined)
    return chat.login({ name, credential, number, protocol: protocol.name, address, outlet, refusal }).pipe(
      Effect.onExit((exit) => (exit._tag === "Failure" ? Effect.sync(release) : Effect.void)),
      Effect.matchEffect({
        onSuccess: (session) => {
          this.#sessions.set(key, { session, release })
          if (own !== undefined) own.hasBeenIn = true
          const accepted = this.perform(step.accepted?.(summary(session)) ?? [], own)
          return Effect.andThen(this.log(`${session.name} logged in`, session), accepted)
        },
        onFailure: refuse
      }),
      Effect.uninterruptible
    )
  }
}
