/**
 * Where an exchange meets the chat: carries out its steps, and hands it the events of its sessions.
 *
 * - A session is logged in and out here, and nowhere else.
 * - What ends a session while an event is being delivered waits for the next turn: what follows from it must not come
 *   before that event.
 */
import { Effect, FiberSet, type Scope } from "effect"
import type { Event, IsActor, Perspective, SharedEvent } from "../domain/Event.ts"
import type { Hangup } from "../domain/Hangup.ts"
import { AddressBanned, ServerFull } from "../domain/Rejection.ts"
import { type Exchange, type ExchangeStep, type Link, sweepMillis } from "../protocols/Exchange.ts"
import type { Protocol } from "../protocols/Protocol.ts"
import type { Later as WaitsForMore } from "../services/Audience.ts"
import { Census } from "../services/Census.ts"
import { Chat } from "../services/Chat.ts"
import { Quota } from "../services/Quota.ts"
import { type Outlet, type Session, summary } from "../services/Session.ts"
import { carryOut, type Later } from "./CommandStep.ts"
import * as Delays from "./Delays.ts"

type Steps<Frame> = ReadonlyArray<ExchangeStep<Frame>>

/** An exchange at work. */
export interface ExchangePort<Frame> {
  readonly exchange: Exchange<Frame>
  /** Carries out steps, one after another. */
  readonly perform: (steps: Steps<Frame>) => Effect.Effect<void>
  /** The same at once, up to a step that has to be waited for: gives that and the rest, if there is one. */
  readonly performUnsafe: (steps: Steps<Frame>) => Effect.Effect<void> | undefined
  /** Carries out steps that need no waiting: neither `Login` nor `Run`. */
  readonly performNow: (steps: Steps<Frame>) => void
  /** Ends all sessions. */
  readonly close: Effect.Effect<void>
}

interface Open {
  readonly session: Session
  readonly release: () => void
}

// Made once: a function that is made where a session is logged in keeps all that is known there.
const keepNothing = (): void => {}

/** An exchange over connections, as a protocol that is served together with the port of that exchange. */
export interface StreamProtocol<Frame> extends Protocol<Uint8Array, Frame> {
  readonly exchange: Exchange<Frame>
}

/** Makes each connection a link of an exchange. */
export const overStream = <Frame>(exchange: Exchange<Frame>): StreamProtocol<Frame> => ({
  exchange,
  name: exchange.name,
  variants: 1,
  gapMillis: () => exchange.gapMillis ?? 0,
  converse: (link) => exchange.converse(link!),
  // Its events come by the port.
  render: () => [],
  sizeBytes: exchange.sizeBytes
})

/** Puts an exchange to work for as long as the scope lasts. */
export const make = Effect.fnUntraced(function* <Frame>(
  exchange: Exchange<Frame>
): Effect.fn.Return<ExchangePort<Frame>, never, Chat | Census | Quota | Scope.Scope> {
  const chat = yield* Chat
  const quota = yield* Quota
  const census = yield* Census
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const sessions = new Map<object, Open>()
  const delay = Delays.make(run)

  // A crowd is told in a moment who comes and goes, everybody else at once.
  const inAMoment: WaitsForMore = (flush, waitMillis) => (waitMillis === 0 ? flush() : delay(flush, waitMillis))

  const about = (session: Session) => Effect.annotateLogs({ protocol: exchange.name, address: session.address })

  const logout = (key: object, why: string): void => {
    const open = sessions.get(key)
    if (open === undefined) return
    sessions.delete(key)
    chat.gather(() => chat.logout(open.session), inAMoment)
    open.release()
    run(Effect.logInfo(`${open.session.name} left: ${why}`).pipe(about(open.session)))
  }

  const performNow = (steps: Steps<Frame>): void => {
    for (const step of steps) {
      if (step._tag === "Send") step.link.send(step.frame)
      else if (step._tag === "End") step.link.end?.()
      else if (step._tag === "Logout") logout(step.key, step.why)
    }
  }

  // An event's frames go to many.
  const share = (link: Link<Frame>, frame: Frame): void => {
    if (link.share === undefined) link.send(frame)
    else link.share(frame)
  }

  const shareAll = (link: Link<Frame>, frames: ReadonlyArray<Frame>): void => {
    if (link.shareAll === undefined) for (const frame of frames) share(link, frame)
    else link.shareAll(frames)
  }

  /** Sends at once, and logs out in the next turn. */
  const performInEvent = (steps: Steps<Frame>): void => {
    let hasRest = false
    for (const step of steps) {
      if (step._tag === "Send") step.link.send(step.frame)
      else hasRest = true
    }
    if (!hasRest) return
    const rest = steps.filter((step) => step._tag !== "Send")
    run(
      Effect.andThen(
        Effect.yieldNow,
        Effect.sync(() => performNow(rest))
      )
    )
  }

  const check = exchange.check
  // A class, because there is one for each session: its instances are smaller than closures.
  class SessionOutlet implements Outlet {
    readonly #key: object
    constructor(key: object) {
      this.#key = key
    }
    deliver(event: Event, as: Perspective): void {
      const steps = exchange.deliver(this.#key, event, as, share)
      if (steps.length > 0) performInEvent(steps)
    }
    deliverAll(events: ReadonlyArray<SharedEvent>, isActor: IsActor): void {
      if (exchange.deliverAll?.(this.#key, events, isActor, shareAll) === true) return
      events.forEach((event, index) => this.deliver(event, isActor?.(index) === true ? "actor" : "witness"))
    }
    hangUp({ reason }: Hangup): void {
      performInEvent(exchange.hangUp(this.#key, reason))
    }
    queuedBytes(): number {
      return exchange.queuedBytes(this.#key)
    }
    get check(): (() => void) | undefined {
      return check === undefined ? undefined : () => performInEvent(check(this.#key))
    }
  }

  const login = Effect.fnUntraced(function* (
    step: ExchangeStep<Frame> & { readonly _tag: "Login" }
  ): Effect.fn.Return<Steps<Frame>> {
    const { key, link, name } = step
    // It may have been admitted before it was banned.
    if (quota.isBanned(link.address)) return step.refused(new AddressBanned())
    // A connection that is there for a session has been admitted already.
    const isAdmitted = link.isReliable && exchange.areConnectionsBrief !== true
    const release = isAdmitted ? keepNothing : quota.admit(link.address)
    if (release === undefined) {
      census.counts.connectionsRefused++
      return step.refused(new ServerFull())
    }
    const outlet = new SessionOutlet(key)
    const login = chat.login({ name, protocol: exchange.name, address: link.address, outlet, later: inAMoment })
    return yield* Effect.matchEffect(login, {
      onSuccess: (session) => {
        sessions.set(key, { session, release })
        return Effect.as(
          Effect.logInfo(`${session.name} logged in`).pipe(about(session)),
          step.accepted(summary(session))
        )
      },
      onFailure: (rejection) => {
        release()
        return Effect.succeed(step.refused(rejection))
      }
    })
  }, Effect.uninterruptible)

  const performStep = (step: ExchangeStep<Frame>): Effect.Effect<void> | undefined => {
    switch (step._tag) {
      case "Send":
        step.link.send(step.frame)
        return undefined
      case "End":
        step.link.end?.()
        return undefined
      case "Logout":
        logout(step.key, step.why)
        return undefined
      case "Fault":
        census.counts.packetsDropped++
        return undefined
      case "Login":
      case "Run": {
        const following =
          step._tag === "Login" ? login(step) : carryOut(chat, sessions.get(step.key)?.session, step, apart)
        return Effect.isEffect(following) ? Effect.flatMap(following, perform) : performUnsafe(following)
      }
    }
  }

  const performUnsafe: ExchangePort<Frame>["performUnsafe"] = (steps) => {
    for (let index = 0; index < steps.length; index++) {
      const waiting = performStep(steps[index]!)
      if (waiting === undefined) continue
      return index + 1 === steps.length ? waiting : Effect.andThen(waiting, perform(steps.slice(index + 1)))
    }
    return undefined
  }

  const perform: ExchangePort<Frame>["perform"] = (steps) => Effect.suspend(() => performUnsafe(steps) ?? Effect.void)

  const apart: Later<ExchangeStep<Frame>> = {
    later: (following) => void run(Effect.flatMap(following, perform))
  }

  yield* Effect.sync(() => performNow(exchange.sweep())).pipe(
    Effect.delay(sweepMillis),
    Effect.forever,
    Effect.forkScoped
  )

  return {
    exchange,
    perform,
    performUnsafe,
    performNow,
    close: Effect.sync(() => {
      for (const key of sessions.keys()) logout(key, "the server stops")
    })
  }
})
